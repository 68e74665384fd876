//! Every page of every table and index is damaged in turn: it is named, and the store is made anew
//! from all that proves true.

use std::fs;
use std::path::Path;

use phaki_documents::Document;
use phaki_replication::id::Epoch;
use phaki_store::repair::{Kept, Repair, repair};
use phaki_store::verify::verify;
use phaki_store::{AuditDraft, AuditFilter, Store, start_materialiser};
use rusqlite::Connection;

use crate::world::{Author, Opened, State, key, plan, runs};

const NEW: Epoch = Epoch([8; 16]);
const PLANS: u8 = 40;

/// Tables and indices whose rows follow from others: without them nothing is lost.
const DERIVED: [&str; 17] = [
    "document",
    "sqlite_autoindex_document_1",
    "document_dirty",
    "change",
    "change_sequence",
    "waiting",
    "refused",
    "snapshot",
    "summary",
    "summary_conflicted",
    "searchable",
    "gram_data",
    "gram_idx",
    "gram_docsize",
    "gram_config",
    "entry_republished",
    "audit_act",
];

/// A sound store in one file, what it says, and the pages of its tables and indices.
struct Sample {
    folder: tempfile::TempDir,
    state: State,
    entries: u64,
    pages: Vec<(String, u64, u64)>,
}

fn sample() -> Sample {
    let mut opened = Opened::new();
    let mut authors = [Author::new(2), Author::new(3)];
    for number in 0..PLANS {
        let author = &mut authors[usize::from(number % 2)];
        let mut document = Document::empty(plan(number));
        let text = "แผนสุขภาพ".repeat(20);
        let change = author.edit(&mut document, "title/th", &text);
        opened.put(runs([author.publish(&[change])]));
    }
    start_materialiser(opened.reader(), opened.writer.clone())
        .unwrap()
        .settle()
        .unwrap();
    let state = opened.state();
    let folder = opened.close();
    let database = Connection::open(folder.path().join("phaki.db")).unwrap();
    let select = "SELECT name, pageno, pgsize FROM dbstat WHERE name <> 'sqlite_schema'";
    let mut select = database.prepare(select).unwrap();
    let pages = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let pages = pages.unwrap().map(Result::unwrap).collect();
    Sample {
        folder,
        state,
        entries: u64::from(PLANS),
        pages,
    }
}

impl Sample {
    /// A copy in which something happened to the bytes of one page.
    fn damaged(&self, (page, size): (u64, u64), damage: impl Fn(&mut [u8])) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = fs::read(self.folder.path().join("phaki.db")).unwrap();
        let (page, size) = (
            usize::try_from(page).unwrap(),
            usize::try_from(size).unwrap(),
        );
        damage(&mut bytes[(page - 1) * size..page * size]);
        fs::write(folder.path().join("phaki.db"), bytes).unwrap();
        folder
    }
}

fn repaired(folder: &Path) -> Result<Kept, phaki_store::repair::RepairError> {
    let audit = AuditDraft::new(2, "officer", "store-repaired", "", "");
    repair(&Repair {
        database: &folder.join("phaki.db"),
        aside: &folder.join("damaged.db"),
        node: key(1).node(),
        epoch: NEW,
        audit: &audit,
    })
}

/// The documents of the store, computed anew by its materialiser.
fn state(folder: tempfile::TempDir) -> State {
    Opened::open(folder, &phaki_store::WriterOptions::default()).state()
}

/// What must hold of a store that was made anew, whatever had happened.
fn assert_sound(folder: &Path, kept: &Kept, sample: &Sample, what: &str) {
    let found = verify(&folder.join("phaki.db")).unwrap();
    assert_eq!(found.problems, [], "{what}");
    assert_eq!(found.entries, kept.entries, "{what}");
    let missing: u64 = kept
        .shortened
        .iter()
        .map(|feed| feed.held - feed.kept)
        .sum();
    let known = kept.entries + missing;
    let told = known == sample.entries || !kept.unread.is_empty();
    assert!(told, "{what}: {kept:?} does not say what is missing");
    assert!(folder.join("damaged.db").exists(), "{what}: thrown away");
    let store = Store::open(&folder.join("phaki.db")).unwrap();
    assert_eq!(store.identity().epoch, NEW, "{what}");
    let newest = AuditFilter {
        since_ms: None,
        act: None,
        oldest_first: false,
        limit: 1,
    };
    let record = &store.reader().audit(&newest).unwrap()[0];
    assert_eq!(record.what.act, "store-repaired", "{what}");
}

