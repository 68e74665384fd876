//! What this machine needs at least: the part of a workload that no protocol can avoid, without
//! any protocol.

mod cold;
mod line;
mod live;
mod merge;

use std::path::Path;

use rusqlite::Connection;

use crate::catalogue::Workload;
use crate::compare::Request;
use crate::sheet::Round;

/// The name in tables.
pub(crate) const NAME: &str = "floor";

/// What the figures of the floor are of.
pub(crate) const NOTES: [&str; 3] = [
    "W1: decompress (zstd 3), verify hash chains, signatures and change hashes, insert into SQLite \
     with synchronous=FULL; checking and inserting on a thread each.",
    "W4: insert one change, send it over TLS, insert it there, answer; both with synchronous=FULL.",
    "W5: Automerge merges the two loaded documents.",
];

/// The floors with what they need, which is made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    cold: Option<cold::Prepared>,
    merge: Option<merge::Prepared>,
}

impl Floors {
    pub(crate) fn play(&mut self, request: &Request) -> Vec<Round> {
        let mut rounds = Vec::new();
        if request.plays(&[Workload::Cold]) {
            let prepare = || cold::Prepared::new(request.documents);
            rounds.push(self.cold.get_or_insert_with(prepare).measure());
        }
        if request.plays(&[Workload::Live]) {
            rounds.push(live::measure());
        }
        if request.plays(&[Workload::Merge]) {
            let prepare = || merge::Prepared::new(request.edits);
            rounds.push(self.merge.get_or_insert_with(prepare).measure());
        }
        rounds
    }
}

/// A database as durable as a node's, with a table for changes.
fn database(folder: &Path, name: &str) -> Connection {
    let database = Connection::open(folder.join(name)).unwrap();
    for (pragma, value) in [("journal_mode", "WAL"), ("synchronous", "FULL")] {
        database.pragma_update(None, pragma, value).unwrap();
    }
    let table = "CREATE TABLE change (place INTEGER PRIMARY KEY, document BLOB NOT NULL, \
                 hash BLOB NOT NULL, bytes BLOB NOT NULL, UNIQUE (document, hash)) STRICT";
    database.execute_batch(table).unwrap();
    database
}

fn insert(database: &Connection, document: &[u8], hash: &[u8], bytes: &[u8]) {
    let sql = "INSERT INTO change (document, hash, bytes) VALUES (?1, ?2, ?3)";
    let mut statement = database.prepare_cached(sql).unwrap();
    statement.execute((document, hash, bytes)).unwrap();
}
