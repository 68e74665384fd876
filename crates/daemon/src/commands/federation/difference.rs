//! What a roster changes, for people and programs.

use phaki_wire::proto::local::v1::RosterDifference;
use serde_json::{Value, json};

use crate::output::{Align, Language, Output, Table, words};

/// Columns before the lines below a heading.
const INDENT: usize = 2;

/// The form that programs read.
pub(crate) fn to_json(differences: &[RosterDifference]) -> Vec<Value> {
    let to_json = |one: &RosterDifference| {
        json!({
            "what": one.what,
            "name": one.name,
            "role": one.role,
            "area": one.area,
            "key": one.key,
            "fields": one.fields,
        })
    };
    differences.iter().map(to_json).collect()
}

/// A line for each node, and one for each field that differs besides its status.
pub(crate) fn show(output: &mut Output, differences: &[RosterDifference]) -> anyhow::Result<()> {
    let language = output.language;
    let left = |text| (text, Align::Left);
    let mut table = Table::new(&[
        left(language.pick("การเปลี่ยนแปลง", "CHANGE")),
        left(language.of(words::NAME)),
        left(language.of(words::ROLE)),
        left(language.of(words::AREA)),
        left(language.pick("กุญแจ", "KEY")),
    ])
    .indent(INDENT);
    for one in differences {
        table.row([
            word(language, &one.what).to_owned(),
            one.name.clone(),
            one.role.clone(),
            one.area.clone(),
            one.key.clone(),
        ]);
        for field in &one.fields {
            let none = String::new;
            table.row([none(), field.clone(), none(), none(), none()]);
        }
    }
    output.table(&table)
}

fn word(language: Language, what: &str) -> &str {
    match what {
        "added" => language.pick("เพิ่ม", what),
        "suspended" => language.pick("ระงับ", what),
        "reinstated" => language.pick("คืนสิทธิ์", what),
        "removed" => language.pick("ถอดถาวร", what),
        "key-replaced" => language.pick("เปลี่ยนกุญแจ", what),
        "changed" => language.pick("แก้ไข", what),
        other => other,
    }
}
