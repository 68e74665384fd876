//! The directory: records of one organisation are found and merged, and parents have dates.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::date::Date;
use phaki_documents::directory::{Directory, Office, Pair, Reason, Why};
use phaki_documents::reference::Reference;
use phaki_documents::{Document, DocumentId, Edit, Kind};
use serde_json::{Value, json};

use crate::replica::{Replica, at, exchange, set};

const TODAY: Date = Date {
    year: 2026,
    month: 11,
    day: 24,
};

fn org(number: u8) -> DocumentId {
    DocumentId::new(Kind::Org, [number; 16])
}

fn record(number: u8, fields: &Value) -> Document {
    let mut writer = Replica::new(org(number), 1);
    writer.create(fields);
    writer.document
}

fn directory<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Directory {
    let mut directory = Directory::default();
    let known = Reference::built_in().abbreviations(TODAY);
    let offices = documents.into_iter();
    let offices = offices.filter_map(|document| Office::of(document, &known));
    offices.for_each(|office| directory.insert(office));
    directory
}

fn office(name: &str, subtype: &str, area: &str) -> Value {
    json!({"name": {"th": name}, "type": subtype, "areas": [area]})
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn ids(pairs: &[Pair]) -> Vec<(DocumentId, DocumentId)> {
    pairs
        .iter()
        .map(|pair| (pair.remains, pair.other))
        .collect()
}

#[test]
fn two_provinces_that_know_the_code_of_an_office_make_one_record_of_it() {
    let id = DocumentId::from_code(Kind::Org, "hcode5", "09771");
    let (mut one, mut two) = (Replica::new(id, 1), Replica::new(id, 2));
    one.create(
        &json!({"name": {"th": "รพ.สต.บ้านดอน"}, "identifiers": {"hcode5": {"value": "09771"}}}),
    );
    two.create(&json!({"identifiers": {"hcode5": {"value": "09771"}}, "areas": ["9013"]}));
    exchange(&mut one, &mut two);
    assert!(one.document.conflicts().is_empty());
    assert_eq!(one.get("name/th"), Some(json!("รพ.สต.บ้านดอน")));
    assert_eq!(one.get("areas"), Some(json!(["9013"])));
}

#[test]
fn the_same_office_is_found_under_its_abbreviation_and_its_full_name_with_the_reasons() {
    let documents = [
        record(2, &office("อบจ.สงขลา", "pao", "90")),
        record(1, &office("องค์การบริหารส่วนจังหวัดสงขลา", "pao", "90")),
        record(3, &office("องค์การบริหารส่วนจังหวัดขอนแก่น", "pao", "40")),
    ];
    let found = directory(&documents).duplicates();
    assert_eq!(ids(&found), [(org(1), org(2))]);
    assert_eq!(found[0].score, 100);
    assert_eq!(
        found[0].reasons,
        [Reason::SameName, Reason::SameType, Reason::SameArea]
    );
    let points: i32 = found[0].reasons.iter().map(Reason::points).sum();
    assert_eq!(points, 100);
}

#[test]
fn a_misspelt_name_in_the_same_area_is_found_and_the_same_name_elsewhere_is_not() {
    let documents = [
        record(
            1,
            &office("สภาวัฒนธรรมอำเภอควนเนียง", "culture_council", "9013"),
        ),
        record(
            2,
            &office("สภาวัฒนะธรรมอำเภอควนเนียง", "culture_council", "9013"),
        ),
        record(
            3,
            &office("กองทุนสุขภาพตำบลบางเหรียง", "local_health_fund", "901304"),
        ),
        record(
            4,
            &office("กองทุนสุขภาพตำบลบางเหรียง", "local_health_fund", "820706"),
        ),
    ];
    assert_eq!(ids(&directory(&documents).duplicates()), [(org(1), org(2))]);
}

#[test]
fn a_code_outweighs_everything_and_the_record_that_bears_one_remains() {
    let coded = |code: &str| {
        let mut fields = office("โรงพยาบาลควนเนียง", "hospital", "9013");
        fields["identifiers"] = json!({"hcode5": {"value": code}});
        fields
    };
    let plain = record(1, &office("โรงพยาบาลควนเนียง", "hospital", "9013"));
    let (one, two) = (record(2, &coded("11387")), record(3, &coded("11388")));
    let found = directory([&plain, &one, &two]).duplicates();
    assert_eq!(ids(&found), [(org(2), org(1)), (org(3), org(1))]);
    let moved = record(
        4,
        &json!({"name": {"th": "ชื่ออื่น"}, "identifiers": {"hcode5": {"value": "11387"}}}),
    );
    let found = directory([&one, &moved]).duplicates();
    assert_eq!(ids(&found), [(org(2), org(4))]);
}

#[test]
fn a_pair_that_a_person_called_two_does_not_come_back_whichever_of_them_says_so() {
    let fields = office("โรงเรียนบ้านหนองบัว", "school_network", "4101");
    for says in [1, 2] {
        let mut documents = vec![record(1, &fields), record(2, &fields)];
        assert_eq!(directory(&documents).duplicates().len(), 1);
        let mut said = fields.clone();
        said["distinct_from"] = json!([org(3 - says).to_string()]);
        documents[usize::from(says) - 1] = record(says, &said);
        assert_eq!(directory(&documents).duplicates(), []);
    }
}

#[test]
fn a_merge_loses_nothing_and_can_be_undone() {
    let fields = office("กศน.อำเภอควนเนียง", "education_agency", "9013");
    let mut doubled = Replica::new(org(2), 2);
    doubled.create(&fields);
    let kept = record(1, &fields);
    let before = doubled.document.to_json();
    doubled.set("merged_into", org(1).to_string());
    let merged = directory([&kept, &doubled.document]);
    assert_eq!(merged.merges().canonical(org(2)), org(1));
    let represented = BTreeMap::from([(org(1), BTreeSet::from([org(2)]))]);
    assert_eq!(merged.represented(), represented);
    assert_eq!(merged.duplicates(), []);
    doubled.remove("merged_into");
    assert_eq!(doubled.document.to_json(), before);
    let undone = directory([&kept, &doubled.document]);
    assert_eq!(undone.merges().canonical(org(2)), org(2));
    assert_eq!(undone.duplicates().len(), 1);
}

#[test]
fn a_unit_belongs_to_whom_it_belonged_on_that_day() {
    let unit = record(
        3,
        &json!({"part_of": org(9).to_string(), "parents": {
            "p1": {"org": org(1).to_string(), "to": "2022-09-30"},
            "p2": {"org": org(2).to_string(), "kind": "transfer", "from": "2022-10-01"},
        }}),
    );
    let directory = directory([&unit]);
    let parent = |date: &str| {
        let hierarchy = directory.hierarchy(day(date));
        hierarchy
            .parents(&org(3))
            .iter()
            .map(|line| line.parent)
            .collect::<Vec<_>>()
    };
    assert_eq!(parent("2022-09-30"), [org(1)]);
    assert_eq!(parent("2022-10-01"), [org(2)]);
}

#[test]
fn an_undated_parent_counts_where_no_dated_one_does() {
    let unit = record(
        3,
        &json!({"part_of": org(9).to_string(),
            "parents": {"p1": {"org": org(1).to_string(), "from": "2022-10-01"}}}),
    );
    let directory = directory([&unit]);
    let parents = |date: &str| directory.hierarchy(day(date)).parents(&org(3)).to_vec();
    assert_eq!(parents("2020-01-01")[0].parent, org(9));
    assert_eq!(parents("2023-01-01")[0].parent, org(1));
}

#[test]
fn of_two_parents_at_a_time_and_of_a_circle_the_later_line_does_not_count() {
    let belongs = |to: u8, from: &str| json!({"p": {"org": org(to).to_string(), "from": from}});
    let mut one = Replica::new(org(3), 1);
    one.create(&json!({"parents": {"a": {"org": org(1).to_string(), "from": "2021-10-01"}}}));
    let mut two = Replica::new(org(3), 2);
    two.receive(&one);
    // Two offices transfer the unit while they are apart.
    one.edit(&[set(
        "parents/b",
        json!({"org": org(2).to_string(), "from": "2023-10-01"}),
    )]);
    two.edit(&[set(
        "parents/c",
        json!({"org": org(4).to_string(), "from": "2022-10-01"}),
    )]);
    exchange(&mut one, &mut two);
    let above = record(1, &json!({"parents": belongs(3, "2024-10-01")}));
    let mut documents = vec![one.document.clone(), above];
    for _ in 0..2 {
        let hierarchy = directory(&documents).hierarchy(day("2025-01-01"));
        assert_eq!(hierarchy.parents(&org(3))[0].parent, org(1));
        let dropped = hierarchy.dropped().iter();
        let dropped: Vec<_> = dropped
            .map(|one| (one.unit, one.line.parent, one.why))
            .collect();
        assert_eq!(
            dropped,
            [
                (org(3), org(4), Why::Second),
                (org(3), org(2), Why::Second),
                (org(1), org(3), Why::Circle)
            ]
        );
        assert_eq!(hierarchy.tops().collect::<Vec<_>>(), [org(1)]);
        documents.reverse();
    }
}

#[test]
fn units_of_a_merged_record_belong_to_the_one_that_stands_for_it() {
    let child =
        |number: u8, parent: u8| record(number, &json!({"part_of": org(parent).to_string()}));
    let merged = record(2, &json!({"merged_into": org(1).to_string()}));
    let documents = [child(3, 1), child(4, 2), merged];
    let hierarchy = directory(&documents).hierarchy(day("2025-01-01"));
    let below: Vec<_> = hierarchy
        .below(org(1))
        .into_iter()
        .map(|place| (place.id, place.depth))
        .collect();
    assert_eq!(below, [(org(1), 0), (org(3), 1), (org(4), 1)]);
}

#[test]
fn merges_in_two_provinces_at_once_end_at_the_same_record_everywhere() {
    let fields = office("กองทุน", "local_health_fund", "9013");
    let mut first = (Replica::new(org(1), 1), Replica::new(org(1), 2));
    let mut second = (Replica::new(org(2), 1), Replica::new(org(2), 2));
    first.0.create(&fields);
    second.0.create(&fields);
    first.1.receive(&first.0);
    second.1.receive(&second.0);
    let into = |number: u8| Edit::Set {
        path: at("merged_into"),
        value: json!(org(number).to_string()),
    };
    first.0.edit(&[into(2)]);
    second.1.edit(&[into(1)]);
    exchange(&mut first.0, &mut first.1);
    exchange(&mut second.0, &mut second.1);
    for (one, other) in [(&first.0, &second.1), (&first.1, &second.0)] {
        let directory = directory([&one.document, &other.document]);
        assert_eq!(directory.merges().canonical(org(1)), org(1));
        assert_eq!(directory.merges().canonical(org(2)), org(1));
        assert!(directory.merges().is_in_circle(org(1)));
    }
}
