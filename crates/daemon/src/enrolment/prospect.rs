//! What admitting a node would mean: which of the spaces known here it could read and write, and
//! how much would flow to it.

use std::collections::BTreeMap;

use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::roster::Roster;
use phaki_store::reader::SpaceRow;

/// What a node could do in one space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) reads: bool,
    pub(crate) writes: bool,
}

/// What admitting a node would mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prospect {
    /// The spaces that it could read, by name.
    pub(crate) spaces: Vec<SpaceProspect>,
    /// Spaces that this node knows, readable for the new one or not.
    pub(crate) known: usize,
}

/// What would flow of one space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpaceProspect {
    pub(crate) space: SpaceId,
    pub(crate) name: String,
    pub(crate) writes: bool,
    pub(crate) size: Size,
}

/// How much is held here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) documents: u64,
    pub(crate) entries: u64,
    /// Of payload.
    pub(crate) bytes: u64,
}

/// What `node` could do in the space of `manifest` if `roster`, in which it stands, were in force.
pub(crate) fn rights(manifest: &Manifest, roster: &Roster, node: &NodeId) -> Rights {
    Rights {
        reads: manifest.may_read(roster, node),
        writes: manifest.may_write(roster, node),
    }
}

impl Prospect {
    /// What `node` could do if `roster`, in which it stands, were in force.
    pub(crate) fn of(
        manifests: &BTreeMap<SpaceId, Manifest>,
        sizes: &BTreeMap<SpaceId, Size>,
        roster: &Roster,
        node: &NodeId,
    ) -> Self {
        let readable = manifests.values().filter_map(|manifest| {
            let rights = rights(manifest, roster, node);
            rights.reads.then(|| SpaceProspect {
                space: manifest.space,
                name: manifest.name.clone(),
                writes: rights.writes,
                size: sizes.get(&manifest.space).copied().unwrap_or_default(),
            })
        });
        let mut spaces: Vec<_> = readable.collect();
        spaces.sort_by(|one, other| (&one.name, one.space).cmp(&(&other.name, other.space)));
        Self {
            spaces,
            known: manifests.len(),
        }
    }

    /// How much would flow in all.
    pub(crate) fn total(&self) -> Size {
        let sum = |total: Size, space: &SpaceProspect| Size {
            documents: total.documents + space.size.documents,
            entries: total.entries + space.size.entries,
            bytes: total.bytes + space.size.bytes,
        };
        self.spaces.iter().fold(Size::default(), sum)
    }
}

impl Size {
    /// The size of a space in numbers of the store.
    pub(crate) fn of(row: &SpaceRow) -> Self {
        Self {
            documents: row.documents,
            entries: row.entries,
            bytes: row.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use phaki_replication::id::FederationId;
    use phaki_replication::manifest::MemberRole;

    use super::*;

    #[test]
    fn a_node_is_told_to_get_what_its_key_may_read_and_no_more() {
        let (federation, steward) = (FederationId([1; 32]), NodeId([2; 32]));
        let (newcomer, stranger) = (NodeId([3; 32]), NodeId([4; 32]));
        let roster = Roster {
            federation,
            version: 2,
            nodes: BTreeMap::new(),
        };
        let space = |number: u8, name, role: Option<MemberRole>| {
            let mut manifest = Manifest::found(federation, steward, [number; 16], name);
            manifest.members.extend(role.map(|role| (newcomer, role)));
            (manifest.space, manifest)
        };
        let manifests = BTreeMap::from([
            space(1, "plans", Some(MemberRole::Writer)),
            space(2, "national", Some(MemberRole::Reader)),
            space(3, "former", Some(MemberRole::Removed)),
            space(4, "drafts", None),
        ]);
        let size = Size {
            documents: 2,
            entries: 30,
            bytes: 400,
        };
        let sizes = manifests.keys().map(|space| (*space, size)).collect();
        let prospect = Prospect::of(&manifests, &sizes, &roster, &newcomer);
        let named: Vec<_> = prospect
            .spaces
            .iter()
            .map(|space| (space.name.as_str(), space.writes))
            .collect();
        assert_eq!(named, [("national", false), ("plans", true)]);
        assert_eq!(prospect.known, 4);
        let total = Size {
            documents: 4,
            entries: 60,
            bytes: 800,
        };
        assert_eq!(prospect.total(), total);
        let nothing = Prospect::of(&manifests, &sizes, &roster, &stranger);
        assert_eq!(nothing.total(), Size::default());
    }
}
