//! Plans: goals, strategies, measures, approvals.

use super::field::FieldType::{
    Any, Area, Code, Count, DateOrText, Decimal, Group, Groups, List, Localised, LocalisedLong,
    LongText, Many, Map, Money, OneOrMany, Ref, ShortText, TextOrGroup,
};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    required("type", Code("plan.type"), "ประเภทแผน", "Type"),
    required("title", Localised, "ชื่อแผน", "Title"),
    required(
        "owner",
        Ref(&[Kind::Org, Kind::Network]),
        "หน่วยงานเจ้าของแผน",
        "Owner",
    ),
    optional(
        "co_owners",
        List(&Ref(&[Kind::Org, Kind::Network])),
        "เจ้าของร่วม",
        "Co-owners",
    ),
    required("areas", List(&Area), "พื้นที่", "Areas"),
    optional("goal", LocalisedLong, "เป้าหมาย", "Goal"),
    optional("situation", LongText, "สถานการณ์", "Situation"),
    optional("problems", Groups, "ปัญหา", "Problems"),
    optional("problems/*/text", ShortText, "ปัญหา", "Problem"),
    optional("problems/*/indicator", ShortText, "ตัวชี้วัด", "Indicator"),
    optional("problems/*/size_now", Decimal, "ขนาดปัญหาปัจจุบัน", "Size now"),
    optional(
        "problems/*/size_target",
        Decimal,
        "ขนาดเป้าหมาย",
        "Target size",
    ),
    optional("problems/*/unit", Code("unit"), "หน่วยนับ", "Unit"),
    optional("objectives", Many(&Any), "วัตถุประสงค์", "Objectives"),
    optional("strategies", Groups, "ยุทธศาสตร์", "Strategies"),
    optional("strategies/*/order", Count, "ลำดับ", "Order"),
    optional("strategies/*/th", ShortText, "ข้อความ", "Text"),
    optional(
        "strategies/*/en",
        ShortText,
        "ข้อความภาษาอังกฤษ",
        "Text in English",
    ),
    optional("strategies/*/level", ShortText, "ระดับ", "Level"),
    optional(
        "strategies/*/measures",
        Many(&TextOrGroup),
        "มาตรการ",
        "Measures",
    ),
    optional("strategies/*/measures/*/order", Count, "ลำดับ", "Order"),
    optional(
        "strategies/*/measures/*/text",
        ShortText,
        "มาตรการ",
        "Measure",
    ),
    optional(
        "implements",
        OneOrMany(&TextOrGroup),
        "สนองนโยบายหรือข้อตกลง",
        "Implements",
    )
    .help(
        "ข้อตกลง กฎหมาย หรือมติที่แผนนี้ดำเนินการ",
        "The agreement, law or resolution that this plan carries out",
    ),
    optional("parent_plan", Ref(&[Kind::Plan]), "แผนแม่", "Parent plan"),
    optional("network", Ref(&[Kind::Network]), "เครือข่าย", "Network"),
    optional(
        "committee",
        Ref(&[Kind::Network]),
        "คณะกรรมการ",
        "Committee",
    ),
    optional("status", Code("execution.status"), "สถานะ", "Status"),
    optional("approvals", Groups, "การอนุมัติ", "Approvals"),
    optional(
        "approvals/*/by_org",
        Ref(&[Kind::Org, Kind::Network]),
        "อนุมัติโดย",
        "By organisation",
    ),
    optional("approvals/*/by_role", ShortText, "ในฐานะ", "In the role of"),
    optional(
        "approvals/*/decision",
        Code("approval.decision"),
        "ผลการพิจารณา",
        "Decision",
    ),
    optional("approvals/*/at", DateOrText, "เมื่อ", "On"),
    optional(
        "approvals/*/content_hash",
        ShortText,
        "ลายนิ้วมือเนื้อหา",
        "Hash of the content",
    ),
    optional(
        "approvals/*/meeting_ref",
        ShortText,
        "อ้างอิงการประชุม",
        "Meeting",
    ),
    optional("next_areas", Groups, "พื้นที่ถัดไป", "Next areas"),
    optional("next_areas/*/area", Area, "พื้นที่", "Area"),
    optional("next_areas/*/note", ShortText, "หมายเหตุ", "Note"),
    optional("review", Group, "ผลการทบทวน", "Review"),
    optional("review/success", LongText, "จุดสำเร็จ", "Successes"),
    optional("review/to_fix", LongText, "จุดต้องแก้ไข", "To be fixed"),
    optional(
        "completeness_rule",
        List(&ShortText),
        "เกณฑ์ความครบถ้วน",
        "Rule of completeness",
    ),
    optional(
        "ceiling_satang",
        Money,
        "วงเงินของแผน (สตางค์)",
        "Ceiling of the plan (satang)",
    )
    .help(
        "งบที่อนุมัติของกิจกรรมทั้งหมดรวมกันต้องไม่เกินวงเงินนี้",
        "The approved budgets of all its activities stay within it",
    ),
    optional("income", Group, "รายรับของกองทุน", "Income of the fund"),
    optional(
        "income/opening_balance",
        Money,
        "ยอดยกมา (สตางค์)",
        "Opening balance (satang)",
    ),
    optional(
        "income/nhso",
        Money,
        "เงินจัดสรรจาก สปสช. (สตางค์)",
        "Transfer of the health security office (satang)",
    ),
    optional(
        "income/lao",
        Money,
        "เงินสมทบจาก อปท. (สตางค์)",
        "Contribution of the local administration (satang)",
    ),
    optional("income/other", Money, "รายรับอื่น (สตางค์)", "Other (satang)"),
    optional(
        "allocation",
        Map(&Money),
        "การจัดสรรตามประเภท (สตางค์)",
        "Allocation by support type (satang)",
    )
    .help(
        "รหัสประเภทการสนับสนุน 10.1 ถึง 10.5 แล้วตามด้วยจำนวนเงิน",
        "Code of the support type, 10.1 to 10.5, to amount",
    ),
    optional(
        "lao_class",
        Code("lao.class"),
        "ขนาดของ อปท.",
        "Class of the local administration",
    )
    .help(
        "กำหนดร้อยละขั้นต่ำของเงินสมทบ",
        "Decides how much it contributes at least",
    ),
    optional(
        "carried_from",
        Ref(&[Kind::Plan]),
        "ต่อยอดจากแผน",
        "Carried over from",
    ),
];
