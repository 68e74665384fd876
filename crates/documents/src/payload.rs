//! The payload of a `change` entry: document id (17 bytes), then the raw Automerge change.

use thiserror::Error;

use crate::kind::{DOCUMENT_ID_BYTES, DocumentId};
use crate::limits::CHANGE_BYTES_MAX;

/// A decoded payload; the change is not checked, see [`crate::change::summarise`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a> {
    pub document: DocumentId,
    pub change: &'a [u8],
}

/// Why bytes are not the payload of a change entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("payload of {bytes} bytes is too short for a document id and a change")]
    TooShort { bytes: usize },
    #[error("change of {bytes} bytes exceeds {CHANGE_BYTES_MAX}")]
    TooLong { bytes: usize },
}

/// The payload bytes of a change.
pub fn encode(document: &DocumentId, change: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(DOCUMENT_ID_BYTES + change.len());
    bytes.extend_from_slice(&document.to_bytes());
    bytes.extend_from_slice(change);
    bytes
}

/// Splits a payload; every kind code is accepted.
///
/// # Errors
/// When there is no change after the id, or it exceeds [`CHANGE_BYTES_MAX`].
pub fn decode(bytes: &[u8]) -> Result<Payload<'_>, DecodeError> {
    let too_short = DecodeError::TooShort { bytes: bytes.len() };
    let Some((id, change)) = bytes.split_first_chunk::<DOCUMENT_ID_BYTES>() else {
        return Err(too_short);
    };
    if change.is_empty() {
        return Err(too_short);
    }
    if change.len() > CHANGE_BYTES_MAX {
        return Err(DecodeError::TooLong {
            bytes: change.len(),
        });
    }
    Ok(Payload {
        document: DocumentId::from_bytes(id),
        change,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use proptest::prelude::*;

    #[test]
    fn a_payload_is_the_id_and_the_change() {
        let id = DocumentId::new(Kind::Plan, [3; 16]);
        let bytes = encode(&id, b"change");
        assert_eq!(bytes[0], 5);
        assert_eq!(
            decode(&bytes),
            Ok(Payload {
                document: id,
                change: b"change"
            })
        );
    }

    #[test]
    fn a_payload_without_a_change_is_refused() {
        assert_eq!(decode(&[1; 17]), Err(DecodeError::TooShort { bytes: 17 }));
        assert_eq!(decode(&[]), Err(DecodeError::TooShort { bytes: 0 }));
        let long = vec![1; 17 + CHANGE_BYTES_MAX + 1];
        assert!(matches!(decode(&long), Err(DecodeError::TooLong { .. })));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_decode_to_what_they_encode(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(payload) = decode(&bytes) {
                prop_assert_eq!(encode(&payload.document, payload.change), bytes);
            }
        }
    }
}
