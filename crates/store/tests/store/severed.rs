//! What was cut off a feed: who settles it, and what is kept of it for others.

use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::message::SeveredRun;
use phaki_replication::node::{Change, KeptRun};
use phaki_replication::republish::Republished;
use phaki_store::reader::QuarantineFilter;

use crate::world::{Author, Opened, runs, space};

/// A run of one entry that another node had to cut off the feed of an author, behind the first
/// entry.
fn cut_off(author: &Author, text: &str) -> (Change, Run) {
    let (previous, mut author) = (author.head, author.clone());
    let run = author.publish(&[text.as_bytes().to_vec()]);
    let change = Change::Severed {
        space: space(),
        previous,
        run: Box::new(run.clone()),
        carried: false,
    };
    (change, run)
}

/// The same, kept for its author only.
fn carried(change: Change) -> Change {
    match change {
        Change::Severed {
            space,
            previous,
            run,
            ..
        } => Change::Severed {
            space,
            previous,
            run,
            carried: true,
        },
        other => other,
    }
}

/// The first entry of a run, published again by somebody.
fn copy(publisher: &mut Author, run: &Run) -> Run {
    let again = Republished::again(&run.feed, run.from, &run.entries[0]).unwrap();
    publisher.publish_as(EntryKind::REPUBLISHED, &[again.to_vec()])
}

/// Stored, but nothing of it counts.
fn without_right(run: Run) -> Change {
    Change::Runs {
        space: space(),
        runs: vec![(run, 0)],
    }
}

/// A store that holds the first entry of an author's feed.
fn begun() -> (Opened, Author) {
    let (mut opened, mut author) = (Opened::new(), Author::new(2));
    opened.put(runs([author.publish(&[b"first".to_vec()])]));
    (opened, author)
}

/// Whether the author is still to publish something again, so that others are told of it.
fn waits(opened: &Opened) -> bool {
    let kept = opened.reader().kept(&space()).unwrap();
    kept.iter().any(|kept| !kept.settled)
}

fn in_quarantine(opened: &Opened) -> usize {
    let filter = QuarantineFilter {
        space: Some(space()),
        author: None,
        settled: true,
        limit: 10,
    };
    opened.reader().quarantined(&filter).unwrap().len()
}

#[test]
fn what_its_author_or_the_steward_publishes_again_is_settled_whichever_came_first() {
    for by_steward in [true, false] {
        for copy_first in [true, false] {
            let (mut opened, author) = begun();
            let (severed, run) = cut_off(&author, "lost");
            let mut publisher = match by_steward {
                true => Author::new(1),
                false => author.renewed(),
            };
            let copy = runs([copy(&mut publisher, &run)]);
            let both = match copy_first {
                true => [copy, severed],
                false => [severed, copy],
            };
            for change in both {
                opened.put(change);
            }
            assert!(!waits(&opened), "{by_steward} {copy_first}");
        }
    }
}

#[test]
fn a_copy_published_by_somebody_without_the_right_suppresses_nothing() {
    for copy_first in [true, false] {
        let (mut opened, author) = begun();
        let (severed, run) = cut_off(&author, "lost");
        // A writer whose entries count, who is neither the author nor the steward.
        let copy = runs([copy(&mut Author::new(3), &run)]);
        let both = match copy_first {
            true => [copy, severed],
            false => [severed, copy],
        };
        for change in both {
            opened.put(change);
        }
        assert!(waits(&opened), "{copy_first}");
    }
}

#[test]
fn a_copy_that_does_not_count_suppresses_nothing() {
    for copy_first in [true, false] {
        let (mut opened, author) = begun();
        let (severed, run) = cut_off(&author, "lost");
        let copy = without_right(copy(&mut author.renewed(), &run));
        let both = match copy_first {
            true => [copy, severed],
            false => [severed, copy],
        };
        for change in both {
            opened.put(change);
        }
        assert!(waits(&opened), "{copy_first}");
    }
}

