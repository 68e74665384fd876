//! Whatever three offices edit, and in whatever order their work meets: once all have everything, the
//! documents, the conflicts and what the rules find are the same at all of them.

use phaki_documents::date::Date;
use phaki_documents::reference::Reference;
use phaki_documents::rules::{Gists, Setting, check, derived};
use phaki_documents::schema::{self, Field, FieldType, vocabulary};
use phaki_documents::{Document, DocumentId, Edit, Kind, Path};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::replica::Replica;

const TODAY: Date = Date {
    year: 2024,
    month: 1,
    day: 15,
};

/// Any number; which field, value and act it stands for is worked out from the schema.
#[derive(Debug, Clone, Copy)]
struct Step {
    office: usize,
    act: u8,
    field: usize,
    /// Which of two keys stands for each `*`.
    keys: usize,
    value: usize,
}

fn step() -> impl Strategy<Value = Step> {
    (0..3_usize, 0..10_u8, any::<usize>(), 0..4_usize, 0..4_usize).prop_map(
        |(office, act, field, keys, value)| Step {
            office,
            act,
            field,
            keys,
            value,
        },
    )
}

/// A value that fits the field, or nearly so.
fn value(of: FieldType, which: usize) -> Value {
    let org = |number: usize| format!("org_00000000-0000-0000-0000-00000000000{number}");
    let pick = |choices: &[Value]| choices[which % choices.len()].clone();
    match of {
        FieldType::ShortText | FieldType::TextOrGroup => {
            pick(&[json!("ก"), json!("ขอ"), json!("")])
        }
        FieldType::LongText => pick(&[
            json!("ประโยคแรก\nประโยคที่สอง"),
            json!("ประโยคแรก"),
            json!("อื่น"),
        ]),
        FieldType::Localised | FieldType::LocalisedLong => {
            pick(&[json!({"th": "ชื่อ"}), json!({"th": "ชื่อใหม่", "en": "Name"})])
        }
        FieldType::Code(name) => {
            let codes = vocabulary::codes(name).unwrap_or_default();
            json!(codes[which % codes.len()].code)
        }
        FieldType::Ref(_) => json!(org(which)),
        FieldType::Area => pick(&[json!("90"), json!("9013"), json!("430301"), json!("R12")]),
        FieldType::Count | FieldType::Money => pick(&[json!(1), json!(160_000_000), json!(-5)]),
        FieldType::Decimal => pick(&[json!("41.50"), json!("๔๑"), json!(7)]),
        FieldType::FiscalYear => pick(&[json!(2567), json!(2568)]),
        FieldType::Date => pick(&[
            json!("2023-09-30"),
            json!("2024-02-30"),
            json!("2566-01-01"),
        ]),
        FieldType::Time => json!("10:00"),
        FieldType::PartialDate | FieldType::DateOrText => pick(&[
            json!({"from": "2024-01-01", "to": "2023-01-01"}),
            json!({"from": "2023-10-01"}),
        ]),
        FieldType::Bool => json!(which.is_multiple_of(2)),
        FieldType::Url => json!("https://example.org"),
        FieldType::List(inner) | FieldType::Many(inner) => {
            Value::from_iter((0..=which).map(|which| value(*inner, which)))
        }
        FieldType::Map(inner) => json!({"k1": value(*inner, which)}),
        FieldType::OneOrMany(inner) => match which % 2 {
            0 => value(*inner, which),
            _ => json!([value(*inner, which), value(*inner, 0)]),
        },
        FieldType::Group | FieldType::Groups => json!({"k1": {"th": "ก"}}),
        FieldType::Any => pick(&[json!("ใด ๆ"), json!([1, 2]), json!({"x": null})]),
    }
}

fn edit(kind: Kind, step: Step) -> Edit {
    let fields: Vec<&Field> = schema::fields(kind).collect();
    let field = fields[step.field % fields.len()];
    let mut keys = [step.keys % 2, step.keys / 2].into_iter();
    let segments = field.pattern.split('/').map(|segment| match segment {
        "*" => format!("k{}", keys.next().unwrap_or_default()),
        segment => segment.to_owned(),
    });
    let path = Path::parse(&segments.collect::<Vec<_>>().join("/")).unwrap();
    let value = value(field.field_type, step.value);
    match step.act {
        0 => Edit::Remove { path },
        1 => Edit::Resolve { path, value },
        2 => Edit::Add { path, value },
        _ => Edit::Set { path, value },
    }
}

/// Everything that a node shows of a document.
fn shown(document: &Document, beside: &Document) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut around = Gists::default();
    around.take(document);
    around.take(beside);
    let setting = Setting {
        today: TODAY,
        around: &around,
        reference: &Reference::built_in(),
    };
    (
        document.to_json(),
        document.conflicts(),
        document.summary(),
        document.history(),
        document.merged_texts(),
        (check(document, &setting), derived(document, &setting)),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_interleaving_of_edits_of_any_kind_ends_equal_at_three_offices(
        kind in 0..Kind::ALL.len(),
        steps in proptest::collection::vec(step(), 1..40),
        last in 0..3_usize,
    ) {
        let kind = Kind::ALL[kind];
        let id = DocumentId::new(kind, [9; 16]);
        let mut offices = [1, 2, 3].map(|node| Replica::new(id, node));
        for step in steps {
            if step.act >= 8 {
                // What one office has reaches another one.
                let from = offices[(step.office + 1 + step.keys % 2) % 3].clone();
                offices[step.office].receive(&from);
            } else {
                // An edit that a person could not make is not made.
                let _refused = offices[step.office].try_edit(&[edit(kind, step)]);
            }
        }
        let mut beside = Replica::new(DocumentId::new(kind, [8; 16]), 4);
        let _refused = beside.try_edit(&[edit(kind, Step { office: 0, act: 9, field: 0, keys: 0, value: 0 })]);
        // Each gets what the others have, in another order.
        for turn in 0..3 {
            let to = (last + turn) % 3;
            for from in [(to + 1 + turn % 2) % 3, (to + 2 - turn % 2) % 3] {
                let from = offices[from].clone();
                offices[to].receive(&from);
            }
        }
        let ends = offices.each_ref().map(|office| shown(&office.document, &beside.document));
        prop_assert_eq!(&ends[0], &ends[1]);
        prop_assert_eq!(&ends[1], &ends[2]);
        // And so it is when everything is read anew, the latest change first.
        let mut changes = offices[0].document.changes();
        changes.reverse();
        let again = Document::load(id, None, changes.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(&shown(&again, &beside.document), &ends[0]);
    }
}
