//! Whoever is not in the roster gets no session, and cannot keep those out who are.

use std::sync::Arc;

use hyper_util::rt::TokioIo;
use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use phaki_wire::proto::enrol::v1::JoinRequest;
use phaki_wire::proto::enrol::v1::enrolment_client::EnrolmentClient;
use phaki_wire::proto::sync::v1::sync_client::SyncClient;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, ClientConfig};
use rustls::crypto::ring::{default_provider, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::Code;
use tonic::transport::Endpoint;
use tower::service_fn;

use crate::federation;

/// How HTTP/2 begins, and a request for a session in it.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Believes every server: the one that is tested shall be the one that refuses.
#[derive(Debug)]
struct Credulous {
    raw_keys: bool,
}

impl ServerCertVerifier for Credulous {
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
        Ok(HandshakeSignatureValid::assertion())
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
        vec![
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ]
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.raw_keys
    }
}

/// An Ed25519 key that no roster lists, in the forms of RFC 8410.
pub(crate) fn unknown_key() -> Arc<CertifiedKey> {
    // The key pair of RFC 8032, section 7.1, test 1.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let bytes = |hex: &str| -> Vec<u8> {
        let pairs = (0..hex.len()).step_by(2);
        pairs
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    };
    let secret = [bytes("302e020100300506032b657004220420"), bytes(SEED)].concat();
    let public = [bytes("302a300506032b6570032100"), bytes(KEY)].concat();
    let signer = any_eddsa_type(&PrivatePkcs8KeyDer::from(secret)).unwrap();
    Arc::new(CertifiedKey::new(
        vec![CertificateDer::from(public)],
        signer,
    ))
}

/// A client with the unknown key, or one as any browser is.
pub(crate) fn client(key: Option<Arc<CertifiedKey>>, alpn: &str) -> TlsConnector {
    let verifier = Arc::new(Credulous {
        raw_keys: key.is_some(),
    });
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match key {
        Some(key) => {
            builder.with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(key)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Opens a connection and tries to speak HTTP/2; what came back, or why nothing did.
pub(crate) async fn try_to_speak(
    node: &Node,
    tls: TlsConnector,
) -> Result<Vec<u8>, std::io::Error> {
    let conversation = async {
        let tcp = TcpStream::connect(node.listen()).await?;
        let name = ServerName::try_from("phaki.invalid").unwrap();
        let mut stream = tls.connect(name, tcp).await?;
        stream.write_all(HTTP2).await?;
        let mut answer = vec![0; 1_000];
        let read = stream.read(&mut answer).await?;
        answer.truncate(read);
        Ok(answer)
    };
    wait::at_most("the node answers or hangs up", conversation).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_gets_no_session_and_keeps_nobody_out() {
    let federation = federation();
    let hub = federation.found().await;

    let refused = try_to_speak(&hub, client(Some(unknown_key()), "phaki/1"))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("AccessDenied"),
        "unknown key: {refused}"
    );
    try_to_speak(&hub, client(None, "phaki/1"))
        .await
        .expect_err("a client without a key");
    try_to_speak(&hub, client(None, "h2"))
        .await
        .expect_err("a browser");
    try_to_speak(&hub, client(Some(unknown_key()), "h2"))
        .await
        .expect_err("another protocol");
    no_tls(&hub, b"GET / HTTP/1.1\r\nHost: phaki\r\n\r\n").await;
    no_tls(&hub, HTTP2).await;
    no_tls(&hub, &[0; 2_000]).await;

    // Connections that say nothing occupy a place each; an honest peer comes in all the same.
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(hub.listen()).await.unwrap());
    }
    assert!(hub.local().links().await.is_empty());
    assert!(!hub.log().says(&["link opened"]), "a stranger got a link");

    let (province, _line) = federation.admit(&hub, "TH-41").await;
    share(&hub, "plans", &[&province]).await;
    province
        .local()
        .put("plans", &[samples::plan(1, 1)])
        .await
        .unwrap();
    converged(&[&hub, &province], "plans", 1).await;
    let links = hub.local().links().await;
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(links[0].peer, "TH-41");
    drop(silent);
}

/// The entrance for nodes that want to join is open to any key. It leads to enrolment only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_entrance_for_joining_leads_to_no_session() {
    let federation = federation();
    let hub = federation.found().await;
    let address = hub.listen();
    let connector = service_fn(move |_| async move {
        let tls = client(Some(unknown_key()), "phaki-join/1");
        let tcp = TcpStream::connect(address).await?;
        let name = ServerName::try_from("phaki.invalid").unwrap();
        Ok::<_, std::io::Error>(TokioIo::new(tls.connect(name, tcp).await?))
    });
    // Never resolved: the connector knows the way.
    let endpoint = Endpoint::from_static("http://phaki.invalid");
    let opening = endpoint.connect_with_connector(connector);
    let channel = wait::at_most("the entrance for joining opens", opening).await;
    let channel = channel.unwrap();

    let mut enrolment = EnrolmentClient::new(channel.clone());
    let request = JoinRequest {
        secret: vec![7; 32].into(),
        name: None,
        addresses: Vec::new(),
        software: String::new(),
    };
    let unknown = enrolment.join(request).await.unwrap_err();
    assert_eq!(unknown.code(), Code::PermissionDenied, "{unknown}");

    let mut sync = SyncClient::new(channel);
    let session = sync.session(tokio_stream::pending());
    let refused = wait::at_most("the session is refused", session).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented, "{refused}");
    assert!(hub.local().links().await.is_empty());
}

/// Says something that is not TLS; the node hangs up without a word of its own protocol.
async fn no_tls(node: &Node, bytes: &[u8]) {
    let mut stream = TcpStream::connect(node.listen()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // Whether it says an alert first is up to the TLS library.
    let _ = wait::at_most("the node hangs up", stream.read_to_end(&mut answer)).await;
    assert!(answer.len() <= 7, "more than an alert: {answer:?}");
}
