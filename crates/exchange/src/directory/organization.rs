//! Organisations and the places where they are and that they look after.

use phaki_documents::area::province_of;
use phaki_documents::decimal::Decimal;
use phaki_documents::{DocumentId, Kind};
use serde_json::{Map, Value, json};

use super::{
    Bundle, DOPA, concept, entries, is_empty, part_of, reference, reference_to, text, texts,
};
use crate::language::Language;

/// Identifiers by which health facilities are known.
const FACILITY: &str = "https://terms.sil-th.org/id/th-moph-hcode";
const IDENTIFIER_TYPE: &str = "https://terms.sil-th.org/core/CodeSystem/cs-th-identifier-type";
const PLACE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/location-physical-type";

impl Bundle {
    /// An organisation or a network, and its place when it says where it is.
    pub(super) fn organization(&mut self, id: DocumentId, json: &Value, language: Language) {
        let name = text(json, "name", language);
        let mut aliases = texts(json.get("short"));
        aliases.extend(texts(json.get("aliases")));
        aliases.extend(
            texts(json.get("name"))
                .into_iter()
                .filter(|other| Some(*other) != name),
        );
        let vocabulary = match id.kind() {
            Some(Kind::Network) => "network.type",
            _ => "org.type",
        };
        let address = address(json);
        let resource = json!({
            "resourceType": "Organization",
            "identifier": identifiers(json),
            "active": is_active(json),
            "type": concept(vocabulary, json.get("type"), language).into_iter().collect::<Vec<_>>(),
            "name": name,
            "alias": aliases,
            "telecom": telecom(json),
            "address": address.iter().cloned().collect::<Vec<_>>(),
            "partOf": reference(json.get("part_of")),
        });
        self.add(id, resource);
        let areas: Vec<Value> = texts(json.get("areas"))
            .into_iter()
            .map(|code| self.area(code, language))
            .collect();
        let position = position(json);
        if address.is_none() && position.is_none() {
            return;
        }
        let place = part_of(Kind::Org, "location", &[&id.to_string()]);
        let resource = json!({
            "resourceType": "Location",
            "status": if is_active(json) { "active" } else { "inactive" },
            "name": name,
            "mode": "instance",
            "type": concept(vocabulary, json.get("type"), language).into_iter().collect::<Vec<_>>(),
            "telecom": telecom(json),
            "address": address,
            "position": position,
            "managingOrganization": reference_to(id),
            "partOf": areas.first(),
        });
        self.add(place, resource);
    }

    /// A reference to the area of a code, which is made when it is first named.
    fn area(&mut self, code: &str, language: Language) -> Value {
        let id = part_of(Kind::Refset, "area", &[code]);
        if self
            .places
            .insert(code.to_owned(), id.to_string())
            .is_some()
        {
            return reference_to(id);
        }
        let province = province_of(code).filter(|province| province.code == code);
        let name = match (code, province) {
            ("TH", _) => language.pick("ประเทศไทย", "Thailand").to_owned(),
            (_, Some(province)) => language.pick(province.th, province.en).to_owned(),
            _ => code.to_owned(),
        };
        let outer = match code.len() {
            4.. => code
                .get(..code.len() - 2)
                .filter(|_| code.bytes().all(|b| b.is_ascii_digit())),
            _ => None,
        };
        let outer = outer
            .map(str::to_owned)
            .map(|outer| self.area(&outer, language));
        let resource = json!({
            "resourceType": "Location",
            "identifier": [{"system": DOPA, "value": code}],
            "status": "active",
            "name": name,
            "mode": "instance",
            "physicalType": {"coding": [{"system": PLACE_TYPE, "code": "jdn"}]},
            "partOf": outer,
        });
        self.add(id, resource);
        reference_to(id)
    }
}

/// False for what is closed, merged or no longer in use.
fn is_active(json: &Value) -> bool {
    let over = matches!(
        json.get("status").and_then(Value::as_str),
        Some("closed" | "merged")
    );
    !over && json.get("retired").is_none_or(is_empty)
}

fn identifiers(json: &Value) -> Vec<Value> {
    let known = entries(json.get("identifiers"))
        .into_iter()
        .filter_map(|(system, entry)| {
            let value = entry.get("value").unwrap_or(entry).as_str()?;
            let (uri, code) = match system.as_str() {
                "hcode5" | "hcode9_old" | "hcode9_2567" => (FACILITY.to_owned(), Some("hcode")),
                "juristic_id" => (format!("urn:phaki:identifier:{system}"), Some("jid")),
                other => (format!("urn:phaki:identifier:{other}"), None),
            };
            let mut identifier = Map::new();
            if let Some(code) = code {
                let coding = json!({"coding": [{"system": IDENTIFIER_TYPE, "code": code}]});
                identifier.insert("type".to_owned(), coding);
            }
            identifier.insert("system".to_owned(), Value::from(uri));
            identifier.insert("value".to_owned(), Value::from(value));
            Some(Value::Object(identifier))
        });
    known.collect()
}

/// Office telephone, office mail and web site.
fn telecom(json: &Value) -> Vec<Value> {
    let contact = |field: &str, system: &'static str| {
        let contact = move |value: &str| json!({"system": system, "value": value, "use": "work"});
        texts(json.get(field))
            .into_iter()
            .map(contact)
            .collect::<Vec<_>>()
    };
    [
        contact("phone", "phone"),
        contact("email", "email"),
        contact("website", "url"),
    ]
    .concat()
}

/// The address by the Thai core profile: city is the sub-district, district the district and state
/// the province.
fn address(json: &Value) -> Option<Value> {
    const PARTS: [(&str, &[&str]); 4] = [
        ("city", &["tambon", "subdistrict"]),
        ("district", &["amphoe", "district"]),
        ("state", &["province", "changwat"]),
        ("postalCode", &["postcode", "postal_code", "zip"]),
    ];
    let fields = json.get("address")?.as_object()?;
    let mut address = Map::new();
    let mut lines = Vec::new();
    for (key, value) in fields {
        let Some(value) = value.as_str().filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        match PARTS
            .iter()
            .find(|(_, names)| names.contains(&key.as_str()))
        {
            Some((part, _)) => {
                address.insert((*part).to_owned(), Value::from(value));
            }
            None => lines.push(value),
        }
    }
    if !lines.is_empty() {
        address.insert("line".to_owned(), json!(lines));
    }
    if address.is_empty() {
        return None;
    }
    address.insert("country".to_owned(), Value::from("TH"));
    Some(Value::Object(address))
}

fn position(json: &Value) -> Option<Value> {
    let geo = json.get("geo")?;
    let number = |names: [&str; 3]| {
        let value = names.iter().find_map(|name| geo.get(*name))?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Decimal::parse(&text)?;
        serde_json::from_str::<Value>(&text).ok()
    };
    let latitude = number(["lat", "latitude", "y"])?;
    let longitude = number(["lon", "longitude", "lng"])?;
    Some(json!({"longitude": longitude, "latitude": latitude}))
}
