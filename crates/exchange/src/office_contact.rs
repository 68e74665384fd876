//! vCard 4.0 (RFC 6350): how to reach an organisation's office, never a person.

use calcard::vcard::{
    VCard, VCardEntry, VCardKind, VCardParameter, VCardParameterValue, VCardProperty, VCardType,
    VCardValue, VCardVersion,
};
use phaki_documents::{DocumentId, Kind};
use serde_json::Value;

use crate::language::Language;

/// The cards of the organisations among the documents that say how to reach their office, and how
/// many organisations do not.
pub fn cards(documents: &[(DocumentId, Value)], language: Language) -> (String, usize, usize) {
    let (mut text, mut written, mut without) = (String::new(), 0, 0);
    for (id, json) in documents
        .iter()
        .filter(|(id, _)| id.kind() == Some(Kind::Org))
    {
        let Some(card) = card(*id, json, language) else {
            without += 1;
            continue;
        };
        if card.write_to(&mut text, VCardVersion::V4_0).is_ok() {
            written += 1;
        }
    }
    (text, written, without)
}

fn card(id: DocumentId, json: &Value, language: Language) -> Option<VCard> {
    let name = json.get("name")?;
    let name = name
        .get(language.pick("th", "en"))
        .or_else(|| name.get("th"))?
        .as_str()?;
    let reached: Vec<VCardEntry> = [
        ("phone", VCardProperty::Tel),
        ("email", VCardProperty::Email),
        ("website", VCardProperty::Url),
    ]
    .into_iter()
    .flat_map(|(field, property)| {
        let work = move |text: &str| {
            VCardEntry::new(property.clone())
                .with_param(VCardParameter::typ(VCardParameterValue::Type(
                    VCardType::Work,
                )))
                .with_value(text.to_owned())
        };
        texts(json.get(field))
            .into_iter()
            .map(work)
            .collect::<Vec<_>>()
    })
    .chain(address(json))
    .collect();
    if reached.is_empty() {
        return None;
    }
    let uuid = id.to_string();
    let uuid = uuid.split_once('_').map_or(uuid.as_str(), |(_, uuid)| uuid);
    let mut entries = vec![
        VCardEntry::new(VCardProperty::Uid).with_value(format!("urn:uuid:{uuid}")),
        VCardEntry::new(VCardProperty::Kind).with_value(VCardValue::Kind(VCardKind::Org)),
        VCardEntry::new(VCardProperty::Fn).with_value(name.to_owned()),
        VCardEntry::new(VCardProperty::Org).with_value(name.to_owned()),
    ];
    for short in texts(json.get("short")) {
        entries.push(VCardEntry::new(VCardProperty::Nickname).with_value(short.to_owned()));
    }
    entries.extend(reached);
    Some(VCard { entries })
}

/// Street, sub-district and district, province, postcode and country.
fn address(json: &Value) -> Option<VCardEntry> {
    let address = json.get("address")?.as_object()?;
    let part = |names: &[&str]| {
        let found = names.iter().find_map(|name| address.get(*name)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    let known = [
        "tambon",
        "subdistrict",
        "amphoe",
        "district",
        "province",
        "changwat",
        "postcode",
        "postal_code",
        "zip",
    ];
    let street: Vec<&str> = address
        .iter()
        .filter(|(key, _)| !known.contains(&key.as_str()))
        .filter_map(|(_, value)| value.as_str())
        .collect();
    let city = [
        part(&["tambon", "subdistrict"]),
        part(&["amphoe", "district"]),
    ];
    let city: Vec<String> = city.into_iter().filter(|part| !part.is_empty()).collect();
    let parts = [
        String::new(),
        String::new(),
        street.join(" "),
        city.join(" "),
        part(&["province", "changwat"]),
        part(&["postcode", "postal_code", "zip"]),
        "TH".to_owned(),
    ];
    let values = parts.into_iter().map(VCardValue::Text).collect();
    Some(VCardEntry::new(VCardProperty::Adr).with_values(values))
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    let all = match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    };
    let texts = all.into_iter().filter_map(Value::as_str);
    texts.filter(|text| !text.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(json: Value) -> (String, usize, usize) {
        let id = DocumentId::from_code(Kind::Org, "hcode5", "09771");
        cards(&[(id, json)], Language::Thai)
    }

    #[test]
    fn an_office_is_reached_by_telephone_mail_and_address() {
        let (text, written, without) = written(json!({"name": {"th": "รพ.สต.บ้านควนโส"},
            "short": "รพ.สต.", "phone": ["074-1", "074-2"], "email": "a@example.go.th",
            "address": {"street": "1; ม.2", "tambon": "ควนโส", "province": "สงขลา"}}));
        assert_eq!((written, without), (1, 0));
        for line in [
            "BEGIN:VCARD\r\nVERSION:4.0\r\n",
            "KIND:ORG\r\n",
            "FN:รพ.สต.บ้านควนโส\r\n",
            "TEL;TYPE=WORK:074-2\r\n",
            "EMAIL;TYPE=WORK:a@example.go.th\r\n",
            "ADR:;;1\\; ม.2;ควนโส;สงขลา;;TH\r\n",
        ] {
            assert!(text.contains(line), "{line} {text}");
        }
    }

    #[test]
    fn an_organisation_that_says_nothing_of_its_office_has_no_card() {
        assert_eq!(written(json!({"name": {"th": "ก"}})), (String::new(), 0, 1));
    }

    #[test]
    fn lines_are_folded_by_octets_and_never_inside_a_character() {
        let name = "สำนักงานสาธารณสุขจังหวัด".repeat(10);
        let (text, ..) = written(json!({"name": {"th": name}, "phone": "1"}));
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(text.replace("\r\n ", "").contains(&name), "{text}");
    }
}
