//! Runs, lists, places: what readers see.

use phaki_documents::Document;
use phaki_documents::kind::{DocumentId, Kind};
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{Epoch, SpaceId};
use phaki_replication::limits::RUN_ENTRIES_MAX;
use phaki_store::reader::DocumentFilter;

use crate::world::{Author, Opened, federation, manifest, plan, runs, space};

#[test]
fn a_run_ends_at_the_last_checkpoint_within_the_target_and_never_short_of_the_first() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    for size in [10, 20, 30, 40] {
        let run = author.publish_as(EntryKind::RECORD, &[vec![1; size], vec![2; size]]);
        opened.put(runs([run]));
    }
    let reader = opened.reader();
    let end = |from, target| {
        let run = reader.run(&space(), &author.feed, from, target).unwrap()?;
        assert_eq!((run.from, run.checkpoint.length), (from, run.end()));
        Some(run.end())
    };
    assert_eq!(end(0, 0), Some(2));
    assert_eq!(end(0, 59), Some(2));
    assert_eq!(end(0, 60), Some(4));
    assert_eq!(end(0, 119), Some(4));
    assert_eq!(end(0, usize::MAX), Some(8));
    assert_eq!(end(1, 10), Some(2));
    assert_eq!(end(1, 49), Some(2));
    assert_eq!(end(1, 50), Some(4));
    assert_eq!(end(7, 0), Some(8));
    assert_eq!(end(8, 100), None);
    assert_eq!(end(1000, 100), None);
    let mut unknown = author.feed;
    unknown.epoch = Epoch([0; 16]);
    assert_eq!(reader.run(&space(), &unknown, 0, 100).unwrap(), None);
    assert_eq!(
        reader
            .run(&manifest(9).space, &author.feed, 0, 100)
            .unwrap(),
        None
    );
}

#[test]
fn a_run_holds_no_more_entries_than_a_peer_accepts() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    for _ in 0..3 {
        let payloads = vec![vec![]; RUN_ENTRIES_MAX / 2];
        opened.put(runs([author.publish_as(EntryKind::RECORD, &payloads)]));
    }
    let run = opened
        .reader()
        .run(&space(), &author.feed, 0, usize::MAX)
        .unwrap()
        .unwrap();
    assert_eq!(run.entries.len(), RUN_ENTRIES_MAX);
    let start = (
        0,
        phaki_replication::entry::root(&federation(), &space(), &author.feed),
    );
    assert_eq!(run.verify(&federation(), &space(), start), Ok(()));
}

/// A store with the same four documents in two spaces, and what a list must show.
fn two_spaces() -> (Opened, Vec<(SpaceId, DocumentId)>) {
    let mut opened = Opened::new();
    opened.put(crate::world::enact(&manifest(2), &[]));
    let mut expected = Vec::new();
    for of in [manifest(1).space, manifest(2).space] {
        let mut author = Author::of(2, of);
        for (kind, number) in [
            (Kind::Plan, 3),
            (Kind::Org, 1),
            (Kind::Plan, 1),
            (Kind::Refset, 255),
        ] {
            let id = DocumentId::new(kind, [number; 16]);
            let change = author.edit(&mut Document::empty(id), "name/th", "ชื่อ");
            let run = author.publish(&[change]);
            let runs = vec![(run, u64::MAX)];
            opened.put(phaki_replication::node::Change::Runs { space: of, runs });
            expected.push((of, id));
        }
    }
    expected.sort();
    (opened, expected)
}

#[test]
fn lists_go_by_space_and_id_in_pages_and_by_kind() {
    let (opened, expected) = two_spaces();
    let reader = opened.reader();
    let list = |filter: DocumentFilter| -> Vec<_> {
        let rows = reader.documents(&filter).unwrap();
        rows.into_iter()
            .map(|row| (row.space, row.document))
            .collect()
    };
    assert_eq!(list(DocumentFilter::default()), expected);
    for size in 1..4 {
        let mut paged = Vec::new();
        let mut filter = DocumentFilter {
            limit: size,
            ..DocumentFilter::default()
        };
        loop {
            let page = list(filter);
            filter.after = page.last().copied();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= size);
            paged.extend(page);
        }
        assert_eq!(paged, expected);
    }
    for kind in [Kind::Plan, Kind::Org, Kind::Refset, Kind::Event] {
        let of_kind = expected
            .iter()
            .copied()
            .filter(|(_, id)| id.kind() == Some(kind))
            .collect::<Vec<_>>();
        let kind_code = Some(kind.code());
        assert_eq!(
            list(DocumentFilter {
                kind_code,
                ..DocumentFilter::default()
            }),
            of_kind
        );
    }
}

#[test]
fn a_list_may_be_of_one_space_and_a_row_may_be_asked_for() {
    let (opened, expected) = two_spaces();
    let reader = opened.reader();
    let here = DocumentFilter {
        space: Some(space()),
        ..DocumentFilter::default()
    };
    assert_eq!(reader.documents(&here).unwrap().len(), 4);
    let row = reader.document(&space(), &expected[0].1).unwrap().unwrap();
    assert_eq!(
        (row.document, row.changes, row.dirty),
        (expected[0].1, 1, true)
    );
    assert_eq!(reader.document(&space(), &plan(99)).unwrap(), None);
}

#[test]
fn places_tell_who_published_a_change_and_when() {
    let mut opened = Opened::new();
    let (mut first, mut second) = (Author::new(2), Author::new(3));
    let mut document = Document::empty(plan(1));
    let one = first.edit(&mut document, "title/th", "หนึ่ง");
    let hash_of_one = document.heads()[0];
    let two = second.edit(&mut document, "title/th", "สอง");
    let hash_of_two = document.heads()[0];
    let filler = first.publish_as(EntryKind::RECORD, &[vec![1]]);
    opened.put(runs([
        filler,
        first.publish(&[one]),
        second.publish(&[two]),
    ]));
    let asked = [hash_of_two, [0; 32], hash_of_one];
    let places = opened.reader().places(&space(), &plan(1), &asked).unwrap();
    let found: Vec<_> = places
        .iter()
        .map(|place| (place.hash, place.feed, place.seq))
        .collect();
    assert_eq!(
        found,
        [(hash_of_two, second.feed, 0), (hash_of_one, first.feed, 1)]
    );
    assert_eq!(places[1].time_ms, 1_700_000_000_001);
}

#[test]
fn more_readers_than_connections_take_turns() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    opened.put(runs([author.publish_as(EntryKind::RECORD, &[vec![1]])]));
    let reader = opened.reader();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let run = reader.run(&space(), &author.feed, 0, 100).unwrap();
                    assert_eq!(run.unwrap().end(), 1);
                }
            });
        }
    });
}
