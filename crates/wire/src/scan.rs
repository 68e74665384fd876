//! Counts what a message holds before it is decoded: a field of two bytes can decode to a hundred.

use crate::field::{DecodeError, at_most};
use crate::limits::BATCH_ENTRIES_MAX;
use phaki_replication::limits::{
    BATCH_RUNS_MAX, FEEDS_PER_SPACE_MAX, RECEIPTS_PER_SPACE_MAX, RUN_ENTRIES_MAX,
    SEVERED_AT_ONCE_MAX, SPACES_MAX, VAULT_AT_ONCE_MAX, VAULT_SUBJECTS_MAX,
};

/// Checks the numbers of items in an encoded `Frame`.
pub(crate) fn check_frame(frame: &[u8]) -> Result<(), DecodeError> {
    // A field may occur several times; protobuf then joins their lists, so the sum counts.
    let (mut spaces, mut feeds, mut receipts, mut severed) = (0, 0, 0, 0);
    let (mut statements, mut people) = (0, 0);
    let mut batch = BatchCount::default();
    for field in Fields(frame) {
        match field? {
            (4, Some(have)) => spaces += count(have, 1)?,
            (5, Some(frontier)) => feeds += count(frontier, 3)?,
            (8, Some(body)) => {
                for field in Fields(body) {
                    if let (2, Some(body)) = field? {
                        batch.add_body(body)?;
                    }
                }
            }
            (9, Some(ack)) => feeds += count(ack, 2)?,
            (14, Some(run)) => {
                for field in Fields(run) {
                    if let (3, Some(run)) = field? {
                        batch.add_run(run)?;
                    }
                }
            }
            (15 | 16, Some(of_space)) => receipts += count(of_space, 2)?,
            (17, Some(held)) => severed += count(held, 2)?,
            (19, Some(vault)) => statements += count(vault, 2)?,
            (20, Some(held)) => people += count(held, 3)?,
            _ => {}
        }
    }
    at_most("number of spaces", spaces, SPACES_MAX)?;
    at_most("number of feeds", feeds, FEEDS_PER_SPACE_MAX)?;
    at_most("number of receipts", receipts, RECEIPTS_PER_SPACE_MAX)?;
    at_most("number of cut-off runs", severed, SEVERED_AT_ONCE_MAX)?;
    at_most("number of statements", statements, VAULT_AT_ONCE_MAX)?;
    at_most("number of people", people, VAULT_SUBJECTS_MAX)
}

/// Checks the numbers of items in an encoded `BatchBody`.
pub(crate) fn check_batch_body(body: &[u8]) -> Result<(), DecodeError> {
    BatchCount::default().add_body(body)
}

#[derive(Default)]
struct BatchCount {
    runs: usize,
    entries: usize,
}

impl BatchCount {
    fn add_body(&mut self, body: &[u8]) -> Result<(), DecodeError> {
        for field in Fields(body) {
            if let (1, Some(run)) = field? {
                self.add_run(run)?;
            }
        }
        Ok(())
    }

    fn add_run(&mut self, run: &[u8]) -> Result<(), DecodeError> {
        self.runs += 1;
        at_most("number of runs", self.runs, BATCH_RUNS_MAX)?;
        let entries = count(run, 3)?;
        at_most("number of entries in a run", entries, RUN_ENTRIES_MAX)?;
        self.entries += entries;
        at_most(
            "number of entries in a batch",
            self.entries,
            BATCH_ENTRIES_MAX,
        )
    }
}

fn count(message: &[u8], number: u64) -> Result<usize, DecodeError> {
    let mut found = 0;
    for field in Fields(message) {
        found += usize::from(field?.0 == number);
    }
    Ok(found)
}

/// The fields of one message: number, and content where it is length-delimited. Groups, which
/// nobody writes any more, are refused.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        prost::encoding::decode_varint(&mut self.0).ok()
    }

    fn read(&mut self) -> Option<(u64, Option<&'a [u8]>)> {
        let tag = self.varint()?;
        let content = match tag & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => self.take(8).map(|_| None)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Some(self.take(length)?)
            }
            5 => self.take(4).map(|_| None)?,
            _ => return None,
        };
        Some((tag >> 3, content))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Option<&'a [u8]>), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(DecodeError::Fields))
    }
}
