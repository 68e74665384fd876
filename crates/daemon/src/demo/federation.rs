//! The five nodes of the demonstration, the lines between them, and how they become a federation.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use phaki_wire::proto::local::v1::{Author, GrantSpaceRequest, PutDocumentsRequest};
use tokio::task::JoinSet;

use super::process::{NodeProcess, wait_for};
use super::relay::{Line, Relay};
use super::sample::{NODES, Placed, SPACES};
use crate::client::Client;

/// Documents of one request to a node.
const PUT_DOCUMENTS: usize = 200;

/// Five nodes. The provinces reach TH through lines that can be cut; nobody else listens.
#[derive(Debug)]
pub(super) struct Federation {
    nodes: Vec<NodeProcess>,
    lines: Vec<(&'static str, Relay)>,
}

impl Federation {
    /// Five folders below `folder`, nothing in them.
    pub(super) fn prepare(folder: &Path) -> anyhow::Result<Federation> {
        let nodes = NODES.iter().map(|name| NodeProcess::new(name, folder));
        Ok(Federation {
            nodes: nodes.collect::<anyhow::Result<_>>()?,
            lines: Vec::new(),
        })
    }

    /// Founds the federation at TH, starts it, and enrols and starts the provinces.
    pub(super) async fn found(&mut self) -> anyhow::Result<()> {
        let listen = free_address()?;
        let listen_text = listen.to_string();
        let national = self.node_mut("TH")?;
        national
            .command(&[
                "federation",
                "create",
                "--name",
                "TH",
                "--area",
                "TH",
                "--address",
                &listen_text,
            ])
            .await?;
        national.start(&listen_text).await?;
        for name in &NODES[1..] {
            let relay = Relay::open(listen).await?;
            let address = relay.address.to_string();
            let invited = self
                .node("TH")?
                .command(&[
                    "federation",
                    "invite",
                    "--name",
                    name,
                    "--address",
                    &address,
                ])
                .await?;
            let invite = invited["invite"].as_str().context("read the invite")?;
            let province = self.node_mut(name)?;
            // The roster names TH's own address; through it the cut of a line would be no cut.
            province.configure(&format!(
                "[peers.TH]\naddresses = [\"{address}\"]\n[dial]\nretry_max = \"1s\"\n"
            ))?;
            province.command(&["join", invite]).await?;
            province.start("").await?;
            self.lines.push((name, relay));
        }
        Ok(())
    }

    /// Creates the spaces at their stewards and shares them.
    pub(super) async fn share(&self) -> anyhow::Result<()> {
        for plan in SPACES {
            let mut steward = self.client(plan.steward)?;
            steward.create_space(plan.name).await?;
            let writers = plan.writers.iter().map(|node| (node, "writer"));
            let readers = plan.readers.iter().map(|node| (node, "reader"));
            for (node, role) in writers.chain(readers) {
                let request = GrantSpaceRequest {
                    space: plan.name.to_owned(),
                    node: (*node).to_owned(),
                    role: role.to_owned(),
                };
                steward.grant_space(request).await?;
            }
        }
        wait_for("the arrival of all spaces", async || {
            for plan in SPACES {
                for node in plan.members() {
                    let spaces = self.client(node)?.spaces().await?;
                    let writes = node == plan.steward || plan.writers.contains(&node);
                    let there = spaces
                        .iter()
                        .any(|space| space.name == plan.name && space.may_write == writes);
                    if !there {
                        return Ok(Err(format!("{node} has no rights in {} yet", plan.name)));
                    }
                }
            }
            Ok(Ok(()))
        })
        .await
    }

    /// Puts documents in at their nodes, all nodes at the same time. An answer means: durable.
    pub(super) async fn load(&self, documents: &[Placed]) -> anyhow::Result<()> {
        let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
        for node in NODES {
            let mut client = self.client(node)?;
            let own: Vec<Placed> = documents
                .iter()
                .filter(|placed| placed.node == node)
                .cloned()
                .collect();
            tasks.spawn(async move {
                for plan in SPACES {
                    let of_space = own.iter().filter(|placed| placed.space == plan.name);
                    let texts: Vec<String> =
                        of_space.map(|placed| placed.document.to_string()).collect();
                    for batch in texts.chunks(PUT_DOCUMENTS) {
                        client.put(request(plan.name, batch)).await?;
                    }
                }
                Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.context("load documents")??;
        }
        Ok(())
    }

    /// Changes what the line of a province carries.
    pub(super) fn line(&self, node: &str, line: Line) {
        for (name, relay) in &self.lines {
            if *name == node {
                relay.set(line);
            }
        }
    }

    /// Waits until TH has links to exactly these provinces.
    pub(super) async fn wait_for_links(&self, provinces: &[&str]) -> anyhow::Result<()> {
        wait_for("the wanted links", async || {
            let status = self.client("TH")?.status().await?;
            let mut linked: Vec<&str> =
                status.links.iter().map(|link| link.peer.as_str()).collect();
            linked.sort_unstable();
            linked.dedup();
            Ok(match linked == provinces {
                true => Ok(()),
                false => Err(format!("TH is linked with {}", linked.join(", "))),
            })
        })
        .await
    }

    /// The node of that name.
    pub(super) fn node(&self, name: &str) -> anyhow::Result<&NodeProcess> {
        let found = self.nodes.iter().find(|node| node.name == name);
        found.with_context(|| format!("find the node {name}"))
    }

    pub(super) fn node_mut(&mut self, name: &str) -> anyhow::Result<&mut NodeProcess> {
        let found = self.nodes.iter_mut().find(|node| node.name == name);
        found.with_context(|| format!("find the node {name}"))
    }

    pub(super) fn nodes(&self) -> &[NodeProcess] {
        &self.nodes
    }

    /// The local API of the node of that name.
    pub(super) fn client(&self, name: &str) -> anyhow::Result<Client> {
        self.node(name)?.client()
    }

    /// Ends all processes.
    pub(super) async fn stop(&mut self) {
        for node in &mut self.nodes {
            // A process that cannot be killed has ended already.
            let _ = node.kill().await;
        }
    }
}

fn request(space: &str, documents_json: &[String]) -> PutDocumentsRequest {
    PutDocumentsRequest {
        space: space.to_owned(),
        documents_json: documents_json.to_vec(),
        author: Some(Author {
            account: "demo-import".to_owned(),
            message: "นำเข้าข้อมูลตัวอย่าง".to_owned(),
        }),
        create_only: true,
        dry_run: false,
    }
}

/// An address of this machine that nobody uses now.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener =
        std::net::TcpListener::bind("127.0.0.1:0").context("find a free port on 127.0.0.1")?;
    listener.local_addr().context("read the free port")
}
