//! The audit log: acts of administration and refusals, append-only and linked by hashes.
//!
//! Each hash is over the record and the hash before it, so that whoever knows the last one can
//! tell whether anything of the log was altered. The log is never cut; what may grow it is bounded
//! by whoever submits records.

use phaki_replication::canonical::Encoder;
use phaki_replication::id::Hash;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::limits::{AUDIT_TEXT_BYTES_MAX, ROWS_MAX};
use crate::reader::{ReadError, Reader};

/// What is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDraft {
    /// Milliseconds since 1970, by the machine's clock.
    pub time_ms: i64,
    /// The account on this machine, or the key of a node in hexadecimal; empty when nobody knows.
    pub who: String,
    /// What was done or refused: a word that never changes its meaning, such as `space-granted`.
    pub act: String,
    /// Whom or what it concerned: a node, space, document or invite; may be empty.
    pub subject: String,
    /// Why, or how exactly.
    pub detail: String,
    /// How often; at least 1.
    pub count: u64,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place in the log, from 1.
    pub number: u64,
    /// What was recorded.
    pub what: AuditDraft,
    /// Stands for the log up to and with this record.
    pub hash: Hash,
}

/// Which records are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only records with this time or a later one, milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Only records of this act.
    pub act: Option<String>,
    /// The oldest ones first instead of the newest.
    pub oldest_first: bool,
    /// At most so many, and at most [`ROWS_MAX`].
    pub limit: usize,
}

/// What checking the whole log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheck {
    /// Sound records, up to the first that is not.
    pub records: u64,
    /// The hash of the last of them; zeros without any. Written down elsewhere, it tells later
    /// whether the log up to here is still the same.
    pub last: Hash,
    /// The first record that is not as it was written.
    pub broken: Option<BrokenRecord>,
    /// Whether the hash that was asked for is that of a sound record; true when none was.
    pub holds_known: bool,
}

/// A record that is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenRecord {
    /// Its number.
    pub number: u64,
    /// What is wrong with it.
    pub what: &'static str,
}

impl AuditDraft {
    /// Something that happened once. Texts beyond [`AUDIT_TEXT_BYTES_MAX`] are cut.
    pub fn new(time_ms: i64, who: &str, act: &str, subject: &str, detail: &str) -> Self {
        Self {
            time_ms,
            who: cut(who),
            act: cut(act),
            subject: cut(subject),
            detail: cut(detail),
            count: 1,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        [&self.who, &self.act, &self.subject, &self.detail]
            .iter()
            .map(|text| text.len())
            .sum()
    }

    fn hash(&self, number: u64, previous: &Hash) -> Hash {
        let mut encoder = Encoder::default();
        encoder.u64(number);
        encoder.i64(self.time_ms);
        for text in [&self.who, &self.act, &self.subject, &self.detail] {
            encoder.bytes(text.as_bytes());
        }
        encoder.u64(self.count);
        Hash::of("phaki/audit/v1", &[&previous.0, &encoder.finish()])
    }
}

/// As much of a text as the log takes, with an ellipsis when that is not all.
fn cut(text: &str) -> String {
    const ELLIPSIS: char = '…';
    if text.len() <= AUDIT_TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(AUDIT_TEXT_BYTES_MAX - ELLIPSIS.len_utf8());
    let mut short = text[..end].to_owned();
    short.push(ELLIPSIS);
    short
}

/// Before the first record.
const ROOT: Hash = Hash([0; 32]);

const COLUMNS: &str = "number, time_ms, who, act, subject, detail, count, hash";

/// Appends a record. To be called by the writer alone.
pub(crate) fn append(connection: &Connection, draft: &AuditDraft) -> rusqlite::Result<()> {
    let last = connection
        .prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, u64>(0)?, Hash(row.get(1)?))))
        .optional()?;
    let (last, previous) = last.unwrap_or((0, ROOT));
    let number = last + 1;
    let hash = draft.hash(number, &previous);
    let mut insert = connection.prepare_cached(
        "INSERT INTO audit (number, time_ms, who, act, subject, detail, count, previous, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute(params![
        number,
        draft.time_ms,
        draft.who,
        draft.act,
        draft.subject,
        draft.detail,
        draft.count,
        previous.0,
        hash.0
    ])?;
    Ok(())
}

