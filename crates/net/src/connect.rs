//! Reaching one address: name, TCP, and a TLS handshake that accepts exactly one key.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error};
use thiserror::Error as ThisError;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::limits::{CONNECT_TIMEOUT, HANDSHAKE_TIMEOUT, RESOLVED_ADDRESSES_MAX};
use crate::socket;
use crate::traffic::{Counted, Level, LinkCounters};
use crate::valve::Throttled;

/// A connection whose bytes are counted, and bounded where its peer has a cap.
pub(crate) type Tcp = Throttled<Counted<TcpStream>>;

/// A TLS stream with its bytes counted inside and outside.
pub(crate) type TlsStream = Counted<tokio_rustls::TlsStream<Tcp>>;

/// Why an address is not reached.
#[derive(Debug, ThisError)]
pub enum ConnectError {
    /// The name does not resolve.
    #[error("resolve the name")]
    Resolve(#[source] io::Error),
    /// The name resolves to nothing.
    #[error("the name has no address")]
    NoAddress,
    /// Nobody answers in time.
    #[error("no answer in {} seconds", .0.as_secs())]
    Timeout(Duration),
    /// TCP is not established.
    #[error("connect")]
    Tcp(#[source] io::Error),
    /// The node there has another key than the expected one.
    #[error("another node answers: its key is not the expected one")]
    WrongKey,
    /// What answers is not a phaki node, or something between changes the bytes.
    #[error("what answers is not a phaki node")]
    NotPhaki,
    /// The node there speaks no version of the protocol that this one speaks.
    #[error("no protocol version in common")]
    Version,
    /// The TLS handshake fails otherwise.
    #[error("tls handshake")]
    Tls(#[source] io::Error),
}

/// A connection to the node with the expected key.
pub(crate) struct Connection {
    pub(crate) stream: TlsStream,
    pub(crate) counters: Arc<LinkCounters>,
}

/// Connects to `address`, `host:port`; `config` says which key is expected.
pub(crate) async fn connect(
    address: &str,
    config: Arc<ClientConfig>,
) -> Result<Connection, ConnectError> {
    let tcp = reach(address).await?;
    socket::prepare(&tcp).map_err(ConnectError::Tcp)?;
    let counters = Arc::new(LinkCounters::default());
    let tcp = Counted::new(tcp, Level::Tcp, Arc::clone(&counters));
    let tcp = Throttled::new(tcp, Arc::clone(&counters));
    let handshake = TlsConnector::from(config).connect(server_name(address), tcp);
    let tls = timeout(HANDSHAKE_TIMEOUT, handshake)
        .await
        .map_err(|_| ConnectError::Timeout(HANDSHAKE_TIMEOUT))?
        .map_err(explain)?;
    if tls.get_ref().1.alpn_protocol().is_none() {
        return Err(ConnectError::NotPhaki);
    }
    let stream = Counted::new(tls.into(), Level::Plain, Arc::clone(&counters));
    Ok(Connection { stream, counters })
}

async fn reach(address: &str) -> Result<TcpStream, ConnectError> {
    let start = Instant::now();
    let late = |_| ConnectError::Timeout(CONNECT_TIMEOUT);
    let resolved = timeout(CONNECT_TIMEOUT, lookup_host(address))
        .await
        .map_err(late)?;
    let resolved: Vec<_> = resolved
        .map_err(ConnectError::Resolve)?
        .take(RESOLVED_ADDRESSES_MAX)
        .collect();
    let mut failure = ConnectError::NoAddress;
    for (tried, socket) in resolved.iter().enumerate() {
        // What is left of the time is shared among the addresses that are left.
        let left = u32::try_from(resolved.len() - tried).unwrap_or(u32::MAX);
        let share = CONNECT_TIMEOUT.saturating_sub(start.elapsed()) / left;
        match timeout(share, TcpStream::connect(socket)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => failure = ConnectError::Tcp(error),
            Err(elapsed) => failure = late(elapsed),
        }
    }
    Err(failure)
}

/// The host's name, which gateways may go by. It plays no part in authentication.
fn server_name(address: &str) -> ServerName<'static> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    ServerName::try_from(host).unwrap_or(IpAddr::from(Ipv4Addr::UNSPECIFIED).into())
}

fn explain(error: io::Error) -> ConnectError {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)) => {
            ConnectError::WrongKey
        }
        Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            ConnectError::Version
        }
        Some(Error::PeerIncompatible(_) | Error::InvalidMessage(_)) => ConnectError::NotPhaki,
        Some(Error::InvalidCertificate(_) | Error::PeerMisbehaved(_)) => ConnectError::NotPhaki,
        _ => ConnectError::Tls(error),
    }
}

/// An error with all its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
