//! Enrolment: a new node asks to be admitted, and a node of the federation answers.

use std::sync::{Arc, Mutex, PoisonError};

use phaki_replication::id::NodeId;
use phaki_replication::sign::SecretKey;
use phaki_wire::enrol::{JoinRequest, JoinResponse, Refusal};
use phaki_wire::field::DecodeError;
use phaki_wire::limits::{JOIN_REQUEST_BYTES_MAX, JOIN_RESPONSE_BYTES_MAX};
use phaki_wire::proto::enrol::v1 as pb;
use phaki_wire::proto::enrol::v1::enrolment_client::EnrolmentClient;
use phaki_wire::proto::enrol::v1::enrolment_server::{Enrolment, EnrolmentServer};
use rustls::ClientConfig;
use thiserror::Error;
use tokio::time::{Instant, timeout};
use tonic::{Request, Response, Status};

use crate::connect::{ConnectError, connect};
use crate::event::EventSender;
use crate::http2;
use crate::limits::{JOIN_ATTEMPT_EVERY, JOIN_ATTEMPTS_MAX, JOIN_TIMEOUT};
use crate::status::{Deny, refusal, status};
use crate::tasks::Tasks;
use crate::tls::{ALPN_JOIN, Identity, TlsError};

pub use tonic::async_trait;

/// Decides on requests to join; supplied by the daemon.
#[async_trait]
pub trait Enrol: Send + Sync + 'static {
    /// `peer` has proved to hold its key; the request is checked for its form, nothing else.
    async fn join(&self, peer: NodeId, request: JoinRequest) -> Result<JoinResponse, Refusal>;

    /// `peer` has proved to hold its key, and asks for the roster in force.
    async fn roster(&self, peer: NodeId) -> Result<JoinResponse, Refusal>;
}

