//! A few nodes in temporary folders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use phaki::config::{self, Config, Flags};
use phaki::enrolment::{Join, Joined, join};
use phaki::federation::{Create, create};
use phaki::run::{self, Running};
use phaki_wire::proto::local::v1 as pb;
use phaki_wire::proto::local::v1::local_client::LocalClient;
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// Talks to a node.
pub(crate) type Client = LocalClient<Channel>;

pub(crate) struct Region {
    folder: TempDir,
    running: BTreeMap<String, Running>,
    /// Where nodes listened first, and do so again.
    listen: BTreeMap<String, String>,
}

pub(crate) fn author(message: &str) -> Option<pb::Author> {
    Some(pb::Author {
        account: "acc-1".to_owned(),
        message: message.to_owned(),
    })
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Region {
    /// A federation with its national node, which runs.
    pub(crate) async fn found() -> Self {
        let mut region = Self {
            folder: TempDir::with_prefix("ph").unwrap(),
            running: BTreeMap::new(),
            listen: BTreeMap::new(),
        };
        let creation = Create {
            data: region.data("TH"),
            name: "TH".to_owned(),
            area: "TH".to_owned(),
            addresses: Vec::new(),
            account: "officer".to_owned(),
        };
        create(&creation).unwrap();
        region.start("TH").await;
        region
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self, name: &str) -> Config {
        let flags = Flags {
            data: Some(self.data(name)),
            ..Flags::default()
        };
        let mut config = config::check(None, &BTreeMap::new(), &flags).unwrap();
        let listen = self.listen.get(name).cloned();
        config.listen = Some(listen.unwrap_or_else(|| "127.0.0.1:0".to_owned()));
        config.default_spaces = false;
        config.retry_max = Duration::from_secs(1);
        if let Some(address) = self.listen.get("TH").filter(|_| name != "TH") {
            config.peers.insert("TH".to_owned(), vec![address.clone()]);
        }
        config
    }

    pub(crate) async fn try_start(&mut self, name: &str) -> anyhow::Result<()> {
        let running = run::start(self.config(name)).await?;
        self.listen
            .insert(name.to_owned(), running.listen.unwrap().to_string());
        self.running.insert(name.to_owned(), running);
        Ok(())
    }

    pub(crate) async fn start(&mut self, name: &str) {
        self.try_start(name).await.unwrap();
    }

    pub(crate) async fn stop(&mut self, name: &str) {
        self.running.remove(name).unwrap().stop().await.unwrap();
    }

    pub(crate) async fn stop_all(&mut self) {
        for (_, running) in std::mem::take(&mut self.running) {
            running.stop().await.unwrap();
        }
    }

    pub(crate) async fn client(&self, name: &str) -> Client {
        LocalClient::new(self.channel(name).await)
    }

    pub(crate) async fn channel(&self, name: &str) -> Channel {
        let path = self.running[name].socket.clone();
        let connect = tower::service_fn(move |_| {
            let path = path.clone();
            async move {
                tokio::net::UnixStream::connect(path)
                    .await
                    .map(TokioIo::new)
            }
        });
        let endpoint = Endpoint::from_static("http://phaki.local");
        endpoint.connect_with_connector(connect).await.unwrap()
    }

    pub(crate) async fn try_invite(&self, name: &str, area: &str) -> Result<String, Status> {
        let request = pb::CreateInviteRequest {
            name: name.to_owned(),
            role: "province".to_owned(),
            area: area.to_owned(),
            valid_ms: 0,
            addresses: vec![self.listen["TH"].clone()],
            approval: false,
        };
        let reply = self.client("TH").await.create_invite(request).await?;
        Ok(reply.into_inner().invite)
    }

    pub(crate) async fn invite(&self, name: &str, area: &str) -> String {
        self.try_invite(name, area).await.unwrap()
    }

    pub(crate) fn presentation(
        &self,
        name: &str,
        invite: &str,
    ) -> impl Future<Output = anyhow::Result<Joined>> + use<> {
        let request = Join {
            data: self.data(name),
            invite: invite.to_owned(),
            addresses: Vec::new(),
            account: "officer".to_owned(),
        };
        async move { join(&request).await }
    }

    pub(crate) async fn present(&self, name: &str, invite: &str) -> anyhow::Result<Joined> {
        self.presentation(name, invite).await
    }

    /// Invites, joins and starts a node.
    pub(crate) async fn join(&mut self, name: &str, area: &str) {
        let invite = self.invite(name, area).await;
        self.present(name, &invite).await.unwrap();
        self.start(name).await;
    }

    pub(crate) async fn create_space(&self, node: &str, space: &str) {
        let name = space.to_owned();
        let request = pb::CreateSpaceRequest { name };
        self.client(node).await.create_space(request).await.unwrap();
    }

    /// A new space of `steward` that `writer` may write.
    pub(crate) async fn share(&self, steward: &str, space: &str, writer: &str) {
        self.create_space(steward, space).await;
        let request = pb::GrantSpaceRequest {
            space: space.to_owned(),
            node: writer.to_owned(),
            role: "writer".to_owned(),
        };
        self.client(steward)
            .await
            .grant_space(request)
            .await
            .unwrap();
    }

    pub(crate) fn forget_store(&self, name: &str) {
        std::fs::remove_file(self.data(name).join("phaki.db")).unwrap();
    }

    pub(crate) fn files(&self, name: &str) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.data(name)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}
