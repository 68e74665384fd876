//! The header that every kind shares.

use super::field::FieldType::{
    Any, Area, Code, Count, Date, FiscalYear, Group, Groups, List, Many, Map, OneOrMany, Ref,
    ShortText, Url,
};
use super::field::{Field, optional};

pub(super) const FIELDS: &[Field] = &[
    optional("home", Area, "โหนดเจ้าของ", "Home node"),
    optional(
        "schema_version",
        Count,
        "รุ่นของโครงสร้างข้อมูล",
        "Schema version",
    ),
    optional("visibility", Code("visibility"), "การเปิดเผย", "Visibility"),
    optional("created", Any, "สร้างเมื่อ", "Created"),
    optional("updated", Any, "แก้ไขเมื่อ", "Updated"),
    optional("tags", List(&ShortText), "คำสำคัญ", "Tags"),
    optional("sources", Many(&Any), "แหล่งที่มา", "Sources"),
    optional("links", List(&Url), "ลิงก์", "Links"),
    optional("files", Groups, "ไฟล์แนบ", "Files"),
    optional(
        "as_written",
        Any,
        "ข้อความตามต้นฉบับ",
        "As written in the source",
    ),
    optional(
        "area_names",
        Map(&ShortText),
        "ชื่อพื้นที่ตามต้นฉบับ",
        "Names of areas as written",
    )
    .help("รหัสพื้นที่ แล้วตามด้วยชื่อ", "Area code to name"),
    optional(
        "dq",
        List(&Code("dq")),
        "ข้อสังเกตคุณภาพข้อมูล",
        "Data-quality flags",
    ),
    optional(
        "fy_be",
        OneOrMany(&FiscalYear),
        "ปีงบประมาณ (พ.ศ.)",
        "Fiscal years (B.E.)",
    )
    .help(
        "1 ต.ค. ของปีก่อนหน้า ถึง 30 ก.ย.",
        "1 October of the year before to 30 September",
    ),
    optional("retired", Group, "ยกเลิกการใช้", "Retired"),
    optional("retired/at", Date, "วันที่ยกเลิก", "Retired on"),
    optional("retired/by", ShortText, "ผู้ยกเลิก", "Retired by"),
    optional("retired/reason", ShortText, "เหตุผลที่ยกเลิก", "Reason"),
    optional("retired/replaced_by", Ref(&[]), "แทนที่ด้วย", "Replaced by"),
];
