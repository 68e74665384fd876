//! The processes: founding, enrolling, starting and stopping them, by the commands that operators
//! have.

use std::time::{Duration, Instant};

use phaki_tests::federation::{Federation, HUB};
use phaki_tests::node::{Node, Program};

use super::map::{Country, NATIONAL, Purpose};

/// Nodes that are started or that work at one time: more than two cores can do.
const AT_ONCE: usize = 8;

/// A whole federation of processes.
#[derive(Debug)]
pub(super) struct Nation {
    pub(super) country: Country,
    /// The national node, then the provinces.
    pub(super) nodes: Vec<Node>,
    _federation: Federation,
}

impl Nation {
    /// Founds the federation and enrols every province with an invite; all of them run.
    pub(super) async fn found(program: Program, country: Country) -> Self {
        let federation = Federation::new(program);
        let mut hub = federation.node(HUB);
        hub.with_default_spaces();
        let mut hub = federation.found_with(hub).await;
        // It will come back to those that know where it is.
        hub.keep_address();
        let address = hub.listen().to_string();
        let mut nodes = vec![hub];
        for province in &country.provinces {
            let hub = nodes[NATIONAL].local();
            let invite = { hub }
                .invite(&province.name, &province.area, &address)
                .await;
            let mut node = federation.node(&province.name);
            node.with_default_spaces();
            node.dial(HUB, &address);
            node.command(&["join", &invite]);
            node.start().await;
            nodes.push(node);
        }
        Self {
            country,
            nodes,
            _federation: federation,
        }
    }

    /// The first province of each region makes a space for it, granted to the region's provinces
    /// and the national node by their groups.
    pub(super) async fn share(&self) {
        let regions = self.country.spaces.iter();
        let regions = regions.filter(|space| space.purpose == Purpose::Region);
        for space in regions {
            let mut steward = self.nodes[space.holders[0]].local();
            steward.create_space(&space.name).await;
            let group = self.country.group(space);
            steward.grant(&space.name, &group, "writer").await;
            steward.grant(&space.name, "role:national", "reader").await;
        }
    }

    /// The processes, in the order of the nodes.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.nodes.iter().map(Node::pid).collect()
    }

    /// Stops all, some at a time.
    pub(super) async fn stop(&mut self) {
        for nodes in self.nodes.chunks_mut(AT_ONCE) {
            for node in &mut *nodes {
                node.signal("TERM");
            }
            for node in nodes {
                assert!(node.ended().await.success());
            }
        }
    }

    /// Starts all that were stopped, all at once, as after a failure of power; how long it took until
    /// each answered.
    pub(super) async fn start(&mut self) -> Duration {
        let began = Instant::now();
        for node in &mut self.nodes {
            node.launch();
        }
        for node in &mut self.nodes {
            node.answers().await;
        }
        began.elapsed()
    }
}
