//! A TLS 1.3 connection with raw public keys between two threads. Whoever they are is not checked:
//! only what passes is measured.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::{default_provider, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ServerConfig, ServerConnection,
    SignatureScheme, StreamOwned,
};

/// The PKCS #8 form of an Ed25519 key (RFC 8410, section 7) up to the seed.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

/// The two ends of a connection; the handshake takes place with the first bytes.
pub(super) fn pair() -> (
    StreamOwned<ClientConnection, TcpStream>,
    StreamOwned<ServerConnection, TcpStream>,
) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let dialled = TcpStream::connect(socket.local_addr().unwrap()).unwrap();
    let (accepted, _) = socket.accept().unwrap();
    for stream in [&dialled, &accepted] {
        stream.set_nodelay(true).unwrap();
    }
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(client(), name).unwrap();
    let server = ServerConnection::new(server()).unwrap();
    (
        StreamOwned::new(client, dialled),
        StreamOwned::new(server, accepted),
    )
}

fn client() -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    Arc::new(config)
}

fn server() -> Arc<ServerConfig> {
    let pkcs8 = [&PKCS8_PREFIX[..], &[7; 32]].concat();
    let signer = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap();
    let public = signer.public_key().unwrap().to_vec();
    let key = CertifiedKey::new(vec![CertificateDer::from(public)], signer);
    let resolver = AlwaysResolvesServerRawPublicKeys::new(Arc::new(key));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    Arc::new(config)
}

/// Believes every key.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is offered".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
