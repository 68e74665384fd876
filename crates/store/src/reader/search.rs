//! Searching: the index proposes, the texts decide, the best come first.

use phaki_documents::search::{Query, Rank, Texts};
use phaki_documents::text::Collator;
use phaki_replication::id::SpaceId;
use rusqlite::{Connection, params};

use super::documents::{DocumentRow, by_key};
use super::{ReadError, Reader};
use crate::limits::{HITS_MAX, RANKED_MAX};
use crate::search::{Belongs, Within, expression, space_key};

/// What to search for, and where.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// The words.
    pub query: &'a Query,
    /// In this space only.
    pub space: Option<SpaceId>,
    /// In documents of this kind (see [`phaki_documents::Kind::code`]) only.
    pub kind_code: Option<u8>,
    /// At most so many, and never more than [`HITS_MAX`].
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The best first; those of equal rank as a dictionary orders their titles.
    pub hits: Vec<Hit>,
    /// Whether more documents match.
    pub more: bool,
    /// Documents that changed and are not indexed as they are now.
    pub behind: u64,
}

/// A document that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// As a list shows it.
    pub row: DocumentRow,
    /// How well it matches.
    pub rank: Rank,
    /// What was searched of it.
    pub texts: Texts,
}

/// A match by its key, with its title.
type Match = (Rank, String, i64);

impl Reader {
    /// Searches the documents with at least one applied change, as far as the materialiser has
    /// come. Of documents that match by their names the best of [`RANKED_MAX`] come first, then
    /// those that match by other texts, in no order of merit.
    ///
    /// # Errors
    /// When reading fails.
    pub fn search(&self, search: &Search<'_>) -> Result<Found, ReadError> {
        self.with(|connection| {
            let behind = "SELECT count(*) FROM document WHERE dirty = 1 AND heads <> x''";
            let behind = { connection.prepare_cached(behind)? }.query_row([], |row| row.get(0))?;
            let mut belongs: Vec<_> = search.kind_code.map(Belongs::Kind).into_iter().collect();
            if let Some(space) = search.space {
                let Some(key) = space_key(connection, &space)? else {
                    return Ok(Found::default());
                };
                belongs.push(Belongs::Space(key));
            }
            let limit = search.limit.min(HITS_MAX);
            let mut matches = by_names(connection, search.query, &belongs)?;
            let mut more = matches.len() > limit || matches.len() >= RANKED_MAX;
            if !more {
                let wanted = limit + 1 - matches.len();
                let others = by_texts(connection, search.query, &belongs, &matches, wanted)?;
                more = others.len() == wanted;
                matches.extend(others);
            }
            matches.truncate(limit);
            let hits = matches.into_iter().map(|found| hit(connection, found));
            let hits = hits.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(Found { hits, more, behind })
        })
    }
}

fn by_names(
    connection: &Connection,
    query: &Query,
    belongs: &[Belongs],
) -> rusqlite::Result<Vec<Match>> {
    let mut select = connection.prepare_cached(
        "SELECT searchable.document, searchable.names
         FROM gram CROSS JOIN searchable ON searchable.document = gram.rowid
         CROSS JOIN document ON document.key = gram.rowid
         WHERE gram MATCH ?1 AND document.heads <> x''",
    )?;
    let mut rows = select.query([expression(query, Within::Names, belongs)])?;
    let mut matches = Vec::new();
    while let Some(row) = rows.next()? {
        let names = row.get_ref(1)?.as_str()?;
        if let Some(rank) = query.rank_by_names(names) {
            matches.push((rank, title(names), row.get(0)?));
        }
        if matches.len() >= RANKED_MAX {
            break;
        }
    }
    sort(&mut matches);
    Ok(matches)
}

/// At most so many that match, but not by their names alone.
fn by_texts(
    connection: &Connection,
    query: &Query,
    belongs: &[Belongs],
    known: &[Match],
    wanted: usize,
) -> rusqlite::Result<Vec<Match>> {
    let mut select = connection.prepare_cached(
        "SELECT searchable.document, searchable.names, searchable.body
         FROM gram CROSS JOIN searchable ON searchable.document = gram.rowid
         CROSS JOIN document ON document.key = gram.rowid
         WHERE gram MATCH ?1 AND document.heads <> x''",
    )?;
    let mut rows = select.query([expression(query, Within::AllTexts, belongs)])?;
    let mut matches = Vec::new();
    while let Some(row) = rows.next()? {
        let key = row.get(0)?;
        if known.iter().any(|(.., other)| *other == key) {
            continue;
        }
        let (names, body) = (row.get(1)?, row.get(2)?);
        let texts = Texts { names, body };
        if let Some(rank) = query.rank(&texts) {
            matches.push((rank, title(&texts.names), key));
        }
        if matches.len() >= wanted {
            break;
        }
    }
    sort(&mut matches);
    Ok(matches)
}

fn title(names: &str) -> String {
    names.lines().next().unwrap_or_default().to_owned()
}

fn sort(matches: &mut [Match]) {
    let collator = Collator::thai();
    matches.sort_by(|(rank, title, key), other| {
        let by_title = || collator.compare(title, &other.1);
        rank.cmp(&other.0)
            .then_with(by_title)
            .then(key.cmp(&other.2))
    });
}

fn hit(connection: &Connection, (rank, _, key): Match) -> rusqlite::Result<Hit> {
    let texts = connection
        .prepare_cached("SELECT names, body FROM searchable WHERE document = ?1")?
        .query_row(params![key], |row| {
            Ok(Texts {
                names: row.get(0)?,
                body: row.get(1)?,
            })
        })?;
    let row = by_key(connection, key)?;
    Ok(Hit { row, rank, texts })
}
