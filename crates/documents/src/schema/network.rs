//! Networks, committees, boards and assemblies.

use super::field::FieldType::{
    Area, Bool, Code, Count, DateOrText, Groups, List, Localised, Ref, ShortText,
};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    required("name", Localised, "ชื่อเครือข่าย", "Name"),
    required("type", Code("network.type"), "ประเภท", "Type"),
    required("areas", List(&Area), "พื้นที่", "Areas"),
    optional("seats", Groups, "ที่นั่งตามตำแหน่ง", "Seats by position"),
    optional("seats/*/title", ShortText, "ตำแหน่ง", "Title"),
    optional(
        "seats/*/ex_officio_of",
        Ref(&[Kind::Org]),
        "โดยตำแหน่งของ",
        "Ex officio of",
    ),
    optional("seats/*/number", Count, "ลำดับที่", "Number"),
    optional(
        "seats/*/holder",
        Ref(&[Kind::Person]),
        "ผู้ดำรงตำแหน่ง",
        "Holder",
    ),
    optional("seats/*/from", DateOrText, "ตั้งแต่", "From"),
    optional("seats/*/to", DateOrText, "ถึง", "To"),
    optional("members", Groups, "สมาชิก", "Members"),
    optional("members/*/role", Code("member.role"), "บทบาท", "Role"),
    optional("members/*/from", DateOrText, "ตั้งแต่", "From"),
    optional("members/*/to", DateOrText, "ถึง", "To"),
    optional(
        "member_groups",
        List(&ShortText),
        "กลุ่มสมาชิกที่ไม่ระบุชื่อ",
        "Unnamed groups of members",
    ),
    optional("open_members", ShortText, "สมาชิกที่เปิดรับ", "Open membership"),
    optional(
        "appointing_order",
        ShortText,
        "คำสั่งแต่งตั้ง",
        "Appointing order",
    ),
    optional("term", DateOrText, "วาระ", "Term"),
    optional("is_template", Bool, "เป็นแม่แบบ", "Is a template"),
];
