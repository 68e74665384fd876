//! The local gRPC API on the Unix socket, with server reflection and `grpc.health.v1`.

mod accepting;
mod auditing;
mod border;
mod checking;
mod comparing;
mod contacts;
mod denial;
mod directory;
mod edit_stream;
mod editing;
mod enrolling;
mod find;
mod grantee;
mod granting;
mod listing;
mod loading;
mod locks;
mod making;
mod putting;
mod quarantine;
mod reading;
mod receipts;
mod reference;
mod room;
mod searching;
mod socket;
mod spaces;
mod status;
mod surveying;
mod tips;
mod transferring;
mod watching;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use phaki_replication::sign::SecretKey;
use phaki_store::Reader;
use phaki_wire::proto::DESCRIPTOR;
use phaki_wire::proto::local::v1::local_server::LocalServer;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

pub(crate) use socket::{Socket, bind};
pub(crate) use watching::Commits;

use self::accepting::accepted;
use self::auditing::Auditing;
use self::contacts::Contacts;
use self::editing::Editing;
use self::enrolling::Enrolling;
use self::quarantine::Quarantine;
use self::reading::Reading;
use self::reference::References;
use self::spaces::Spaces;
use self::status::Facts;
use self::watching::Watching;
use self::workers::Workers;
use crate::audit::Audit;
use crate::enrolment::Admission;
use crate::identity;
use crate::limits::{LOCAL_REQUEST_BYTES_MAX, LOCAL_REQUESTS_MAX};
use crate::node_loop::{Journal, NodeRequests};

/// What the API is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) key: SecretKey,
    pub(crate) requests: NodeRequests,
    pub(crate) journal: Journal,
    pub(crate) commits: Commits,
    pub(crate) audit: Audit,
    pub(crate) reader: Reader,
    pub(crate) admission: Admission,
    /// The author of edits that name none.
    pub(crate) account: String,
    /// Where others reach this node, for invites that name no address.
    pub(crate) addresses: Vec<String>,
    /// The address in use; empty when the node only dials.
    pub(crate) listen: String,
    pub(crate) data: PathBuf,
}

/// The local API.
#[derive(Debug)]
pub(crate) struct LocalApi {
    facts: Facts,
    spaces: Spaces,
    reading: Reading,
    editing: Editing,
    enrolling: Enrolling,
    auditing: Auditing,
    quarantine: Quarantine,
    contacts: Contacts,
    watching: Watching,
}

impl LocalApi {
    pub(crate) fn new(parts: Parts) -> anyhow::Result<Self> {
        let Parts {
            key,
            requests,
            journal,
            commits,
            audit,
            reader,
            admission,
            account,
            addresses,
            listen,
            data,
        } = parts;
        let workers = Workers::default();
        let actor = identity::random()?;
        let editing = Editing::new(
            requests.clone(),
            reader.clone(),
            workers.clone(),
            actor,
            &account,
        );
        let reading = Reading {
            requests: requests.clone(),
            reader: reader.clone(),
            journal: journal.clone(),
            workers: workers.clone(),
            references: References::default(),
        };
        let watching = Watching {
            requests: requests.clone(),
            commits,
            stop: CancellationToken::new(),
        };
        let auditing = Auditing {
            audit: audit.clone(),
            requests: requests.clone(),
            reader: reader.clone(),
            workers: workers.clone(),
        };
        let quarantine = Quarantine {
            requests: requests.clone(),
            journal,
            audit: audit.clone(),
            reader: reader.clone(),
            workers: workers.clone(),
            turn: Arc::default(),
        };
        let spaces = Spaces {
            key,
            requests,
            audit,
            reader,
            workers,
            turn: Arc::default(),
        };
        Ok(Self {
            facts: Facts::new(listen, data),
            contacts: Contacts::beside(&spaces),
            spaces,
            reading,
            editing,
            enrolling: Enrolling {
                admission,
                addresses,
            },
            auditing,
            quarantine,
            watching,
        })
    }

    /// Serves `socket` until `stop`; then takes no new request and returns once those under way
    /// are answered.
    pub(crate) async fn serve(
        mut self,
        socket: Socket,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        self.watching.stop = stop.clone();
        let edits = self.editing.tasks.clone();
        let expire = self.editing.tips.clone().expire();
        tokio::spawn(stop.clone().run_until_cancelled_owned(expire));
        let (file, listener) = socket.split();
        let incoming = accepted(listener, self.facts.starved.clone());
        let (health, health_server) = tonic_health::server::health_reporter();
        let api = LocalServer::new(self).max_decoding_message_size(LOCAL_REQUEST_BYTES_MAX);
        health.set_serving::<LocalServer<Self>>().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTOR)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .context("prepare server reflection")?;
        let stopping = async move {
            stop.cancelled().await;
            // New clients shall see at once that nobody is here.
            drop(file);
            health.set_not_serving::<LocalServer<Self>>().await;
        };
        let served = Server::builder()
            .max_concurrent_streams(LOCAL_REQUESTS_MAX)
            .add_service(health_server)
            .add_service(reflection)
            .add_service(api)
            .serve_with_incoming_shutdown(incoming, stopping)
            .await;
        served.context("serve the local socket")?;
        edits.close();
        edits.wait().await;
        Ok(())
    }
}
