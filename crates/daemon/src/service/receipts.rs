//! Where what this node holds is durable besides, by the signed receipts of the others.

use std::collections::BTreeMap;

use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::receipt::Receipt;
use phaki_replication::roster::{NodeRecord, NodeRole};
use phaki_store::Reader;
use phaki_store::reader::ChangePlace;
use phaki_wire::proto::local::v1 as pb;

use super::denial::Denial;
use super::editing::hex;
use super::find;
use super::loading::load;
use super::reading::Reading;
use crate::node_loop::InForce;

impl Reading {
    pub(super) async fn receipts(
        &self,
        request: pb::ShowReceiptsRequest,
    ) -> Result<pb::ShowReceiptsReply, Denial> {
        let (in_force, reader) = (self.requests.in_force(), self.reader.clone());
        let show = move || {
            let found = find::document(&reader, &in_force, &request.id, &request.space)?;
            let heads = load(&reader, found)?.heads();
            let places = reader.places(&found.space, &found.document, &heads);
            let places = places.map_err(Denial::unreadable)?;
            let receipts = Receipts::of(&reader, &found.space)?;
            let (mut reply, mut durable) = (pb::ShowReceiptsReply::default(), 0);
            reply.collects = collects(&in_force, &found.space);
            for (node, record) in readers(&in_force, &found.space) {
                let receipt = receipts.of_node(&in_force, &node);
                let row = row(&in_force, (node, record), receipt, &places);
                let national = record.role == NodeRole::National;
                reply.national_reader |= national;
                reply.national_durable |= national && row.state == DURABLE;
                durable += u64::from(row.state == DURABLE);
                reply.nodes.push(row);
            }
            reply.nodes.sort_by(|one, other| {
                let key = |row: &pb::NodeReceipt| (!row.self_, row.node.clone());
                key(one).cmp(&key(other))
            });
            Ok(pb::ShowReceiptsReply {
                id: found.document.to_string(),
                space: in_force.space_name(&found.space),
                changes: places
                    .iter()
                    .map(|place| change(&in_force, place))
                    .collect(),
                durable,
                ..reply
            })
        };
        self.workers.run(show).await
    }
}

const DURABLE: &str = "durable";

/// The active nodes that may read a space, this one among them.
fn readers<'a>(
    in_force: &'a InForce,
    space: &SpaceId,
) -> impl Iterator<Item = (NodeId, &'a NodeRecord)> {
    let (roster, manifest) = (&in_force.roster, in_force.spaces.get(space));
    let may_read = move |node: &NodeId| {
        manifest.is_some_and(|manifest: &Manifest| manifest.may_read(roster, node))
    };
    let nodes = roster.nodes.iter().map(|(node, record)| (*node, record));
    nodes.filter(move |(node, _)| roster.is_active(node) && may_read(node))
}

/// Whether this node collects the receipts of all readers of a space.
fn collects(in_force: &InForce, space: &SpaceId) -> bool {
    let manifest = in_force.spaces.get(space);
    let keeping = manifest.map(|manifest| manifest.keeping(&in_force.roster, &in_force.node));
    keeping.is_some_and(|keeping| keeping.collects())
}

/// The newest receipts of one space.
struct Receipts(BTreeMap<NodeId, Receipt>);

impl Receipts {
    fn of(reader: &Reader, space: &SpaceId) -> Result<Self, Denial> {
        let receipts = reader.receipts(space).map_err(Denial::unreadable)?;
        let by_node = receipts.into_iter().map(|receipt| (receipt.node, receipt));
        Ok(Self(by_node.collect()))
    }

    /// The newest receipt of a node, under whichever of its keys.
    fn of_node(&self, in_force: &InForce, node: &NodeId) -> Option<&Receipt> {
        let mut keys = in_force.roster.lineage(node);
        keys.find_map(|key| self.0.get(&key))
    }
}

fn row(
    in_force: &InForce,
    (node, record): (NodeId, &NodeRecord),
    receipt: Option<&Receipt>,
    places: &[ChangePlace],
) -> pb::NodeReceipt {
    let own = node == in_force.node;
    let lacks = |place: &&ChangePlace| {
        !receipt.is_some_and(|receipt| receipt.covers(&place.published, place.seq))
    };
    // What was just read from the own disk is durable there.
    let missing = if own {
        0
    } else {
        places.iter().filter(lacks).count()
    };
    let state = match (missing, receipt) {
        (0, _) => DURABLE,
        (_, Some(_)) => "older",
        (_, None) => "none",
    };
    pb::NodeReceipt {
        node: in_force.name(&node),
        role: record.role.name().to_owned(),
        state: state.to_owned(),
        time_ms: receipt
            .filter(|_| !own)
            .map_or(0, |receipt| receipt.time_ms),
        missing: u64::try_from(missing).unwrap_or(u64::MAX),
        self_: own,
    }
}

fn change(in_force: &InForce, place: &ChangePlace) -> pb::NewestChange {
    pb::NewestChange {
        change: hex(&place.hash),
        node: in_force.name(&place.feed.author),
        published: in_force.name(&place.published.author),
        position: place.seq,
        time_ms: place.time_ms,
    }
}

/// How far the other readers of a space hold what this node holds of it; `None` where it does not
/// collect what would tell.
pub(super) fn coverage(
    reader: &Reader,
    in_force: &InForce,
    space: &SpaceId,
) -> Result<Option<pb::Coverage>, Denial> {
    if !collects(in_force, space) {
        return Ok(None);
    }
    let feeds = reader.feeds(space).map_err(Denial::unreadable)?;
    let receipts = Receipts::of(reader, space)?;
    let mut coverage = pb::Coverage::default();
    for (node, record) in readers(in_force, space).filter(|(node, _)| *node != in_force.node) {
        coverage.readers += 1;
        let Some(receipt) = receipts.of_node(in_force, &node) else {
            coverage.silent += 1;
            continue;
        };
        let holds = |length: u64, feed| receipt.feeds.get(feed).is_some_and(|has| *has >= length);
        let complete = feeds
            .iter()
            .all(|row| row.length == 0 || holds(row.length, &row.feed));
        coverage.complete += u64::from(complete);
        if coverage.oldest.is_empty() || receipt.time_ms < coverage.oldest_ms {
            coverage.oldest.clone_from(&record.name);
            coverage.oldest_ms = receipt.time_ms;
        }
    }
    Ok(Some(coverage))
}
