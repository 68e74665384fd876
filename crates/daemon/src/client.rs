//! Talking to the node on this machine over its Unix socket.

mod contacts;
mod directory;
mod federation;
mod quarantine;
mod spaces;

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use hyper_util::rt::TokioIo;
use phaki_wire::proto::local::v1::local_client::LocalClient;
use phaki_wire::proto::local::v1::{
    AuditRecord, CheckDocumentsRequest, CheckedDocument, Conflict, CreateSpaceRequest, DocumentRow,
    EditDocumentReply, EditDocumentRequest, ExportDocumentsRequest, ExportedDocument,
    GrantSpaceRequest, ListAuditRequest, ListConflictsRequest, ListDocumentsRequest,
    ListSpacesRequest, PutDocumentsReply, PutDocumentsRequest, RecordBackupRequest,
    ResolveConflictRequest, SearchDocumentsReply, SearchDocumentsRequest, ShowDocumentReply,
    ShowDocumentRequest, ShowHistoryReply, ShowHistoryRequest, ShowReferenceReply,
    ShowReferenceRequest, Space, StatusReply, StatusRequest, VerifyAuditReply, VerifyAuditRequest,
};
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status, Streaming};
use tower::service_fn;

use crate::config::Config;

/// The longest wait for an answer; a batch of documents may wait for a slow disk.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The longest answer accepted: a document of 20,000 values with long texts fits.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An answer that is a refusal or a failure of the node.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {message}")]
pub(crate) struct Refusal {
    pub(crate) doing: &'static str,
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Refusal {
    /// True when the documents of a request are to blame, so that others may be accepted.
    pub(crate) fn blames_documents(&self) -> bool {
        matches!(
            self.code,
            Code::InvalidArgument | Code::AlreadyExists | Code::OutOfRange
        )
    }
}

/// A connection to the node; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    api: LocalClient<Channel>,
}

impl Client {
    /// Connects to the node of that configuration.
    pub(crate) async fn connect(config: &Config) -> anyhow::Result<Client> {
        Client::connect_to(&config.socket, &config.data).await
    }

    /// Connects to the node on that socket, whose data folder is named in messages.
    pub(crate) async fn connect_to(socket: &Path, data: &Path) -> anyhow::Result<Client> {
        let path: PathBuf = socket.to_owned();
        let connector = service_fn(move |_| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        });
        // The address is never resolved: the connector above ignores it.
        let channel = Endpoint::from_static("http://phaki.local")
            .connect_with_connector(connector)
            .await
            .map_err(|error| unreachable_node(&error, socket, data))?;
        let api = LocalClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
        Ok(Client { api })
    }

    pub(crate) async fn status(&mut self) -> anyhow::Result<StatusReply> {
        answer("read status", self.api.status(StatusRequest {})).await
    }

    pub(crate) async fn audit(
        &mut self,
        request: ListAuditRequest,
    ) -> anyhow::Result<Vec<AuditRecord>> {
        let reply = answer("read audit log", self.api.list_audit(request)).await?;
        Ok(reply.records)
    }

    pub(crate) async fn verify_audit(
        &mut self,
        request: VerifyAuditRequest,
    ) -> anyhow::Result<VerifyAuditReply> {
        answer("verify audit log", self.api.verify_audit(request)).await
    }

    /// Has the node record that its store was copied to that file.
    pub(crate) async fn record_backup(&mut self, file: String) -> anyhow::Result<()> {
        let request = RecordBackupRequest { file };
        answer("record backup", self.api.record_backup(request)).await?;
        Ok(())
    }

    pub(crate) async fn create_space(&mut self, name: &str) -> anyhow::Result<Space> {
        let name = name.to_owned();
        let reply = answer(
            "create space",
            self.api.create_space(CreateSpaceRequest { name }),
        );
        reply.await?.space.context("read the created space")
    }

    pub(crate) async fn grant_space(
        &mut self,
        request: GrantSpaceRequest,
    ) -> anyhow::Result<Space> {
        let reply = answer("grant space", self.api.grant_space(request)).await?;
        reply.space.context("read the granted space")
    }

    pub(crate) async fn spaces(&mut self) -> anyhow::Result<Vec<Space>> {
        let reply = answer("list spaces", self.api.list_spaces(ListSpacesRequest {}));
        Ok(reply.await?.spaces)
    }

    pub(crate) async fn put(
        &mut self,
        request: PutDocumentsRequest,
    ) -> anyhow::Result<PutDocumentsReply> {
        answer("put documents", self.api.put_documents(request)).await
    }

    pub(crate) async fn list(
        &mut self,
        request: ListDocumentsRequest,
    ) -> anyhow::Result<Listing<DocumentRow>> {
        let stream = answer("list documents", self.api.list_documents(request)).await?;
        Ok(Listing {
            doing: "list documents",
            stream,
        })
    }

    pub(crate) async fn search(
        &mut self,
        request: SearchDocumentsRequest,
    ) -> anyhow::Result<SearchDocumentsReply> {
        answer("search documents", self.api.search_documents(request)).await
    }

    pub(crate) async fn show(
        &mut self,
        id: &str,
        space: &str,
    ) -> anyhow::Result<ShowDocumentReply> {
        let (id, space) = (id.to_owned(), space.to_owned());
        let request = ShowDocumentRequest { id, space };
        answer("show document", self.api.show_document(request)).await
    }

    pub(crate) async fn edit(
        &mut self,
        request: EditDocumentRequest,
    ) -> anyhow::Result<EditDocumentReply> {
        answer("edit document", self.api.edit_document(request)).await
    }

    pub(crate) async fn history(
        &mut self,
        id: &str,
        space: &str,
    ) -> anyhow::Result<ShowHistoryReply> {
        let (id, space) = (id.to_owned(), space.to_owned());
        let request = ShowHistoryRequest { id, space };
        answer("show history", self.api.show_history(request)).await
    }

    pub(crate) async fn conflicts(
        &mut self,
        id: &str,
        space: &str,
    ) -> anyhow::Result<Vec<Conflict>> {
        let (id, space) = (id.to_owned(), space.to_owned());
        let request = ListConflictsRequest { id, space };
        let reply = answer("list conflicts", self.api.list_conflicts(request)).await?;
        Ok(reply.conflicts)
    }

    pub(crate) async fn resolve(
        &mut self,
        request: ResolveConflictRequest,
    ) -> anyhow::Result<EditDocumentReply> {
        answer("resolve conflict", self.api.resolve_conflict(request)).await
    }

    pub(crate) async fn check(
        &mut self,
        id: &str,
        space: &str,
    ) -> anyhow::Result<Listing<CheckedDocument>> {
        let (id, space) = (id.to_owned(), space.to_owned());
        let request = CheckDocumentsRequest { id, space };
        let stream = answer("check documents", self.api.check_documents(request)).await?;
        Ok(Listing {
            doing: "check documents",
            stream,
        })
    }

    /// The reference sets in use, and which of them are in force on a day; today when it is empty.
    pub(crate) async fn reference(&mut self, at: &str) -> anyhow::Result<ShowReferenceReply> {
        let at = at.to_owned();
        let request = ShowReferenceRequest { at };
        answer("read reference sets", self.api.show_reference(request)).await
    }

    pub(crate) async fn export(
        &mut self,
        space: &str,
        kind: &str,
    ) -> anyhow::Result<Listing<ExportedDocument>> {
        self.export_as(ExportDocumentsRequest {
            space: space.to_owned(),
            kind: kind.to_owned(),
            saved: false,
        })
        .await
    }

    pub(crate) async fn export_as(
        &mut self,
        request: ExportDocumentsRequest,
    ) -> anyhow::Result<Listing<ExportedDocument>> {
        let stream = answer("export documents", self.api.export_documents(request)).await?;
        Ok(Listing {
            doing: "export documents",
            stream,
        })
    }
}

