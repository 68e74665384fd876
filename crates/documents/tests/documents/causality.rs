//! The causal bookkeeping agrees with Automerge, whatever the order of arrival.

use phaki_documents::causal::{
    Admitted, ChangeIndex, ChangeLink, MemoryIndex, Refusal, admit, heads_digest,
};
use phaki_documents::change::{ChangeSummary, summarise};
use phaki_documents::{Document, DocumentId, Kind};
use proptest::prelude::*;
use serde_json::json;

use crate::replica::Replica;

fn id() -> DocumentId {
    DocumentId::new(Kind::Plan, [1; 16])
}

/// All changes of a document that three nodes edited, merging now and then as the steps say.
fn tangle(steps: &[(u8, u8)]) -> (Document, Vec<ChangeSummary>) {
    let mut nodes: Vec<Replica> = (1..=3).map(|node| Replica::new(id(), node)).collect();
    for (count, (node, from)) in steps.iter().enumerate() {
        let (node, from) = (usize::from(node % 3), usize::from(from % 6));
        if let Some(other) = nodes.get(from).cloned() {
            nodes[node].receive(&other);
        }
        nodes[node].set("status", json!(format!("s{count}")));
    }
    let mut all = nodes[0].clone();
    all.receive(&nodes[1]);
    all.receive(&nodes[2]);
    let summaries = all
        .document
        .changes()
        .iter()
        .map(|bytes| summarise(bytes).unwrap())
        .collect();
    (all.document, summaries)
}

fn admit_all(changes: &[ChangeSummary]) -> MemoryIndex<usize> {
    let mut index = MemoryIndex::new();
    for (place, change) in changes.iter().enumerate() {
        let Ok(_) = admit(&mut index, &id(), change, place);
    }
    index
}

fn heads(index: &mut MemoryIndex<usize>) -> Vec<[u8; 32]> {
    let Ok(heads) = index.heads(&id());
    heads
}

#[test]
fn a_change_waits_for_what_it_depends_on_and_then_follows_it() {
    let (document, changes) = tangle(&[(0, 9), (0, 9), (0, 9)]);
    let mut index = MemoryIndex::new();
    let Ok(last) = admit(&mut index, &id(), &changes[2], 2);
    assert!(matches!(last, Admitted::Waiting { .. }));
    let Ok(middle) = admit(&mut index, &id(), &changes[1], 1);
    assert!(matches!(middle, Admitted::Waiting { .. }));
    assert_eq!(heads(&mut index), Vec::<[u8; 32]>::new());
    let Ok(first) = admit(&mut index, &id(), &changes[0], 0);
    let Admitted::Applied { applied, heads, .. } = first else {
        panic!("the first change has no dependency");
    };
    let places: Vec<usize> = applied.iter().map(|(_, place)| *place).collect();
    assert_eq!(places, [0, 1, 2]);
    assert_eq!(heads, document.heads());
    assert_eq!(index.waiting(&id()), 0);
}

#[test]
fn a_change_seen_twice_is_taken_once() {
    let (_, changes) = tangle(&[(0, 9)]);
    let mut index = admit_all(&changes);
    let Ok(again) = admit(&mut index, &id(), &changes[0], 7);
    assert_eq!(again, Admitted::Duplicate);
    assert_eq!(index.applied(&id()).len(), 1);
}

#[test]
fn of_two_changes_with_one_sequence_number_the_smaller_hash_counts_whichever_came_first() {
    let (_, changes) = tangle(&[(0, 9), (0, 9)]);
    let [mut smaller, mut larger] = [[1; 32], [0xfe; 32]].map(|hash| ChangeSummary {
        hash,
        ..changes[0].clone()
    });
    (smaller.deps, larger.deps) = (vec![], vec![]);
    let follower = ChangeSummary {
        deps: vec![smaller.hash],
        ..changes[1].clone()
    };
    let mut indexes = [
        admit_all(&[smaller.clone(), larger.clone(), follower.clone()]),
        admit_all(&[larger.clone(), smaller.clone(), follower.clone()]),
        admit_all(&[follower.clone(), larger.clone(), smaller.clone()]),
        admit_all(&[larger.clone(), follower.clone(), smaller.clone()]),
    ];
    for index in &mut indexes {
        assert_eq!(heads(index), [follower.hash]);
        let Ok(again) = admit(index, &id(), &larger, 9);
        assert_eq!(again, Admitted::Duplicate, "it is known, and refused");
    }
}

