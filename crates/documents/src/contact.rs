//! Contact data of a person: which fields there are, on which lawful basis they are held, and for
//! how long. It is kept in the vault, never in a document.
//!
//! No error repeats a value: errors are shown, logged and sent on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::date::Date;
use crate::limits::CONTACT_TEXT_BYTES_MAX;
use crate::rules::has_thirteen_digits;

/// A field of contact data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContactField {
    Prefix,
    NameTh,
    NameEn,
    WorkPhone,
    WorkEmail,
    LineId,
    Note,
}

impl ContactField {
    /// All fields in the order of forms: their name in commands and JSON, and what people read.
    pub const ALL: [(Self, &'static str, &'static str, &'static str); 7] = [
        (Self::Prefix, "prefix", "คำนำหน้า", "Prefix"),
        (Self::NameTh, "name_th", "ชื่อ-สกุล", "Name in Thai"),
        (Self::NameEn, "name_en", "ชื่อ-สกุล (อังกฤษ)", "Name in English"),
        (
            Self::WorkPhone,
            "work_phone",
            "โทรศัพท์ที่ทำงาน",
            "Work telephone",
        ),
        (Self::WorkEmail, "work_email", "อีเมลที่ทำงาน", "Work e-mail"),
        (Self::LineId, "line_id", "ไอดีไลน์", "LINE id"),
        (Self::Note, "note", "หมายเหตุ", "Note"),
    ];

    /// The name in commands and JSON.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(field, ..)| *field == self);
        found.map_or("", |(_, name, ..)| *name)
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known, ..)| *known == name);
        found.map(|(field, ..)| *field)
    }
}

/// On which basis the data is held: section 24 of the Personal Data Protection Act B.E. 2562, or
/// consent by section 19. (2), the danger to a life, is nobody's reason to keep office contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    Consent,
    Archive,
    Contract,
    PublicTask,
    LegitimateInterest,
    Law,
}

impl Basis {
    /// All bases: their code, and what people read.
    pub const ALL: [(Self, &'static str, &'static str, &'static str); 6] = [
        (Self::Consent, "s19", "ความยินยอม ม.19", "consent, s. 19"),
        (
            Self::Archive,
            "s24-1",
            "จดหมายเหตุ วิจัย สถิติ ม.24(1)",
            "archives, research or statistics, s. 24 (1)",
        ),
        (
            Self::Contract,
            "s24-3",
            "สัญญา ม.24(3)",
            "contract, s. 24 (3)",
        ),
        (
            Self::PublicTask,
            "s24-4",
            "ภารกิจของรัฐ ม.24(4)",
            "public task, s. 24 (4)",
        ),
        (
            Self::LegitimateInterest,
            "s24-5",
            "ประโยชน์โดยชอบด้วยกฎหมาย ม.24(5)",
            "legitimate interest, s. 24 (5)",
        ),
        (
            Self::Law,
            "s24-6",
            "ปฏิบัติตามกฎหมาย ม.24(6)",
            "law, s. 24 (6)",
        ),
    ];

    /// The code in commands and JSON.
    pub fn code(self) -> &'static str {
        let found = Self::ALL.iter().find(|(basis, ..)| *basis == self);
        found.map_or("", |(_, code, ..)| *code)
    }

    /// The basis of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known, ..)| *known == code);
        found.map(|(basis, ..)| *basis)
    }
}

/// What is held of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The fields that have a value.
    pub fields: BTreeMap<ContactField, String>,
    /// Why it may be held.
    pub basis: Basis,
    /// The last day on which it is needed.
    pub retain_until: Date,
    /// Where the consent is filed; required with [`Basis::Consent`], empty otherwise.
    pub consent: String,
}

