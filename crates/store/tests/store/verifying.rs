//! Verification finds every single thing that was changed behind the store's back.

use phaki_documents::Document;
use phaki_replication::entry::EntryKind;
use phaki_store::{Problem, start_materialiser};

use crate::world::{Author, Opened, federation, plan, runs, space};

/// A store with two feeds, three documents and summaries.
fn sample() -> Opened {
    let mut opened = Opened::new();
    let (mut first, mut second) = (Author::new(2), Author::new(3));
    for number in [1, 2, 3] {
        let mut document = Document::empty(plan(number));
        let one = first.edit(&mut document, "title/th", "หนึ่ง");
        let two = second.edit(&mut document, "title/th", "สอง");
        opened.put(runs([first.publish(&[one]), second.publish(&[two])]));
    }
    let record = first.publish_as(EntryKind::RECORD, &[vec![1; 100], vec![2; 100]]);
    opened.put(runs([record]));
    start_materialiser(opened.reader(), opened.writer.clone())
        .unwrap()
        .settle()
        .unwrap();
    opened
}

fn problems(opened: &Opened) -> Vec<Problem> {
    opened.reader().verify(&federation()).unwrap().problems
}

/// What one change behind the store's back leads to.
fn after(sql: &str) -> Vec<Problem> {
    let opened = sample();
    opened.tamper(&format!("PRAGMA foreign_keys = OFF; {sql}"));
    problems(&opened)
}

#[test]
fn an_untouched_store_is_sound_and_counted() {
    let found = sample().reader().verify(&federation()).unwrap();
    assert_eq!(found.problems, []);
    assert_eq!((found.feeds, found.entries, found.documents), (2, 8, 3));
}

#[test]
fn a_flipped_byte_of_a_payload_is_found_where_it_is() {
    let found = after(
        "UPDATE entry SET payload = CAST(x'ff' || substr(payload, 2) AS BLOB)
         WHERE place = (SELECT max(place) FROM entry WHERE kind = 2)",
    );
    let [
        Problem::Entries {
            feed,
            from: 3,
            to: 5,
            ..
        },
    ] = &found[..]
    else {
        panic!("{found:?}");
    };
    assert_eq!(*feed, Author::new(2).feed);
}

#[test]
fn a_damaged_change_is_found_in_its_feed_and_its_document() {
    let found = after(
        "UPDATE entry SET payload = CAST(substr(payload, 1, length(payload) - 1) || x'ee' AS BLOB)
         WHERE place = (SELECT min(place) FROM entry)",
    );
    assert!(
        matches!(found[0], Problem::Entries { from: 0, to: 1, .. }),
        "{found:?}"
    );
    let heads = Problem::Heads {
        space: space(),
        document: plan(1),
    };
    assert!(found.contains(&heads), "{found:?}");
}

#[test]
fn forged_acts_are_found() {
    let found = after("UPDATE roster SET signature = zeroblob(64)");
    assert!(matches!(found[..], [Problem::Roster(_)]), "{found:?}");
    let found = after("UPDATE space SET manifest = CAST(manifest || x'00' AS BLOB)");
    assert!(matches!(found[..], [Problem::Manifest { .. }]), "{found:?}");
}

#[test]
fn wrong_heads_of_signed_chains_are_found() {
    let found = after("UPDATE checkpoint SET signature = zeroblob(64) WHERE place & 255 = 1");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|found| matches!(found, Problem::Entries { from: 1, to: 2, .. }))
    );
    let found = after("DELETE FROM entry WHERE kind = 2");
    assert!(matches!(found[0], Problem::Entries { .. }), "{found:?}");
    let found = after("UPDATE feed SET length = length - 1, applied = applied - 1 WHERE key = 1");
    assert!(
        matches!(found[0], Problem::Feed { what: "length", .. }),
        "{found:?}"
    );
    let found = after("UPDATE feed SET bytes = bytes + 1 WHERE key = 1");
    assert!(
        matches!(
            found[..],
            [Problem::Feed {
                what: "number of bytes",
                ..
            }]
        ),
        "{found:?}"
    );
}

#[test]
fn wrong_derived_rows_are_found() {
    let found = after("UPDATE space SET heads_digest = zeroblob(32)");
    assert_eq!(found, [Problem::Digest { space: space() }]);
    let found = after("UPDATE summary SET title = 'อื่น' WHERE document = 2");
    assert_eq!(
        found,
        [Problem::Summary {
            space: space(),
            document: plan(2)
        }]
    );
    let not_found = [Problem::Searchable {
        space: space(),
        document: plan(2),
    }];
    for sql in [
        "UPDATE searchable SET names = 'อื่น' WHERE document = 2",
        "DELETE FROM searchable WHERE document = 2",
        "DELETE FROM gram WHERE rowid = 2",
        "INSERT OR REPLACE INTO gram (rowid, tokens) VALUES (2, 'อื่น')",
    ] {
        assert_eq!(after(sql), not_found, "{sql}");
    }
    let found = after("INSERT INTO gram (rowid, tokens) VALUES (77, 'อื่น')");
    assert_eq!(found, [Problem::Unreadable("index of a search")]);
    let found = after("UPDATE document SET changes = 1 WHERE key = 2");
    assert_eq!(
        found[0],
        Problem::Heads {
            space: space(),
            document: plan(2)
        }
    );
    let found = after("DELETE FROM change; DELETE FROM document WHERE key = 3");
    assert!(
        found.contains(&Problem::Heads {
            space: space(),
            document: plan(3)
        }),
        "{found:?}"
    );
}
