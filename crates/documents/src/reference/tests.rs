//! Which version of a reference set is in force, and what it says.

use super::*;
use serde_json::{Value, json};

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn areas(version: &str, from: Value, region: &str) -> Version {
    let json = json!({
        "set": "areas", "version": version, "valid": {"from": from},
        "areas": {"18": {"th": "ชัยนาท", "en": "Chai Nat", "region": region}},
    });
    Version::read(&json).unwrap()
}

#[test]
fn what_the_program_knows_is_read_whole_and_has_ids_of_its_own() {
    let mut ids = BTreeSet::new();
    for document in built_in_documents() {
        let version = Version::read(&document).unwrap();
        assert_eq!(version.unreadable, Vec::<String>::new());
        assert_eq!(document["id"], version.id().to_string());
        assert!(version.entries() > 10 && ids.insert(version.id()));
    }
    let known = Reference::built_in();
    let sets: BTreeSet<Set> = known.versions().map(|version| version.set).collect();
    assert_eq!(sets, BTreeSet::from(Set::ALL));
    let today = day("2026-11-24");
    assert_eq!(known.region("901302", today), Some("R12"));
    assert_eq!(known.region("R11", today), None);
    assert_eq!(known.label("org.type", "pao", today).unwrap().en.len(), 38);
    assert_eq!(
        known.figure("contribution_percent_min.sao_small", 2567),
        Some(30)
    );
    // No source says what held before.
    assert_eq!(
        known.figure("contribution_percent_min.sao_small", 2561),
        None
    );
}

#[test]
fn an_area_moves_to_another_region_by_a_new_version_and_old_years_keep_the_old_one() {
    let old = areas("1", Value::Null, "R3");
    let new = areas("2569", json!("2025-10-01"), "R4");
    for order in [[&old, &new], [&new, &old]] {
        let known = Reference::of(order.map(Version::clone));
        assert_eq!(known.region("1801", day("2025-09-30")), Some("R3"));
        assert_eq!(known.region("1801", day("2025-10-01")), Some("R4"));
        let regions = |year| known.regions(["1801", "TH"], year);
        assert_eq!(regions(2568), BTreeSet::from(["R3".to_owned()]));
        assert_eq!(regions(2569), BTreeSet::from(["R4".to_owned()]));
        assert!(known.is_in_force(&old, day("2025-09-30")));
        assert!(!known.is_in_force(&old, day("2025-10-01")));
    }
}

#[test]
fn a_published_set_takes_the_place_of_the_one_in_the_program_and_no_other() {
    let today = day("2026-11-24");
    let known = Reference::of([areas("2", Value::Null, "R4")]);
    assert_eq!(known.region("18", today), Some("R4"));
    assert_eq!(known.region("90", today), None);
    assert!(known.label("org.type", "pao", today).is_some());
    assert!(known.abbreviations(today) == Reference::built_in().abbreviations(today));
}

#[test]
fn parts_of_a_set_have_versions_of_their_own() {
    let district = json!({
        "set": "areas", "part": "90", "version": "1",
        "areas": {"9013": {"th": "ควนเนียง", "en": "Khuan Niang"}},
    });
    let whole = built_in_documents()
        .iter()
        .map(Version::read)
        .map(Result::unwrap)
        .next();
    let known = Reference::of([Version::read(&district).unwrap(), whole.unwrap()]);
    assert_eq!(known.region("9013", day("2026-11-24")), Some("R12"));
    let khuan_niang = known.areas("9013").next().unwrap();
    for name in ["ควนเนียง", "อำเภอควนเนียง", "อ.ควนเนียง", "khuan-niang"]
    {
        assert!(khuan_niang.is_called(name), "{name}");
    }
    assert!(!khuan_niang.is_called("รัตภูมิ") && !khuan_niang.is_called(""));
}

#[test]
fn a_version_that_has_ended_is_in_force_no_more() {
    let json = json!({
        "set": "figures", "version": "2570", "figures": {"administration_percent_max": 20},
        "valid": {"from": "2026-10-01", "to": "2027-09-30"},
    });
    let known = Reference::of([Version::read(&json).unwrap()]);
    let share = |year| known.figure("administration_percent_max", year);
    assert_eq!([2569, 2570, 2571].map(share), [None, Some(20), None]);
}

#[test]
fn published_codes_and_abbreviations_are_known_beside_those_of_the_program() {
    let today = day("2026-11-24");
    let codes = json!({
        "set": "codes", "version": "2",
        "codes": {"org.type": {"drone_base": {"th": "ฐานโดรน"}, "pao": {"th": "อบจ.", "en": "PAO"}}},
    });
    let short = json!({
        "set": "abbreviations", "version": "2",
        "abbreviations": {"ก.ส.ธ.": ["กองสาธารณสุข", "กองสุขธรรม"]},
    });
    let known = Reference::of([codes, short].map(|json| Version::read(&json).unwrap()));
    assert_eq!(
        known.label("org.type", "drone_base", today).unwrap().th,
        "ฐานโดรน"
    );
    assert_eq!(known.label("org.type", "pao", today).unwrap().en, "PAO");
    assert!(known.label("org.type", "ppho", today).is_some());
    assert!(known.label("org.type", "nothing", today).is_none());
    let mut expected = Abbreviations::default();
    assert!(expected.insert("กสธ", "กองสาธารณสุข") && expected.insert("กสธ", "กองสุขธรรม"));
    assert_eq!(known.abbreviations(today), expected);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_counts() {
    let json = json!({
        "set": "areas", "version": "1",
        "areas": {
            "90": {"th": "สงขลา", "region": "R12"}, "9": {"th": "x"},
            "91": {"th": "สตูล", "region": "south"}, "92": {"en": "Trang"},
        },
    });
    let version = Version::read(&json).unwrap();
    assert_eq!(version.unreadable, ["areas/9", "areas/91", "areas/92"]);
    assert_eq!(version.entries(), 1);
    for (json, error) in [
        (json!({"set": "weather"}), ReadVersionError::UnknownSet),
        (json!({"set": "areas"}), ReadVersionError::NoName),
        (
            json!({"set": "areas", "version": "1", "valid": {"from": "2567"}}),
            ReadVersionError::MalformedDate {
                field: "valid/from",
            },
        ),
    ] {
        assert_eq!(Version::read(&json), Err(error));
    }
}
