//! Document kinds and document ids.
//!
//! An id is a kind and a UUID. A document with a national code has the UUID derived from it, so
//! that two provinces which import the same list create the same document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use uuid::Uuid;

/// Namespace of ids derived from national codes. Changing it would split every such document.
const CODE_NAMESPACE: Uuid = Uuid::from_u128(0x9c1f_6b52_0d5e_5c7a_8f34_70d3_a2b6_41ee);

/// Bytes of an encoded document id.
pub const DOCUMENT_ID_BYTES: usize = 17;

/// The kinds of documents this program knows. The numbers are stored and sent: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    Org = 1,
    Person = 2,
    Network = 3,
    Agreement = 4,
    Plan = 5,
    Activity = 6,
    Indicator = 7,
    Event = 8,
    Resolution = 9,
    Refset = 10,
}

impl Kind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Kind; 10] = [
        Kind::Org,
        Kind::Person,
        Kind::Network,
        Kind::Agreement,
        Kind::Plan,
        Kind::Activity,
        Kind::Indicator,
        Kind::Event,
        Kind::Resolution,
        Kind::Refset,
    ];

    /// The stored code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a stored code; `None` for kinds of newer programs.
    pub fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The word used in ids, JSON and paths of the API.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Org => "org",
            Kind::Person => "person",
            Kind::Network => "network",
            Kind::Agreement => "agreement",
            Kind::Plan => "plan",
            Kind::Activity => "activity",
            Kind::Indicator => "indicator",
            Kind::Event => "event",
            Kind::Resolution => "resolution",
            Kind::Refset => "refset",
        }
    }

    /// The kind of that [`name`](Kind::name).
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a person reads, in Thai.
    pub const fn label_th(self) -> &'static str {
        match self {
            Kind::Org => "หน่วยงาน",
            Kind::Person => "บุคคล",
            Kind::Network => "เครือข่าย",
            Kind::Agreement => "ข้อตกลง",
            Kind::Plan => "แผน",
            Kind::Activity => "โครงการ/กิจกรรม",
            Kind::Indicator => "ตัวชี้วัด",
            Kind::Event => "เวที/การประชุม",
            Kind::Resolution => "ข้อเสนอ/มติ",
            Kind::Refset => "ชุดข้อมูลอ้างอิง",
        }
    }

    /// What a person reads, in English.
    pub const fn label_en(self) -> &'static str {
        match self {
            Kind::Org => "Organisation",
            Kind::Person => "Person",
            Kind::Network => "Network",
            Kind::Agreement => "Agreement",
            Kind::Plan => "Plan",
            Kind::Activity => "Activity",
            Kind::Indicator => "Indicator",
            Kind::Event => "Event",
            Kind::Resolution => "Resolution",
            Kind::Refset => "Reference set",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The id of a document; shown as `plan_0190…`, and `kind42_0190…` when the kind is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId {
    pub kind_code: u8,
    pub uuid: [u8; 16],
}

impl DocumentId {
    /// An id of a known kind.
    pub const fn new(kind: Kind, uuid: [u8; 16]) -> DocumentId {
        DocumentId {
            kind_code: kind.code(),
            uuid,
        }
    }

    /// The id of the document that stands for `code` in the coding system `system`
    /// (`hcode5`, `dopa_lao`, `nhso_fund`, `kpi` …): UUIDv5 over kind, system and code.
    pub fn from_code(kind: Kind, system: &str, code: &str) -> DocumentId {
        let name = format!("{}|{system}|{code}", kind.name());
        DocumentId::new(
            kind,
            *Uuid::new_v5(&CODE_NAMESPACE, name.as_bytes()).as_bytes(),
        )
    }

    /// A fresh id: UUIDv7 of `now_ms` (milliseconds since 1970) and ten random bytes. Ids made
    /// later sort later.
    pub fn at(kind: Kind, now_ms: u64, random: [u8; 10]) -> DocumentId {
        let uuid = uuid::Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid();
        DocumentId::new(kind, *uuid.as_bytes())
    }

    /// The kind, or `None` when it belongs to a newer program.
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_code(self.kind_code)
    }

    /// The word for the kind: `plan`, or `kind42`.
    pub fn kind_name(&self) -> String {
        match self.kind() {
            Some(kind) => kind.name().to_owned(),
            None => format!("kind{}", self.kind_code),
        }
    }

    /// The seventeen bytes of the id: kind code, then UUID.
    pub fn to_bytes(&self) -> [u8; DOCUMENT_ID_BYTES] {
        let mut bytes = [0; DOCUMENT_ID_BYTES];
        bytes[0] = self.kind_code;
        bytes[1..].copy_from_slice(&self.uuid);
        bytes
    }

    /// The id of exactly these bytes; every kind code is accepted.
    pub fn from_bytes(bytes: &[u8; DOCUMENT_ID_BYTES]) -> DocumentId {
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&bytes[1..]);
        DocumentId {
            kind_code: bytes[0],
            uuid,
        }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Some(kind) => write!(f, "{}_", kind.name())?,
            None => write!(f, "kind{}_", self.kind_code)?,
        }
        write!(f, "{}", Uuid::from_bytes(self.uuid).hyphenated())
    }
}

