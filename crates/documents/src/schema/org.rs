//! Organisations and their units.

use super::field::FieldType::{
    Any, Area, Code, Date, DateOrText, Decimal, Group, Groups, List, Localised, OneOrMany, Ref,
    ShortText, Url,
};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    required("name", Localised, "ชื่อหน่วยงาน", "Name"),
    optional("short", OneOrMany(&ShortText), "ชื่อย่อ", "Short name"),
    optional(
        "aliases",
        List(&ShortText),
        "ชื่ออื่นหรือชื่อที่สะกดผิด",
        "Other spellings",
    )
    .help(
        "ใช้ค้นหาและตรวจรายการซ้ำ",
        "Used for search and to find duplicates",
    ),
    required("type", Code("org.type"), "ประเภทหน่วยงาน", "Type"),
    optional("sector", Code("org.sector"), "ภาคส่วน", "Sector"),
    required("areas", List(&Area), "พื้นที่", "Areas"),
    optional("address", Group, "ที่อยู่", "Address"),
    optional("address/*", ShortText, "ส่วนของที่อยู่", "Part of the address"),
    optional("geo", Group, "พิกัด", "Coordinates"),
    optional("geo/*", Decimal, "ค่าพิกัด", "Coordinate"),
    optional(
        "phone",
        OneOrMany(&ShortText),
        "โทรศัพท์สำนักงาน",
        "Office telephone",
    )
    .help(
        "เฉพาะหมายเลขของสำนักงาน ไม่ใช่ของบุคคล",
        "Office numbers only, never a person's",
    ),
    optional(
        "email",
        OneOrMany(&ShortText),
        "อีเมลสำนักงาน",
        "Office e-mail",
    ),
    optional("website", Url, "เว็บไซต์", "Website"),
    optional("part_of", Ref(&[Kind::Org]), "สังกัด", "Part of"),
    optional("parents", Groups, "ประวัติสังกัด", "Dated parents"),
    optional(
        "parents/*/org",
        Ref(&[Kind::Org]),
        "หน่วยงานต้นสังกัด",
        "Parent organisation",
    ),
    optional(
        "parents/*/kind",
        Code("parent.kind"),
        "ลักษณะสังกัด",
        "Kind of relation",
    ),
    optional("parents/*/from", Date, "ตั้งแต่", "From"),
    optional("parents/*/to", Date, "ถึง", "To"),
    optional("parents/*/basis_doc", Ref(&[]), "เอกสารอ้างอิง", "Basis"),
    optional("affiliation_history", Groups, "การถ่ายโอน", "Transfers"),
    optional(
        "affiliation_history/*/state",
        Code("transfer.state"),
        "สถานะการถ่ายโอน",
        "State",
    ),
    optional(
        "affiliation_history/*/from",
        Any,
        "จากสังกัด",
        "From organisation",
    ),
    optional(
        "affiliation_history/*/to",
        Ref(&[Kind::Org]),
        "ไปสังกัด",
        "To organisation",
    ),
    optional(
        "affiliation_history/*/date",
        DateOrText,
        "วันที่ถ่ายโอน",
        "Date",
    ),
    optional("identifiers", Groups, "รหัสมาตรฐาน", "Identifiers"),
    optional("identifiers/*/value", ShortText, "รหัส", "Code"),
    optional("identifiers/*/period", Any, "ช่วงเวลาที่ใช้", "Period of use"),
    optional("capacities", List(&ShortText), "ศักยภาพ", "Capacities"),
    optional("status", Code("org.status"), "สถานะ", "Status"),
    optional("merged_into", Ref(&[Kind::Org]), "รวมเข้ากับ", "Merged into"),
    optional(
        "distinct_from",
        List(&Ref(&[Kind::Org])),
        "ไม่ใช่หน่วยงานเดียวกับ",
        "Not the same as",
    )
    .help(
        "ตรวจแล้วว่าเป็นคนละหน่วยงาน จึงไม่ถูกเสนอว่าซ้ำอีก",
        "Found to be another organisation, and therefore no longer proposed as the same",
    ),
    optional("steward", Area, "โหนดผู้ดูแล", "Steward node"),
];
