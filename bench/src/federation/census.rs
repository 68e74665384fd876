//! Who holds what: waiting until every node has exactly the spaces that it may read, and equal
//! heads in each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use phaki_wire::proto::local::v1::StatusReply;

use super::map::Country;
use super::nation::Nation;

/// Longer than any phase takes that works.
const DEADLINE: Duration = Duration::from_secs(420);

/// How often those that are not there yet are asked: a status takes time from a node.
const LOOK: Duration = Duration::from_millis(100);

/// Digests of the frontier and of the heads.
type Digests = (String, String);

/// How many entries each space must have, by the place of the space.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) entries: Vec<u64>,
}

/// When each node had everything.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// Since the count began, in the order of the nodes.
    pub(super) after: Vec<Duration>,
}

impl Arrivals {
    pub(super) fn last(&self) -> Duration {
        self.after.iter().copied().max().unwrap_or_default()
    }
}

impl Census {
    /// Nothing is in any space.
    pub(super) fn empty(country: &Country) -> Self {
        Self {
            entries: vec![0; country.spaces.len()],
        }
    }

    /// Waits until each node has a link and holds what it should, equal everywhere; when that was,
    /// from `began` on. Fails when a node knows a space that it may not read.
    pub(super) async fn taken(&self, nation: &Nation, began: Instant) -> Arrivals {
        let mut missing: Vec<usize> = nation.country.places().collect();
        let mut after = vec![Duration::ZERO; missing.len()];
        while !missing.is_empty() {
            let still = self.looked_at(nation, &missing, began).await;
            let arrived = missing.iter().filter(|place| !still.contains(place));
            arrived.for_each(|place| after[*place] = began.elapsed());
            missing = still;
        }
        // What a node tells of itself is behind its store for a moment, so all are asked together.
        let all: Vec<usize> = nation.country.places().collect();
        while !self.looked_at(nation, &all, began).await.is_empty() {}
        Arrivals { after }
    }

    /// Those of the nodes that lack something, or differ from one of the others. Waits a moment when
    /// there are any.
    async fn looked_at(&self, nation: &Nation, places: &[usize], began: Instant) -> Vec<usize> {
        let (mut still, mut agreed) = (Vec::new(), BTreeMap::new());
        for place in places {
            let status = nation.nodes[*place].local().status().await.unwrap();
            if let Some(lack) = self.lacks(nation, *place, &status, &mut agreed) {
                still.push((*place, lack));
            }
        }
        assert!(
            began.elapsed() < DEADLINE,
            "{} nodes lack something after {DEADLINE:?}: {still:?}",
            still.len()
        );
        if !still.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
        still.into_iter().map(|(place, _)| place).collect()
    }

    /// What a node does not have yet.
    fn lacks(
        &self,
        nation: &Nation,
        place: usize,
        status: &StatusReply,
        agreed: &mut BTreeMap<String, Digests>,
    ) -> Option<String> {
        // Whether a link says that it is in sync is another matter: receipts still come and go.
        if status.links.is_empty() {
            return Some("a link".to_owned());
        }
        let spaces = &nation.country.spaces;
        for (space, entries) in spaces.iter().zip(&self.entries) {
            let held = status.spaces.iter().find(|held| held.name == space.name);
            let may = space.holders.contains(&place);
            assert!(
                may || held.is_none(),
                "{} knows {}, which it may not read",
                status.name,
                space.name
            );
            let Some(held) = held else {
                if may {
                    return Some(space.name.clone());
                }
                continue;
            };
            let doubtful = (held.quarantined, held.waiting, held.refused);
            if held.entries != *entries || doubtful != (0, 0, 0) {
                return Some(format!("{entries} entries of {}", space.name));
            }
            // There is nothing in it that could differ.
            if *entries == 0 {
                continue;
            }
            let digests = (held.frontier_digest.clone(), held.heads_digest.clone());
            let first = agreed.entry(space.name.clone()).or_insert(digests.clone());
            if *first != digests {
                return Some(format!("what others hold of {}", space.name));
            }
        }
        None
    }
}
