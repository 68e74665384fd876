//! The roster: who is a node of the federation, signed by the federation key.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, Hash, NodeId};
use crate::limits::{
    ADDRESS_BYTES_MAX, ADDRESSES_MAX, KEYS_OF_A_NODE_MAX, NAME_BYTES_MAX, NODES_MAX, WITHIN_MAX,
};
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/roster/v2";

/// What a node is in the federation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeRole {
    /// The national aggregation service.
    National,
    /// The office of a health region.
    Region,
    /// A province.
    Province,
    /// A district, a health centre, a laptop.
    Edge,
}

/// Whether a node may take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeStatus {
    /// It may.
    Active,
    /// Not for now; its past entries stay valid.
    Suspended,
    /// Never again; its past entries stay valid.
    Removed,
}

/// One node in the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// The name that people read, such as `TH-90`. Unique in the roster, and without `@`; what
    /// [`Roster::with_branches`] puts behind that tells nodes of one name apart.
    pub name: String,
    /// What it is.
    pub role: NodeRole,
    /// The area it stands for: `TH`, `R1` to `R13`, or a DOPA code. Never changes for a key, since
    /// rights may follow from it.
    pub area: String,
    /// The larger areas around it, such as `R12` and `TH`.
    pub within: Vec<String>,
    /// Where it can be dialled, `host:port`; none when it only dials others.
    pub addresses: Vec<String>,
    /// Whether it may take part.
    pub status: NodeStatus,
    /// The key that the node had before this one.
    pub replaces: Option<NodeId>,
    /// The node that admitted it on a branch of its own, by the newest key of that; `None` when
    /// the federation did.
    pub admitted_by: Option<NodeId>,
}

/// The nodes of a federation at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Whose roster.
    pub federation: FederationId,
    /// Grows with every signature; an older version never replaces a newer one.
    pub version: u64,
    /// The nodes by key.
    pub nodes: BTreeMap<NodeId, NodeRecord>,
}

/// A roster in the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRoster {
    /// The canonical encoding.
    pub bytes: Vec<u8>,
    /// By the federation key.
    pub signature: Signature,
}

/// Why a roster is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RosterError {
    /// The bytes are no roster.
    #[error("read roster")]
    Decode(#[source] DecodeError),
    /// It belongs to another federation.
    #[error("roster is of federation {found}, not of {expected}")]
    Federation {
        /// Ours.
        expected: FederationId,
        /// The one found.
        found: FederationId,
    },
    /// The signature is not the federation's.
    #[error("roster is not signed by its federation")]
    Signature,
    /// Two nodes have one name.
    #[error("two nodes have the name {0}")]
    Name(String),
    /// A name has the sign that stands between an edge node and its parent.
    #[error("the name {0} holds an @")]
    NameSign(String),
    /// The keys of a node do not follow one another.
    #[error("the key {0} replaces a key that it cannot replace")]
    Replaces(NodeId),
}

impl Roster {
    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.u64(self.version);
        encoder.length(self.own_nodes().count());
        for (node, record) in self.own_nodes() {
            encoder.fixed(&node.0);
            encode_record(&mut encoder, record);
        }
        encoder.finish()
    }

    /// The nodes that the federation itself admitted, which alone are signed with its key.
    pub fn own_nodes(&self) -> impl Iterator<Item = (&NodeId, &NodeRecord)> {
        let own = |(_, record): &(_, &NodeRecord)| record.admitted_by.is_none();
        self.nodes.iter().filter(own)
    }

    /// Reads the canonical encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let federation = FederationId(decoder.fixed()?);
        let version = decoder.u64()?;
        let nodes = decoder.map("nodes", NODES_MAX, |decoder| {
            Ok((NodeId(decoder.fixed()?), decode_record(decoder, None)?))
        })?;
        decoder.finish()?;
        Ok(Self {
            federation,
            version,
            nodes,
        })
    }

    /// Signs the roster.
    pub fn sign(&self, key: &SecretKey) -> SignedRoster {
        let bytes = self.encode();
        let signature = key.sign(&bytes);
        SignedRoster { bytes, signature }
    }

    /// Whether `node` may have a session now.
    pub fn is_active(&self, node: &NodeId) -> bool {
        self.nodes
            .get(node)
            .is_some_and(|record| record.status == NodeStatus::Active)
    }

    /// The keys of the node that has this one: itself, the one that it replaced, and so on.
    pub fn lineage(&self, node: &NodeId) -> impl Iterator<Item = NodeId> {
        let older = |key: &NodeId| self.nodes.get(key).and_then(|record| record.replaces);
        std::iter::successors(Some(*node), older).take(KEYS_OF_A_NODE_MAX)
    }

    /// Whether `older` is this key, or one that the same node had before.
    pub fn succeeds(&self, node: &NodeId, older: &NodeId) -> bool {
        self.lineage(node).any(|key| key == *older)
    }

    /// How many keys the node had before this one.
    pub fn generation(&self, node: &NodeId) -> usize {
        self.lineage(node).count() - 1
    }

    /// The key that the node which once had this one has now.
    pub fn newest(&self, node: &NodeId) -> NodeId {
        let newer = |key: &NodeId| {
            let mut nodes = self.nodes.iter();
            let found = nodes.find(|(_, record)| record.replaces == Some(*key));
            found.map(|(node, _)| *node)
        };
        let keys = std::iter::successors(Some(*node), newer);
        keys.take(KEYS_OF_A_NODE_MAX).last().unwrap_or(*node)
    }

    /// The name of a node, or the beginning of its key when the roster does not know it.
    pub fn name(&self, node: &NodeId) -> String {
        let unknown = || node.to_string()[..8].to_owned();
        self.nodes
            .get(node)
            .map_or_else(unknown, |record| record.name.clone())
    }

    /// The node with the name `name`, or of a branch with its name, `@` and that of its parent. A
    /// name that was freed means who has it now, and only then who had it last.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let is_named = |record: &NodeRecord| {
            record.name == name || self.name_with_parent(record).as_deref() == Some(name)
        };
        let named = self.nodes.iter().filter(|(_, record)| is_named(record));
        let found = named.min_by_key(|(_, record)| record.status);
        found.map(|(node, _)| *node)
    }
}

