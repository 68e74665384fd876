//! One that answers in a node's place, with a key of its own, at the entrance where a node tells its
//! roster to those that find another key than they know.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use phaki_replication::roster::SignedRoster;
use phaki_replication::sign::SecretKey;
use phaki_wire::proto::enrol::v1::enrolment_server::{Enrolment, EnrolmentServer};
use phaki_wire::proto::enrol::v1::{JoinRequest, JoinResponse, Roster, RosterRequest};
use tokio::io::{copy_bidirectional, duplex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::once;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use super::tls;

/// What it holds back of what passes.
const BUFFER_BYTES: usize = 64 << 10;

/// It tells one of its rosters after the other to whoever asks.
pub(crate) struct Impostor {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Impostor {
    /// Answers with that key, until it is dropped.
    pub(crate) async fn start(key: &SecretKey, rosters: Vec<SignedRoster>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = tls::acceptor(key, &[tls::SESSION, tls::JOIN]);
        let asked = Arc::<AtomicUsize>::default();
        let entrance = Entrance {
            rosters: rosters.into(),
            asked: Arc::clone(&asked),
        };
        let listening = tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                // Whoever dials for a session hangs up when it sees the key.
                let Ok(mut stream) = acceptor.accept(tcp).await else {
                    continue;
                };
                let (mut here, there) = duplex(BUFFER_BYTES);
                tokio::spawn(async move { copy_bidirectional(&mut stream, &mut here).await });
                let service = EnrolmentServer::new(entrance.clone());
                let incoming = once(Ok::<_, std::io::Error>(there));
                let server = Server::builder().add_service(service);
                tokio::spawn(server.serve_with_incoming(incoming));
            }
        });
        Self {
            address,
            asked,
            listening,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was asked for its roster.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[derive(Clone)]
struct Entrance {
    rosters: Arc<[SignedRoster]>,
    asked: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl Enrolment for Entrance {
    async fn join(&self, _: Request<JoinRequest>) -> Result<Response<JoinResponse>, Status> {
        Err(Status::unimplemented("nobody joins here"))
    }

    async fn roster(&self, _: Request<RosterRequest>) -> Result<Response<JoinResponse>, Status> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let told = &self.rosters[asked % self.rosters.len()];
        let roster = Roster {
            content: told.bytes.clone().into(),
            signature: told.signature.0.to_vec().into(),
        };
        Ok(Response::new(JoinResponse {
            roster: Some(roster),
            ..JoinResponse::default()
        }))
    }
}
