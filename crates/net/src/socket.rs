//! TCP sockets: listening, and the options that every connection gets.

use std::io;

use socket2::{SockRef, TcpKeepalive};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};

use crate::limits::TCP_KEEPALIVE_EVERY;
#[cfg(target_os = "linux")]
use crate::limits::UNSENT_BYTES_MAX;

/// Why an address cannot be listened on.
#[derive(Debug, Error)]
#[error("listen on {address}")]
pub struct BindError {
    /// The address as configured.
    pub address: String,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

/// Listens on `address`, `host:port`; port 0 lets the system choose.
pub async fn bind(address: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| BindError {
            address: address.to_owned(),
            source,
        })
}

/// Small messages go at once, and a line that is dead is noticed.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(TCP_KEEPALIVE_EVERY)
        .with_interval(TCP_KEEPALIVE_EVERY);
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
    socket.set_tcp_keepalive(&keepalive)
}
