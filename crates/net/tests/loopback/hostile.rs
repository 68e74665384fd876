//! Clients that a node must withstand, made without the crate's own code: any key, any protocol,
//! any frame.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use phaki_replication::sign::SecretKey;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, WebPkiServerVerifier};
use rustls::crypto::ring::{default_provider, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::body::Body;

/// A TLS client with that key which accepts whatever answers.
pub(crate) async fn tls_with_key(
    address: &str,
    key: &SecretKey,
    alpn: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let public = CertificateDer::from(
        [
            &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0],
            &key.node().0[..],
        ]
        .concat(),
    );
    let prefix = [
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    let secret = PrivatePkcs8KeyDer::from([&prefix[..], &key.seed()].concat());
    let key = CertifiedKey::new(vec![public], any_eddsa_type(&secret).unwrap());
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(
            key,
        ))));
    config.alpn_protocols = vec![alpn.to_vec()];
    handshake(address, config).await
}

/// An ordinary HTTPS client: certificates, an authority, no key of its own.
pub(crate) async fn ordinary_tls(
    address: &str,
    alpn: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots.roots.push(rustls::pki_types::TrustAnchor {
        subject: b"0".as_slice().into(),
        subject_public_key_info: b"0".as_slice().into(),
        name_constraints: None,
    });
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_webpki_verifier(verifier.build().unwrap())
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    handshake(address, config).await
}

async fn handshake(address: &str, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("phaki").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}

/// Sends gRPC requests on one connection.
#[derive(Clone)]
pub(crate) struct Requests(http2::SendRequest<Body>);

pub(crate) async fn http2(stream: TlsStream<TcpStream>) -> Requests {
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (requests, connection) = handshake.await.unwrap();
    tokio::spawn(async move { connection.await.ok() });
    Requests(requests)
}

pub(crate) fn origin() -> http::Uri {
    http::Uri::from_static("https://phaki")
}

impl tower::Service<http::Request<Body>> for Requests {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, hyper::Result<Self::Response>>;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<hyper::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

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
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
