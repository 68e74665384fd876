//! The reference sets that the program knows by itself, as the documents that publish them.

use serde_json::{Map, Value, json};

use super::version::Version;
use crate::area::PROVINCES;
use crate::schema::vocabulary;
use crate::search::FORMS;

/// The least that a local administration adds to what the health security office transfers, in
/// percent of it, by the class of the administration: the office's table of rates.
const CONTRIBUTION_PERCENT_MIN: [(&str, i64); 6] = [
    ("sao_small", 30),
    ("sao_medium", 40),
    ("sao_large", 50),
    ("municipality_subdistrict", 50),
    ("municipality_town", 60),
    ("municipality_city", 60),
];

/// The others, of which rules ask by these names.
const FIGURES: [(&str, i64); 6] = [
    // The most of a year's income, the opening balance left out, that may go to the administration
    // of a fund (support type 10.4), in percent: as in the money plans that funds use.
    ("administration_percent_max", 15),
    // The day by which a fund's plan is to be approved, in the fiscal year that it is for, and how much
    // of what it allots is to be disbursed by the ends of its quarters, in percent: points by which
    // the office rates the funds.
    ("approval_month", 12),
    ("approval_day", 31),
    ("disbursed_percent_min.q2", 20),
    ("disbursed_percent_min.q3", 50),
    ("disbursed_percent_min.q4", 80),
];

/// The versions that the program has, as JSON of `refset` documents with their ids.
pub fn documents() -> Vec<Value> {
    let mut documents = vec![areas(), codes(), abbreviations()];
    // The announcements name a calendar year; the first fiscal year that begins under each of them
    // is the one behind it.
    documents.extend([("2561", "2018-10-01"), ("2567", "2024-10-01")].map(figures));
    for document in &mut documents {
        let version = Version::read(document).expect("a document of this file, read by a test");
        document["id"] = json!(version.id().to_string());
        document["kind"] = json!("refset");
    }
    documents
}

pub(super) fn versions() -> Vec<Version> {
    let read = |json: &Value| Version::read(json).ok();
    documents().iter().filter_map(read).collect()
}

fn areas() -> Value {
    let area = |one: &crate::area::Province| {
        let region = format!("R{}", one.region);
        let area = json!({"th": one.th, "en": one.en, "region": region});
        (one.code.to_owned(), area)
    };
    json!({
        "title": {"th": "จังหวัดและเขตสุขภาพ", "en": "Provinces and health regions"},
        "set": "areas",
        "version": "1",
        "basis": "กรมการปกครอง, ISO 3166-2:TH, เขตสุขภาพ 1–13",
        "areas": PROVINCES.iter().map(area).collect::<Map<_, _>>(),
    })
}

fn codes() -> Value {
    let vocabulary = |name: &str| {
        let codes = vocabulary::codes(name).unwrap_or_default().iter();
        let codes = codes.map(|one| {
            let labels = json!({"th": one.th, "en": one.en});
            (one.code.to_owned(), labels)
        });
        (name.to_owned(), Value::Object(codes.collect()))
    };
    json!({
        "title": {"th": "รหัสและความหมาย", "en": "Codes and their labels"},
        "set": "codes",
        "version": "1",
        "codes": vocabulary::names().map(vocabulary).collect::<Map<_, _>>(),
    })
}

fn abbreviations() -> Value {
    let form = |(short, full): &(&str, &str)| ((*short).to_owned(), json!(full));
    json!({
        "title": {"th": "คำย่อหน่วยงาน", "en": "Abbreviations of offices"},
        "set": "abbreviations",
        "version": "1",
        "abbreviations": FORMS.iter().map(form).collect::<Map<_, _>>(),
    })
}

fn figures((announcement, from): (&str, &str)) -> Value {
    let contribution = CONTRIBUTION_PERCENT_MIN.iter();
    let contribution = contribution
        .map(|(class, percent)| (format!("contribution_percent_min.{class}"), json!(percent)));
    let others = FIGURES.iter();
    let others = others.map(|(name, value)| ((*name).to_owned(), json!(value)));
    json!({
        "title": {
            "th": format!("เกณฑ์กองทุนหลักประกันสุขภาพท้องถิ่น ตามประกาศ พ.ศ. {announcement}"),
            "en": format!("Rules of the local health security funds, announcement of {announcement}"),
        },
        "set": "figures",
        "version": announcement,
        "valid": {"from": from, "precision": "day"},
        "basis": format!("ประกาศคณะกรรมการหลักประกันสุขภาพแห่งชาติ พ.ศ. {announcement}"),
        "figures": contribution.chain(others).collect::<Map<_, _>>(),
    })
}
