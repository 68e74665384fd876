//! Bytes from peers: anything is refused or understood, nothing panics or costs without bound.

use std::io::Write;

use phaki_documents::change::{FrameError, SummariseError, normalise, summarise};
use phaki_documents::document::LoadError;
use phaki_documents::limits::CHANGE_BYTES_MAX;
use phaki_documents::{Document, DocumentId, Kind, payload};
use proptest::prelude::*;
use serde_json::json;

use crate::replica::Replica;

fn change() -> Vec<u8> {
    let mut replica = Replica::new(DocumentId::new(Kind::Plan, [1; 16]), 1);
    let made = replica.create(&json!({
        "title": {"th": "แผนสุขภาพ"}, "situation": "ข้อความยาว", "areas": ["40", "41"]
    }));
    made.unwrap().bytes
}

/// A chunk with a right length and a checksum of its own.
fn chunk(chunk_type: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, chunk_type];
    leb128(&mut out, body.len() as u64);
    out.extend_from_slice(body);
    out
}

fn leb128(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_change_says_who_made_it_and_what_it_follows() {
    let summary = summarise(&change()).unwrap();
    assert_eq!(summary.deps, Vec::<[u8; 32]>::new());
    assert_eq!((summary.seq, summary.start_op), (1, 1));
    assert_eq!(summary.actor, [1; 24]);
    assert_eq!(summary.account.as_deref(), Some("account-1"));
    assert_eq!(summary.time_secs, 1_700_010_001);
}

#[test]
fn a_compressed_change_is_the_same_change() {
    let plain = change();
    let body = &plain[plain.len() - body_len(&plain)..];
    let mut compressed = chunk(2, &deflate(body));
    compressed[4..8].copy_from_slice(&plain[4..8]);
    assert_eq!(summarise(&compressed), summarise(&plain));
    assert_eq!(normalise(&compressed), Ok(plain));
}

fn body_len(bytes: &[u8]) -> usize {
    let mut length = 0;
    let mut at = 9;
    loop {
        length |= usize::from(bytes[at] & 0x7f) << (7 * (at - 9));
        at += 1;
        if bytes[at - 1] & 0x80 == 0 {
            return length;
        }
    }
}

#[test]
fn a_compressed_bomb_is_refused_without_being_inflated_whole() {
    let bomb = chunk(2, &deflate(&vec![0; 64 * 1024 * 1024]));
    assert!(bomb.len() < 100_000);
    assert_eq!(
        summarise(&bomb),
        Err(SummariseError::Frame(FrameError::InflatesTooFar))
    );
}

#[test]
fn a_change_that_claims_more_operations_than_allowed_is_refused_at_once() {
    let body = |column: u8, runs: &[u8]| {
        let mut body = vec![0, 1, 7, 1, 1, 0, 0, 0, 1, column];
        leb128(&mut body, runs.len() as u64);
        body.extend_from_slice(runs);
        body
    };
    // A run of 2^55 equal actions, and 1,000 operations that each supersede 2^40 others.
    let mut run = vec![0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    run.push(1);
    assert_eq!(
        summarise(&chunk(1, &body(0x42, &run))),
        Err(SummariseError::Frame(FrameError::TooManyOps))
    );
    let mut preds = vec![0xe8, 0x07];
    leb128(&mut preds, 1 << 40);
    assert_eq!(
        summarise(&chunk(1, &body(0x70, &preds))),
        Err(SummariseError::Frame(FrameError::TooManyPreds))
    );
}

#[test]
fn anything_but_exactly_one_change_is_refused() {
    let one = change();
    let two = [one.clone(), one.clone()].concat();
    assert!(matches!(
        summarise(&two),
        Err(SummariseError::Frame(FrameError::Trailing { .. }))
    ));
    let mut replica = Replica::new(DocumentId::new(Kind::Plan, [1; 16]), 1);
    replica.create(&json!({"status": "draft"}));
    assert_eq!(
        summarise(&replica.document.save().unwrap()),
        Err(SummariseError::Frame(FrameError::NotAChange {
            chunk_type: 0
        }))
    );
    assert!(matches!(
        summarise(&vec![0; CHANGE_BYTES_MAX + 1]),
        Err(SummariseError::Frame(FrameError::TooLong { .. }))
    ));
    assert_eq!(
        summarise(&one[..one.len() - 1]),
        Err(SummariseError::Frame(FrameError::Truncated))
    );
}

#[test]
fn every_flipped_bit_of_a_change_is_noticed() {
    let good = change();
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(summarise(&bad).is_err(), "bit {bit}");
    }
}

#[test]
fn a_missing_dependency_is_named_and_a_repeated_change_is_harmless() {
    let id = DocumentId::new(Kind::Plan, [1; 16]);
    let mut replica = Replica::new(id, 1);
    let first = replica.create(&json!({"status": "draft"})).unwrap().bytes;
    let second = replica.set("status", "approved").unwrap().bytes;
    assert_eq!(
        Document::load(id, None, [second.as_slice()]).unwrap_err(),
        LoadError::Missing { count: 1 }
    );
    let all = [second.as_slice(), &first, &second, &first];
    let loaded = Document::load(id, None, all).unwrap();
    assert_eq!(loaded.heads(), replica.document.heads());
    let snapshot = loaded.save().unwrap();
    let again = Document::load(id, Some(&snapshot), [first.as_slice()]).unwrap();
    assert_eq!(again.heads(), replica.document.heads());
}

#[test]
fn a_change_of_another_program_is_kept_and_its_nested_objects_do_no_harm() {
    use automerge::transaction::Transactable;
    use automerge::{ActorId, Automerge, ObjType, ROOT, ScalarValue};
    let mut other = Automerge::new().with_actor(ActorId::from([8_u8; 16]));
    let mut transaction = other.transaction();
    let map = transaction.put_object(ROOT, "title", ObjType::Map).unwrap();
    transaction.put(&map, "th", "ในแผนที่").unwrap();
    let list = transaction
        .put_object(ROOT, "areas", ObjType::List)
        .unwrap();
    transaction.insert(&list, 0, "40").unwrap();
    transaction
        .put(ROOT, "count", ScalarValue::counter(5))
        .unwrap();
    transaction.increment(ROOT, "count", 2).unwrap();
    transaction.put(ROOT, "bytes", vec![1_u8, 2]).unwrap();
    transaction.put(ROOT, "bad//path", 1).unwrap();
    transaction
        .put(ROOT, "situation/~t", "1@zz,0@08,7@0808")
        .unwrap();
    transaction.put(ROOT, "status", "draft").unwrap();
    // What a document is follows from its id alone.
    transaction.put(ROOT, "id", "org_another").unwrap();
    transaction.put(ROOT, "kind", "org").unwrap();
    transaction.commit();
    let bytes = other.get_changes(&[])[0].raw_bytes().to_vec();
    let summary = summarise(&bytes).unwrap();
    assert_eq!((summary.account, summary.message), (None, None));

    let id = DocumentId::new(Kind::Plan, [1; 16]);
    let mut replica = Replica::new(id, 1);
    replica.document.apply([bytes.as_slice()]).unwrap();
    let json = json!({
        "id": id.to_string(), "kind": "plan", "status": "draft", "bytes": "0102", "count": 7
    });
    assert_eq!(replica.document.to_json(), json);
    replica.create(&json!({"title": {"th": "แผน"}, "areas": ["41"], "situation": "ก"}));
    replica.set("situation", "กข");
    assert_eq!(replica.get("title/th"), Some(json!("แผน")));
    assert_eq!(replica.get("situation"), Some(json!("กข")));
    assert_eq!(replica.document.conflicts(), []);
    assert_eq!(replica.document.history().len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let id = DocumentId::new(Kind::Plan, [1; 16]);
        let _ = payload::decode(&bytes);
        let _ = summarise(&bytes);
        let _ = Document::load(id, Some(&bytes), []);
        let _ = Document::load(id, None, [bytes.as_slice()]);
        let _ = summarise(&chunk(1, &bytes));
        let _ = summarise(&chunk(2, &bytes));
    }

    #[test]
    fn a_damaged_body_with_a_right_checksum_is_refused_or_is_a_sound_change(
        place in any::<prop::sample::Index>(), value in any::<u8>()
    ) {
        let mut bytes = change();
        let start = bytes.len() - body_len(&bytes);
        let at = start + place.index(bytes.len() - start);
        bytes[at] = value;
        if let Err(SummariseError::BadChecksum) = summarise(&bytes) {
            let hash = hash_of(&bytes, start);
            bytes[4..8].copy_from_slice(&hash[..4]);
        }
        if let Ok(summary) = summarise(&bytes) {
            let id = DocumentId::new(Kind::Plan, [1; 16]);
            if let Ok(document) = Document::load(id, None, [bytes.as_slice()]) {
                prop_assert_eq!(document.heads(), vec![summary.hash]);
                let _ = (document.to_json(), document.conflicts(), document.history());
                if let Some(saved) = document.save() {
                    let again = Document::load(id, Some(&saved), []);
                    prop_assert_eq!(again.map(|d| d.heads()), Ok(vec![summary.hash]));
                }
            }
        }
    }
}

fn hash_of(bytes: &[u8], start: usize) -> [u8; 32] {
    use sha2::Digest;
    let mut hasher = sha2::Sha256::new();
    hasher.update(&bytes[8..]);
    assert!(start > 8);
    hasher.finalize().into()
}
