//! Policy proposals and assembly resolutions with their progress.

use super::field::FieldType::{
    Area, Code, DateOrText, Group, List, Localised, LongText, Map, Ref, ShortText,
};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    required("type", Code("resolution.type"), "ประเภท", "Type"),
    optional("number", ShortText, "เลขที่", "Number"),
    optional("session", ShortText, "ครั้งที่", "Session"),
    required("title", Localised, "ชื่อ", "Title"),
    optional("text", LongText, "เนื้อหา", "Text"),
    optional("areas", List(&Area), "พื้นที่", "Areas"),
    optional("addressed_to", List(&ShortText), "เสนอต่อ", "Addressed to"),
    optional(
        "origin",
        Ref(&[Kind::Activity, Kind::Event]),
        "ที่มา",
        "Origin",
    ),
    optional("status", Code("resolution.status"), "สถานะ", "Status"),
    optional("progress", Map(&Group), "ความคืบหน้า", "Progress"),
    optional("progress/*/at", DateOrText, "เมื่อ", "On"),
    optional("progress/*/by_org", Ref(&[Kind::Org]), "โดย", "By"),
    optional("progress/*/text", LongText, "รายละเอียด", "Text"),
];