#[test]
fn operation_numbers_must_follow_those_of_the_dependencies() {
    let (_, changes) = tangle(&[(0, 9), (0, 9)]);
    for start_op in [changes[0].last_op, changes[0].last_op + 2_000_000] {
        let mut index = admit_all(&changes[..1]);
        let forged = ChangeSummary {
            start_op,
            last_op: start_op,
            ..changes[1].clone()
        };
        let Ok(refused) = admit(&mut index, &id(), &forged, 1);
        assert_eq!(refused, Admitted::Refused(Refusal::BadOperationNumbers));
    }
}

#[test]
fn a_change_that_skips_a_number_of_its_actor_waits() {
    let (_, changes) = tangle(&[(0, 9), (0, 9)]);
    let unlinked = ChangeSummary {
        deps: Vec::new(),
        ..changes[1].clone()
    };
    let mut index = MemoryIndex::new();
    let Ok(waits) = admit(&mut index, &id(), &unlinked, 1);
    assert!(matches!(waits, Admitted::Waiting { .. }));
    let Ok(first) = admit(&mut index, &id(), &changes[0], 0);
    assert!(matches!(first, Admitted::Applied { applied, .. } if applied.len() == 2));
}

#[test]
fn a_link_reads_back_from_its_bytes() {
    let (_, changes) = tangle(&[(0, 9), (1, 0), (2, 9), (0, 2)]);
    for change in &changes {
        let link = ChangeLink::of(change);
        let bytes = link.to_bytes();
        assert_eq!(ChangeLink::from_bytes(&bytes), Some(link));
        assert_eq!(ChangeLink::from_bytes(&bytes[..bytes.len() - 1]), None);
    }
}

#[test]
fn a_digest_of_heads_depends_on_document_and_heads_but_not_on_their_order() {
    let (one, two) = ([1; 32], [2; 32]);
    let digest = heads_digest(&id(), &[one, two]);
    assert_eq!(digest, heads_digest(&id(), &[two, one]));
    assert_ne!(digest, heads_digest(&id(), &[one]));
    let other = DocumentId::new(Kind::Plan, [2; 16]);
    assert_ne!(digest, heads_digest(&other, &[one, two]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_heads_that_automerge_has(
        steps in prop::collection::vec((any::<u8>(), any::<u8>()), 1..24),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let (document, changes) = tangle(&steps);
        let mut shuffled = changes.clone();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            shuffled.swap(at, usize::try_from(state % (at as u64 + 1)).unwrap());
        }
        let mut index = admit_all(&shuffled);
        prop_assert_eq!(heads(&mut index), document.heads());
        prop_assert_eq!(index.applied(&id()).len(), changes.len());
        // A part of the changes: heads of what is applied are those of a document made of it.
        let part = &shuffled[..order.index(shuffled.len() + 1)];
        let mut index = admit_all(part);
        let applied: Vec<[u8; 32]> = index.applied(&id()).into_iter().map(|a| a.0).collect();
        let bytes: Vec<Vec<u8>> = document
            .changes()
            .into_iter()
            .filter(|bytes| applied.contains(&summarise(bytes).unwrap().hash))
            .collect();
        let loaded = Document::load(id(), None, bytes.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(heads(&mut index), loaded.heads());
    }

    #[test]
    fn arbitrary_bytes_are_no_link_or_read_back(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(link) = ChangeLink::from_bytes(&bytes) {
            prop_assert_eq!(link.to_bytes(), bytes);
        }
    }
}
