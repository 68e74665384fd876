//! The sample documents of the project: every shape that real sources produced.

use phaki_documents::area::PROVINCES;
use phaki_documents::document::create_edits;
use phaki_documents::{Document, DocumentId, Edit};
use serde_json::{Value, json};

use crate::replica::{Replica, exchange};

fn sample_file(name: &str) -> Value {
    let path = format!("{}/../daemon/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(
        clippy::disallowed_methods,
        reason = "the samples are a file; the crate itself reads none"
    )]
    let text = std::fs::read_to_string(path).expect("the samples are in crates/daemon/samples");
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn samples() -> Vec<(DocumentId, Value)> {
    let file = sample_file("networks.json");
    let documents = file["docs"].as_array().unwrap();
    documents
        .iter()
        .map(|json| (json["id"].as_str().unwrap().parse().unwrap(), json.clone()))
        .collect()
}

#[test]
fn every_sample_reads_back_equal_also_after_saving() {
    let samples = samples();
    assert!(samples.len() >= 100);
    for (id, json) in samples {
        let mut replica = Replica::new(id, 1);
        replica.create(&json);
        assert_eq!(replica.document.to_json(), json, "{id}");
        let saved = replica.document.save().unwrap();
        let loaded = Document::load(id, Some(&saved), []).unwrap();
        assert_eq!(loaded.to_json(), json, "{id}");
        assert_eq!(loaded.heads(), replica.document.heads());
        assert!(loaded.conflicts().is_empty());
    }
}

#[test]
fn every_leaf_of_every_sample_can_be_edited() {
    for (id, json) in samples() {
        let mut replica = Replica::new(id, 1);
        replica.create(&json);
        let before = replica.document.leaves().count();
        for (path, old) in replica.document.leaves().collect::<Vec<_>>() {
            let value = match &old {
                Value::String(text) => json!(format!("{text} (แก้ไข)")),
                Value::Bool(value) => json!(!value),
                Value::Number(number) => json!(number.as_i64().unwrap() + 1),
                Value::Null | Value::Array(_) | Value::Object(_) => continue,
            };
            let edit = Edit::Set {
                path: path.clone(),
                value: value.clone(),
            };
            let made = replica.edit(std::slice::from_ref(&edit));
            assert!(made.is_some(), "{id} {path}");
            assert_eq!(replica.document.get(&path), Some(value), "{id} {path}");
            assert_eq!(replica.edit(&[edit]), None, "{id} {path}");
        }
        assert_eq!(replica.document.leaves().count(), before);
        assert!(replica.document.conflicts().is_empty());
    }
}

#[test]
fn a_sample_imported_at_two_nodes_merges_without_a_conflict() {
    for (id, json) in samples() {
        let (mut one, mut two) = (Replica::new(id, 1), Replica::new(id, 2));
        one.create(&json);
        two.create(&json);
        exchange(&mut one, &mut two);
        assert_eq!(one.document.conflicts(), []);
        assert_eq!(two.document.to_json(), json);
    }
}

#[test]
fn importing_a_sample_again_changes_nothing() {
    for (id, json) in samples() {
        let mut replica = Replica::new(id, 1);
        replica.create(&json);
        assert_eq!(replica.document.import_edits(&json), Ok(Vec::new()));
        let edits = create_edits(&id, &json).unwrap();
        assert_eq!(replica.edit(&edits), None);
    }
}

#[test]
fn every_sample_has_a_title_and_its_areas_in_the_summary() {
    for (id, json) in samples() {
        let mut replica = Replica::new(id, 1);
        replica.create(&json);
        let summary = replica.document.summary();
        assert_eq!(Some(summary.kind.as_str()), json["kind"].as_str());
        assert_eq!(summary.home.as_deref(), json["home"].as_str());
        assert_ne!(summary.title, id.to_string(), "{id}");
        let areas = json["areas"].as_array().map_or(0, Vec::len);
        assert_eq!(summary.areas.len(), areas);
        assert_eq!(summary.conflicts, 0);
        assert_eq!(
            summary.flags.len(),
            json["dq"].as_array().map_or(0, Vec::len)
        );
    }
}

#[test]
fn every_field_of_every_sample_is_known_to_the_schema() {
    for (id, json) in samples() {
        let mut replica = Replica::new(id, 1);
        replica.create(&json);
        for (path, _) in replica.document.leaves() {
            let known = phaki_documents::schema::field_at(id.kind(), &path);
            assert!(known.is_some(), "{id} {path}");
        }
    }
}

#[test]
fn the_provinces_of_the_rules_are_those_of_the_sample_map() {
    let file = sample_file("provinces.json");
    let mut listed: Vec<Value> = file.as_array().unwrap().clone();
    listed.sort_by_key(|one| one["code"].as_str().map(str::to_owned));
    let known = PROVINCES.iter().map(|one| {
        let iso = format!("TH-{}", one.code);
        json!({"code": one.code, "iso": iso, "th": one.th, "en": one.en, "region": one.region})
    });
    assert_eq!(listed, known.collect::<Vec<_>>());
}
