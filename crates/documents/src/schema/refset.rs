//! Reference sets: dated versions of what everybody looks up alike.

use super::field::FieldType::ShortText;
use super::field::FieldType::{Area, Code, Count, Groups, Localised, Map, OneOrMany, PartialDate};
use super::field::{Field, optional, required};

pub(super) const FIELDS: &[Field] = &[
    required("title", Localised, "ชื่อชุดข้อมูล", "Title"),
    required("set", Code("reference.set"), "ชุดข้อมูล", "Set"),
    optional("part", ShortText, "ส่วนของชุดข้อมูล", "Part").help(
        "แต่ละส่วนมีรุ่นของตนเอง เช่น พื้นที่ของจังหวัดเดียว",
        "Each part has versions of its own, such as the areas of one province",
    ),
    required("version", ShortText, "รุ่น", "Version"),
    optional("valid", PartialDate, "ใช้เมื่อ", "Valid").help(
        "รุ่นที่เริ่มใช้หลังสุดก่อนวันนั้นมีผล ปีงบประมาณใช้รุ่นของวันที่ 1 ตุลาคม",
        "In force is what began last; a fiscal year has what is in force on its 1 October",
    ),
    optional("basis", ShortText, "ประกาศหรือที่มา", "Announcement or origin"),
    optional("areas", Groups, "พื้นที่", "Areas").help(
        "รหัสพื้นที่ แล้วตามด้วยชื่อและเขตสุขภาพ",
        "Area code, then its names and its health region",
    ),
    optional("areas/*/th", ShortText, "ชื่อพื้นที่", "Name"),
    optional("areas/*/en", ShortText, "ชื่อภาษาอังกฤษ", "English name"),
    optional("areas/*/region", Area, "เขตสุขภาพ", "Health region"),
    optional("codes", Groups, "รหัสและความหมาย", "Codes").help(
        "ชื่อชุดรหัส รหัส แล้วตามด้วยความหมาย",
        "Vocabulary, code, then its labels",
    ),
    optional("codes/*/*/th", ShortText, "ความหมาย", "Label"),
    optional(
        "codes/*/*/en",
        ShortText,
        "ความหมายภาษาอังกฤษ",
        "English label",
    ),
    optional(
        "abbreviations",
        Map(&OneOrMany(&ShortText)),
        "คำย่อ",
        "Abbreviations",
    )
    .help(
        "คำย่อ แล้วตามด้วยคำเต็ม",
        "Abbreviation, then what it stands for",
    ),
    optional(
        "figures",
        Map(&Count),
        "ตัวเลขในเกณฑ์",
        "Figures of the rules",
    ),
];