impl Reader {
    /// Records of the audit log.
    ///
    /// # Errors
    /// When reading fails.
    pub fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, ReadError> {
        let order = if filter.oldest_first { "ASC" } else { "DESC" };
        // Left out when not asked for, so that an index can be used.
        let of_act = match filter.act {
            Some(_) => "act = ?2",
            None => "?2 IS NULL",
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM audit WHERE time_ms >= ?1 AND {of_act}
             ORDER BY number {order} LIMIT ?3"
        );
        self.with(|connection| {
            let mut select = connection.prepare_cached(&sql)?;
            let since_ms = filter.since_ms.unwrap_or(i64::MIN);
            let limit = u64::try_from(filter.limit.min(ROWS_MAX)).unwrap_or(u64::MAX);
            let rows = select.query_map(params![since_ms, filter.act, limit], read)?;
            rows.collect()
        })
    }

    /// Checks the whole audit log, up to the first record that is not as it was written. `known`
    /// is the hash of a record that the log must hold, written down earlier.
    ///
    /// # Errors
    /// When reading fails. What is wrong is a result, not an error.
    pub fn check_audit(&self, known: Option<&Hash>) -> Result<AuditCheck, ReadError> {
        self.with(|connection| check(connection, known))
    }
}

pub(crate) fn check(connection: &Connection, known: Option<&Hash>) -> rusqlite::Result<AuditCheck> {
    let mut check = AuditCheck {
        records: 0,
        last: ROOT,
        broken: None,
        holds_known: known.is_none(),
    };
    let sql = format!("SELECT {COLUMNS}, previous FROM audit ORDER BY number");
    let mut select = connection.prepare(&sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let number = check.records + 1;
        match check_record(row, number, &check.last) {
            Ok(hash) => {
                check.records = number;
                check.last = hash;
                check.holds_known |= known == Some(&hash);
            }
            Err(what) => {
                check.broken = Some(BrokenRecord { number, what });
                break;
            }
        }
    }
    Ok(check)
}

/// Copies the log up to the first record that cannot be read or is not as it was written; whether
/// that was all of it.
pub(crate) fn copy_sound(from: &Connection, to: &Connection) -> rusqlite::Result<bool> {
    let sql = format!("SELECT {COLUMNS}, previous FROM audit ORDER BY number");
    let mut select = from.prepare(&sql)?;
    let mut rows = select.query([])?;
    let (mut number, mut last) = (0, ROOT);
    loop {
        let record = match rows.next() {
            Ok(Some(row)) => check_record(row, number + 1, &last).and(read(row).map_err(|_| "")),
            Ok(None) => return Ok(true),
            Err(_) => return Ok(false),
        };
        let Ok(record) = record else {
            return Ok(false);
        };
        // The same texts under the same number have the same hash.
        append(to, &record.what)?;
        (number, last) = (record.number, record.hash);
    }
}

/// The hash of the record that must have this number and follow that hash.
fn check_record(row: &Row<'_>, number: u64, previous: &Hash) -> Result<Hash, &'static str> {
    let unreadable = |_| "cannot be read";
    let record = read(row).map_err(unreadable)?;
    let named = Hash(row.get(8).map_err(unreadable)?);
    if record.number != number {
        Err("is missing")
    } else if named != *previous {
        Err("does not follow the record before it")
    } else if record.hash != record.what.hash(number, previous) {
        Err("is not what was written")
    } else {
        Ok(record.hash)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    Ok(AuditRecord {
        number: row.get(0)?,
        what: AuditDraft {
            time_ms: row.get(1)?,
            who: row.get(2)?,
            act: row.get(3)?,
            subject: row.get(4)?,
            detail: row.get(5)?,
            count: row.get(6)?,
        },
        hash: Hash(row.get(7)?),
    })
}
