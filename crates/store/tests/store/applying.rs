//! From entries to heads: what counts, what waits, what is refused.

use std::collections::BTreeMap;

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ROOT};
use phaki_documents::payload;
use phaki_documents::{Document, document::LoadError};
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::node::Change;

use crate::world::{Author, Opened, enact, federation, key, manifest, nobody, plan, runs, space};

/// Two authors who edit two documents in turn, seeing each other's edits.
struct Story {
    first: Author,
    second: Author,
    runs: Vec<Run>,
}

fn story() -> Story {
    let (mut first, mut second) = (Author::new(2), Author::new(3));
    let mut runs = Vec::new();
    for number in [1, 2] {
        let mut document = Document::empty(plan(number));
        for turn in 0..3 {
            let author = if turn % 2 == 0 {
                &mut first
            } else {
                &mut second
            };
            let payload = author.edit(&mut document, "title/th", &format!("แผน {turn}"));
            runs.push(author.publish(&[payload]));
        }
        let mut rival = document.clone();
        let one = first.edit(&mut document, "title/th", "ของฉัน");
        let other = second.edit(&mut rival, "title/th", "ของเธอ");
        runs.push(first.publish(&[one]));
        runs.push(second.publish(&[other]));
    }
    Story {
        first,
        second,
        runs,
    }
}

fn permitted(change: Change, permitted: impl Fn(&Run) -> u64) -> Change {
    match change {
        Change::Runs { space, runs } => {
            let runs = runs
                .into_iter()
                .map(|(run, _)| (run.clone(), permitted(&run)))
                .collect();
            Change::Runs { space, runs }
        }
        other => other,
    }
}

fn cap(author: &Author, length: u64) -> Manifest {
    let mut manifest = manifest(1);
    manifest.version += 1;
    manifest.caps = BTreeMap::from([(author.feed, length)]);
    manifest
}

#[test]
fn heads_are_those_of_automerge() {
    let mut opened = Opened::new();
    opened.put(runs(story().runs));
    for number in [1, 2] {
        let document = opened.load(&plan(number)).unwrap();
        assert_eq!(document.heads().len(), 2);
        assert_eq!(document.conflicts().len(), 1);
    }
    opened.state();
}

#[test]
fn changes_wait_for_what_they_depend_on_across_feeds() {
    let story = story();
    let mut straight = Opened::new();
    straight.put(runs(story.runs.clone()));
    let (first, second): (Vec<_>, Vec<_>) = story
        .runs
        .into_iter()
        .partition(|run| run.feed == story.first.feed);
    let mut crossed = Opened::new();
    assert_eq!(crossed.put(runs(second)), []);
    assert_eq!(crossed.space_row().waiting, story.second.length);
    assert_eq!(crossed.space_row().documents, 0);
    assert!(crossed.load(&plan(1)).is_none());
    let mut crossed = crossed.reopen();
    for run in first {
        crossed.put(runs([run]));
    }
    assert_eq!(crossed.space_row().waiting, 0);
    assert_eq!(crossed.state(), straight.state());
    crossed.load(&plan(1)).unwrap();
}

#[test]
fn quarantined_entries_are_kept_and_count_when_the_manifest_allows() {
    let story = story();
    let mut straight = Opened::new();
    straight.put(runs(story.runs.clone()));
    let mut opened = Opened::new();
    opened.put(enact(&cap(&story.second, 0), &[]));
    let only_first = |run: &Run| {
        if run.feed == story.first.feed {
            u64::MAX
        } else {
            0
        }
    };
    opened.put(permitted(runs(story.runs), only_first));
    let row = opened.space_row();
    assert_eq!(row.entries, story.first.length + story.second.length);
    assert_eq!(row.quarantined, story.second.length);
    assert_ne!(opened.state(), straight.state());
    let mut opened = opened.reopen();
    opened.put(enact(
        &cap(&story.second, 1),
        &[story.first.feed, story.second.feed],
    ));
    assert_eq!(opened.space_row().quarantined, story.second.length - 1);
    opened.put(enact(&manifest(1), &[story.first.feed, story.second.feed]));
    assert_eq!(opened.space_row().quarantined, 0);
    assert_eq!(opened.state(), straight.state());
}

#[test]
fn a_lowered_right_leaves_what_would_be_had_it_never_been_given() {
    let story = story();
    let feeds = [story.first.feed, story.second.feed];
    for length in 0..story.second.length {
        let lowered = cap(&story.second, length);
        let mut never = Opened::new();
        never.put(permitted(runs(story.runs.clone()), |run| {
            lowered.permitted(&nobody(), &run.feed)
        }));
        let mut taken = Opened::new();
        taken.put(runs(story.runs.clone()));
        let touched = taken.put(enact(&lowered, &feeds));
        assert_eq!(touched[0].documents, [plan(1), plan(2)]);
        assert_eq!(taken.state(), never.state());
        let (taken_row, never_row) = (taken.space_row(), never.space_row());
        assert_eq!(taken_row.quarantined, never_row.quarantined);
        assert_eq!(taken_row.waiting, never_row.waiting);
        for number in [1, 2] {
            taken.load(&plan(number));
        }
        // And back again.
        taken.put(enact(&manifest(1), &feeds));
        never.put(enact(&manifest(1), &feeds));
        assert_eq!(taken.state(), never.state());
        assert_eq!(taken.space_row().waiting, 0);
    }
}

