//! A client of one node, over its socket.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use hyper_util::rt::TokioIo;
use phaki_wire::proto::local::v1::field_edit::Act;
use phaki_wire::proto::local::v1::local_client::LocalClient;
use phaki_wire::proto::local::v1::{
    Author, Conflict, CreateInviteRequest, CreateSpaceRequest, EditDocumentRequest,
    EditDocumentsReply, ExportDocumentsRequest, FieldEdit, GrantSpaceRequest, Link,
    ListConflictsRequest, PutDocumentsRequest, ShowDocumentRequest, Space, StatusReply,
    StatusRequest, WatchDocumentsRequest, WatchedDocuments,
};
use serde_json::Value;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Error};
use tonic::{Status, Streaming};
use tower::service_fn;

use crate::wait;

/// Bytes of an answer: a document with everything in it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection to a node; clones share it.
#[derive(Clone, Debug)]
pub struct Local {
    client: LocalClient<Channel>,
}

impl Local {
    /// Connects to the node with that socket.
    ///
    /// # Errors
    /// When nobody accepts there.
    pub async fn connect(socket: &Path) -> Result<Self, Error> {
        let channel = channel(socket).await?;
        let client = LocalClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
        Ok(Self { client })
    }

    /// The generated client, for what is not here.
    pub fn client(&mut self) -> &mut LocalClient<Channel> {
        &mut self.client
    }

    /// The state of the node.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn status(&mut self) -> Result<StatusReply, Status> {
        Ok(self.client.status(StatusRequest {}).await?.into_inner())
    }

    /// The state of one space; `None` when the node does not know it.
    pub async fn space(&mut self, name: &str) -> Option<Space> {
        let status = self.status().await.unwrap();
        status.spaces.into_iter().find(|space| space.name == name)
    }

    /// The links that exist.
    pub async fn links(&mut self) -> Vec<Link> {
        self.status().await.unwrap().links
    }

    /// Makes an invite for a province; the new node finds this one at `address`.
    pub async fn invite(&mut self, name: &str, area: &str, address: &str) -> String {
        let request = CreateInviteRequest {
            name: name.to_owned(),
            role: "province".to_owned(),
            area: area.to_owned(),
            valid_ms: 0,
            addresses: vec![address.to_owned()],
            approval: false,
        };
        self.client
            .create_invite(request)
            .await
            .unwrap()
            .into_inner()
            .invite
    }

    /// Makes a space of which this node is the steward.
    pub async fn create_space(&mut self, name: &str) {
        self.client
            .create_space(CreateSpaceRequest {
                name: name.to_owned(),
            })
            .await
            .unwrap();
    }

    /// Makes a node reader or writer of a space.
    pub async fn grant(&mut self, space: &str, node: &str, role: &str) {
        let request = GrantSpaceRequest {
            space: space.to_owned(),
            node: node.to_owned(),
            role: role.to_owned(),
        };
        self.client.grant_space(request).await.unwrap();
    }

    /// Waits until the node knows the space, with the right to write it.
    pub async fn until_writer(&mut self, space: &str) {
        let what = format!("may write {space}");
        wait::until(&what, async || {
            self.space(space).await.filter(|space| space.may_write)
        })
        .await;
    }

    /// Creates documents or brings them to the given content, all or none.
    ///
    /// # Errors
    /// As the node answers; nothing has changed then.
    pub async fn put(&mut self, space: &str, documents: &[Value]) -> Result<(), Status> {
        let request = PutDocumentsRequest {
            space: space.to_owned(),
            documents_json: documents.iter().map(Value::to_string).collect(),
            author: None,
            create_only: false,
            dry_run: false,
        };
        self.client.put_documents(request).await.map(|_| ())
    }

    /// Sets one field.
    ///
    /// # Errors
    /// As the node answers; nothing has changed then.
    pub async fn edit(&mut self, id: &str, path: &str, value: &Value) -> Result<(), Status> {
        let request = edit_request(id, path, value);
        self.client.edit_document(request).await.map(|_| ())
    }

    /// Sets one field after the other, each without waiting for the one before.
    pub async fn edit_stream(&mut self, edits: Vec<(String, String, Value)>) -> Edits {
        let requests = edits
            .into_iter()
            .map(|(id, path, value)| edit_request(&id, &path, &value));
        let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
        let answered = self.client.edit_documents(requests).await.unwrap();
        Edits {
            stream: answered.into_inner(),
        }
    }

    /// One document.
    ///
    /// # Errors
    /// When there is none, or the node does not answer.
    pub async fn show(&mut self, id: &str) -> Result<Value, Status> {
        let request = ShowDocumentRequest {
            id: id.to_owned(),
            space: String::new(),
        };
        let reply = self.client.show_document(request).await?.into_inner();
        Ok(serde_json::from_str(&reply.document_json).unwrap())
    }

    /// All documents of a space by their ids.
    pub async fn export(&mut self, space: &str) -> BTreeMap<String, Value> {
        let request = ExportDocumentsRequest {
            space: space.to_owned(),
            kind: String::new(),
            saved: false,
        };
        let mut stream = self
            .client
            .export_documents(request)
            .await
            .unwrap()
            .into_inner();
        let mut documents = BTreeMap::new();
        while let Some(exported) = stream.message().await.unwrap() {
            let document: Value = serde_json::from_str(&exported.document_json).unwrap();
            let id = document["id"].as_str().unwrap().to_owned();
            assert!(documents.insert(id, document).is_none(), "exported twice");
        }
        documents
    }

    /// What changes from now on in a space, or with an empty name everywhere.
    pub async fn watch(&mut self, space: &str) -> Watch {
        let space = space.to_owned();
        let request = WatchDocumentsRequest { space };
        let stream = self.client.watch_documents(request).await.unwrap();
        let mut stream = stream.into_inner();
        let begun = stream.message().await.unwrap();
        assert_eq!(begun, Some(WatchedDocuments::default()));
        Watch { stream }
    }

    /// All open conflicts of a space.
    pub async fn conflicts(&mut self, space: &str) -> Vec<Conflict> {
        let request = ListConflictsRequest {
            id: String::new(),
            space: space.to_owned(),
        };
        self.client
            .list_conflicts(request)
            .await
            .unwrap()
            .into_inner()
            .conflicts
    }
}

