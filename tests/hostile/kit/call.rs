//! One gRPC call by hand: bytes go out exactly as they are given, messages come in as they are.

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, header};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use phaki_replication::sign::SecretKey;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::tls;

/// The one call of a session.
pub(crate) const SESSION: &str = "/phaki.sync.v1.Sync/Session";

/// Before each message of gRPC: whether it is compressed, and its length in four bytes.
const PREFIX_BYTES: usize = 5;

/// Parts of what is said that wait to be sent; then the attacker waits as anybody would.
const WAITING_MAX: usize = 4;

/// Bytes of an answer that may wait for an attacker that does not read.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;

/// So much that the attacker's own HTTP/2 never ends a connection for the many small frames in it.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;

/// An HTTP/2 connection on which requests can be made.
pub(crate) struct Connection {
    requests: SendRequest<Outgoing>,
    driver: JoinHandle<()>,
}

/// A call that was accepted.
pub(crate) struct Call {
    outgoing: Option<mpsc::Sender<Bytes>>,
    incoming: Incoming,
    buffered: BytesMut,
    /// Keeps the connection.
    _connection: Connection,
}

/// The body of a request.
struct Outgoing(mpsc::Receiver<Bytes>);

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

impl Connection {
    /// Connects with that key and begins HTTP/2.
    ///
    /// # Errors
    /// In words, when the other end refuses that.
    pub(crate) async fn open(
        address: SocketAddr,
        key: Option<&SecretKey>,
        alpn: &[u8],
    ) -> Result<Self, String> {
        let stream = tls::connect(address, key, alpn)
            .await
            .map_err(|error| in_words(&error))?;
        let (requests, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| in_words(&error))?;
        // How it ends is seen by the calls on it.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { requests, driver })
    }

    /// Until the other end has ended it.
    pub(crate) async fn ended(self) {
        let Self { requests, driver } = self;
        driver.await.unwrap();
        drop(requests);
    }

    /// Makes a call with these headers besides the usual ones.
    ///
    /// # Errors
    /// In words, when it is refused: `grpc-status 7` or what became of the connection.
    pub(crate) async fn call(mut self, path: &str, headers: HeaderMap) -> Result<Call, String> {
        let (outgoing, parts) = mpsc::channel(WAITING_MAX);
        let mut request = Request::post(format!("https://phaki.invalid{path}"))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .body(Outgoing(parts))
            .unwrap();
        request.headers_mut().extend(headers);
        let answer = self.requests.send_request(request).await;
        let answer = answer.map_err(|error| in_words(&error))?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("http {}", answer.status()));
        }
        if let Some(status) = answer.headers().get("grpc-status") {
            return Err(format!("grpc-status {}", status.to_str().unwrap()));
        }
        Ok(Call {
            outgoing: Some(outgoing),
            incoming: answer.into_body(),
            buffered: BytesMut::new(),
            _connection: self,
        })
    }
}

impl Call {
    /// Sends bytes as they are. False when the call is over.
    pub(crate) async fn send(&self, bytes: Bytes) -> bool {
        match &self.outgoing {
            Some(outgoing) => outgoing.send(bytes).await.is_ok(),
            None => false,
        }
    }

    /// Sends one message of gRPC. False when the call is over.
    pub(crate) async fn send_message(&self, message: &[u8]) -> bool {
        self.send(framed(message)).await
    }

    /// Says no more.
    pub(crate) fn hang_up(&mut self) {
        self.outgoing = None;
    }

    /// The next message; `None` when there are no more, for whatever reason.
    pub(crate) async fn receive(&mut self) -> Option<Bytes> {
        loop {
            if let Some(length) = self.buffered.get(1..PREFIX_BYTES) {
                let length = u32::from_be_bytes(length.try_into().unwrap());
                let end = PREFIX_BYTES + usize::try_from(length).unwrap();
                if self.buffered.len() >= end {
                    let mut message = self.buffered.split_to(end);
                    message.advance(PREFIX_BYTES);
                    return Some(message.freeze());
                }
            }
            let incoming = &mut self.incoming;
            let frame = poll_fn(|cx| Pin::new(&mut *incoming).poll_frame(cx)).await;
            match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffered.extend_from_slice(&data),
                    Err(_) => return None,
                },
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// A message as gRPC frames it.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.put_slice(message);
    bytes.freeze()
}

/// An error with its causes.
fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