/// Why contact data is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ContactError {
    /// A text is too long.
    #[error("{0} has more than {CONTACT_TEXT_BYTES_MAX} bytes: shorten it")]
    TooLong(&'static str),
    /// A text holds control characters, or begins or ends with a space.
    #[error("{0} holds a control character, or a space at an end: write it on one line")]
    Odd(&'static str),
    /// A text holds a number of thirteen digits, as citizens have, which no office contact needs.
    #[error("{0} holds a number of 13 digits, as citizens have: leave it out")]
    CitizenId(&'static str),
    /// A LINE id is private, and so held by consent only.
    #[error("line_id is private: record it with the basis s19 (consent), or leave it out")]
    LineWithoutConsent,
    /// The consent cannot be shown.
    #[error("the basis s19 (consent) needs --consent: where the consent is filed")]
    ConsentNotFiled,
    /// Nothing is to be recorded.
    #[error("no field has a value: name at least one, or erase the person")]
    Empty,
    /// Stored bytes are no contact data.
    #[error("read contact data")]
    Unreadable,
}

impl Contact {
    /// Checks what may be recorded.
    ///
    /// # Errors
    /// The first thing that is wrong, with what to do.
    pub fn check(&self) -> Result<(), ContactError> {
        if self.fields.is_empty() {
            return Err(ContactError::Empty);
        }
        let fields = self.fields.iter().map(|(field, text)| (field.name(), text));
        for (name, text) in fields.chain([("consent", &self.consent)]) {
            if text.len() > CONTACT_TEXT_BYTES_MAX {
                return Err(ContactError::TooLong(name));
            }
            if text.trim() != text || text.chars().any(char::is_control) {
                return Err(ContactError::Odd(name));
            }
            if has_thirteen_digits(text) {
                return Err(ContactError::CitizenId(name));
            }
        }
        let consent = self.basis == Basis::Consent;
        if self.fields.contains_key(&ContactField::LineId) && !consent {
            return Err(ContactError::LineWithoutConsent);
        }
        match consent && self.consent.is_empty() {
            true => Err(ContactError::ConsentNotFiled),
            false => Ok(()),
        }
    }

    /// The bytes that are sealed: JSON.
    pub fn encode(&self) -> Vec<u8> {
        let fields = self.fields.iter();
        let fields = fields.map(|(field, text)| (field.name().to_owned(), json!(text)));
        let all = json!({
            "fields": fields.collect::<Map<_, _>>(),
            "basis": self.basis.code(),
            "retain_until": self.retain_until.to_string(),
            "consent": self.consent,
        });
        all.to_string().into_bytes()
    }

    /// Reads what was sealed. Fields of newer programs are left out.
    ///
    /// # Errors
    /// When the bytes are not what a program of this kind sealed.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContactError> {
        let all: Value = serde_json::from_slice(bytes).map_err(|_| ContactError::Unreadable)?;
        let text = |name: &str| all.get(name).and_then(Value::as_str).unwrap_or_default();
        let fields = all.get("fields").and_then(Value::as_object);
        let fields = fields.into_iter().flatten().filter_map(|(name, value)| {
            Some((ContactField::from_name(name)?, value.as_str()?.to_owned()))
        });
        Ok(Self {
            fields: fields.collect(),
            basis: Basis::from_code(text("basis")).ok_or(ContactError::Unreadable)?,
            retain_until: Date::parse(text("retain_until")).ok_or(ContactError::Unreadable)?,
            consent: text("consent").to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(fields: &[(ContactField, &str)], basis: Basis) -> Contact {
        let fields = fields
            .iter()
            .map(|(field, text)| (*field, (*text).to_owned()));
        Contact {
            fields: fields.collect(),
            basis,
            retain_until: Date::parse("2027-09-30").unwrap(),
            consent: String::new(),
        }
    }

    #[test]
    fn what_is_sealed_reads_back_equal() {
        let mut one = contact(&[(ContactField::NameTh, "สมมุติ ตัวอย่าง")], Basis::Consent);
        one.consent = "แฟ้ม 12/2567".to_owned();
        assert_eq!(Contact::decode(&one.encode()), Ok(one));
        assert_eq!(Contact::decode(b"{}"), Err(ContactError::Unreadable));
    }

    #[test]
    fn what_no_office_contact_needs_is_refused_and_not_repeated() {
        for (field, text, error) in [
            (
                ContactField::Note,
                "1-1017-00203-45-0",
                ContactError::CitizenId("note"),
            ),
            (ContactField::NameTh, "ก\nข", ContactError::Odd("name_th")),
            (
                ContactField::LineId,
                "example",
                ContactError::LineWithoutConsent,
            ),
        ] {
            let refused = contact(&[(field, text)], Basis::PublicTask)
                .check()
                .unwrap_err();
            assert_eq!(refused, error);
            assert!(!refused.to_string().contains(text));
        }
        let long = "ก".repeat(CONTACT_TEXT_BYTES_MAX);
        let refused = contact(&[(ContactField::Note, &long)], Basis::Law).check();
        assert_eq!(refused, Err(ContactError::TooLong("note")));
        assert_eq!(contact(&[], Basis::Law).check(), Err(ContactError::Empty));
    }

    #[test]
    fn a_line_id_is_held_by_consent_that_can_be_shown() {
        let mut one = contact(&[(ContactField::LineId, "example")], Basis::Consent);
        assert_eq!(one.check(), Err(ContactError::ConsentNotFiled));
        one.consent = "แฟ้ม 12/2567".to_owned();
        assert_eq!(one.check(), Ok(()));
    }

    #[test]
    fn every_field_and_every_basis_has_a_name_of_its_own() {
        for (field, name, ..) in ContactField::ALL {
            assert_eq!(ContactField::from_name(name), Some(field));
            assert_eq!(field.name(), name);
        }
        for (basis, code, ..) in Basis::ALL {
            assert_eq!(Basis::from_code(code), Some(basis));
            assert_eq!(basis.code(), code);
        }
    }
}
