//! Inbound connections: a bounded handshake, then either a session or a request to join.
//!
//! The ALPN of the client's first message chooses the TLS configuration, so that a key outside the
//! roster never gets to the sync service, and one inside never needs the other.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::Map;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use phaki_replication::id::NodeId;
use phaki_wire::limits::FRAME_BYTES_MAX;
use phaki_wire::proto::sync::v1::Frame;
use phaki_wire::proto::sync::v1::sync_server::{Sync, SyncServer};
use rustls::server::Acceptor;
use rustls::{CertificateError, ServerConfig};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::connect::{Tcp, TlsStream, chain};
use crate::enrol::Desk;
use crate::handshakes::{Handshakes, Place};
use crate::http2;
use crate::limits::{
    HANDSHAKE_TIMEOUT, JOIN_CONNECTION_TIMEOUT, JOINS_MAX, LINGER, SESSION_START_TIMEOUT,
};
use crate::links::Links;
use crate::outbox::OutboundFrames;
use crate::session;
use crate::socket;
use crate::status::{Deny, status};
use crate::tasks::Tasks;
use crate::tls::{ALPN_JOIN, peer_key, with_proved_key};
use crate::traffic::{Counted, Level, LinkCounters};
use crate::valve::Throttled;

/// Serves what listeners accept. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Gate {
    sync: Arc<ServerConfig>,
    join: Option<(Arc<ServerConfig>, Desk)>,
    links: Links,
    handshakes: Handshakes,
    joins: Arc<Semaphore>,
    tasks: Tasks,
}

impl Gate {
    pub(crate) fn new(
        sync: Arc<ServerConfig>,
        join: Option<(Arc<ServerConfig>, Desk)>,
        links: Links,
        tasks: Tasks,
    ) -> Self {
        let joins = Arc::new(Semaphore::new(JOINS_MAX));
        Self {
            sync,
            join,
            links,
            handshakes: Handshakes::default(),
            joins,
            tasks,
        }
    }