#[test]
fn malformed_changes_are_refused_with_their_reason_and_stop_nothing() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    let good = author.edit(&mut document, "title/th", "แผน");
    let mut torn = good.clone();
    torn.pop();
    let payloads = [
        vec![1, 2, 3],
        torn,
        payload::encode(&plan(1), &[0; 40]),
        good,
    ];
    opened.put(runs([author.publish(&payloads)]));
    let refused = opened.reader().refused(&space()).unwrap();
    assert_eq!(
        refused.iter().map(|row| row.seq).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert!(
        refused
            .iter()
            .all(|row| row.feed == author.feed && !row.reason.is_empty())
    );
    assert_eq!(opened.space_row().refused, 3);
    assert_eq!(opened.state().0, [(plan(1), document.heads())]);
}

#[test]
fn a_change_under_a_foreign_actor_is_refused_and_its_rightful_author_is_not() {
    let mut opened = Opened::new();
    let (mut thief, mut author) = (Author::new(2), Author::new(3));
    let mut document = Document::empty(plan(1));
    let change = author.edit(&mut document, "title/th", "แผน");
    opened.put(runs([thief.publish(std::slice::from_ref(&change))]));
    let refused = opened.reader().refused(&space()).unwrap();
    assert!(refused[0].reason.starts_with("foreign actor"));
    assert_eq!(opened.state().0, []);
    opened.put(runs([author.publish(&[change])]));
    assert_eq!(opened.state().0, [(plan(1), document.heads())]);
}

#[test]
fn of_two_changes_with_one_actor_and_number_the_smaller_hash_counts_in_any_order() {
    let forked = |author: &Author| {
        ["หนึ่ง", "สอง"].map(|value| {
            let mut made = AutoCommit::new().with_actor(ActorId::from(author.actor()));
            made.put(ROOT, "title/th", value).unwrap();
            made.commit();
            let change = made.get_last_local_change().unwrap();
            let bytes = payload::encode(&plan(1), change.raw_bytes());
            (change.hash(), value, bytes)
        })
    };
    for turned in [false, true] {
        let mut opened = Opened::new();
        let mut author = Author::new(2);
        let mut rivals = forked(&author);
        let smaller = rivals.iter().min().unwrap().1;
        if turned {
            rivals.reverse();
        }
        let larger = rivals.iter().position(|(_, value, _)| *value != smaller);
        let payloads = rivals.map(|(.., bytes)| bytes);
        opened.put(runs([author.publish(&payloads)]));
        assert_eq!(opened.space_row().refused, 1);
        let refused = opened.reader().refused(&space()).unwrap();
        assert_eq!(usize::try_from(refused[0].seq).ok(), larger);
        let document = opened.load(&plan(1)).unwrap();
        assert_eq!(document.summary().title, smaller);
        assert_eq!(opened.reader().verify(&federation()).unwrap().problems, []);
    }
}

#[test]
fn a_repeated_change_has_its_effect_once() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    let change = author.edit(&mut document, "title/th", "แผน");
    opened.put(runs([author.publish(&[change.clone(), change])]));
    assert_eq!(
        opened.reader().documents(&Default::default()).unwrap()[0].changes,
        1
    );
    assert_eq!(opened.space_row().refused, 0);
}

#[test]
fn other_kinds_and_dropped_payloads_are_kept_and_have_no_effect() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    let change = author.edit(&mut document, "title/th", "แผน");
    let present = Payload::Present(change.into());
    let length = u32::try_from(present.length()).unwrap();
    let dropped = Payload::Dropped {
        hash: present.hash(),
        length,
    };
    let entries = [
        (EntryKind(200), present.clone()),
        (EntryKind::CHANGE, dropped),
    ]
    .map(|(kind, payload)| Entry {
        kind,
        time_ms: 5,
        payload,
    });
    let run = author.sign(entries.to_vec());
    opened.put(runs([run.clone()]));
    assert_eq!(opened.state().0, []);
    let row = opened.space_row();
    assert_eq!(
        (row.entries, row.bytes, row.refused),
        (2, 2 * u64::from(length), 1)
    );
    let read = opened
        .reader()
        .run(&space(), &author.feed, 0, usize::MAX)
        .unwrap();
    assert_eq!(read, Some(run));
}