#[test]
fn a_page_of_garbage_in_any_table_or_index_is_named_and_costs_what_stood_there_at_most() {
    let sample = sample();
    for (name, page, size) in &sample.pages {
        let what = format!("page {page} of {name}");
        let folder = sample.damaged((*page, *size), |bytes| bytes.fill(0xa5));
        match verify(&folder.path().join("phaki.db")) {
            Ok(found) => assert!(!found.problems.is_empty(), "{what} is not named"),
            Err(error) => assert!(error.is_damage(), "{what}: {error}"),
        }
        if name == "roster" {
            // Nothing could be checked without it.
            assert!(repaired(folder.path()).is_err(), "{what}");
            assert!(folder.path().join("phaki.db").exists(), "{what}: moved");
            continue;
        }
        let kept = repaired(folder.path()).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_sound(folder.path(), &kept, &sample, &what);
        if DERIVED.contains(&name.as_str()) {
            assert_eq!(
                (kept.entries, &kept.unread[..]),
                (sample.entries, &[][..]),
                "{what}"
            );
            assert_eq!(state(folder), sample.state, "{what}");
        }
    }
}

#[test]
fn a_flipped_bit_on_any_page_never_passes_for_what_was_signed() {
    let sample = sample();
    for (name, page, size) in &sample.pages {
        // At the end of the page there is data, in the middle often nothing.
        for place in [usize::try_from(size - 40).unwrap(), 900] {
            let what = format!("bit at {place} on page {page} of {name}");
            let folder = sample.damaged((*page, *size), |bytes| bytes[place] ^= 0x10);
            match repaired(folder.path()) {
                Ok(kept) => assert_sound(folder.path(), &kept, &sample, &what),
                Err(error) => assert_eq!(name, "roster", "{what}: {error:?}"),
            }
        }
    }
}

#[test]
fn an_entry_that_is_not_what_was_signed_is_sent_to_nobody_and_is_told_of() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let run = author.publish(&[vec![1; 30], vec![2; 30]]);
    opened.put(runs([run]));
    let reader = opened.reader();
    let space = crate::world::space();
    assert!(reader.run(&space, &author.feed, 0, 100).unwrap().is_some());
    assert_eq!(reader.damage(), None);
    opened.tamper("UPDATE entry SET payload = CAST(x'ff' || substr(payload, 2) AS BLOB)");
    let refused = reader.run(&space, &author.feed, 0, 100);
    assert!(refused.is_err_and(|error| error.is_damage()));
    assert_eq!(reader.damage(), Some("entry of a feed"));
}

#[test]
fn a_document_whose_changes_cannot_be_read_does_not_hold_up_the_others() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    for number in [1, 2] {
        let mut document = Document::empty(plan(number));
        let change = author.edit(&mut document, "title/th", "แผน");
        opened.put(runs([author.publish(&[change])]));
    }
    opened.tamper("UPDATE entry SET payload = x'00' WHERE place = (SELECT min(place) FROM entry)");
    let materialiser = start_materialiser(opened.reader(), opened.writer.clone()).unwrap();
    materialiser.settle().unwrap();
    let rows = opened.reader().documents(&Default::default()).unwrap();
    let broken: Vec<_> = rows
        .iter()
        .map(|row| row.summary.as_ref().unwrap().broken.is_some())
        .collect();
    assert_eq!(broken, [true, false], "{rows:?}");
    assert!(opened.reader().damage().is_some());
}
