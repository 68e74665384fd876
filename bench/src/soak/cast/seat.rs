//! A province: its process, its line, its backup, and the trouble that it is in.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use phaki_tests::federation::{Federation, HUB};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;

use super::SPACE;

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) node: Node,
    line: Proxy,
    /// A copy of its store that can be put back.
    pub(super) backup: Option<PathBuf>,
    pub(super) suspended: Option<Instant>,
    cut: Option<Instant>,
    down: Option<Instant>,
}

impl Seat {
    /// A node enrols, and may write once it has heard of it.
    pub(super) async fn take(federation: &Federation, hub: &Node, name: &str) -> Self {
        Self::enrol(federation, hub, federation.node(name)).await
    }

    /// The same with another folder than whoever had the name before.
    pub(super) async fn take_anew(federation: &Federation, hub: &Node, name: &str) -> Self {
        let lives = (1..).map(|life| federation.folder().join(format!("{name}-{life}")));
        let folder = { lives }.find(|folder| !folder.exists()).unwrap();
        let node = Node::new(federation.program(), name, &folder, &folder.join("data"));
        Self::enrol(federation, hub, node).await
    }

    async fn enrol(federation: &Federation, hub: &Node, node: Node) -> Self {
        let (node, line) = federation.admit_with(hub, node).await;
        node.local().until_writer(SPACE).await;
        Self {
            node,
            line,
            backup: None,
            suspended: None,
            cut: None,
            down: None,
        }
    }

    /// Whether its process runs.
    pub(super) fn runs(&self) -> bool {
        self.down.is_none()
    }

    /// Whether something is wrong with it, so that nothing else should befall it.
    pub(super) fn is_troubled(&self) -> bool {
        self.suspended.or(self.cut).or(self.down).is_some()
    }

    /// Ends the troubles whose time has come.
    pub(super) async fn attend(&mut self, now: Instant) {
        if self.cut.is_some_and(|until| until <= now) {
            self.line.restore();
            self.cut = None;
        }
        if self.down.is_some_and(|until| until <= now) {
            self.node.start().await;
            self.down = None;
        }
    }

    pub(super) fn cut(&mut self, until: Instant) {
        self.line.cut();
        self.cut = Some(until);
    }

    pub(super) fn kill(&mut self, until: Instant) {
        self.node.kill();
        self.down = Some(until);
    }

    pub(super) fn back_up(&mut self) {
        let file = self.node.data().with_extension("backup");
        if self.backup.take().is_some() {
            fs::remove_file(&file).unwrap();
        }
        self.node.command(&["backup", file.to_str().unwrap()]);
        self.backup = Some(file);
    }

    /// The machine is gone; another one gets the backup and the key.
    pub(super) async fn restore(&mut self) {
        let backup = self.backup.clone().unwrap();
        let (data, key) = (self.node.data(), self.node.data().with_extension("key"));
        fs::copy(data.join("node.key"), &key).unwrap();
        self.node.kill();
        fs::remove_dir_all(self.node.data()).unwrap();
        let (backup, key) = (backup.to_str().unwrap(), key.to_str().unwrap());
        self.node.command(&["restore", backup, "--key", key]);
        self.node.dial(HUB, &self.line.address());
        self.node.start().await;
    }

    /// Its process ends, and its folder goes.
    pub(super) fn leave(mut self) {
        self.node.kill();
        fs::remove_dir_all(self.node.data()).unwrap();
    }
}
