//! Paths: the keys of the flat root map of a document.
//!
//! Segments are joined by `/`. Inside a segment `~` is written `~0`, `/` is `~1`, a leading `#`
//! of a map key is `~2`, and an empty map key is `~3`. The segment of a list item is `#` and the
//! item's id. Three reserved last segments carry structure instead of data: `~o` (the order key
//! of a list item), `~e` (an empty container) and `~t` (a trace of a text edit).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::limits::{PATH_BYTES_MAX, PATH_DEPTH_MAX};

/// The order key of a list item.
pub(crate) const ORDER: &str = "~o";
/// The marker of an empty map or list.
pub(crate) const EMPTY: &str = "~e";
/// The object that a text edit touched: lets the edit survive a concurrent removal.
pub(crate) const TOUCH: &str = "~t";

/// A checked path; at least one segment. Sorts by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(String);

/// One step of a path, unescaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// A key of a map.
    Key(String),
    /// The id of a list item.
    Item(String),
    /// A reserved last segment: `~o`, `~e` or `~t`.
    Structure(&'static str),
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    #[error("path is empty")]
    Empty,
    #[error("path of {bytes} bytes exceeds {PATH_BYTES_MAX}")]
    TooLong { bytes: usize },
    #[error("path of {depth} segments exceeds {PATH_DEPTH_MAX}")]
    TooDeep { depth: usize },
    #[error("segment {segment:?} is not well formed")]
    BadSegment { segment: String },
    #[error("reserved segment {segment:?} is not the last one")]
    Reserved { segment: String },
}

impl Path {
    /// Reads an encoded path.
    ///
    /// # Errors
    /// When it is empty, longer or deeper than the limits, or not in the canonical escaping.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        check(text)?;
        Ok(Path(text.to_owned()))
    }

    /// The path of a top-level field.
    ///
    /// # Errors
    /// When the key is longer than a path may be.
    pub fn of_key(key: &str) -> Result<Path, PathError> {
        let text = encode_key(key);
        check_size(&text)?;
        Ok(Path(text))
    }

    /// This path and one more map key.
    ///
    /// # Errors
    /// When the result exceeds the limits on length or depth.
    pub fn key(&self, key: &str) -> Result<Path, PathError> {
        self.join(&encode_key(key))
    }

    /// This path and the id of a list item.
    ///
    /// # Errors
    /// When the result exceeds the limits on length or depth.
    pub fn item(&self, id: &str) -> Result<Path, PathError> {
        self.join(&encode_item(id))
    }

    /// The encoded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The unescaped segments, first to last.
    pub fn segments(&self) -> Vec<Segment> {
        self.0.split('/').filter_map(decode_segment).collect()
    }

    /// Number of segments.
    pub fn depth(&self) -> usize {
        self.0.split('/').count()
    }

    /// The path without its last segment; `None` for a top-level field.
    pub fn parent(&self) -> Option<Path> {
        self.0
            .rsplit_once('/')
            .map(|(parent, _)| Path(parent.to_owned()))
    }

    /// True when this path is `other` or lies below it.
    pub fn is_at_or_below(&self, other: &Path) -> bool {
        match self.0.strip_prefix(other.as_str()) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }

    /// True for order keys, markers and touches, which are not data.
    pub fn is_structure(&self) -> bool {
        is_structure(&self.0)
    }

    /// True for `id` and `kind`, which a document has from its making on and which are no fields.
    pub fn is_identity(&self) -> bool {
        matches!(first_segment(&self.0), "id" | "kind")
    }

    fn join(&self, encoded: &str) -> Result<Path, PathError> {
        let text = format!("{}/{encoded}", self.0);
        check_size(&text)?;
        Ok(Path(text))
    }
}

/// Whether a text is a path; asked for each value of each document that is read.
///
/// # Errors
/// As [`Path::parse`].
pub(crate) fn check(text: &str) -> Result<(), PathError> {
    check_size(without_structure(text))?;
    let mut segments = text.split('/').peekable();
    let mut is_first = true;
    while let Some(raw) = segments.next() {
        if !is_segment(raw) {
            return Err(PathError::BadSegment {
                segment: raw.chars().take(64).collect(),
            });
        }
        let is_last = segments.peek().is_none();
        if matches!(raw, ORDER | EMPTY | TOUCH) && (is_first || !is_last) {
            return Err(PathError::Reserved {
                segment: raw.to_owned(),
            });
        }
        is_first = false;
    }
    Ok(())
}

/// The encoded first segment.
pub(crate) fn first_segment(text: &str) -> &str {
    text.split('/').next().unwrap_or(text)
}

/// The path of the data that a structure belongs to. Limits are on data: the deepest map can
/// still be marked as empty.
fn without_structure(text: &str) -> &str {
    match text.rsplit_once('/') {
        Some((data, ORDER | EMPTY | TOUCH)) => data,
        _ => text,
    }
}

/// True when the encoded path ends in a reserved segment.
pub(crate) fn is_structure(text: &str) -> bool {
    matches!(last_segment(text), ORDER | EMPTY | TOUCH)
}

