//! The outside of a change chunk: what must be true before Automerge may decode it.
//!
//! Automerge inflates a compressed chunk without a bound, and a run-length coded column of a few
//! bytes may claim 2^60 operations. Both are found here, at a cost bounded by the bytes given.

use std::borrow::Cow;
use std::io::Read;

use thiserror::Error;

use crate::limits::{
    ACTOR_BYTES_MAX, CHANGE_BYTES_MAX, CHANGE_DEPS_MAX, CHANGE_OPS_MAX, CHANGE_PREDS_MAX,
};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const HEADER_BYTES: usize = 9;
const CHUNK_CHANGE: u8 = 1;
const CHUNK_COMPRESSED: u8 = 2;

/// Column of the operations' actions: id 4, type integer. Its length is the number of operations.
const COLUMN_ACTION: u32 = (4 << 4) | 2;
/// Column of the number of superseded operations: id 7, type group.
const COLUMN_PRED_COUNT: u32 = 7 << 4;
/// The bit of a column specification that says it is deflated.
const COLUMN_DEFLATED: u32 = 1 << 3;

/// Why bytes are not one acceptable change chunk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("chunk of {bytes} bytes exceeds {CHANGE_BYTES_MAX}")]
    TooLong { bytes: usize },
    #[error("chunk ends early")]
    Truncated,
    #[error("chunk does not start with the Automerge magic bytes")]
    BadMagic,
    #[error("chunk of type {chunk_type} is not a change")]
    NotAChange { chunk_type: u8 },
    #[error("{bytes} bytes follow the chunk")]
    Trailing { bytes: usize },
    #[error("compressed chunk does not inflate")]
    BadDeflate,
    #[error("compressed chunk inflates past {CHANGE_BYTES_MAX} bytes")]
    InflatesTooFar,
    #[error("number in the chunk is not well formed")]
    BadNumber,
    #[error("change names {count} dependencies")]
    TooManyDeps { count: u64 },
    #[error("change has an actor id of {bytes} bytes")]
    BadActor { bytes: u64 },
    #[error("change has a deflated or repeated column")]
    BadColumn,
    #[error("change claims more than {CHANGE_OPS_MAX} operations")]
    TooManyOps,
    #[error("change claims to supersede more than {CHANGE_PREDS_MAX} operations")]
    TooManyPreds,
}

/// The chunk as uncompressed change bytes, ready for Automerge: exactly one change, bounded in
/// bytes, operations and superseded operations. The checksum is not verified here.
pub(crate) fn open(bytes: &[u8]) -> Result<Cow<'_, [u8]>, FrameError> {
    if bytes.len() > CHANGE_BYTES_MAX {
        return Err(FrameError::TooLong { bytes: bytes.len() });
    }
    let mut reader = Reader(bytes);
    if reader.take(4)? != MAGIC {
        return Err(FrameError::BadMagic);
    }
    let checksum = reader.take(4)?;
    let chunk_type = reader.byte()?;
    if !matches!(chunk_type, CHUNK_CHANGE | CHUNK_COMPRESSED) {
        return Err(FrameError::NotAChange { chunk_type });
    }
    let length = reader.length()?;
    let body = reader.take(length)?;
    if !reader.0.is_empty() {
        return Err(FrameError::Trailing {
            bytes: reader.0.len(),
        });
    }
    if chunk_type == CHUNK_CHANGE {
        check_body(body)?;
        return Ok(Cow::Borrowed(bytes));
    }
    let body = inflate(body)?;
    check_body(&body)?;
    Ok(Cow::Owned(uncompressed(checksum, &body)))
}

/// The change chunk that a compressed chunk stands for; the checksum is over the former.
fn uncompressed(checksum: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + 4 + body.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(checksum);
    out.push(CHUNK_CHANGE);
    let mut rest = body.len();
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or_default();
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            break;
        }
        out.push(low | 0x80);
    }
    out.extend_from_slice(body);
    out
}

