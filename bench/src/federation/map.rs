//! The country: which nodes there are, which spaces, and who reads them. Pure rules.

use serde_json::Value;

/// The 77 provinces as the program knows them.
const PROVINCES: &str = include_str!("../../../crates/daemon/samples/provinces.json");

/// The most nodes of a federation that is measured: the national node and every province.
pub(super) const NODES_MAX: u64 = 78;

/// The place of the national node among the nodes.
pub(super) const NATIONAL: usize = 0;

/// A province.
#[derive(Clone, Debug)]
pub(super) struct Province {
    /// Such as `TH-41`.
    pub(super) name: String,
    /// Its DOPA code.
    pub(super) area: String,
    region: u64,
}

/// What a space is for, which says who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The province's own, read by the national node.
    Shared,
    /// Read by everybody.
    Directory,
    /// Of a health region: its provinces write it, the national node reads it.
    Region,
}

/// A space and the places of the nodes that hold it; the first is its steward.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub(super) name: String,
    pub(super) purpose: Purpose,
    pub(super) holders: Vec<usize>,
}

/// The country with its first provinces.
#[derive(Debug)]
pub(super) struct Country {
    pub(super) provinces: Vec<Province>,
    pub(super) spaces: Vec<Space>,
}

impl Country {
    /// The national node and so many provinces less one.
    pub(super) fn of(nodes: u64) -> Self {
        let all: Vec<Value> = serde_json::from_str(PROVINCES).unwrap();
        let province = |one: &Value| Province {
            name: one["iso"].as_str().unwrap().to_owned(),
            area: one["code"].as_str().unwrap().to_owned(),
            region: one["region"].as_u64().unwrap(),
        };
        let count = usize::try_from(nodes).unwrap() - 1;
        let provinces: Vec<Province> = all.iter().take(count).map(province).collect();
        let spaces = spaces(&provinces);
        Self { provinces, spaces }
    }

    /// All places of nodes.
    pub(super) fn places(&self) -> std::ops::RangeInclusive<usize> {
        NATIONAL..=self.provinces.len()
    }

    /// The space for that purpose in which the province at `place` writes.
    pub(super) fn space(&self, place: usize, purpose: Purpose) -> usize {
        let mut spaces = self.spaces.iter();
        let found = spaces.position(|space| {
            space.purpose == purpose
                && match purpose {
                    Purpose::Region => space.holders.contains(&place),
                    Purpose::Shared | Purpose::Directory => space.holders[0] == place,
                }
        });
        found.unwrap()
    }

    /// The group of those who write a region's space.
    pub(super) fn group(&self, space: &Space) -> String {
        let steward = &self.provinces[space.holders[0] - 1];
        format!("area:R{}", steward.region)
    }
}

fn spaces(provinces: &[Province]) -> Vec<Space> {
    let mut spaces = Vec::new();
    for (index, province) in provinces.iter().enumerate() {
        let place = index + 1;
        let others = (NATIONAL..=provinces.len()).filter(|other| *other != place);
        spaces.push(Space {
            name: format!("{}/shared", province.name),
            purpose: Purpose::Shared,
            holders: vec![place, NATIONAL],
        });
        spaces.push(Space {
            name: format!("{}/directory", province.name),
            purpose: Purpose::Directory,
            holders: [place].into_iter().chain(others).collect(),
        });
    }
    let mut regions: Vec<u64> = provinces.iter().map(|province| province.region).collect();
    regions.sort_unstable();
    regions.dedup();
    for region in regions {
        let members = provinces.iter().enumerate();
        let members = members.filter(|(_, province)| province.region == region);
        let members = members.map(|(index, _)| index + 1);
        spaces.push(Space {
            name: format!("R{region}/plans"),
            purpose: Purpose::Region,
            holders: members.chain([NATIONAL]).collect(),
        });
    }
    spaces
}