    /// Accepts connections until `stop`.
    pub(crate) async fn listen(self, listener: TcpListener, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, from)) => {
                    let (gate, place) = (self.clone(), self.handshakes.admit());
                    self.tasks.spawn(async move {
                        if let Err(error) = gate.serve(tcp, place).await {
                            let error = chain(&error);
                            tracing::debug!(%from, error, "inbound connection refused");
                        }
                    });
                }
                Err(error) => {
                    // Usually too many open files: others must end before more can come.
                    tracing::warn!(%error, "accept connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn serve(self, tcp: TcpStream, place: Place) -> Result<(), ServeError> {
        socket::prepare(&tcp).map_err(ServeError::Socket)?;
        let counters = Arc::new(LinkCounters::default());
        let tcp = Counted::new(tcp, Level::Tcp, Arc::clone(&counters));
        let tcp = Throttled::new(tcp, Arc::clone(&counters));
        let evicted = place.evicted();
        let greeting = timeout(HANDSHAKE_TIMEOUT, self.greet(tcp));
        let (greeted, key) = with_proved_key(evicted.run_until_cancelled(greeting)).await;
        let greeted = match greeted {
            None => Err(ServeError::Evicted.into()),
            Some(Err(_)) => Err(ServeError::Timeout.into()),
            Some(Ok(greeted)) => greeted,
        };
        let (purpose, peer, tls) = match greeted {
            Ok(greeted) => greeted,
            Err(Unwelcome { error, tcp }) => {
                if let Some(why) = error.refusal() {
                    self.links.events().refused(key, false, why);
                }
                if let Some(tcp) = tcp {
                    evicted.run_until_cancelled(hang_up(tcp)).await;
                }
                return Err(error);
            }
        };
        let stream = Counted::new(tls.into(), Level::Plain, Arc::clone(&counters));
        match purpose {
            Purpose::Sync => self.serve_sync(stream, peer, place, counters).await,
            Purpose::Join(desk) => self.serve_join(stream, peer, &desk, place).await,
        }
    }

    async fn greet(&self, tcp: Tcp) -> Result<(Purpose, NodeId, ServerTls), Unwelcome> {
        let start = LazyConfigAcceptor::new(Acceptor::default(), tcp);
        let start = start.await.map_err(ServeError::Tls)?;
        let offered = start
            .client_hello()
            .alpn()
            .map(|mut names| names.any(|n| n == ALPN_JOIN));
        let wants_join = offered.ok_or(ServeError::Alpn)?;
        // With any other protocol the sync configuration fails, and says so in its alert.
        let (config, purpose) = match &self.join {
            Some((config, desk)) if wants_join => (config, Purpose::Join(desk.clone())),
            _ => (&self.sync, Purpose::Sync),
        };
        let tls = match start.into_stream(Arc::clone(config)).into_fallible().await {
            Ok(tls) => tls,
            Err((error, tcp)) => {
                let (error, tcp) = (ServeError::Tls(error), Some(tcp));
                return Err(Unwelcome { error, tcp });
            }
        };
        let peer = peer_key(tls.get_ref().1.peer_certificates()).ok_or(ServeError::NoKey)?;
        Ok((purpose, peer, tls))
    }

    async fn serve_sync(
        self,
        stream: TlsStream,
        peer: NodeId,
        place: Place,
        counters: Arc<LinkCounters>,
    ) -> Result<(), ServeError> {
        let tasks = self.tasks.group();
        let (started, ended) = (CancellationToken::new(), CancellationToken::new());
        let events = self.links.events().clone();
        let caller = Caller {
            peer,
            links: self.links,
            counters,
            // Closing must be told even when the connection's own tasks are over.
            tasks: self.tasks.clone(),
            started: started.clone(),
            ended: ended.clone().drop_guard(),
        };
        let service = SyncServer::new(Session(Mutex::new(Some(caller))))
            .max_decoding_message_size(FRAME_BYTES_MAX)
            .max_encoding_message_size(FRAME_BYTES_MAX);
        let (service, told) = (TowerToHyperService::new(service), events.clone());
        let service = service_fn(move |request: http::Request<Incoming>| {
            // tonic refuses the call, and tells nobody here.
            if request
                .headers()
                .get("grpc-encoding")
                .is_some_and(|encoding| encoding != "identity")
            {
                told.refused(Some(peer), false, "compressed");
            }
            service.call(request)
        });
        let connection =
            http2::server(tasks.clone()).serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let evicted = place.evicted();
        let waiting = async {
            tokio::select! {
                () = started.cancelled() => None,
                () = evicted.cancelled() => Some("gave-way"),
                () = tokio::time::sleep(SESSION_START_TIMEOUT) => Some("session-timeout"),
            }
        };
        tokio::select! {
            _ = &mut connection => {}
            refusal = waiting => {
                drop(place);
                if let Some(why) = refusal {
                    events.refused(Some(peer), false, why);
                } else {
                    tokio::select! {
                        _ = &mut connection => {}
                        () = ended.cancelled() => {
                            connection.as_mut().graceful_shutdown();
                            timeout(LINGER, connection).await.ok();
                        }
                    }
                }
            }
        }
        tasks.end();
        Ok(())
    }

    async fn serve_join(
        self,
        stream: TlsStream,
        peer: NodeId,
        desk: &Desk,
        place: Place,
    ) -> Result<(), ServeError> {
        let Ok(_slot) = self.joins.try_acquire() else {
            let why = "too-many-joining";
            self.links.events().refused(Some(peer), true, why);
            return Err(ServeError::JoinsFull);
        };
        drop(place);
        let tasks = self.tasks.group();
        let connection = http2::server(tasks.clone()).serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(desk.serve(peer)),
        );
        timeout(JOIN_CONNECTION_TIMEOUT, connection).await.ok();
        tasks.end();
        Ok(())
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes that a refused client may still send while it learns of the refusal.
const FAREWELL_BYTES_MAX: u64 = 64 << 10;

type ServerTls = tokio_rustls::server::TlsStream<Tcp>;

enum Purpose {
    Sync,
    Join(Desk),
}

#[derive(Debug, Error)]
enum ServeError {
    #[error("prepare socket")]
    Socket(#[source] io::Error),
    #[error("gave way to younger connections")]
    Evicted,
    #[error("no tls handshake in time")]
    Timeout,
    #[error("no protocol asked for")]
    Alpn,
    #[error("tls handshake")]
    Tls(#[source] io::Error),
    #[error("no key shown")]
    NoKey,
    #[error("too many connections to join")]
    JoinsFull,
}

/// A connection that is not served, with the stream when the other end may still listen on it.
struct Unwelcome {
    error: ServeError,
    tcp: Option<Tcp>,
}

impl From<ServeError> for Unwelcome {
    fn from(error: ServeError) -> Self {
        Self { error, tcp: None }
    }
}

impl ServeError {
    /// The word for what the other end did; none when the line broke, or the other end refused.
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Evicted => Some("gave-way"),
            Self::Timeout => Some("handshake-timeout"),
            Self::Alpn => Some("no-protocol"),
            Self::Tls(error) => match error.get_ref()?.downcast_ref()? {
                rustls::Error::InvalidCertificate(
                    CertificateError::ApplicationVerificationFailure,
                ) => Some("key-not-in-roster"),
                rustls::Error::AlertReceived(_) => None,
                _ => Some("handshake-failed"),
            },
            Self::NoKey => Some("no-key"),
            Self::JoinsFull | Self::Socket(_) => None,
        }
    }
}

/// Lets the alert arrive: closing while the client still sends would reset the connection.
async fn hang_up(mut tcp: Tcp) {
    let farewell = async {
        tcp.shutdown().await?;
        tokio::io::copy(&mut tcp.take(FAREWELL_BYTES_MAX), &mut tokio::io::sink()).await
    };
    timeout(LINGER, farewell).await.ok();
}

/// The one session of a connection.
struct Session(Mutex<Option<Caller>>);

struct Caller {
    peer: NodeId,
    links: Links,
    counters: Arc<LinkCounters>,
    tasks: Tasks,
    started: CancellationToken,
    ended: DropGuard,
}

#[async_trait]
impl Sync for Session {
    type SessionStream = Map<OutboundFrames, fn(Frame) -> Result<Frame, Status>>;

    async fn session(
        &self,
        request: Request<Streaming<Frame>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let caller = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let caller = caller.ok_or_else(|| status(Deny::SecondSession))?;
        let Caller {
            peer,
            links,
            counters,
            tasks,
            started,
            ended,
        } = caller;
        started.cancel();
        let (link, frames) = links
            .open(peer, false, Arc::clone(&counters))
            .await
            .map_err(|error| {
                if let Some(why) = error.refusal() {
                    links.events().refused(Some(peer), false, why);
                }
                status(Deny::Session(error))
            })?;
        tasks.spawn(async move {
            session::receive(&link, request.into_inner(), &counters).await;
            link.close().await;
            drop(ended);
        });
        Ok(Response::new(frames.map(Ok)))
    }
}
