//! What an attack must not have achieved, and what must be on record of it.

use bytes::Bytes;
use phaki_tests::node::Node;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::{AuditRecord, ListAuditRequest};
use phaki_wire::proto::sync::v1 as pb;
use prost::Message;

/// None of the frames that an attacker heard contains any of the secrets, compressed or not.
pub(crate) fn nothing_leaked(heard: &[Bytes], secrets: &[Vec<u8>]) {
    for bytes in heard {
        let inside = inflated(bytes);
        for secret in secrets {
            let found = contains(bytes, secret) || contains(&inside, secret);
            assert!(
                !found,
                "{} was told to one who may not know it, in {}",
                secret.escape_ascii(),
                bytes.escape_ascii()
            );
        }
    }
}

/// The node has in its audit log that it refused something, or found it wrong: one record of that
/// act has all these words.
pub(crate) async fn refusal_is_recorded(node: &Node, act: &str, words: &[&str]) {
    let what = format!("{} has a record of {act} with {words:?}", node.name());
    wait::until(&what, async || {
        let request = ListAuditRequest {
            act: act.to_owned(),
            ..ListAuditRequest::default()
        };
        let reply = node.local().client().list_audit(request).await.unwrap();
        let records = reply.into_inner().records;
        let has = |record: &AuditRecord| words.iter().all(|word| tells(record, word));
        records.iter().any(has).then_some(())
    })
    .await;
}

fn tells(record: &AuditRecord, word: &str) -> bool {
    let texts = [
        &record.who,
        &record.who_name,
        &record.subject,
        &record.subject_name,
        &record.detail,
    ];
    texts.iter().any(|text| text.contains(word))
}

/// The node's log for the one who runs it has a line with all these words: what exactly was wrong
/// with a frame, or what became of a line.
pub(crate) async fn log_tells(node: &Node, words: &[&str]) {
    let what = format!("the log of {} has {words:?}", node.name());
    wait::until(&what, async || node.log().says(words).then_some(())).await;
}

/// The most memory that a node has used so far, in KiB.
pub(crate) fn memory_peak_kib(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse().unwrap()
}

/// What a batch has in it, once decompressed; nothing for other frames.
fn inflated(bytes: &Bytes) -> Vec<u8> {
    let frame = pb::Frame::decode(bytes.clone()).unwrap();
    match frame.body {
        Some(pb::frame::Body::Batch(pb::Batch {
            body: Some(pb::batch::Body::Zstd(zstd)),
            ..
        })) => zstd::decode_all(&zstd[..]).unwrap(),
        _ => Vec::new(),
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_secret_inside_a_compressed_batch_is_found() {
    let body = zstd::encode_all(&b"the name of the secret space"[..], 3).unwrap();
    let batch = pb::Batch {
        space: Bytes::new(),
        body: Some(pb::batch::Body::Zstd(body.into())),
    };
    let frame = pb::Frame {
        body: Some(pb::frame::Body::Batch(batch)),
    };
    let heard = [Bytes::from(frame.encode_to_vec())];
    nothing_leaked(&heard, &[b"another".to_vec()]);
    let told = std::panic::catch_unwind(|| nothing_leaked(&heard, &[b"secret space".to_vec()]));
    assert!(told.is_err());
}