impl SignedRoster {
    /// Checks signature and content for `federation`.
    pub fn open(&self, federation: &FederationId) -> Result<Roster, RosterError> {
        let roster = Roster::decode(&self.bytes).map_err(RosterError::Decode)?;
        if roster.federation != *federation {
            let (expected, found) = (*federation, roster.federation);
            return Err(RosterError::Federation { expected, found });
        }
        if !verify(&federation.0, &self.bytes, &self.signature) {
            return Err(RosterError::Signature);
        }
        check(&roster.own_nodes().collect())?;
        Ok(roster)
    }

    /// Orders signed rosters of one version, so that all nodes settle on the same.
    pub fn hash(&self) -> Hash {
        Hash::of("phaki/roster-order/v1", &[&self.bytes])
    }
}

/// Whether names are used once and keys replaced once, by keys that are themselves listed.
pub(crate) fn check(nodes: &BTreeMap<&NodeId, &NodeRecord>) -> Result<(), RosterError> {
    let (mut names, mut replaced) = (BTreeSet::new(), BTreeSet::new());
    for (node, record) in nodes {
        if record.name.contains('@') {
            return Err(RosterError::NameSign(record.name.clone()));
        }
        if record.status != NodeStatus::Removed && !names.insert(&record.name) {
            return Err(RosterError::Name(record.name.clone()));
        }
        if let Some(old) = record.replaces {
            let gone = nodes
                .get(&old)
                .is_some_and(|old| old.status == NodeStatus::Removed);
            if !gone || !replaced.insert(old) {
                return Err(RosterError::Replaces(**node));
            }
        }
    }
    // Whoever follows the keys of a node back comes to a first one.
    let older = |key: &NodeId| nodes.get(key).and_then(|record| record.replaces);
    let endless = nodes.keys().find(|key| {
        std::iter::successors(Some(***key), older)
            .nth(KEYS_OF_A_NODE_MAX)
            .is_some()
    });
    endless.map_or(Ok(()), |key| Err(RosterError::Replaces(**key)))
}

pub(crate) fn encode_record(encoder: &mut Encoder, record: &NodeRecord) {
    let texts = |encoder: &mut Encoder, texts: &[String]| {
        encoder.length(texts.len());
        texts.iter().for_each(|text| encoder.bytes(text.as_bytes()));
    };
    encoder.bytes(record.name.as_bytes());
    encoder.u8(record.role.code());
    encoder.bytes(record.area.as_bytes());
    texts(encoder, &record.within);
    texts(encoder, &record.addresses);
    encoder.u8(record.status.code());
    encoder.length(usize::from(record.replaces.is_some()));
    if let Some(old) = record.replaces {
        encoder.fixed(&old.0);
    }
}

pub(crate) fn decode_record(
    decoder: &mut Decoder<'_>,
    admitted_by: Option<NodeId>,
) -> Result<NodeRecord, DecodeError> {
    let name = decoder.text("name of a node", NAME_BYTES_MAX)?;
    let role = NodeRole::from_code(decoder.u8()?)?;
    let area = decoder.text("area of a node", NAME_BYTES_MAX)?;
    let count = decoder.length("number of areas", WITHIN_MAX)?;
    let within = (0..count)
        .map(|_| decoder.text("area", NAME_BYTES_MAX))
        .collect::<Result<_, _>>()?;
    let count = decoder.length("number of addresses", ADDRESSES_MAX)?;
    let addresses = (0..count)
        .map(|_| decoder.text("address", ADDRESS_BYTES_MAX))
        .collect::<Result<_, _>>()?;
    let status = NodeStatus::from_code(decoder.u8()?)?;
    let replaces = match decoder.length("number of replaced keys", 1)? {
        0 => None,
        _ => Some(NodeId(decoder.fixed()?)),
    };
    Ok(NodeRecord {
        name,
        role,
        area,
        within,
        addresses,
        status,
        replaces,
        admitted_by,
    })
}

