//! What stands in a cell, and that it comes back.

use phaki_documents::Kind;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SHORTS: FieldType = FieldType::OneOrMany(&FieldType::ShortText);
const AREAS: FieldType = FieldType::List(&FieldType::Area);

fn shown(value: Value, field: FieldType) -> String {
    encode(&value, Some(field), Language::Thai, Medium::Workbook).shown()
}

fn read(text: &str, field: FieldType) -> Result<Wanted, Expected> {
    decode(&Cell::text(text), Some(field), &Names::new())
}

fn value(text: &str, field: FieldType) -> Option<Value> {
    match read(text, field) {
        Ok(Wanted::Value(value)) => Some(value),
        _ => None,
    }
}

#[test]
fn values_look_as_people_expect_them() {
    assert_eq!(shown(json!(160_000_000), FieldType::Money), "1600000.00");
    assert_eq!(shown(json!(-5), FieldType::Money), "-0.05");
    assert_eq!(shown(json!("09"), FieldType::ShortText), "09");
    assert_eq!(shown(json!(["40", "41"]), AREAS), "40\n41");
    assert_eq!(shown(json!("สช."), SHORTS), "สช.");
    assert_eq!(shown(json!(["สช."]), SHORTS), "• สช.");
    assert_eq!(shown(json!(true), FieldType::Bool), "ใช่");
    assert_eq!(shown(json!(null), FieldType::Count), "(ไม่ทราบ)");
    assert_eq!(shown(json!(""), FieldType::ShortText), "json:\"\"");
    assert_eq!(shown(json!("(ลบ)"), FieldType::ShortText), "json:\"(ลบ)\"");
    assert_eq!(shown(json!({"a": 1}), FieldType::Any), "json:{\"a\":1}");
}

#[test]
fn money_is_exact_to_the_satang() {
    let whole = encode(
        &json!(999_999_999_999_999_i64),
        Some(FieldType::Money),
        Language::Thai,
        Medium::Workbook,
    );
    assert_eq!(whole, Cell::Number("9999999999999.99".to_owned()));
    let larger = encode(
        &json!(i64::MAX),
        Some(FieldType::Money),
        Language::Thai,
        Medium::Workbook,
    );
    assert_eq!(larger, Cell::Text("92233720368547758.07".to_owned()));
    for (text, satang) in [
        ("1.6 ล้านบาท", 160_000_000),
        ("๑,๖๐๐,๐๐๐", 160_000_000),
        ("0.01", 1),
        ("5 สตางค์", 5),
    ] {
        assert_eq!(value(text, FieldType::Money), Some(json!(satang)), "{text}");
    }
    assert!(read("0.005", FieldType::Money).is_err());
    assert!(read("ประมาณห้าพัน", FieldType::Money).is_err());
}

#[test]
fn dates_and_years_are_read_in_both_eras() {
    for text in [
        "2023-11-22",
        "2566-11-22",
        "22/11/2566",
        "๒๒ พ.ย. ๒๕๖๖",
        "22 พฤศจิกายน พ.ศ. 2566",
        "22 nov 2023",
    ] {
        assert_eq!(
            value(text, FieldType::Date),
            Some(json!("2023-11-22")),
            "{text}"
        );
    }
    for text in [
        "11/22/2023",
        "22/11/2023",
        "2566-02-29",
        "2400-01-01",
        "22 พ.ย.",
    ] {
        assert!(read(text, FieldType::Date).is_err(), "{text}");
    }
    for text in ["2567", "๒๕๖๗", "67", "2024"] {
        assert_eq!(
            value(text, FieldType::FiscalYear),
            Some(json!(2567)),
            "{text}"
        );
    }
    assert!(read("567", FieldType::FiscalYear).is_err());
    let typed = Cell::Date(phaki_documents::date::Date {
        year: 2566,
        month: 11,
        day: 22,
    });
    let read = decode(&typed, Some(FieldType::Date), &Names::new());
    assert_eq!(read, Ok(Wanted::Value(json!("2023-11-22"))));
}

#[test]
fn marks_say_leave_clear_and_unknown() {
    assert_eq!(read("", FieldType::Count), Ok(Wanted::Leave));
    assert_eq!(read("  ", FieldType::Count), Ok(Wanted::Leave));
    assert_eq!(read("(ลบ)", FieldType::Count), Ok(Wanted::Clear));
    assert_eq!(read("(clear)", FieldType::Count), Ok(Wanted::Clear));
    assert_eq!(
        read("(unknown)", FieldType::Count),
        Ok(Wanted::Value(Value::Null))
    );
}

#[test]
fn codes_are_meant_by_their_labels_too_and_ids_by_names_of_rows() {
    let stage = FieldType::Code("budget.stage");
    assert_eq!(value("approved", stage), Some(json!("approved")));
    let label = phaki_documents::schema::vocabulary::label("budget.stage", "approved").unwrap();
    assert_eq!(value(label.th, stage), Some(json!("approved")));
    assert_eq!(value("brand_new", stage), Some(json!("brand_new")));
    let id = DocumentId::from_code(Kind::Org, "hcode5", "09771");
    let names = Names::from([("ก1".to_owned(), id)]);
    let org = Some(FieldType::Ref(&[Kind::Org]));
    let read = decode(&Cell::text("ก1"), org, &names);
    assert_eq!(read, Ok(Wanted::Value(json!(id.to_string()))));
    let plan = Some(FieldType::Ref(&[Kind::Plan]));
    assert!(decode(&Cell::text(id.to_string()), plan, &names).is_err());
}

#[test]
fn decimals_are_the_same_by_value() {
    let decimal = Some(FieldType::Decimal);
    assert!(same(&json!("5.0"), &json!(5), decimal));
    assert!(!same(&json!("5.1"), &json!(5), decimal));
    assert!(!same(&json!("5"), &json!(5), Some(FieldType::ShortText)));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[0-9.,-]{1,8}".prop_map(Value::from),
        "[\u{0}-\u{20}•_x0-9a:]{0,9}".prop_map(Value::from),
        prop::sample::select(vec![
            "(ลบ)",
            "json:1",
            "ใช่",
            "2567",
            "2024-02-29",
            "40",
            "สช."
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_value_comes_back_from_its_cell(value in any_value(), kind in 0..10_usize, at in 0..40_usize) {
        let kind = Kind::ALL[kind];
        let field = phaki_documents::schema::fields(kind).nth(at).map(|field| field.field_type);
        for language in Language::ALL {
            let cell = encode(&value, field, language, Medium::Workbook);
            prop_assert_eq!(decode(&cell, field, &Names::new()), Ok(Wanted::Value(value.clone())));
            let text = Cell::text(encode(&value, field, language, Medium::Delimited).shown());
            let Ok(Wanted::Value(read)) = decode(&text, field, &Names::new()) else {
                return Err(TestCaseError::fail(format!("{text:?} is not read")));
            };
            prop_assert!(same(&read, &value, field), "{:?} {:?}", read, value);
        }
    }
}
