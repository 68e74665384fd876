//! HTTP/2 as links use it: few small frames at the start, one request a connection, pings.

use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2 as client;
use hyper::server::conn::http2 as server;
use hyper_util::rt::{TokioIo, TokioTimer};
use tonic::body::Body;
use tower::Service;

use crate::connect::TlsStream;
use crate::limits::{
    CONNECTION_WINDOW_BYTES, HEADER_BYTES_MAX, PING_EVERY, PING_TIMEOUT, RESET_STREAMS_MAX,
    SEND_BUFFER_BYTES_MAX, WINDOW_BYTES,
};
use crate::tasks::Tasks;

/// What requests name as their server: HTTP/2 wants something, and the key is what counts.
pub(crate) fn origin() -> Uri {
    Uri::from_static("https://phaki")
}

/// Serves one connection; its requests run as `tasks`.
pub(crate) fn server(tasks: Tasks) -> server::Builder<Tasks> {
    let mut builder = server::Builder::new(tasks);
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(1)
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
        .max_local_error_reset_streams(RESET_STREAMS_MAX)
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .auto_date_header(false);
    builder
}

/// Starts HTTP/2 on a connection that this node opened; it lives as long as `tasks` and requests.
pub(crate) async fn client(stream: TlsStream, tasks: Tasks) -> hyper::Result<Requests> {
    let mut builder = client::Builder::new(tasks.clone());
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_max_send_streams(1)
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_local_error_reset_streams(RESET_STREAMS_MAX)
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true);
    let (requests, connection) = builder.handshake(TokioIo::new(stream)).await?;
    tasks.spawn(async move {
        // How a connection fails reaches the request on it.
        connection.await.ok();
    });
    Ok(Requests(requests))
}

/// Sends requests on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Requests(client::SendRequest<Body>);

impl Service<Request<Body>> for Requests {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, hyper::Result<Response<Incoming>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
