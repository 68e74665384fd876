//! Writes that fail, and what stands behind them.

use phaki_replication::entry::EntryKind;
use phaki_replication::node::Change;
use phaki_store::{Completion, FailureClass, Job, WriteError, WriterOptions};

use crate::world::{Author, Opened, enact, manifest, plan, runs, space};

fn is_sound(opened: &Opened) -> bool {
    opened
        .reader()
        .verify(&crate::world::federation())
        .unwrap()
        .problems
        .is_empty()
}

fn failure(completion: Completion) -> (u64, WriteError) {
    match completion {
        Completion::Failed { write, error } => (write.0, error),
        other => panic!("{other:?} is no failure"),
    }
}

#[test]
fn a_full_store_fails_everything_behind_until_resumed_and_stays_sound() {
    let small = WriterOptions {
        file_bytes_max: Some(400 << 10),
    };
    let mut opened = Opened::new().reopen_with(&small);
    let mut author = Author::new(2);
    opened.put(runs([
        author.publish_as(EntryKind::RECORD, &[vec![1; 1000]])
    ]));
    let kept = author.clone();
    let large = author.publish_as(EntryKind::RECORD, &[vec![2; 900 << 10]]);
    let error = opened.try_put(runs([large])).unwrap_err();
    assert_eq!(error.class(), FailureClass::Full);
    assert!(error.to_string().contains("phaki.db"));
    let behind = opened.try_put(runs([author.publish_as(EntryKind::RECORD, &[vec![3]])]));
    assert_eq!(behind.unwrap_err().class(), FailureClass::Full);
    assert!(matches!(
        opened.writer.flush(),
        Err(WriteError::Behind { .. })
    ));
    opened.resume();
    let mut author = kept;
    opened.put(runs([author.publish_as(EntryKind::RECORD, &[vec![4]])]));
    assert_eq!(opened.reader().feeds(&space()).unwrap()[0].length, 2);
    assert!(is_sound(&opened));
    let mut opened = opened.reopen();
    opened.put(runs([
        author.publish_as(EntryKind::RECORD, &[vec![5; 900 << 10]])
    ]));
    assert!(is_sound(&opened));
}

#[test]
fn jobs_queued_behind_a_failure_are_reported_in_order_and_never_tried() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    // A gap: replication would never ask for that.
    author.publish_as(EntryKind::RECORD, &[vec![1]]);
    let gap = runs([author.publish_as(EntryKind::RECORD, &[vec![2]])]);
    let mut other = Author::new(3);
    let good = |other: &mut Author| runs([other.publish_as(EntryKind::RECORD, &[vec![3]])]);
    let first = opened.submit(good(&mut other)).0;
    let started_again = Author::new(4).publish_as(EntryKind::RECORD, &[vec![3]]);
    opened.submit(gap);
    for _ in 0..20 {
        opened.submit(good(&mut other));
    }
    opened.writer.submit(Job::Resume).unwrap();
    opened.submit(runs([started_again]));
    // The first write was committed by itself or failed together with the gap.
    let mut expected = first;
    let mut completion = opened.completion();
    if matches!(completion, Completion::Stored { .. }) {
        expected += 1;
        completion = opened.completion();
    }
    let mut gaps = 0;
    while !matches!(completion, Completion::Resumed) {
        let (write, error) = failure(completion);
        assert_eq!(write, expected);
        assert!(
            matches!(error, WriteError::Gap { .. } | WriteError::Behind { .. }),
            "{error:?}"
        );
        gaps += usize::from(matches!(
            error,
            WriteError::Gap {
                from: 1,
                length: 0,
                ..
            }
        ));
        expected += 1;
        completion = opened.completion();
    }
    assert_eq!(expected, first + 22);
    assert!(gaps >= 1);
    assert!(matches!(opened.completion(), Completion::Stored { .. }));
    assert!(is_sound(&opened));
}

#[test]
fn a_failure_in_the_middle_of_a_transaction_leaves_nothing_of_it() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = phaki_documents::Document::empty(plan(1));
    let first = author.edit(&mut document, "title/th", "แผน");
    opened.put(runs([author.publish(&[first])]));
    let before = opened.state();
    // Everything but the last row of the transaction can be written.
    opened.tamper(
        "CREATE TRIGGER broken BEFORE UPDATE ON space
         BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END",
    );
    let kept = author.clone();
    let second = author.edit(&mut document, "title/th", "แผนใหม่");
    let error = opened
        .try_put(runs([author.publish(std::slice::from_ref(&second))]))
        .unwrap_err();
    assert_eq!(error.class(), FailureClass::Other);
    opened.tamper("DROP TRIGGER broken");
    assert_eq!(opened.state(), before);
    opened.resume();
    author = kept;
    opened.put(runs([author.publish(&[second])]));
    assert_ne!(opened.state(), before);
    assert!(is_sound(&opened.reopen()));
}

#[test]
fn entries_of_a_space_without_a_manifest_are_a_mistake_that_is_reported() {
    let mut opened = Opened::new();
    let unknown = manifest(9).space;
    let run = Author::of(2, unknown).publish_as(EntryKind::RECORD, &[vec![1]]);
    let change = Change::Runs {
        space: unknown,
        runs: vec![(run, u64::MAX)],
    };
    let error = opened.try_put(change.clone()).unwrap_err();
    assert!(matches!(error, WriteError::UnknownSpace(space) if space == unknown));
    opened.resume();
    opened.put(enact(&manifest(9), &[]));
    opened.put(change);
}
