//! Joining by hand, with any key and any secret.

use std::net::SocketAddr;

use data_encoding::BASE32_NOPAD;
use hyper_util::rt::TokioIo;
use phaki_replication::canonical::Decoder;
use phaki_replication::consent::Consent;
use phaki_replication::id::{FederationId, NodeId};
use phaki_replication::limits::{ADDRESS_BYTES_MAX, ADDRESSES_MAX};
use phaki_replication::sign::SecretKey;
use phaki_wire::proto::enrol::v1::enrolment_client::EnrolmentClient;
use phaki_wire::proto::enrol::v1::{JoinRequest, JoinResponse};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::tls;

/// What an invite says to its bearer.
#[derive(Clone, Copy)]
pub(crate) struct Invite {
    pub(crate) federation: FederationId,
    pub(crate) inviter: NodeId,
    pub(crate) secret: [u8; 32],
}

/// Reads the text of an invite.
pub(crate) fn read(invite: &str) -> Invite {
    let text = invite.strip_prefix("phaki").unwrap()[1..].to_ascii_uppercase();
    let bytes = BASE32_NOPAD.decode(text.as_bytes()).unwrap();
    let mut decoder = Decoder::new(&bytes);
    let federation = FederationId(decoder.fixed().unwrap());
    let inviter = NodeId(decoder.fixed().unwrap());
    for _ in 0..decoder.length("addresses", ADDRESSES_MAX).unwrap() {
        decoder.text("address", ADDRESS_BYTES_MAX).unwrap();
    }
    let secret = decoder.fixed().unwrap();
    Invite {
        federation,
        inviter,
        secret,
    }
}

/// What somebody with that key sends who was invited.
pub(crate) fn request(invite: Invite, key: &SecretKey) -> JoinRequest {
    let consent = Consent::sign(key, &invite.federation, invite.inviter);
    JoinRequest {
        voucher: None,
        secret: invite.secret.to_vec().into(),
        name: None,
        addresses: Vec::new(),
        software: "hostile".to_owned(),
        consent: consent.signature.0.to_vec().into(),
    }
}

/// A connection to the entrance for new nodes.
pub(crate) async fn entrance(address: SocketAddr, key: &SecretKey) -> EnrolmentClient<Channel> {
    let key = key.clone();
    let connector = service_fn(move |_| {
        let key = key.clone();
        async move {
            let stream = tls::connect(address, Some(&key), tls::JOIN).await?;
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    // Never resolved: the connector knows the way.
    let endpoint = Endpoint::from_static("http://phaki.invalid");
    let channel = endpoint.connect_with_connector(connector).await.unwrap();
    EnrolmentClient::new(channel)
}

/// Asks to be admitted.
///
/// # Errors
/// As the node answers.
pub(crate) async fn join(
    address: SocketAddr,
    key: &SecretKey,
    request: JoinRequest,
) -> Result<JoinResponse, Status> {
    let mut entrance = entrance(address, key).await;
    entrance
        .join(request)
        .await
        .map(tonic::Response::into_inner)
}

/// The word in which a request to join was refused.
pub(crate) fn word(status: &Status) -> String {
    let word = status.metadata().get("phaki-reason").unwrap();
    word.to_str().unwrap().to_owned()
}
