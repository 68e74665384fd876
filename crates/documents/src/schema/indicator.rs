//! Indicators: definition, targets and measurements of one fiscal year.

use super::field::FieldType::{
    Any, Area, Code, DateOrText, Decimal, Group, List, Localised, LongText, Map, Ref, ShortText,
};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    optional("code", ShortText, "รหัสตัวชี้วัด", "Code"),
    required("title", Localised, "ชื่อตัวชี้วัด", "Title"),
    optional("definition", LongText, "คำนิยาม", "Definition"),
    optional("level", Code("indicator.level"), "ระดับ", "Level"),
    required("unit", Code("unit"), "หน่วยนับ", "Unit"),
    optional(
        "direction",
        Code("indicator.direction"),
        "ทิศทาง",
        "Direction",
    ),
    optional("formula", Any, "สูตร", "Formula"),
    optional("a", Any, "ตัวตั้ง (A)", "Numerator (A)"),
    optional("b", Any, "ตัวหาร (B)", "Denominator (B)"),
    optional("data_source", ShortText, "แหล่งข้อมูล", "Data source"),
    optional(
        "collection_method",
        LongText,
        "วิธีเก็บข้อมูล",
        "Collection method",
    ),
    optional(
        "aggregation",
        Code("indicator.aggregation"),
        "วิธีรวมค่า",
        "Aggregation",
    ),
    optional("baseline", Any, "ค่าฐาน", "Baseline"),
    optional("areas", List(&Area), "พื้นที่", "Areas"),
    optional("activity", Ref(&[Kind::Activity]), "กิจกรรม", "Activity"),
    optional("plan", Ref(&[Kind::Plan]), "แผน", "Plan"),
    optional("owner", Ref(&[Kind::Org]), "ผู้กำหนดตัวชี้วัด", "Owner"),
    optional("targets", Map(&Group), "ค่าเป้าหมาย", "Targets"),
    optional(
        "targets/*/comparator",
        Code("comparator"),
        "เงื่อนไข",
        "Comparator",
    ),
    optional("targets/*/value", Decimal, "ค่าเป้าหมาย", "Value"),
    optional("values", Map(&Group), "ผลการวัด", "Measurements"),
    optional("values/*/a", Decimal, "ตัวตั้ง", "Numerator"),
    optional("values/*/b", Decimal, "ตัวหาร", "Denominator"),
    optional("values/*/value", Decimal, "ค่า", "Value"),
    optional(
        "values/*/status",
        Code("measurement.status"),
        "สถานะ",
        "Status",
    ),
    optional("values/*/at", DateOrText, "เมื่อ", "On"),
    optional("values/*/note", ShortText, "หมายเหตุ", "Note"),
    optional("official", Map(&Group), "ค่าทางการ", "Official values"),
    optional(
        "official/*/reporter",
        ShortText,
        "ผู้รายงานที่เลือก",
        "Reporter chosen",
    ),
    optional("official/*/by", ShortText, "เลือกโดย", "Chosen by"),
    optional("official/*/at", DateOrText, "เมื่อ", "On"),
    optional("official/*/reason", ShortText, "เหตุผล", "Reason"),
];
