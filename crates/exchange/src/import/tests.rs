//! Files come back as the documents that they were made from, and change only what differs.

use phaki_documents::schema::{self, FieldType};
use phaki_documents::{Kind, Path};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cell::{Cell, Sheet, Table};
use crate::language::Language;
use crate::rows::{Manner, Rows};
use crate::value::Medium;
use crate::{delimited, value, workbook};

const PLAN: &str = "plan_070465bc-080a-5b77-b21c-686140b76a93";

fn id(text: &str) -> DocumentId {
    text.parse().unwrap()
}

fn held(json: Value) -> Held {
    Held {
        json,
        conflicts: Vec::new(),
    }
}

fn tables(documents: &Present, language: Language, medium: Medium) -> Vec<Table> {
    let mut rows = Rows::default();
    for (id, held) in documents {
        assert!(rows.add(*id, &held.json, &held.conflicts));
    }
    let manner = Manner {
        language,
        medium,
        whole: None,
    };
    rows.tables(manner).unwrap().tables
}

fn workbook_of(documents: &Present) -> Vec<Sheet> {
    let tables = tables(documents, Language::Thai, Medium::Workbook);
    workbook::read(&workbook::write(&tables).unwrap()).unwrap()
}

/// A sheet as a person types it.
fn typed(name: &str, rows: &[&[&str]]) -> Sheet {
    let rows = rows.iter().enumerate().map(|(index, cells)| {
        let cells = cells.iter().enumerate();
        let cells = cells.map(|(column, text)| (column, Cell::text(*text)));
        let filled = cells.filter(|(_, cell)| !cell.is_blank()).collect();
        (u32::try_from(index + 1).unwrap(), filled)
    });
    Sheet {
        name: name.to_owned(),
        rows: rows.collect(),
        merged: Vec::new(),
    }
}

fn plan(sheets: &[Sheet], present: &Present) -> Plan {
    Draft::of(sheets).plan(present)
}

/// The documents after an import.
fn imported(plan: &Plan, present: &Present) -> Present {
    let mut after = present.clone();
    for planned in &plan.planned {
        let held = after.entry(planned.id).or_default();
        if let Some(put) = &planned.put {
            overlay(&mut held.json, put);
        }
    }
    after
}

fn overlay(value: &mut Value, put: &Value) {
    match (value, put) {
        (Value::Object(fields), Value::Object(put)) => {
            for (key, put) in put {
                overlay(fields.entry(key.clone()).or_insert(Value::Null), put);
            }
        }
        (value, put) => *value = put.clone(),
    }
}

fn errors(plan: &Plan) -> Vec<(String, String)> {
    let errors = plan
        .remarks
        .iter()
        .filter(|remark| remark.severity == Severity::Error);
    errors
        .map(|remark| {
            (
                remark.place.cell(),
                remark.text(Language::English).to_owned(),
            )
        })
        .collect()
}

#[test]
fn the_same_file_twice_changes_nothing_and_a_corrected_cell_only_its_field() {
    let before = Present::from([(
        id(PLAN),
        held(
            json!({"id": PLAN, "kind": "plan", "title": {"th": "แผน"}, "ceiling_satang": 5,
            "strategies": {"s1": {"th": "ก", "measures": {"1": "ม"}}}}),
        ),
    )]);
    let mut sheets = workbook_of(&before);
    let same = plan(&sheets, &before);
    assert_eq!(
        (same.planned.len(), same.unchanged.as_slice()),
        (0, &[id(PLAN)][..])
    );
    let strategies = sheets
        .iter_mut()
        .find(|sheet| sheet.name == "แผน-ยุทธศาสตร์")
        .unwrap();
    for (_, cell) in &mut strategies.rows[1].1 {
        if *cell == Cell::text("ก") {
            *cell = Cell::text("ข");
        }
    }
    let corrected = plan(&sheets, &before);
    assert_eq!(
        corrected.planned[0].put,
        Some(json!({"id": PLAN, "strategies": {"s1": {"th": "ข"}}}))
    );
    assert_eq!(corrected.planned[0].changes[0].path, "strategies/s1/th");
}

