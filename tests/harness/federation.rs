//! Nodes that know each other: one that founds and listens, and provinces that dial it.

use std::path::Path;

use tempfile::TempDir;

use crate::node::{Node, Program};
use crate::proxy::Proxy;
use crate::wait;

/// The name of the node that founds the federation.
pub const HUB: &str = "TH";

/// A federation on this machine; its folder goes with it.
#[derive(Debug)]
pub struct Federation {
    program: Program,
    folder: TempDir,
}

impl Federation {
    /// A federation that has no node yet.
    pub fn new(program: Program) -> Self {
        let folder = tempfile::Builder::new().prefix("phaki-").tempdir().unwrap();
        Self { program, folder }
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program that its nodes run.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// A node with nothing in its data folder.
    pub fn node(&self, name: &str) -> Node {
        let folder = self.folder.path().join(name);
        Node::new(&self.program, name, &folder, &folder.join("data"))
    }

    /// The founding node, running and listening.
    pub async fn found(&self) -> Node {
        self.found_with(self.node(HUB)).await
    }

    /// The founding node, running and listening, from a node that has no data yet.
    pub async fn found_with(&self, mut hub: Node) -> Node {
        hub.accept_peers();
        // Nobody dials that: every line of the tests has an address of its own.
        let create = [
            "federation",
            "create",
            "--name",
            HUB,
            "--area",
            "TH",
            "--address",
            "127.0.0.1:9",
        ];
        hub.command(&create);
        hub.start().await;
        hub
    }

    /// A province that has joined and runs, and its line to the hub. It does not listen.
    pub async fn admit(&self, hub: &Node, name: &str) -> (Node, Proxy) {
        self.admit_with(hub, self.node(name)).await
    }

    /// As [`Federation::admit`], from a node that has no data yet.
    pub async fn admit_with(&self, hub: &Node, mut node: Node) -> (Node, Proxy) {
        let line = Proxy::start(hub.listen()).await;
        let (name, address) = (node.name().to_owned(), hub.listen().to_string());
        let area = name.strip_prefix("TH-").unwrap();
        let invite = hub.local().invite(&name, area, &address).await;
        node.command(&["join", &invite]);
        node.dial(HUB, &line.address());
        node.start().await;
        (node, line)
    }
}

/// Makes a space at its steward in which all of `writers` may write, and waits until they know.
pub async fn share(steward: &Node, space: &str, writers: &[&Node]) {
    steward.local().create_space(space).await;
    for writer in writers {
        steward.local().grant(space, writer.name(), "writer").await;
    }
    for writer in writers {
        writer.local().until_writer(space).await;
    }
}

/// What a node holds of a space, for comparison with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Entries of all feeds.
    pub entries: u64,
    /// Documents that have heads.
    pub documents: u64,
    /// Digest of the lengths of all feeds.
    pub frontier: String,
    /// Digest of the heads of all documents.
    pub heads: String,
}

/// What the node holds of a space now.
pub async fn holding(node: &Node, space: &str) -> Holding {
    let space = node.local().space(space).await.unwrap();
    assert_eq!(
        (space.quarantined, space.waiting, space.refused),
        (0, 0, 0),
        "{space:?}"
    );
    Holding {
        entries: space.entries,
        documents: space.documents,
        frontier: space.frontier_digest,
        heads: space.heads_digest,
    }
}

/// Waits until all nodes hold the same of a space, `entries` entries; what that is.
pub async fn converged(nodes: &[&Node], space: &str, entries: u64) -> Holding {
    let names: Vec<_> = nodes.iter().map(|node| node.name()).collect();
    let what = format!("{names:?} hold the same {entries} entries of {space}");
    wait::until(&what, async || {
        let mut first = None;
        for node in nodes {
            let found = node.local().space(space).await?;
            if found.entries != entries {
                return None;
            }
            let held = (found.frontier_digest, found.heads_digest);
            if *first.get_or_insert_with(|| held.clone()) != held {
                return None;
            }
        }
        Some(())
    })
    .await;
    let held = holding(nodes[0], space).await;
    for node in nodes {
        assert_eq!(holding(node, space).await, held, "{} differs", node.name());
    }
    held
}
