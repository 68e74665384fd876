//! People: an opaque stub and its roles. Names and contacts live in the vault, never here.

use super::field::FieldType::{Area, Bool, DateOrText, Groups, List, Ref, ShortText};
use super::field::{Field, optional, required};
use crate::kind::Kind;

pub(super) const FIELDS: &[Field] = &[
    required("roles", Groups, "บทบาท", "Roles"),
    optional("roles/*/org", Ref(&[Kind::Org]), "หน่วยงาน", "Organisation"),
    optional(
        "roles/*/network",
        Ref(&[Kind::Network]),
        "เครือข่าย",
        "Network",
    ),
    optional("roles/*/title", ShortText, "ตำแหน่ง", "Title"),
    optional("roles/*/seat", ShortText, "ที่นั่ง", "Seat"),
    optional("roles/*/from", DateOrText, "ตั้งแต่", "From"),
    optional("roles/*/to", DateOrText, "ถึง", "To"),
    optional("roles/*/former", Bool, "อดีต", "Former"),
    optional("roles/*/acting", Bool, "รักษาการ", "Acting"),
    optional("areas", List(&Area), "พื้นที่", "Areas"),
];
