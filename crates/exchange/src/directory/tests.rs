//! What a bundle says, and what it never says.

use super::*;

fn org(code: &str) -> DocumentId {
    DocumentId::from_code(Kind::Org, "hcode5", code)
}

fn of_type<'a>(bundle: &'a Value, name: &str) -> Vec<&'a Value> {
    let entries = bundle["entry"].as_array().unwrap().iter();
    let resources = entries.map(|entry| &entry["resource"]);
    resources
        .filter(|resource| resource["resourceType"] == name)
        .collect()
}

fn facility() -> Source {
    (
        org("09771"),
        json!({"name": {"th": "รพ.สต.บ้านควนโส", "en": "Ban Khuan So"}, "type": "rpsst",
            "areas": ["901302"], "phone": "074-123456",
            "identifiers": {"hcode5": {"value": "09771"}, "juristic_id": {"value": "0994000158378"}},
            "geo": {"lat": "7.1", "lon": "100.4"},
            "parents": {"p1": {"org": org("1").to_string(), "kind": "command", "from": "2023-10-01"}},
            "address": {"tambon": "ควนโส", "amphoe": "ควนเนียง", "province": "สงขลา", "street": "1 ม.2"}}),
    )
}

#[test]
fn a_facility_has_the_identifiers_and_the_address_of_the_thai_profiles() {
    let bundle = bundle(&[facility()], Language::Thai);
    let organization = of_type(&bundle, "Organization")[0];
    assert_eq!(
        organization["identifier"][0]["system"],
        "https://terms.sil-th.org/id/th-moph-hcode"
    );
    assert_eq!(organization["identifier"][0]["value"], "09771");
    assert_eq!(
        organization["identifier"][1]["type"]["coding"][0]["code"],
        "jid"
    );
    assert_eq!(organization["address"][0]["city"], "ควนโส");
    assert_eq!(organization["address"][0]["state"], "สงขลา");
    assert_eq!(organization["alias"], json!(["Ban Khuan So"]));
    let affiliation = of_type(&bundle, "OrganizationAffiliation")[0];
    assert_eq!(affiliation["period"]["start"], "2023-10-01");
    assert_eq!(affiliation["active"], true);
}

#[test]
fn areas_are_places_in_places() {
    let bundle = bundle(&[facility()], Language::Thai);
    let codes: Vec<&Value> = of_type(&bundle, "Location")
        .into_iter()
        .filter_map(|place| place.pointer("/identifier/0/value"))
        .collect();
    assert_eq!(codes, ["90", "9013", "901302"]);
    let place = of_type(&bundle, "Location")
        .into_iter()
        .find(|one| one["position"].is_object());
    assert_eq!(place.unwrap()["position"]["latitude"], json!(7.1));
}

#[test]
fn positions_have_no_names() {
    let person = DocumentId::from_code(Kind::Person, "x", "1");
    let json = json!({"name": "ห้ามส่งออก", "note": "ห้ามส่งออก",
        "roles": [{"org": org("1").to_string(), "title": "ผู้อำนวยการ", "former": true}]});
    let bundle = bundle(&[(person, json)], Language::Thai);
    let role = of_type(&bundle, "PractitionerRole")[0];
    assert_eq!(role["code"][0]["text"], "ผู้อำนวยการ");
    assert_eq!(role["active"], false);
    assert!(!bundle.to_string().contains("ห้ามส่งออก"));
}

#[test]
fn nothing_in_a_bundle_is_empty_and_every_url_stands_once() {
    fn check(value: &Value) {
        assert!(!is_empty(value), "{value}");
        match value {
            Value::Array(items) => items.iter().for_each(check),
            Value::Object(fields) => fields.values().for_each(check),
            _ => {}
        }
    }
    let bundle = bundle(
        &[facility(), (org("1"), json!({"name": {"th": "อบจ."}}))],
        Language::English,
    );
    check(&bundle);
    let urls: Vec<&Value> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["fullUrl"])
        .collect();
    let mut unique = urls.clone();
    unique.sort_by_key(|url| url.to_string());
    unique.dedup();
    assert_eq!(urls.len(), unique.len());
}
