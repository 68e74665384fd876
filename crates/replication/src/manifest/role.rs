//! What members may do, and the groups of nodes that can be members.

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::limits::NAME_BYTES_MAX;
use crate::roster::{NodeRecord, NodeRole};

/// What a member may do in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberRole {
    /// Receives everything.
    Reader,
    /// Receives everything, and its entries count.
    Writer,
    /// Was a member once. Receives nothing but the manifest that says so.
    Removed,
}

/// Nodes that have something in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// All nodes with that role, such as every national node.
    Role(NodeRole),
    /// All nodes in that area, such as those of health region 11: `R11`.
    Area(String),
}

impl Group {
    /// Whether a node is in the group. Only the federation puts nodes into groups.
    pub fn has(&self, record: &NodeRecord) -> bool {
        record.admitted_by.is_none()
            && match self {
                Self::Role(role) => record.role == *role,
                Self::Area(area) => record.area == *area || record.within.contains(area),
            }
    }

    pub(super) fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Role(role) => {
                encoder.u8(1);
                encoder.u8(role.code());
            }
            Self::Area(area) => {
                encoder.u8(2);
                encoder.bytes(area.as_bytes());
            }
        }
    }

    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match decoder.u8()? {
            1 => Ok(Self::Role(NodeRole::from_code(decoder.u8()?)?)),
            2 => Ok(Self::Area(decoder.text("area", NAME_BYTES_MAX)?)),
            code => Err(DecodeError::UnknownCode {
                what: "kind of a group",
                code,
            }),
        }
    }
}

impl MemberRole {
    /// The role with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "reader" => Some(Self::Reader),
            "writer" => Some(Self::Writer),
            "removed" => Some(Self::Removed),
            _ => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Removed => "removed",
        }
    }

    /// How far the role reaches: of several groups of one node the widest counts.
    pub(super) fn reach(self) -> u8 {
        match self {
            Self::Removed => 0,
            Self::Reader => 1,
            Self::Writer => 2,
        }
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::Reader => 1,
            Self::Writer => 2,
            Self::Removed => 3,
        }
    }

    pub(super) fn from_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            1 => Ok(Self::Reader),
            2 => Ok(Self::Writer),
            3 => Ok(Self::Removed),
            code => Err(DecodeError::UnknownCode {
                what: "role of a member",
                code,
            }),
        }
    }
}