#[test]
fn an_empty_cell_leaves_a_field_and_a_mark_removes_it() {
    let before = Present::from([(
        id(PLAN),
        held(json!({"title": {"th": "ก"}, "status": "draft", "situation": "ยาว"})),
    )]);
    let sheet = typed(
        "x",
        &[
            &["รหัสเอกสาร [plan]", "ชื่อแผน", "สถานะ", "สถานการณ์"],
            &[PLAN, "ข", "", "(ลบ)"],
        ],
    );
    let planned = plan(&[sheet], &before).planned.remove(0);
    assert_eq!(planned.put, Some(json!({"id": PLAN, "title": {"th": "ข"}})));
    assert_eq!(planned.removed, ["situation"]);
}

#[test]
fn bad_rows_are_named_by_cell_and_do_not_stop_good_ones() {
    let sheet = typed(
        "งบ",
        &[
            &[
                "รหัสเอกสาร [activity]",
                "ชื่อโครงการ/กิจกรรม",
                "พื้นที่",
                "ปีงบประมาณ (พ.ศ.)",
                "แปลก",
            ],
            &["ก1", "อบรม", "41", "๒๕๖๗", "x"],
            &["ก2", "ประชุม", "บ้านนา", "67", ""],
            &["", "", "41", "", ""],
        ],
    );
    let budget = typed(
        "y",
        &[
            &[
                "รหัสเอกสาร [activity.budget]",
                "คีย์: งบประมาณ",
                "จำนวนเงิน (บาท)",
            ],
            &["ก1", "b1", "1.6 ล้านบาท"],
            &["ก1", "b2", "เท่าไรดี"],
            &["ก2", "b1", "5"],
            &["ก9", "b1", "5"],
        ],
    );
    let found = plan(&[sheet, budget], &Present::new());
    assert_eq!(found.planned.len(), 1);
    let put = found.planned[0].put.clone().unwrap();
    assert_eq!(put["fy_be"], json!(2567));
    assert_eq!(put["budget"], json!({"b1": {"amount_satang": 160_000_000}}));
    let cells: Vec<String> = errors(&found).into_iter().map(|(cell, _)| cell).collect();
    assert_eq!(cells, ["C3", "A4", "C3", "A4", "A5"]);
    let warned = found
        .remarks
        .iter()
        .find(|remark| remark.severity == Severity::Warning)
        .unwrap();
    assert_eq!(
        (warned.place.cell().as_str(), warned.found.as_str()),
        ("E1", "แปลก")
    );
}

#[test]
fn a_row_without_an_id_is_matched_by_its_national_code() {
    let headings = [
        "รหัสเอกสาร [org]",
        "รหัสสถานพยาบาล 5 หลัก",
        "ชื่อหน่วยงาน",
        "โทรศัพท์สำนักงาน",
    ];
    let sheet = typed("x", &[&headings, &["", "09771", "รพ.", "077-123456"]]);
    let national = DocumentId::from_code(Kind::Org, "hcode5", "09771");
    let first = plan(std::slice::from_ref(&sheet), &Present::new());
    assert_eq!(
        (first.planned[0].id, first.planned[0].created),
        (national, true)
    );
    let after = imported(&first, &Present::new());
    assert!(
        plan(std::slice::from_ref(&sheet), &after)
            .planned
            .is_empty()
    );
    let elsewhere = id("org_070465bc-080a-5b77-b21c-686140b76a93");
    let known = json!({"name": {"th": "รพ."}, "identifiers": {"hcode5": {"value": "09771"}}});
    let found = plan(&[sheet], &Present::from([(elsewhere, held(known))]));
    assert_eq!(
        (found.planned[0].id, found.planned[0].created),
        (elsewhere, false)
    );
}

#[test]
fn a_row_without_id_and_code_makes_its_document_once() {
    let sheet = typed(
        "โครงการ",
        &[
            &["รหัสเอกสาร [activity]", "ชื่อโครงการ/กิจกรรม", "พื้นที่"],
            &["", "อบรม", "41"],
            &["", "อบรม", "40"],
            &["", "อบรม", "40"],
        ],
    );
    let first = plan(std::slice::from_ref(&sheet), &Present::new());
    assert_eq!(first.planned.len(), 2);
    assert_eq!(errors(&first).len(), 1);
    let after = imported(&first, &Present::new());
    assert!(plan(&[sheet], &after).planned.is_empty());
}

