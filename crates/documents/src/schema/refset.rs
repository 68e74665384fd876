//! Reference sets: versions of vocabularies, areas and rules.

use super::field::FieldType::{Any, Localised, Map, PartialDate, ShortText};
use super::field::{Field, optional, required};

pub(super) const FIELDS: &[Field] = &[
    required("title", Localised, "ชื่อชุดข้อมูล", "Title"),
    required("version", ShortText, "รุ่น", "Version"),
    optional("valid", PartialDate, "ใช้เมื่อ", "Valid"),
    optional("entries", Map(&Any), "รายการ", "Entries"),
];
