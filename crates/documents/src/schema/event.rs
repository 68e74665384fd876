//! Meetings, forums, signings and workshops.

use super::field::FieldType::{
    Area, Code, Count, Group, List, Localised, LongText, Many, PartialDate, Ref, ShortText, Time,
};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    required("type", Code("event.type"), "ประเภท", "Type"),
    required("title", Localised, "ชื่อเวที/การประชุม", "Title"),
    required("date", PartialDate, "วันที่", "Date"),
    optional("time", Time, "เวลา", "Time"),
    optional("venue", Group, "สถานที่", "Venue"),
    optional("venue/th", ShortText, "สถานที่", "Place"),
    optional("venue/en", ShortText, "สถานที่ภาษาอังกฤษ", "Place in English"),
    optional("venue/area", Area, "พื้นที่", "Area"),
    optional(
        "venue/org",
        Ref(&[Kind::Org]),
        "หน่วยงานเจ้าของสถานที่",
        "Organisation",
    ),
    optional("areas", List(&Area), "พื้นที่", "Areas"),
    optional(
        "organizers",
        List(&Ref(&[Kind::Org, Kind::Network])),
        "ผู้จัด",
        "Organisers",
    ),
    optional("chair", Ref(&[Kind::Person]), "ประธาน", "Chair"),
    optional("recorded_by", Ref(&[Kind::Person]), "ผู้บันทึก", "Recorded by"),
    optional(
        "speakers",
        List(&Ref(&[Kind::Person])),
        "วิทยากร",
        "Speakers",
    ),
    optional(
        "participants",
        List(&Ref(&[Kind::Person, Kind::Org])),
        "ผู้เข้าร่วม",
        "Participants",
    ),
    optional(
        "participant_groups",
        List(&ShortText),
        "กลุ่มผู้เข้าร่วม",
        "Groups of participants",
    ),
    optional(
        "participants_count",
        Count,
        "จำนวนผู้เข้าร่วม",
        "Number of participants",
    ),
    optional(
        "expected_participants",
        Count,
        "จำนวนที่คาดไว้",
        "Expected number",
    ),
    optional(
        "attending_orgs",
        List(&Ref(&[Kind::Org])),
        "หน่วยงานที่เข้าร่วม",
        "Attending organisations",
    ),
    optional(
        "attending_groups",
        List(&ShortText),
        "กลุ่มที่เข้าร่วม",
        "Attending groups",
    ),
    optional(
        "invited",
        List(&Ref(&[Kind::Org, Kind::Person])),
        "ผู้ได้รับเชิญ",
        "Invited",
    ),
    optional(
        "invited_groups",
        List(&ShortText),
        "กลุ่มที่ได้รับเชิญ",
        "Invited groups",
    ),
    optional("objectives", List(&ShortText), "วัตถุประสงค์", "Objectives"),
    optional("agenda", Many(&ShortText), "ระเบียบวาระ", "Agenda"),
    optional("outcomes", LongText, "ผลการประชุม", "Outcomes"),
    optional("agreement", Ref(&[Kind::Agreement]), "ข้อตกลง", "Agreement"),
    optional(
        "activities",
        List(&Ref(&[Kind::Activity])),
        "กิจกรรม",
        "Activities",
    ),
    optional(
        "resolution",
        Ref(&[Kind::Resolution]),
        "ข้อเสนอ/มติ",
        "Resolution",
    ),
    optional("network", Ref(&[Kind::Network]), "เครือข่าย", "Network"),
    optional("state", Code("event.state"), "สถานะ", "State"),
    optional("minutes", ShortText, "รายงานการประชุม", "Minutes"),
];