#[test]
fn entries_without_keys_are_added_once_to_maps_and_to_lists() {
    let before = Present::from([(
        id(PLAN),
        held(json!({"title": {"th": "ก"}, "next_areas": [{"area": "9015", "note": "x"}]})),
    )]);
    let sheets = [
        typed(
            "a",
            &[&["รหัสเอกสาร [plan.problems]", "ปัญหา"], &[PLAN, "ฝุ่น"]],
        ),
        typed(
            "b",
            &[
                &["รหัสเอกสาร [plan.next_areas]", "พื้นที่"],
                &[PLAN, "9015"],
                &[PLAN, "9016"],
            ],
        ),
    ];
    let first = plan(&sheets, &before);
    let put = first.planned[0].put.clone().unwrap();
    assert_eq!(
        put["next_areas"],
        json!([{"area": "9015", "note": "x"}, {"area": "9016"}])
    );
    assert_eq!(put["problems"].as_object().unwrap().len(), 1);
    assert!(plan(&sheets, &imported(&first, &before)).planned.is_empty());
}

#[test]
fn values_in_conflict_are_not_overwritten() {
    let before = Present::from([(
        id(PLAN),
        Held {
            json: json!({"title": {"th": "ก"}, "ceiling_satang": 100}),
            conflicts: vec![Path::parse("ceiling_satang").unwrap()],
        },
    )]);
    let headings = ["รหัสเอกสาร [plan]", "วงเงินของแผน (บาท)"];
    let changed = plan(&[typed("x", &[&headings, &[PLAN, "2"]])], &before);
    assert!(changed.planned.is_empty());
    assert!(errors(&changed)[0].1.contains("in conflict"));
    let same = plan(&[typed("x", &[&headings, &[PLAN, "1"]])], &before);
    assert!(same.remarks.is_empty());
}

#[test]
fn a_buddhist_date_alone_is_read_and_one_that_contradicts_is_refused() {
    let headings = [
        "รหัสเอกสาร [event]",
        "ชื่อเวที/การประชุม",
        "วันที่ (เริ่ม)",
        "วันที่ (เริ่ม) พ.ศ.",
    ];
    let rows: [&[&str]; 4] = [
        &headings,
        &["", "ก", "", "22 พ.ย. 2566"],
        &["", "ข", "2023-11-22", "22 พฤศจิกายน 2566"],
        &["", "ค", "2023-11-22", "23 พฤศจิกายน 2566"],
    ];
    let found = plan(&[typed("x", &rows)], &Present::new());
    let dates: Vec<Value> = found
        .planned
        .iter()
        .map(|one| one.put.clone().unwrap()["date"]["from"].clone())
        .collect();
    assert_eq!(dates, [json!("2023-11-22"), json!("2023-11-22")]);
    assert_eq!(errors(&found)[0].0, "D4");
}

#[test]
fn rows_with_merged_cells_are_left_out_and_unknown_sheets_are_named() {
    let mut sheet = typed(
        "x",
        &[&["Document id [plan]", "Title"], &["", "ก"], &["", "ข"]],
    );
    sheet.merged = vec![(2, 2, "B2:C2".to_owned())];
    let found = plan(&[sheet, typed("สรุป", &[&["a"], &["b"]])], &Present::new());
    assert_eq!(found.planned.len(), 1);
    assert_eq!(errors(&found)[0].0, "2");
    assert_eq!(found.remarks[1].found, "สรุป");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ก-ฮa-z0-9 ./]{1,10}",
        1 => "[ -~\n\t]{0,8}",
        1 => prop::sample::select(vec!["=1+1", "(ลบ)", "009", "2567", "ใช่", "json:", "_x0041_"])
            .prop_map(str::to_owned),
    ]
}