fn inflate(deflated: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut out = Vec::new();
    let bound = CHANGE_BYTES_MAX as u64 + 1;
    flate2::bufread::DeflateDecoder::new(deflated)
        .take(bound)
        .read_to_end(&mut out)
        .map_err(|_| FrameError::BadDeflate)?;
    if out.len() > CHANGE_BYTES_MAX {
        return Err(FrameError::InflatesTooFar);
    }
    Ok(out)
}

/// Walks the fields of a change body up to the columns and counts the claims of two of them.
fn check_body(body: &[u8]) -> Result<(), FrameError> {
    let mut reader = Reader(body);
    let deps = reader.number()?;
    if deps > CHANGE_DEPS_MAX as u64 {
        return Err(FrameError::TooManyDeps { count: deps });
    }
    for _ in 0..deps {
        reader.take(32)?;
    }
    reader.actor()?;
    let _seq = reader.number()?;
    let _start_op = reader.number()?;
    reader.skip_number()?;
    let message = reader.length()?;
    reader.take(message)?;
    let others = reader.number()?;
    for _ in 0..others {
        reader.actor()?;
    }
    check_columns(&mut reader)
}

fn check_columns(reader: &mut Reader<'_>) -> Result<(), FrameError> {
    let count = reader.number()?;
    let mut columns = Vec::new();
    for _ in 0..count {
        let specification = u32::try_from(reader.number()?).map_err(|_| FrameError::BadNumber)?;
        let length = reader.length()?;
        let in_order = columns.last().is_none_or(|(last, _)| *last < specification);
        if !in_order || specification & COLUMN_DEFLATED != 0 {
            return Err(FrameError::BadColumn);
        }
        columns.push((specification, length));
    }
    for (specification, length) in columns {
        let data = reader.take(length)?;
        if specification == COLUMN_ACTION {
            let claims = count_runs(data)?;
            if claims.rows > CHANGE_OPS_MAX {
                return Err(FrameError::TooManyOps);
            }
        }
        if specification == COLUMN_PRED_COUNT {
            let claims = count_runs(data)?;
            if claims.rows > CHANGE_OPS_MAX || claims.sum > CHANGE_PREDS_MAX {
                return Err(FrameError::TooManyPreds);
            }
        }
    }
    Ok(())
}

/// What a run-length coded column of unsigned integers claims; both saturate.
struct Claims {
    rows: u64,
    sum: u64,
}

fn count_runs(data: &[u8]) -> Result<Claims, FrameError> {
    let mut reader = Reader(data);
    let mut claims = Claims { rows: 0, sum: 0 };
    while !reader.0.is_empty() {
        let run = reader.signed()?;
        let rows = match run {
            0 => reader.number()?,
            1.. => {
                let value = reader.number()?;
                let times = run.unsigned_abs();
                claims.sum = claims.sum.saturating_add(value.saturating_mul(times));
                times
            }
            _ => {
                let times = run.unsigned_abs();
                for _ in 0..times {
                    claims.sum = claims.sum.saturating_add(reader.number()?);
                }
                times
            }
        };
        claims.rows = claims.rows.saturating_add(rows);
    }
    Ok(claims)
}

/// Bytes not yet read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FrameError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, FrameError> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned LEB128 number.
    fn number(&mut self) -> Result<u64, FrameError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                return Err(FrameError::BadNumber);
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(FrameError::BadNumber)
    }

    /// A signed LEB128 number.
    fn signed(&mut self) -> Result<i64, FrameError> {
        let mut value = 0_i64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte & 0x40 != 0 && shift + 7 < 64 {
                    value |= -1 << (shift + 7);
                }
                return Ok(value);
            }
        }
        Err(FrameError::BadNumber)
    }

    fn skip_number(&mut self) -> Result<(), FrameError> {
        self.signed().map(drop)
    }

    fn length(&mut self) -> Result<usize, FrameError> {
        usize::try_from(self.number()?).map_err(|_| FrameError::BadNumber)
    }

    fn actor(&mut self) -> Result<(), FrameError> {
        let bytes = self.number()?;
        if bytes == 0 || bytes > ACTOR_BYTES_MAX as u64 {
            return Err(FrameError::BadActor { bytes });
        }
        let length = usize::try_from(bytes).map_err(|_| FrameError::BadNumber)?;
        self.take(length).map(drop)
    }
}
