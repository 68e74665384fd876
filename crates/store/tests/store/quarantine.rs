//! Entries in quarantine: counted until somebody decides, with what waits for them.

use phaki_documents::change;
use phaki_documents::document::Document;
use phaki_replication::entry::EntryKind;
use phaki_replication::node::Change;
use phaki_replication::republish::Republished;
use phaki_store::AuditDraft;
use phaki_store::reader::{QuarantineFilter, QuarantinedRow};

use crate::world::{Author, Opened, plan, runs, space};

/// A stranger's change in quarantine, and one of a writer that follows it and waits.
fn story() -> (Opened, QuarantinedRow) {
    let mut opened = Opened::new();
    let (mut stranger, mut writer) = (Author::new(20), Author::new(2));
    let mut document = Document::empty(plan(1));
    let first = stranger.edit(&mut document, "title/th", "ก");
    let second = writer.edit(&mut document, "goal/th", "ข");
    opened.put(Change::Runs {
        space: space(),
        runs: vec![(stranger.publish(&[first]), 0)],
    });
    opened.put(runs([writer.publish(&[second])]));
    let [row] = &listed(&opened, false)[..] else {
        panic!("one entry is in quarantine")
    };
    let row = row.clone();
    (opened, row)
}

fn listed(opened: &Opened, settled: bool) -> Vec<QuarantinedRow> {
    let filter = QuarantineFilter {
        space: Some(space()),
        author: None,
        settled,
        limit: 10,
    };
    opened.reader().quarantined(&filter).unwrap()
}

fn undecided(opened: &Opened) -> u64 {
    let counts = opened.reader().unsettled().unwrap();
    counts.get(&space()).copied().unwrap_or(0)
}

#[test]
fn changes_that_follow_one_in_quarantine_wait_for_it_until_it_is_adopted() {
    let (mut opened, row) = story();
    let (document, bytes) = row.change().unwrap();
    let hash = change::summarise(bytes).unwrap().hash;
    let waiting = |opened: &Opened| {
        let count = opened.reader().waiting_for(&space(), &document, &hash);
        count.unwrap()
    };
    assert_eq!((undecided(&opened), waiting(&opened)), (1, 1));

    let again = Republished::again(&row.feed, row.seq, &row.entry).unwrap();
    let adopted = Author::new(1).publish_as(EntryKind::REPUBLISHED, &[again.to_vec()]);
    opened.put(runs([adopted]));
    assert_eq!((undecided(&opened), waiting(&opened)), (0, 0));
    assert_eq!(listed(&opened, false), []);
    assert!(listed(&opened, true)[0].republished);
}

#[test]
fn one_who_may_not_adopt_hides_nothing_by_publishing_it_again() {
    let (mut opened, row) = story();
    let again = Republished::again(&row.feed, row.seq, &row.entry).unwrap();
    let claimed = Author::new(3).publish_as(EntryKind::REPUBLISHED, &[again.to_vec()]);
    opened.put(runs([claimed]));
    assert_eq!(undecided(&opened), 1);
    assert_eq!(listed(&opened, false), [row]);
}

#[test]
fn what_is_discarded_is_on_record_once_and_stays_where_it_is() {
    let (opened, row) = story();
    let act = AuditDraft::new(1, "officer", "entries-discarded", "", "");
    let discard = || opened.writer.discard(vec![row.clone()], act.clone());
    assert!(discard().unwrap());
    assert!(!discard().unwrap());
    assert_eq!(undecided(&opened), 0);
    assert!(listed(&opened, true)[0].discarded);
    let check = opened.reader().check_audit(None).unwrap();
    assert_eq!(check.records, 2, "the founding, and one decision");
}