/// The encoded last segment.
pub(crate) fn last_segment(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// The encoded form of a map key.
pub(crate) fn encode_key(key: &str) -> String {
    if key.is_empty() {
        return "~3".to_owned();
    }
    let escaped = escape(key);
    match escaped.strip_prefix('#') {
        Some(rest) => format!("~2{rest}"),
        None => escaped,
    }
}

/// The encoded form of a list item's id.
pub(crate) fn encode_item(id: &str) -> String {
    format!("#{}", escape(id))
}

/// The key, item or structure of an encoded segment; `None` when it is not canonical.
pub(crate) fn decode_segment(raw: &str) -> Option<Segment> {
    match raw {
        "" | "#" => return None,
        ORDER => return Some(Segment::Structure(ORDER)),
        EMPTY => return Some(Segment::Structure(EMPTY)),
        TOUCH => return Some(Segment::Structure(TOUCH)),
        "~3" => return Some(Segment::Key(String::new())),
        _ => {}
    }
    if let Some(item) = raw.strip_prefix('#') {
        return unescape(item).map(Segment::Item);
    }
    if let Some(rest) = raw.strip_prefix("~2") {
        return unescape(rest).map(|rest| Segment::Key(format!("#{rest}")));
    }
    unescape(raw).map(Segment::Key)
}

/// Whether [`decode_segment`] reads it.
fn is_segment(raw: &str) -> bool {
    match raw {
        "" | "#" => false,
        ORDER | EMPTY | TOUCH | "~3" => true,
        _ => {
            let rest = raw.strip_prefix('#').or_else(|| raw.strip_prefix("~2"));
            let mut escapes = rest.unwrap_or(raw).split('~').skip(1);
            escapes.all(|rest| rest.starts_with(['0', '1']))
        }
    }
}

fn check_size(text: &str) -> Result<(), PathError> {
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    if text.len() > PATH_BYTES_MAX {
        return Err(PathError::TooLong { bytes: text.len() });
    }
    let depth = text.split('/').count();
    if depth > PATH_DEPTH_MAX {
        return Err(PathError::TooDeep { depth });
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

/// Undoes [`escape`]; `None` at a `~` that is followed by neither `0` nor `1`.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => match chars.next()? {
                '0' => out.push('~'),
                '1' => out.push('/'),
                _ => return None,
            },
            '/' => return None,
            other => out.push(other),
        }
    }
    Some(out)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Path, PathError> {
        Path::parse(text)
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Path, D::Error> {
        let text = String::deserialize(deserializer)?;
        Path::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn awkward_keys_survive_in_a_path() {
        for key in ["a/b", "~", "#1", "", "~o", "~0", "ยุทธศาสตร์", "#", "a#b"]
        {
            let path = Path::of_key("top").unwrap().key(key).unwrap();
            assert_eq!(Path::parse(path.as_str()), Ok(path.clone()));
            assert_eq!(path.segments()[1], Segment::Key(key.to_owned()));
            assert!(!path.is_structure());
        }
    }

    #[test]
    fn a_reserved_segment_stands_only_at_the_end_of_something() {
        assert!(Path::parse("areas/#40/~o").unwrap().is_structure());
        assert!(matches!(
            Path::parse("areas/~o/x"),
            Err(PathError::Reserved { .. })
        ));
        assert!(matches!(Path::parse("~o"), Err(PathError::Reserved { .. })));
    }

    #[test]
    fn limits_and_malformed_segments_are_refused() {
        assert_eq!(Path::parse(""), Err(PathError::Empty));
        assert!(matches!(
            Path::parse(&"x".repeat(1025)),
            Err(PathError::TooLong { bytes: 1025 })
        ));
        assert!(matches!(
            Path::parse(&["a"; 17].join("/")),
            Err(PathError::TooDeep { depth: 17 })
        ));
        for bad in ["a//b", "/a", "a/", "a/#", "~9", "a/~"] {
            assert!(
                matches!(Path::parse(bad), Err(PathError::BadSegment { .. })),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_text_is_a_path_exactly_when_its_segments_can_be_read(text in "[~#/0-3oeta]{0,12}") {
            let segments: Option<Vec<_>> = text.split('/').map(decode_segment).collect();
            let reads = segments.is_some_and(|segments| {
                let last = segments.len() - 1;
                let misplaced = |at| at == 0 || at < last;
                !segments.iter().enumerate().any(|(at, segment)| {
                    matches!(segment, Segment::Structure(_)) && misplaced(at)
                })
            });
            prop_assert_eq!(check(&text).is_ok(), reads);
        }
    }

    #[test]
    fn below_means_whole_segments() {
        let strategies = Path::parse("strategies/s1").unwrap();
        assert!(
            Path::parse("strategies/s1/th")
                .unwrap()
                .is_at_or_below(&strategies)
        );
        assert!(
            !Path::parse("strategies/s10")
                .unwrap()
                .is_at_or_below(&strategies)
        );
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_without_panic(text in ".{0,80}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(path.segments().len(), path.depth());
            }
        }

        #[test]
        fn any_key_and_any_item_id_round_trip(key in ".{0,40}", id in ".{1,40}") {
            let path = Path::of_key(&key).unwrap().item(&id).unwrap();
            prop_assert_eq!(
                Path::parse(path.as_str()).unwrap().segments(),
                vec![Segment::Key(key), Segment::Item(id)]
            );
        }
    }
}