/// Why joining failed.
#[derive(Debug, Error)]
pub enum JoinError {
    /// The address was not reached, or another node is there.
    #[error(transparent)]
    Connect(ConnectError),
    /// This node's key cannot be used.
    #[error("prepare the connection")]
    Tls(#[source] TlsError),
    /// The node that was asked refuses.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The node that was asked does not enrol others, or the connection was lost.
    #[error("ask {address}: {message}")]
    Call {
        /// The address.
        address: String,
        /// What gRPC says.
        message: String,
    },
    /// The answer is malformed.
    #[error("read the answer")]
    Decode(#[source] DecodeError),
    /// No answer in time.
    #[error("no answer in {} seconds", JOIN_TIMEOUT.as_secs())]
    Timeout,
}

/// Asks the node with the key `expected` at `address` for admission. Nothing in the answer is
/// verified yet but that this node sent it.
pub async fn join(
    address: &str,
    expected: NodeId,
    key: &SecretKey,
    request: JoinRequest,
) -> Result<JoinResponse, JoinError> {
    let identity = Identity::new(key).map_err(JoinError::Tls)?;
    let config = identity.client(expected, ALPN_JOIN);
    let question = Question::Join(Box::new(request));
    ask(address, config.map_err(JoinError::Tls)?, question).await
}

/// Asks whoever answers at `address` for the roster, as a node of the federation that does not know
/// the key there. Nothing in the answer is verified: the roster is signed, so it need not matter who
/// sent it.
pub(crate) async fn ask_roster(
    address: &str,
    identity: &Identity,
) -> Result<JoinResponse, JoinError> {
    let config = identity.client_of_any(ALPN_JOIN);
    let config = config.map_err(JoinError::Tls)?;
    ask(address, config, Question::Roster).await
}

enum Question {
    Join(Box<JoinRequest>),
    Roster,
}

async fn ask(
    address: &str,
    config: Arc<ClientConfig>,
    question: Question,
) -> Result<JoinResponse, JoinError> {
    let tasks = Tasks::default();
    let asked = ask_with(address, config, question, tasks.clone());
    let answer = timeout(JOIN_TIMEOUT, asked)
        .await
        .unwrap_or(Err(JoinError::Timeout));
    tasks.end();
    answer
}

async fn ask_with(
    address: &str,
    config: Arc<ClientConfig>,
    question: Question,
    tasks: Tasks,
) -> Result<JoinResponse, JoinError> {
    let connection = connect(address, config).await.map_err(JoinError::Connect)?;
    let failed = |message: &str| JoinError::Call {
        address: address.to_owned(),
        message: message.to_owned(),
    };
    let requests = http2::client(connection.stream, tasks)
        .await
        .map_err(|_| failed("connection lost"))?;
    let mut client = EnrolmentClient::with_origin(requests, http2::origin())
        .max_decoding_message_size(JOIN_RESPONSE_BYTES_MAX);
    let answer = match question {
        Question::Join(request) => client.join(request.to_wire()).await,
        Question::Roster => client.roster(pb::RosterRequest {}).await,
    };
    match answer {
        Ok(response) => JoinResponse::from_wire(response.into_inner()).map_err(JoinError::Decode),
        Err(status) => Err(match refusal(&status) {
            Some(refusal) => JoinError::Refused(refusal),
            None => failed(status.message()),
        }),
    }
}

/// What every connection to join shares.
#[derive(Clone)]
pub(crate) struct Desk {
    enrol: Arc<dyn Enrol>,
    events: EventSender,
    attempts: Arc<Mutex<Attempts>>,
}

impl Desk {
    pub(crate) fn new(enrol: Arc<dyn Enrol>, events: EventSender) -> Self {
        Self {
            enrol,
            events,
            attempts: Arc::new(Mutex::new(Attempts::new(Instant::now()))),
        }
    }

    /// The service for one connection.
    pub(crate) fn serve(&self, peer: NodeId) -> EnrolmentServer<Applicant> {
        EnrolmentServer::new(Applicant {
            peer,
            desk: self.clone(),
        })
        .max_decoding_message_size(JOIN_REQUEST_BYTES_MAX)
        .max_encoding_message_size(JOIN_RESPONSE_BYTES_MAX)
    }

    fn admits_attempt(&self) -> bool {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.take(Instant::now())
    }
}

/// One connection to join.
pub(crate) struct Applicant {
    peer: NodeId,
    desk: Desk,
}

#[async_trait]
impl Enrolment for Applicant {
    async fn join(
        &self,
        request: Request<pb::JoinRequest>,
    ) -> Result<Response<pb::JoinResponse>, Status> {
        let refuse = |refusal| status(Deny::Join(refusal));
        // These do not get to the daemon, which tells of all others itself.
        let refuse_here = |refusal: Refusal| {
            let events = &self.desk.events;
            events.refused(Some(self.peer), true, refusal.word());
            refuse(refusal)
        };
        if !self.desk.admits_attempt() {
            return Err(refuse_here(Refusal::TooMany));
        }
        let request = JoinRequest::from_wire(request.into_inner()).map_err(|error| {
            tracing::debug!(peer = %self.peer, %error, "malformed request to join");
            refuse_here(Refusal::InvalidRequest)
        })?;
        let response = self
            .desk
            .enrol
            .join(self.peer, request)
            .await
            .map_err(refuse)?;
        Ok(Response::new(response.to_wire()))
    }

    async fn roster(
        &self,
        _: Request<pb::RosterRequest>,
    ) -> Result<Response<pb::JoinResponse>, Status> {
        let refuse = |refusal| status(Deny::Join(refusal));
        if !self.desk.admits_attempt() {
            let events = &self.desk.events;
            events.refused(Some(self.peer), true, Refusal::TooMany.word());
            return Err(refuse(Refusal::TooMany));
        }
        let answer = self.desk.enrol.roster(self.peer).await;
        Ok(Response::new(answer.map_err(refuse)?.to_wire()))
    }
}

/// A bucket of attempts that fills again over time.
struct Attempts {
    left: u32,
    filled: Instant,
}

impl Attempts {
    fn new(now: Instant) -> Self {
        Self {
            left: JOIN_ATTEMPTS_MAX,
            filled: now,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.filled).as_nanos() / JOIN_ATTEMPT_EVERY.as_nanos();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(passed).min(JOIN_ATTEMPTS_MAX);
        self.filled += JOIN_ATTEMPT_EVERY.saturating_mul(passed);
        let admitted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_run_out_and_come_back_one_by_one() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        assert!((0..JOIN_ATTEMPTS_MAX).all(|_| attempts.take(start)));
        assert!(!attempts.take(start));
        assert!(!attempts.take(start + JOIN_ATTEMPT_EVERY / 2));
        assert!(attempts.take(start + JOIN_ATTEMPT_EVERY));
        assert!(!attempts.take(start + JOIN_ATTEMPT_EVERY));
        let later = start + 10 * JOIN_ATTEMPT_EVERY * JOIN_ATTEMPTS_MAX;
        assert!((0..JOIN_ATTEMPTS_MAX).all(|_| attempts.take(later)));
        assert!(!attempts.take(later));
    }
}
