//! Agreements: memoranda, declarations, accords.

use super::field::FieldType::{
    Any, Area, Code, Count, DateOrText, Groups, List, Localised, LongText, Map, OneOrMany,
    PartialDate, Ref, ShortText,
};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    required("type", Code("agreement.type"), "ประเภท", "Type"),
    required("title", Localised, "ชื่อข้อตกลง", "Title"),
    optional("number", ShortText, "เลขที่", "Number"),
    optional("purpose", LongText, "วัตถุประสงค์", "Purpose"),
    optional("scope", LongText, "ขอบเขต", "Scope"),
    required("areas", List(&Area), "พื้นที่", "Areas"),
    optional("date", PartialDate, "วันที่", "Date"),
    optional(
        "coordinator",
        Ref(&[Kind::Org]),
        "ผู้ประสานงาน",
        "Coordinator",
    ),
    optional("network", Ref(&[Kind::Network]), "เครือข่าย", "Network"),
    optional("status", Code("agreement.status"), "สถานะ", "Status"),
    optional("context", OneOrMany(&ShortText), "บริบท", "Context"),
    optional("horizons", List(&Code("horizon")), "ระยะเวลา", "Horizons"),
    optional("parties", Groups, "ภาคี", "Parties"),
    optional(
        "parties/*/org",
        Ref(&[Kind::Org]),
        "หน่วยงาน",
        "Organisation",
    ),
    optional("parties/*/position", ShortText, "ตำแหน่ง", "Position"),
    optional("parties/*/role", Code("party.role"), "บทบาท", "Role"),
    optional("parties/*/level", Code("party.level"), "ระดับ", "Level"),
    optional("parties/*/order", Count, "ลำดับที่", "Order"),
    optional("parties/*/signatory", Any, "ผู้ลงนาม", "Signatory"),
    optional(
        "parties/*/signatory_title",
        ShortText,
        "ตำแหน่งผู้ลงนาม",
        "Title of the signatory",
    ),
    optional("parties/*/person", Ref(&[Kind::Person]), "บุคคล", "Person"),
    optional(
        "parties/*/state",
        Code("party.state"),
        "สถานะการลงนาม",
        "State",
    ),
    optional("parties/*/signed_at", DateOrText, "ลงนามเมื่อ", "Signed on"),
    optional("parties/*/evidence", ShortText, "หลักฐาน", "Evidence"),
    optional("clauses", Groups, "ข้อตกลงย่อย", "Clauses"),
    optional("clauses/*/key", ShortText, "รหัสข้อ", "Key"),
    optional("clauses/*/th", ShortText, "ข้อความ", "Text"),
    optional(
        "clauses/*/en",
        ShortText,
        "ข้อความภาษาอังกฤษ",
        "Text in English",
    ),
    optional("clauses/*/items", List(&ShortText), "รายการ", "Items"),
    optional("legal_basis", List(&ShortText), "ฐานกฎหมาย", "Legal basis"),
    optional("milestones", Map(&DateOrText), "ขั้นตอน", "Milestones"),
    optional("effective", PartialDate, "มีผล", "In force"),
    optional("renewal", Any, "การต่ออายุ", "Renewal"),
    optional(
        "produces",
        List(&Ref(&[Kind::Plan])),
        "แผนที่เกิดขึ้น",
        "Plans it produced",
    ),
];
