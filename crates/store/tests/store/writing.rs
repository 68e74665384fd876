//! Group commit: order, durability, the end of the writer.

use std::fs;
use std::sync::mpsc::channel;

use phaki_replication::entry::EntryKind;
use phaki_replication::node::{Change, WriteId};
use phaki_store::{Completion, Job, Store, WriteError, WriterOptions};

use crate::world::{Author, Opened, enact, manifest, runs, space};

#[test]
fn writes_are_reported_in_order_and_only_when_others_can_read_them() {
    let opened = Opened::new();
    let path = opened.path();
    let folder = opened.close();
    let store = Store::open(&path).unwrap();
    let (reader, feed) = (store.reader(), Author::new(2).feed);
    let (sender, reports) = channel();
    let report = move |completion| {
        // On the writer's thread: nothing behind this write is committed in a later transaction.
        let row = reader
            .feeds(&space())
            .unwrap()
            .into_iter()
            .find(|row| row.feed == feed);
        sender
            .send((completion, row.map_or(0, |row| row.length)))
            .unwrap();
    };
    let (writer, thread) = store
        .start_writer(&WriterOptions::default(), report)
        .unwrap();
    let mut author = Author::new(2);
    for number in 1..=300 {
        let run = author.publish_as(EntryKind::RECORD, &[vec![1]]);
        writer
            .submit(Job::Change {
                write: WriteId(number),
                change: runs([run]),
                audit: Vec::new(),
            })
            .unwrap();
    }
    writer.flush().unwrap();
    for number in 1..=300 {
        let (completion, readable) = reports.recv().unwrap();
        assert!(matches!(completion, Completion::Stored { write: WriteId(n), .. } if n == number));
        assert!(
            readable >= number,
            "write {number} was reported when {readable} were readable"
        );
    }
    thread.stop();
    drop(folder);
}

#[test]
fn a_copy_of_the_files_holds_what_was_reported_and_no_half_write() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    for _ in 0..3 {
        opened.put(runs([
            author.publish_as(EntryKind::RECORD, &[vec![1], vec![2]])
        ]));
    }
    // What a power cut leaves: the files as they are, with the writer still running.
    let copy = tempfile::tempdir().unwrap();
    for name in ["phaki.db", "phaki.db-wal"] {
        fs::copy(opened.folder.path().join(name), copy.path().join(name)).unwrap();
    }
    opened.put(runs([author.publish_as(EntryKind::RECORD, &[vec![3]])]));
    let survivor = Opened::open(copy, &WriterOptions::default());
    assert_eq!(survivor.store.durable().unwrap().feeds[0].length, 6);
    assert!(
        survivor
            .reader()
            .verify(&crate::world::federation())
            .unwrap()
            .problems
            .is_empty()
    );
}

#[test]
fn the_end_of_a_torn_log_is_as_if_never_written() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    opened.put(runs([author.publish_as(EntryKind::RECORD, &[vec![1]])]));
    let copy = tempfile::tempdir().unwrap();
    let before = fs::metadata(opened.folder.path().join("phaki.db-wal"))
        .unwrap()
        .len();
    opened.put(runs([author.publish_as(EntryKind::RECORD, &[vec![2]])]));
    fs::copy(opened.path(), copy.path().join("phaki.db")).unwrap();
    let log = fs::read(opened.folder.path().join("phaki.db-wal")).unwrap();
    let torn = usize::try_from(before).unwrap() + 5000;
    assert!(torn < log.len());
    fs::write(copy.path().join("phaki.db-wal"), &log[..torn]).unwrap();
    let survivor = Opened::open(copy, &WriterOptions::default());
    assert_eq!(survivor.store.durable().unwrap().feeds[0].length, 1);
    assert!(
        survivor
            .reader()
            .verify(&crate::world::federation())
            .unwrap()
            .problems
            .is_empty()
    );
}

#[test]
fn what_was_submitted_before_the_end_is_written() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    for _ in 0..50 {
        opened.submit(runs([author.publish_as(EntryKind::RECORD, &[vec![1]])]));
    }
    let writer = opened.writer.clone();
    let opened = opened.reopen();
    assert_eq!(opened.store.durable().unwrap().feeds[0].length, 50);
    assert!(matches!(writer.flush(), Err(WriteError::Stopped)));
}

#[test]
fn a_roster_replaces_the_one_before() {
    let mut opened = Opened::new();
    let mut roster = crate::world::roster();
    roster.bytes.push(0);
    opened.put(Change::Roster(roster.clone()));
    assert_eq!(opened.reopen().store.durable().unwrap().roster, roster);
}

#[test]
fn touched_documents_are_named_by_space_and_others_are_not() {
    let mut opened = Opened::new();
    opened.put(enact(&manifest(2), &[]));
    let mut here = Author::new(2);
    let mut document = phaki_documents::Document::empty(crate::world::plan(1));
    let first = here.edit(&mut document, "title/th", "แผน");
    let touched = opened.put(runs([here.publish(&[first])]));
    assert_eq!(touched.len(), 1);
    assert_eq!(
        (touched[0].space, &touched[0].documents[..]),
        (space(), &[document.id()][..])
    );
    let second = here.publish_as(EntryKind::RECORD, &[vec![1]]);
    assert_eq!(opened.put(runs([second])), []);
}