/// An edit of one field, by an officer who says nothing about it.
fn edit_request(id: &str, path: &str, value: &Value) -> EditDocumentRequest {
    let edit = FieldEdit {
        path: path.to_owned(),
        act: Some(Act::SetJson(value.to_string())),
    };
    EditDocumentRequest {
        id: id.to_owned(),
        space: String::new(),
        edits: vec![edit],
        author: Some(Author {
            account: "officer".to_owned(),
            message: String::new(),
        }),
        heads: Vec::new(),
    }
}

/// What becomes of edits, in their order.
#[derive(Debug)]
pub struct Edits {
    stream: Streaming<EditDocumentsReply>,
}

impl Edits {
    /// The next one: durable, or the reason word of its refusal; `None` when all are answered or
    /// the node is gone.
    pub async fn next(&mut self) -> Option<Result<(), String>> {
        let answer = self.stream.message().await.ok()??;
        Some(answer.edited.map(|_| ()).ok_or(answer.reason))
    }
}

/// Changes as they are told.
#[derive(Debug)]
pub struct Watch {
    stream: Streaming<WatchedDocuments>,
}

impl Watch {
    /// The space and the documents of the next change; `None` when the node ends.
    pub async fn next(&mut self) -> Option<(String, Vec<String>)> {
        let told = self.stream.message().await.unwrap()?;
        assert!(!told.missed, "read too slowly");
        Some((told.space, told.ids))
    }
}

/// A connection for any service that the node offers on its socket.
///
/// # Errors
/// When nobody accepts there.
pub async fn channel(socket: &Path) -> Result<Channel, Error> {
    let path = socket.to_owned();
    let connector = service_fn(move |_| {
        let path = path.clone();
        async move { Ok::<_, io::Error>(TokioIo::new(UnixStream::connect(path).await?)) }
    });
    // Never resolved: the connector knows the way.
    // A node that does not answer fails the test instead of stopping it.
    Endpoint::from_static("http://phaki.local")
        .timeout(wait::DEADLINE)
        .connect_with_connector(connector)
        .await
}
