//! Names of nodes and the areas they stand for: what may be one, and what to write instead.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::bail;
use phaki_replication::id::NodeId;
use phaki_replication::limits::NAME_BYTES_MAX;
use phaki_replication::roster::NodeRole;
use serde::Deserialize;

use crate::output::harmless;
use crate::quote::quoted;

/// The 77 provinces with their DOPA codes.
const PROVINCES: &str = include_str!("../../samples/provinces.json");

/// The health regions, 1 to this.
const REGIONS: u8 = 13;

#[derive(Debug, Deserialize)]
struct Province {
    code: String,
    en: String,
    /// Its health region.
    region: u8,
}

/// Provinces by their codes: name and health region.
static NAMES: LazyLock<BTreeMap<String, (String, u8)>> = LazyLock::new(|| {
    let provinces: Vec<Province> =
        serde_json::from_str(PROVINCES).expect("a file of this program, read by a test");
    let named = provinces
        .into_iter()
        .map(|one| (one.code, (one.en, one.region)));
    named.collect()
});

/// The larger areas around one, the smallest first: those of district 9001 are 90, R12 and TH.
pub(crate) fn areas_around(area: &str) -> Vec<String> {
    if area == "TH" {
        return Vec::new();
    }
    let digits = area.bytes().all(|byte| byte.is_ascii_digit());
    let inside = |length: &usize| digits && *length < area.len();
    let mut around: Vec<String> = [4, 2]
        .into_iter()
        .filter(inside)
        .map(|length| area[..length].to_owned())
        .collect();
    let province = area.get(..2).and_then(|code| NAMES.get(code));
    around.extend(province.map(|(_, region)| format!("R{region}")));
    around.push("TH".to_owned());
    around
}

/// What an area is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Country,
    Region,
    Province,
    /// A district or a subdistrict.
    Smaller,
}

/// Whether a node may have that name: people read it, type it, and write it in files.
pub(crate) fn check_name(name: &str) -> anyhow::Result<()> {
    check_word("name of a node", name)?;
    if name.starts_with('-') {
        bail!(
            "name of a node {} begins with a dash and would be taken for an option: begin with a \
             letter, such as TH-90",
            quoted(name)
        );
    }
    if name.contains('@') {
        bail!(
            "name of a node {} contains an @, which stands before the name of the node that \
             admitted it: use letters, digits and hyphens",
            quoted(name)
        );
    }
    if NodeId::from_hex(name).is_some() {
        bail!(
            "name of a node {} looks like a key: choose one that people can say, such as TH-90",
            quoted(name)
        );
    }
    Ok(())
}

/// Whether a node in that role may stand for that area.
pub(crate) fn check_place(role: NodeRole, area: &str) -> anyhow::Result<()> {
    check_word("area of a node", area)?;
    let kind = kind_of(area)?;
    let (fits, expected) = match role {
        NodeRole::National => (kind == Area::Country, "TH"),
        NodeRole::Region => (kind == Area::Region, "a health region from R1 to R13"),
        NodeRole::Province => (
            kind == Area::Province,
            "the two digits of its province, such as 90",
        ),
        NodeRole::Edge => (true, ""),
    };
    if !fits {
        let role = role.name();
        bail!(
            "area {} does not fit the role {role}: write {expected}",
            quoted(area)
        );
    }
    Ok(())
}

/// Whether that is an area: the country, a health region, a province or a part of one.
pub(crate) fn check_area(area: &str) -> anyhow::Result<()> {
    check_word("area", area)?;
    kind_of(area).map(drop)
}

