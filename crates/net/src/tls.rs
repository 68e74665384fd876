//! TLS 1.3 both ways with raw public keys (RFC 7250): a node's Ed25519 key is its TLS identity.
//!
//! There are no certificates, so nothing expires and no authority is trusted. Sessions are never
//! resumed: each connection proves its key anew, so that a key removed from the roster is refused
//! at once.

use std::cell::Cell;
use std::sync::Arc;

use phaki_replication::id::NodeId;
use phaki_replication::sign::{SecretKey, Signature, verify};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{default_provider, kx_group, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};
use thiserror::Error as ThisError;
use tokio::task_local;

use crate::peers::PeerKeys;

/// ALPN of sessions; for keys of the roster only.
pub(crate) const ALPN_SYNC: &[u8] = b"phaki/1";

/// ALPN of enrolment; for any key.
pub(crate) const ALPN_JOIN: &[u8] = b"phaki-join/1";

/// Why no TLS configuration can be made of a node's key.
#[derive(Debug, ThisError)]
#[error("prepare tls for the node's key")]
pub struct TlsError(#[source] Error);

/// A node's key as the TLS library wants it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    provider: Arc<CryptoProvider>,
    key: Arc<CertifiedKey>,
}

impl Identity {
    pub(crate) fn new(key: &SecretKey) -> Result<Self, TlsError> {
        let mut provider = default_provider();
        provider.kx_groups = vec![kx_group::X25519];
        let pkcs8 = [&PKCS8_PREFIX[..], &key.seed()].concat();
        let signer = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).map_err(TlsError)?;
        let public = CertificateDer::from(spki(&key.node()));
        Ok(Self {
            provider: Arc::new(provider),
            key: Arc::new(CertifiedKey::new(vec![public], signer)),
        })
    }

    /// Dials exactly the node `expected`.
    pub(crate) fn client(
        &self,
        expected: NodeId,
        alpn: &[u8],
    ) -> Result<Arc<ClientConfig>, TlsError> {
        self.dialling(Accepted::One(expected), alpn)
    }

    /// Dials whoever answers: only to hear what somebody else has signed.
    pub(crate) fn client_of_any(&self, alpn: &[u8]) -> Result<Arc<ClientConfig>, TlsError> {
        self.dialling(Accepted::Any, alpn)
    }

    fn dialling(&self, accepted: Accepted, alpn: &[u8]) -> Result<Arc<ClientConfig>, TlsError> {
        let resolver = AlwaysResolvesClientRawPublicKeys::new(Arc::clone(&self.key));
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(TlsError)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(KeyVerifier(accepted)))
            .with_client_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![alpn.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    /// Accepts sessions of exactly the keys in `peers`.
    pub(crate) fn sync_server(&self, peers: PeerKeys) -> Result<Arc<ServerConfig>, TlsError> {
        self.server(Accepted::Roster(peers), ALPN_SYNC)
    }

    /// Accepts requests to join from every key.
    pub(crate) fn join_server(&self) -> Result<Arc<ServerConfig>, TlsError> {
        self.server(Accepted::Any, ALPN_JOIN)
    }

    fn server(&self, accepted: Accepted, alpn: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
        let resolver = AlwaysResolvesServerRawPublicKeys::new(Arc::clone(&self.key));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(TlsError)?
            .with_client_cert_verifier(Arc::new(KeyVerifier(accepted)))
            .with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![alpn.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

/// The key that the other end has proved to hold.
pub(crate) fn peer_key(certificates: Option<&[CertificateDer<'_>]>) -> Option<NodeId> {
    let [key] = certificates? else {
        return None;
    };
    key_of(key)
}

/// Before the seed in the PKCS #8 form of an Ed25519 key (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

/// Before the key in the `SubjectPublicKeyInfo` of an Ed25519 key (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

fn spki(node: &NodeId) -> Vec<u8> {
    [&SPKI_PREFIX[..], &node.0].concat()
}

fn key_of(spki: &CertificateDer<'_>) -> Option<NodeId> {
    spki.strip_prefix(&SPKI_PREFIX).and_then(NodeId::from_slice)
}

#[derive(Debug)]
enum Accepted {
    One(NodeId),
    Roster(PeerKeys),
    Any,
}

/// Accepts raw Ed25519 keys, and of these the accepted ones.
#[derive(Debug)]
struct KeyVerifier(Accepted);

impl KeyVerifier {
    fn check_accepted(&self, node: NodeId) -> Result<(), Error> {
        let accepted = match &self.0 {
            Accepted::One(expected) => node == *expected,
            Accepted::Roster(peers) => peers.contains(&node),
            Accepted::Any => true,
        };
        // Becomes the alert `access_denied`, by which the other end knows.
        accepted
            .then_some(())
            .ok_or(CertificateError::ApplicationVerificationFailure.into())
    }
}

/// The one Ed25519 key that the other end shows.
fn shown_key(key: &CertificateDer<'_>, rest: &[CertificateDer<'_>]) -> Result<NodeId, Error> {
    let node = key_of(key).filter(|_| rest.is_empty());
    node.ok_or(CertificateError::BadEncoding.into())
}

task_local! {
    /// The key that the client of the handshake at hand has proved to hold.
    static PROVED: Cell<Option<NodeId>>;
}

/// Runs the server's side of a handshake; with its outcome comes the key that the client has
/// proved to hold, also when it was refused for it.
pub(crate) async fn with_proved_key<T>(handshake: impl Future<Output = T>) -> (T, Option<NodeId>) {
    let handshake = async {
        let outcome = handshake.await;
        (outcome, PROVED.with(Cell::get))
    };
    PROVED.scope(Cell::new(None), handshake).await
}

/// Checks a signature of the handshake as strictly as every other one: no weak keys.
fn check_signature(
    message: &[u8],
    key: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let node = key_of(key).ok_or(CertificateError::BadEncoding)?;
    let signature = <[u8; 64]>::try_from(signed.signature()).map(Signature);
    match signature {
        Ok(signature)
            if signed.scheme == SignatureScheme::ED25519
                && verify(&node.0, message, &signature) =>
        {
            Ok(HandshakeSignatureValid::assertion())
        }
        _ => Err(CertificateError::BadSignature.into()),
    }
}

fn refuse_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(Error::General("tls 1.2 is not spoken here".to_owned()))
}

impl ServerCertVerifier for KeyVerifier {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check_accepted(shown_key(key, rest)?)
            .map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        refuse_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        check_signature(message, key, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for KeyVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // Whether the key is accepted is decided once it is proved, so that it is known for sure
        // who was refused.
        shown_key(key, rest).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        refuse_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proved = check_signature(message, key, signed)?;
        let node = shown_key(key, &[])?;
        // Outside of `with_proved_key` nobody wants to know.
        PROVED.try_with(|cell| cell.set(Some(node))).ok();
        self.check_accepted(node).map(|()| proved)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