/// Why a text is not a document id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseIdError {
    #[error("document id {text:?} has no kind before an underscore")]
    MissingKind { text: String },
    #[error("document id {text:?} names an unknown kind")]
    UnknownKind { text: String },
    #[error("document id {text:?} does not end in a hyphenated uuid")]
    BadUuid { text: String },
}

impl FromStr for DocumentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<DocumentId, ParseIdError> {
        let Some((kind, uuid)) = text.split_once('_') else {
            return Err(ParseIdError::MissingKind {
                text: shorten(text),
            });
        };
        let kind_code = kind_code(kind).ok_or_else(|| ParseIdError::UnknownKind {
            text: shorten(text),
        })?;
        let bad_uuid = || ParseIdError::BadUuid {
            text: shorten(text),
        };
        if uuid.len() != 36 {
            return Err(bad_uuid());
        }
        let uuid = Uuid::parse_str(uuid).map_err(|_| bad_uuid())?;
        Ok(DocumentId {
            kind_code,
            uuid: *uuid.as_bytes(),
        })
    }
}

/// The code of `plan` or of `kind42`. `kind5` is refused: a known kind has one spelling.
fn kind_code(word: &str) -> Option<u8> {
    if let Some(kind) = Kind::from_name(word) {
        return Some(kind.code());
    }
    let digits = word.strip_prefix("kind")?;
    let code: u8 = digits.parse().ok()?;
    let plain = digits == code.to_string();
    (plain && Kind::from_code(code).is_none()).then_some(code)
}

/// At most 64 characters of a refused text, so that an error stays readable.
fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

impl Serialize for DocumentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DocumentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DocumentId, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text_and_its_bytes() {
        for kind in Kind::ALL {
            let id = DocumentId::at(kind, 1_700_000_000_000, [7; 10]);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(DocumentId::from_bytes(&id.to_bytes()), id);
            assert!(id.to_string().starts_with(kind.name()));
        }
    }

    #[test]
    fn an_unknown_kind_is_kept() {
        let id = DocumentId {
            kind_code: 42,
            uuid: [1; 16],
        };
        assert_eq!(
            id.to_string(),
            "kind42_01010101-0101-0101-0101-010101010101"
        );
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.kind(), None);
        assert!(
            "kind5_01010101-0101-0101-0101-010101010101"
                .parse::<DocumentId>()
                .is_err()
        );
        assert!(
            "kind042_01010101-0101-0101-0101-010101010101"
                .parse::<DocumentId>()
                .is_err()
        );
    }

    #[test]
    fn the_same_national_code_gives_the_same_id_forever() {
        let one = DocumentId::from_code(Kind::Org, "hcode5", "09771");
        assert_eq!(one, DocumentId::from_code(Kind::Org, "hcode5", "09771"));
        assert_ne!(one, DocumentId::from_code(Kind::Org, "hcode5", "09772"));
        assert_ne!(one, DocumentId::from_code(Kind::Person, "hcode5", "09771"));
        assert_eq!(one.uuid[6] >> 4, 5);
        assert_eq!(one.to_string(), "org_955e592d-98fc-5f08-b314-41d0cb887a6d");
    }

    #[test]
    fn ids_made_later_sort_later() {
        let early = DocumentId::at(Kind::Plan, 1_000, [255; 10]);
        let late = DocumentId::at(Kind::Plan, 1_001, [0; 10]);
        assert!(early < late);
        assert_eq!(early.uuid[6] >> 4, 7);
    }

    #[test]
    fn malformed_ids_are_refused_with_their_reason() {
        assert!(matches!(
            "plan".parse::<DocumentId>(),
            Err(ParseIdError::MissingKind { .. })
        ));
        assert!(matches!(
            "pla_01010101-0101-0101-0101-010101010101".parse::<DocumentId>(),
            Err(ParseIdError::UnknownKind { .. })
        ));
        assert!(matches!(
            "plan_x".parse::<DocumentId>(),
            Err(ParseIdError::BadUuid { .. })
        ));
    }
}
