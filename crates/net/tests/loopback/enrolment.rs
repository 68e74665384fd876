//! Joining: a key that nobody knows reaches the enrolment service and nothing else.

use std::sync::Arc;

use futures_util::stream;
use phaki_net::dial::Retry;
use phaki_net::enrol::{Enrol, JoinError, async_trait, join};
use phaki_net::event::NetEvent;
use phaki_replication::id::NodeId;
use phaki_replication::roster::SignedRoster;
use phaki_replication::sign::Signature;
use phaki_wire::enrol::{InviteSecret, JoinRequest, JoinResponse, Refusal};
use phaki_wire::proto::enrol::v1 as pb;
use phaki_wire::proto::enrol::v1::enrolment_client::EnrolmentClient;
use phaki_wire::proto::sync::v1::sync_client::SyncClient;
use tokio::net::TcpListener;
use tonic::Code;

use crate::hostile::{http2, origin, tls_with_key};
use crate::node::{Node, id, key};

/// Admits whoever has the secret `[7; 32]`; the roster's bytes tell who asked for what.
struct Admission;

#[async_trait]
impl Enrol for Admission {
    async fn join(&self, peer: NodeId, request: JoinRequest) -> Result<JoinResponse, Refusal> {
        if request.secret != InviteSecret([7; 32]) {
            return Err(Refusal::InviteUnknown);
        }
        let bytes = format!("{peer} {:?} {:?}", request.name, request.addresses).into_bytes();
        let roster = SignedRoster {
            bytes,
            signature: Signature([1; 64]),
        };
        Ok(JoinResponse {
            roster,
            manifests: Vec::new(),
            branches: Vec::new(),
        })
    }

    async fn roster(&self, peer: NodeId) -> Result<JoinResponse, Refusal> {
        if peer != id(9) {
            return Err(Refusal::NotActive);
        }
        Ok(JoinResponse {
            roster: SignedRoster {
                bytes: b"in force".to_vec(),
                signature: Signature([1; 64]),
            },
            manifests: Vec::new(),
            branches: Vec::new(),
        })
    }
}

async fn admitting() -> Node {
    Node::start_with(1, &[9], Retry::default(), Some(Arc::new(Admission))).await
}

fn request(secret: u8) -> JoinRequest {
    JoinRequest {
        voucher: None,
        secret: InviteSecret([secret; 32]),
        name: Some("TH-90".to_owned()),
        addresses: vec!["10.0.0.1:7400".to_owned()],
        software: "phaki 0.1.0".to_owned(),
        consent: Signature([0; 64]),
    }
}

#[tokio::test]
async fn a_new_node_joins_and_its_key_is_proved() {
    let node = admitting().await;
    let response = join(&node.address, id(1), &key(5), request(7))
        .await
        .unwrap();
    let expected = format!("{} Some(\"TH-90\") [\"10.0.0.1:7400\"]", id(5));
    assert_eq!(response.roster.bytes, expected.into_bytes());
}

#[tokio::test]
async fn a_refusal_comes_with_its_reason() {
    let node = admitting().await;
    let refused = join(&node.address, id(1), &key(5), request(8))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, JoinError::Refused(Refusal::InviteUnknown)),
        "{refused:?}"
    );
    let long = JoinRequest {
        name: Some("n".repeat(300)),
        ..request(7)
    };
    let refused = join(&node.address, id(1), &key(5), long).await.unwrap_err();
    assert!(
        matches!(refused, JoinError::Refused(Refusal::InvalidRequest)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_node_that_answers_must_be_the_invites() {
    let node = admitting().await;
    let wrong = join(&node.address, id(2), &key(5), request(7))
        .await
        .unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "another node answers: its key is not the expected one"
    );
}

#[tokio::test]
async fn a_node_that_does_not_enrol_and_one_that_is_not_there_say_so() {
    let silent = Node::start(1, &[9]).await;
    let refused = join(&silent.address, id(1), &key(5), request(7))
        .await
        .unwrap_err();
    assert_eq!(refused.to_string(), "no protocol version in common");
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let unreachable = join(&gone, id(1), &key(5), request(7)).await.unwrap_err();
    assert_eq!(unreachable.to_string(), "connect");
    // Without a port it is no address.
    let unnamed = join("10.0.0.1", id(1), &key(5), request(7))
        .await
        .unwrap_err();
    assert_eq!(unnamed.to_string(), "resolve the name");
}

#[tokio::test]
async fn an_unknown_key_reaches_only_the_enrolment_service() {
    let node = admitting().await;
    let stream = tls_with_key(&node.address, &key(5), b"phaki-join/1")
        .await
        .unwrap();
    let requests = http2(stream).await;
    let mut sync = SyncClient::with_origin(requests.clone(), origin());
    let refused = sync.session(stream::empty()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    let mut enrolment = EnrolmentClient::with_origin(requests, origin());
    let refused = enrolment
        .join(pb::JoinRequest::default())
        .await
        .unwrap_err();
    assert_eq!(
        refused.metadata().get("phaki-reason").unwrap(),
        "invalid-request"
    );
    let mut large = request(7).to_wire();
    large.addresses = vec!["x".repeat(200); 100];
    let refused = enrolment.join(large).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
}

/// The node of seed 1 has another key than the one that the dialling node knows.
#[tokio::test]
async fn whoever_finds_another_key_at_an_address_hears_the_roster_there_if_it_is_known() {
    let node = admitting().await;
    let mut known = Node::start(9, &[2]).await;
    known.dial_at(id(2), &[&node.address]);
    let NetEvent::RosterTold { roster } = known.event().await else {
        panic!("the roster is told before the failure");
    };
    assert_eq!(roster.bytes, b"in force");
    let (_, why, _) = known.dial_failed().await;
    assert!(why.contains("not the expected one"), "{why}");
    // A stranger hears nothing of it.
    let mut stranger = Node::start(8, &[2]).await;
    stranger.dial_at(id(2), &[&node.address]);
    let (_, why, _) = stranger.dial_failed().await;
    assert!(why.contains("not the expected one"), "{why}");
}