/// An answer of many messages.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    doing: &'static str,
    stream: Streaming<T>,
}

impl<T> Listing<T> {
    /// The next message, `None` after the last one.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<T>> {
        match tokio::time::timeout(ANSWER_WITHIN, self.stream.message()).await {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(status)) => Err(refusal(self.doing, &status).into()),
            Err(_) => Err(late(self.doing).into()),
        }
    }
}

async fn answer<T>(
    doing: &'static str,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(ANSWER_WITHIN, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(refusal(doing, &status).into()),
        Err(_) => Err(late(doing).into()),
    }
}

fn late(doing: &'static str) -> Refusal {
    Refusal {
        doing,
        code: Code::DeadlineExceeded,
        message: format!(
            "the node did not answer within {} seconds; its log may say why",
            ANSWER_WITHIN.as_secs()
        ),
    }
}

fn refusal(doing: &'static str, status: &Status) -> Refusal {
    let transport = status.source().is_some();
    let message = match status.code() {
        Code::Unavailable | Code::Unknown | Code::Cancelled if transport => {
            "the node closed the connection; it may be stopping, its log says why".to_owned()
        }
        Code::Unimplemented => {
            "the running node is of another version and does not know this request".to_owned()
        }
        _ if status.message().is_empty() => status.code().to_string(),
        _ => status.message().to_owned(),
    };
    Refusal {
        doing,
        code: status.code(),
        message,
    }
}

/// Why there is no connection, and what to do.
fn unreachable_node(error: &tonic::transport::Error, socket: &Path, data: &Path) -> anyhow::Error {
    let (socket, data) = (socket.display(), data.display());
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<io::Error>() {
            return match found.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => anyhow!(
                    "no node is running on {data}: start it with `phaki serve --data {data}` \
                     (looked for its socket at {socket})"
                ),
                io::ErrorKind::PermissionDenied => anyhow!(
                    "not allowed to open {socket}: run this command as the user of the node"
                ),
                _ => anyhow!("connect to the node at {socket}: {found}"),
            };
        }
        cause = current.source();
    }
    anyhow!("connect to the node at {socket}: {error}")
}