/// A value as the schema has it, and now and then one as it has not.
fn any_of(field: FieldType) -> BoxedStrategy<Value> {
    let text = || any_text().prop_map(Value::from);
    let own: BoxedStrategy<Value> = match field {
        FieldType::Count | FieldType::Money => any::<i64>().prop_map(Value::from).boxed(),
        FieldType::FiscalYear => (2500..2600_i64).prop_map(Value::from).boxed(),
        FieldType::Bool => any::<bool>().prop_map(Value::from).boxed(),
        FieldType::Decimal => prop_oneof![
            any::<i32>().prop_map(Value::from),
            "[0-9]{1,3}[.][0-9]{1,3}".prop_map(Value::from)
        ]
        .boxed(),
        FieldType::Date => "20[0-2][0-9]-0[1-9]-[0-2][1-8]"
            .prop_map(Value::from)
            .boxed(),
        FieldType::Area => "[1-9][0-9]([0-9]{2}){0,2}".prop_map(Value::from).boxed(),
        FieldType::Localised | FieldType::LocalisedLong => {
            map_of(&["th", "en", "zh"], text().boxed())
        }
        FieldType::PartialDate | FieldType::DateOrText => {
            map_of(&["from", "precision", "as_written"], text().boxed())
        }
        FieldType::List(item) => prop::collection::vec(any_of(*item), 0..4)
            .prop_map(Value::from)
            .boxed(),
        FieldType::Map(item) => map_of(&["b1", "a/b", "#2", "ก"], any_of(*item)),
        FieldType::Many(item) | FieldType::OneOrMany(item) => prop_oneof![
            any_of(*item),
            prop::collection::vec(any_of(*item), 1..3).prop_map(Value::from),
            map_of(&["x", "y"], any_of(*item)),
        ]
        .boxed(),
        FieldType::Group | FieldType::Groups | FieldType::TextOrGroup => prop_oneof![
            map_of(
                &["th", "order", "measures", "amount_satang", "from"],
                text().boxed()
            ),
            map_of(
                &["s1", "s2"],
                map_of(&["th", "order", "note"], text().boxed())
            ),
            prop::collection::vec(map_of(&["area", "to"], text().boxed()), 1..3)
                .prop_map(Value::from),
        ]
        .boxed(),
        FieldType::Any => prop_oneof![
            text(),
            any::<i64>().prop_map(Value::from),
            map_of(&["a", "b"], text().boxed()),
        ]
        .boxed(),
        _ => text().boxed(),
    };
    prop_oneof![8 => own, 1 => Just(Value::Null), 1 => text()].boxed()
}

fn map_of(keys: &'static [&'static str], value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let entry = (prop::sample::select(keys), value);
    prop::collection::vec(entry, 1..4)
        .prop_map(|entries| {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value));
            Value::Object(entries.collect())
        })
        .boxed()
}

fn any_document(kind: Kind) -> impl Strategy<Value = Value> {
    let top = schema::fields(kind).filter(|field| !field.pattern.contains('/'));
    let fields: Vec<_> = top
        .map(|field| {
            let name = field.pattern.to_owned();
            prop::option::weighted(0.4, any_of(field.field_type))
                .prop_map(move |value| value.map(|value| (name.clone(), value)))
        })
        .collect();
    (fields, any_of(FieldType::Any)).prop_map(|(fields, unknown)| {
        let mut document: Map<String, Value> = fields.into_iter().flatten().collect();
        document.insert("brand_new".to_owned(), unknown);
        Value::Object(document)
    })
}

/// True when both are the same but for the spelling of decimal numbers.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| alike(one, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (one, other) => value::same(one, other, Some(FieldType::Decimal)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn documents_of_every_kind_come_back_from_workbooks_and_from_csv(
        (kind, json) in (0..Kind::ALL.len()).prop_flat_map(|at| {
            (Just(Kind::ALL[at]), any_document(Kind::ALL[at]))
        }),
        english in any::<bool>(),
    ) {
        let language = if english { Language::English } else { Language::Thai };
        let id = DocumentId::from_code(kind, "test", "1");
        let documents = Present::from([(id, held(json.clone()))]);
        for medium in [Medium::Workbook, Medium::Delimited] {
            let tables = tables(&documents, language, medium);
            let sheets: Vec<Sheet> = match medium {
                Medium::Workbook => workbook::read(&workbook::write(&tables).unwrap()).unwrap(),
                Medium::Delimited => tables
                    .iter()
                    .map(|table| {
                        delimited::read(&table.name, &delimited::write(table).unwrap()).unwrap()
                    })
                    .collect(),
            };
            let again = plan(&sheets, &documents);
            prop_assert!(again.planned.is_empty(), "{:?}", again.planned);
            prop_assert_eq!(errors(&again), []);
            let fresh = plan(&sheets, &Present::new());
            prop_assert_eq!(errors(&fresh), []);
            let mut put = fresh.planned[0].put.clone().unwrap();
            put.as_object_mut().unwrap().remove("id");
            match medium {
                Medium::Workbook => prop_assert_eq!(&put, &json),
                Medium::Delimited => prop_assert!(alike(&put, &json), "{} {}", put, json),
            }
        }
    }
}