#[test]
fn what_is_carried_for_another_is_in_no_list_and_goes_once_it_is_published_again() {
    let (mut opened, author) = begun();
    let (severed, run) = cut_off(&author, "lost");
    opened.put(carried(severed.clone()));
    let name = SeveredRun {
        feed: run.feed,
        from: run.from,
        head: run.checkpoint.head,
    };
    let kept = KeptRun {
        run: name,
        bytes: 4,
        carried: true,
        settled: false,
    };
    let mut opened = opened.reopen();
    assert_eq!(opened.reader().kept(&space()).unwrap(), [kept]);
    assert_eq!(in_quarantine(&opened), 0);
    assert_eq!(opened.reader().unsettled().unwrap().len(), 0);
    let found = opened.reader().severed_run(&space(), &name).unwrap();
    assert_eq!(found, Some((author.head, run.clone())));

    opened.put(runs([copy(&mut author.renewed(), &run)]));
    assert_eq!(opened.reader().kept(&space()).unwrap(), []);
    opened.put(carried(severed));
    assert_eq!(opened.reader().kept(&space()).unwrap(), [], "nobody waits");
}

#[test]
fn what_is_of_a_kind_that_nobody_publishes_again_is_not_carried() {
    let (mut opened, mut author) = begun();
    let previous = author.head;
    let run = author.publish_as(EntryKind(77), &[b"opaque".to_vec()]);
    opened.put(Change::Severed {
        space: space(),
        previous,
        run: Box::new(run),
        carried: true,
    });
    assert_eq!(opened.reader().kept(&space()).unwrap(), []);
}

#[test]
fn what_was_carried_and_is_cut_off_here_too_is_in_the_list() {
    let (mut opened, author) = begun();
    let (severed, run) = cut_off(&author, "lost");
    opened.put(carried(severed));
    opened.put(runs([run]));
    opened.put(Change::Cut {
        space: space(),
        feed: author.feed,
        at: 1,
        proof: None,
    });
    assert_eq!(in_quarantine(&opened), 1);
    let kept = opened.reader().kept(&space()).unwrap();
    assert_eq!(
        kept.iter().map(|kept| kept.carried).collect::<Vec<_>>(),
        [false]
    );
}

#[test]
fn what_was_cut_off_at_one_place_in_several_ways_is_told_apart() {
    let (mut opened, author) = begun();
    let branches = ["one", "two"].map(|text| cut_off(&author, text));
    for (severed, _) in branches.clone() {
        opened.put(carried(severed));
    }
    let kept = opened.reader().kept(&space()).unwrap();
    assert_eq!(kept.len(), 2);
    for (_, run) in branches {
        let name = SeveredRun {
            feed: run.feed,
            from: run.from,
            head: run.checkpoint.head,
        };
        let found = opened.reader().severed_run(&space(), &name).unwrap();
        assert_eq!(found, Some((author.head, run)));
    }
}

#[test]
fn a_feed_that_is_cut_again_nearer_to_its_beginning_keeps_what_a_peer_gave_whole() {
    let (mut opened, mut author) = begun();
    let entry = |text: &str| Entry {
        kind: EntryKind::CHANGE,
        time_ms: 0,
        payload: Payload::Present(text.as_bytes().to_vec().into()),
    };
    let previous = author.head;
    let whole = author.sign(vec![entry("a"), entry("b")]);
    opened.put(runs([whole.clone()]));
    let cut = |at| Change::Cut {
        space: space(),
        feed: whole.feed,
        at,
        proof: None,
    };
    opened.put(cut(2));
    // A peer that cut at the first place from the beginning kept both in one run.
    opened.put(Change::Severed {
        space: space(),
        previous,
        run: Box::new(whole.clone()),
        carried: true,
    });
    opened.put(cut(1));
    let kept = opened.reader().kept(&space()).unwrap();
    assert!(kept.iter().any(|kept| kept.run.from == 1 && !kept.carried));
    assert_eq!(in_quarantine(&opened), 2);
    let name = SeveredRun {
        feed: whole.feed,
        from: 1,
        head: whole.checkpoint.head,
    };
    let found = opened.reader().severed_run(&space(), &name).unwrap();
    assert_eq!(found, Some((previous, whole)));
}