#[test]
fn one_document_id_in_two_spaces_is_two_documents() {
    let mut opened = Opened::new();
    let other = manifest(2);
    opened.put(enact(&other, &[]));
    let (mut here, mut there) = (Author::new(2), Author::of(2, other.space));
    let mut document = Document::empty(plan(1));
    let one = here.edit(&mut document, "title/th", "ที่นี่");
    let two = here.edit(&mut document, "title/th", "ที่นี่อีก");
    opened.put(runs([here.publish(&[one, two.clone()])]));
    // The second change is no stranger to this space, but its dependency is.
    let run = there.publish(&[two]);
    opened.put(Change::Runs {
        space: other.space,
        runs: vec![(run, u64::MAX)],
    });
    assert_eq!(opened.reader().locate(&plan(1)).unwrap(), [space()]);
    let rows = opened.reader().spaces().unwrap();
    let row = rows.iter().find(|row| row.space == other.space).unwrap();
    assert_eq!((row.documents, row.waiting), (0, 1));
    let mut mine = Document::empty(plan(1));
    let mut third = Author::of(3, other.space);
    let change = third.edit(&mut mine, "title/th", "ที่นั่น");
    let run = third.publish(&[change]);
    opened.put(Change::Runs {
        space: other.space,
        runs: vec![(run, u64::MAX)],
    });
    let mut both = vec![space(), other.space];
    both.sort();
    assert_eq!(opened.reader().locate(&plan(1)).unwrap(), both);
    let stored = opened
        .reader()
        .document_changes(&other.space, &plan(1))
        .unwrap()
        .unwrap();
    assert_eq!(stored.heads, mine.heads());
    let loaded: Result<Document, LoadError> = stored.load(&plan(1));
    assert_eq!(loaded.unwrap().summary().title, "ที่นั่น");
}

#[test]
fn a_refused_change_keeps_its_number_whatever_came_first() {
    let (mut author, mut other) = (Author::new(2), Author::new(3));
    let mut document = Document::empty(plan(1));
    let base = other.edit(&mut document, "title/th", "แผน");
    let base = other.publish(&[base]);
    // Two changes with one number: the first claims operation numbers that are taken.
    let mut made = AutoCommit::new().with_actor(ActorId::from(author.actor()));
    made.put(ROOT, "title/th", "ของฉัน").unwrap();
    made.commit();
    let good = made.get_last_local_change().unwrap();
    let mut bad = good.decode();
    bad.deps = document
        .heads()
        .into_iter()
        .map(automerge::ChangeHash)
        .collect();
    let payloads = [automerge::Change::from(bad), good]
        .map(|change| payload::encode(&plan(1), change.raw_bytes()));
    let rivals = author.publish(&payloads);
    let states = [[base.clone(), rivals.clone()], [rivals, base]].map(|order| {
        let mut opened = Opened::new();
        for run in order {
            opened.put(runs([run]));
        }
        (opened.space_row().refused, opened.state())
    });
    assert_eq!(states[0], states[1]);
}

#[test]
fn an_actor_whose_changes_are_taken_back_with_what_they_stand_on_is_known() {
    let mut opened = Opened::new();
    let (mut author, mut other) = (Author::new(2), Author::new(3));
    let mut document = Document::empty(plan(1));
    let base = other.edit(&mut document, "title/th", "แผน");
    opened.put(runs([other.publish(&[base])]));
    let mine = author.edit(&mut document, "status", "draft");
    opened.put(runs([author.publish(&[mine])]));
    let unapplied = |opened: &Opened| {
        let actor = author.actor();
        opened
            .reader()
            .has_unapplied(&space(), &plan(1), &author.feed, &actor)
            .unwrap()
    };
    assert!(!unapplied(&opened));
    // What the other wrote counts no longer, so that the change that follows it waits.
    let mut lowered = manifest(1);
    lowered.version += 1;
    lowered.members.insert(key(3).node(), MemberRole::Reader);
    opened.put(enact(&lowered, &[author.feed, other.feed]));
    assert!(unapplied(&opened));
}

#[test]
fn an_actor_whose_feed_has_entries_in_quarantine_may_have_changes_anywhere_in_the_space() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    let base = author.edit(&mut document, "title/th", "แผน");
    opened.put(runs([author.publish(&[base])]));
    opened.put(enact(&cap(&author, 1), &[author.feed]));
    let mine = author.edit(&mut document, "status", "draft");
    let feed = author.feed;
    let run = author.publish(&[mine]);
    opened.put(permitted(runs([run]), |_| 1));
    let unapplied = |opened: &Opened| {
        let actor = feed.actor([9; 8]);
        let reader = opened.reader();
        reader
            .has_unapplied(&space(), &plan(1), &feed, &actor)
            .unwrap()
    };
    assert!(
        unapplied(&opened),
        "the entry in quarantine may be a change of this document"
    );
    let mut again = manifest(1);
    again.version += 2;
    opened.put(enact(&again, &[feed]));
    assert!(!unapplied(&opened));
}
