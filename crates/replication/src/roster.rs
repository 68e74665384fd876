//! The roster: who is a node of the federation, signed by the federation key.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, Hash, NodeId};
use crate::limits::{ADDRESS_BYTES_MAX, ADDRESSES_MAX, NAME_BYTES_MAX, NODES_MAX};
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/roster/v1";

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
    /// The name that people read, such as `TH-90`. Unique in the roster.
    pub name: String,
    /// What it is.
    pub role: NodeRole,
    /// The area it stands for: `TH`, `R1` to `R13`, or a DOPA code.
    pub area: String,
    /// Where it can be dialled, `host:port`; none when it only dials others.
    pub addresses: Vec<String>,
    /// Whether it may take part.
    pub status: NodeStatus,
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
}

impl Roster {
    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.u64(self.version);
        encoder.length(self.nodes.len());
        for (node, record) in &self.nodes {
            encoder.fixed(&node.0);
            encoder.bytes(record.name.as_bytes());
            encoder.u8(record.role.code());
            encoder.bytes(record.area.as_bytes());
            encoder.length(record.addresses.len());
            for address in &record.addresses {
                encoder.bytes(address.as_bytes());
            }
            encoder.u8(record.status.code());
        }
        encoder.finish()
    }

    /// Reads the canonical encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let federation = FederationId(decoder.fixed()?);
        let version = decoder.u64()?;
        let count = decoder.length("number of nodes", NODES_MAX)?;
        let mut nodes = BTreeMap::new();
        for _ in 0..count {
            let node = NodeId(decoder.fixed()?);
            if nodes
                .last_key_value()
                .is_some_and(|(last, _)| *last >= node)
            {
                return Err(DecodeError::NotSorted("list of nodes"));
            }
            nodes.insert(node, decode_record(&mut decoder)?);
        }
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

    /// The name of a node, or the beginning of its key when the roster does not know it.
    pub fn name(&self, node: &NodeId) -> String {
        let unknown = || node.to_string()[..8].to_owned();
        self.nodes
            .get(node)
            .map_or_else(unknown, |record| record.name.clone())
    }

    /// The node with the name `name`.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.nodes
            .iter()
            .find(|(_, record)| record.name == name)
            .map(|(node, _)| *node)
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
        let mut names = std::collections::BTreeSet::new();
        for record in roster.nodes.values() {
            if record.status != NodeStatus::Removed && !names.insert(&record.name) {
                return Err(RosterError::Name(record.name.clone()));
            }
        }
        Ok(roster)
    }

    /// Orders signed rosters of one version, so that all nodes settle on the same.
    pub fn hash(&self) -> Hash {
        Hash::of("phaki/roster-order/v1", &[&self.bytes])
    }
}

fn decode_record(decoder: &mut Decoder<'_>) -> Result<NodeRecord, DecodeError> {
    let name = decoder.text("name of a node", NAME_BYTES_MAX)?;
    let role = NodeRole::from_code(decoder.u8()?)?;
    let area = decoder.text("area of a node", NAME_BYTES_MAX)?;
    let count = decoder.length("number of addresses", ADDRESSES_MAX)?;
    let addresses = (0..count)
        .map(|_| decoder.text("address", ADDRESS_BYTES_MAX))
        .collect::<Result<_, _>>()?;
    let status = NodeStatus::from_code(decoder.u8()?)?;
    Ok(NodeRecord {
        name,
        role,
        area,
        addresses,
        status,
    })
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

    fn code(self) -> u8 {
        match self {
            Self::National => 1,
            Self::Region => 2,
            Self::Province => 3,
            Self::Edge => 4,
        }
    }

    fn from_code(code: u8) -> Result<Self, DecodeError> {
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
            addresses: vec!["127.0.0.1:7440".to_owned()],
            status: NodeStatus::Active,
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
        let golden = "f6cf4c5a2d018451738a405f0d6a211bd1271d0dea54980620fc02b54c92cd14";
        assert_eq!(hash.to_string(), golden);
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