fn kind_of(area: &str) -> anyhow::Result<Area> {
    if area == "TH" {
        return Ok(Area::Country);
    }
    if let Some(number) = area.strip_prefix('R') {
        let region = number.parse().ok().filter(|n| (1..=REGIONS).contains(n));
        // One way of writing it: neither R01 nor R+1.
        if region.is_some_and(|region| region.to_string() == number) {
            return Ok(Area::Region);
        }
        bail!(
            "there is no health region {}: write R1 to R{REGIONS}",
            quoted(area)
        );
    }
    if !area.bytes().all(|byte| byte.is_ascii_digit()) {
        bail!(
            "area {} is none: write TH, a health region from R1 to R{REGIONS}, or the 2, 4 or 6 \
             digits of a province, district or subdistrict, such as 90",
            quoted(area)
        );
    }
    let kind = match area.len() {
        2 => Area::Province,
        4 | 6 => Area::Smaller,
        _ => bail!(
            "area {} has {} digits: write 2 for a province, 4 for a district or 6 for a \
             subdistrict",
            quoted(area),
            area.len()
        ),
    };
    let province = &area[..2];
    if !NAMES.contains_key(province) {
        bail!(
            "no province has the code {province}: use that of the Department of Provincial \
             Administration, such as 90 for {}",
            NAMES.get("90").map_or("Songkhla", |(name, _)| name)
        );
    }
    Ok(kind)
}

fn check_word(what: &str, word: &str) -> anyhow::Result<()> {
    if word.is_empty() || word.len() > NAME_BYTES_MAX {
        bail!(
            "{what} {} is not between 1 and {NAME_BYTES_MAX} bytes long",
            quoted(word)
        );
    }
    // What a screen would not show as it is could pass for another name.
    let unshown = |letter: char| {
        harmless::line(letter.encode_utf8(&mut [0; 4]))
            .chars()
            .ne([letter])
    };
    let odd = |letter: char| letter.is_whitespace() || letter == ',' || unshown(letter);
    if let Some(odd) = word.chars().find(|letter| odd(*letter)) {
        bail!(
            "{what} {} contains {odd:?}: use letters, digits and hyphens",
            quoted(word)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_lies_in_larger_ones() {
        assert_eq!(areas_around("TH"), Vec::<String>::new());
        assert_eq!(areas_around("R12"), ["TH"]);
        assert_eq!(areas_around("90"), ["R12", "TH"]);
        assert_eq!(areas_around("900101"), ["9001", "90", "R12", "TH"]);
    }

    #[test]
    fn names_that_nobody_could_use_are_refused() {
        for name in [
            "",
            "TH 90",
            "a,b",
            "a\n",
            "-90",
            "TH-\u{202e}09",
            &"a".repeat(64),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["TH-90", "สงขลา", "TH-R11", &"x".repeat(64)] {
            check_name(name).unwrap();
        }
    }

    #[test]
    fn every_province_is_known_by_its_code() {
        assert_eq!(NAMES.len(), 77);
        for code in NAMES.keys() {
            check_place(NodeRole::Province, code).unwrap();
        }
        let unknown = check_place(NodeRole::Province, "99").unwrap_err();
        assert!(unknown.to_string().contains("such as 90 for Songkhla"));
    }

    #[test]
    fn an_area_fits_the_role() {
        use NodeRole::{Edge, National, Province, Region};
        let fitting = [
            (National, "TH"),
            (Region, "R1"),
            (Region, "R13"),
            (Province, "90"),
            (Edge, "90"),
            (Edge, "9013"),
            (Edge, "901301"),
            (Edge, "R11"),
        ];
        for (role, area) in fitting {
            check_place(role, area).unwrap();
        }
        let wrong = [
            (National, "90", "write TH"),
            (Region, "11", "R1 to R13"),
            (Region, "R14", "R1 to R13"),
            (Region, "R01", "R1 to R13"),
            (Region, "R", "R1 to R13"),
            (Province, "TH", "such as 90"),
            (Province, "R11", "such as 90"),
            (Province, "9013", "such as 90"),
            (Edge, "9", "2 for a province"),
            (Edge, "90130", "4 for a district"),
            (Edge, "9901", "no province has the code 99"),
            (Edge, "songkhla", "such as 90"),
            (Edge, "๙๐", "such as 90"),
        ];
        for (role, area, instead) in wrong {
            let refused = check_place(role, area).unwrap_err().to_string();
            assert!(refused.contains(instead), "{area}: {refused}");
        }
    }
}