impl NodeRecord {
    /// Whether other nodes may meet through it alone: a national or regional node.
    pub fn is_hub(&self) -> bool {
        let hub = matches!(self.role, NodeRole::National | NodeRole::Region);
        hub && self.admitted_by.is_none()
    }

    /// The name as it was given, without what tells it from others of that name.
    pub fn given_name(&self) -> &str {
        self.name.split('@').next().unwrap_or_default()
    }
}

impl NodeRole {
    /// The names in configuration, invites and output.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("national", Self::National),
        ("region", Self::Region),
        ("province", Self::Province),
        ("edge", Self::Edge),
    ];

    /// The role with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, role)| *role)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::Region => "region",
            Self::Province => "province",
            Self::Edge => "edge",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::National => 1,
            Self::Region => 2,
            Self::Province => 3,
            Self::Edge => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            1 => Ok(Self::National),
            2 => Ok(Self::Region),
            3 => Ok(Self::Province),
            4 => Ok(Self::Edge),
            code => Err(DecodeError::UnknownCode {
                what: "role of a node",
                code,
            }),
        }
    }
}

impl NodeStatus {
    /// The name in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Active => 1,
            Self::Suspended => 2,
            Self::Removed => 3,
        }
    }

    fn from_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            1 => Ok(Self::Active),
            2 => Ok(Self::Suspended),
            3 => Ok(Self::Removed),
            code => Err(DecodeError::UnknownCode {
                what: "status of a node",
                code,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(key: &SecretKey) -> Roster {
        let record = NodeRecord {
            name: "TH-90".to_owned(),
            role: NodeRole::Province,
            area: "90".to_owned(),
            within: vec!["R12".to_owned(), "TH".to_owned()],
            addresses: vec!["127.0.0.1:7440".to_owned()],
            status: NodeStatus::Active,
            replaces: None,
            admitted_by: None,
        };
        let nodes = BTreeMap::from([(NodeId([9; 32]), record)]);
        Roster {
            federation: key.federation(),
            version: 3,
            nodes,
        }
    }

    #[test]
    fn a_signed_roster_reads_back_equal() {
        let key = SecretKey::from_seed(&[5; 32]);
        let roster = sample(&key);
        assert_eq!(roster.sign(&key).open(&key.federation()), Ok(roster));
    }

    #[test]
    fn golden_bytes() {
        let key = SecretKey::from_seed(&[5; 32]);
        let hash = sample(&key).sign(&key).hash();
        let golden = "62892799868f380516321cf8227d7219f5d43d1d9843af1e0eedb5ade8dc5f32";
        assert_eq!(hash.to_string(), golden);
    }

    #[test]
    fn a_node_keeps_its_history_when_its_key_is_replaced() {
        let key = SecretKey::from_seed(&[5; 32]);
        let mut roster = sample(&key);
        let (old, new) = (NodeId([9; 32]), NodeId([10; 32]));
        let mut record = roster.nodes[&old].clone();
        record.replaces = Some(old);
        roster.nodes.insert(new, record);
        let both = roster.sign(&key).open(&key.federation());
        assert_eq!(both, Err(RosterError::Name("TH-90".to_owned())));
        roster.nodes.get_mut(&old).expect("is in the sample").status = NodeStatus::Removed;
        let roster = roster
            .sign(&key)
            .open(&key.federation())
            .expect("is in order");
        assert_eq!(roster.lineage(&new).collect::<Vec<_>>(), [new, old]);
        assert_eq!((roster.generation(&old), roster.generation(&new)), (0, 1));
        assert_eq!(roster.newest(&old), new);
    }

    #[test]
    fn keys_that_replace_each_other_in_a_circle_are_refused() {
        let key = SecretKey::from_seed(&[5; 32]);
        let mut roster = sample(&key);
        let (one, other) = (NodeId([9; 32]), NodeId([10; 32]));
        let mut record = roster.nodes[&one].clone();
        record.status = NodeStatus::Removed;
        record.replaces = Some(other);
        roster.nodes.insert(one, record.clone());
        record.replaces = Some(one);
        roster.nodes.insert(other, record);
        let circle = roster.sign(&key).open(&key.federation());
        assert!(matches!(circle, Err(RosterError::Replaces(_))));
    }

    #[test]
    fn a_roster_of_another_key_or_with_a_doubled_name_is_refused() {
        let key = SecretKey::from_seed(&[5; 32]);
        let mut roster = sample(&key);
        let forged = roster.sign(&SecretKey::from_seed(&[6; 32]));
        assert_eq!(forged.open(&key.federation()), Err(RosterError::Signature));
        let twin = roster.nodes[&NodeId([9; 32])].clone();
        roster.nodes.insert(NodeId([10; 32]), twin);
        let doubled = roster.sign(&key).open(&key.federation());
        assert_eq!(doubled, Err(RosterError::Name("TH-90".to_owned())));
    }
}
