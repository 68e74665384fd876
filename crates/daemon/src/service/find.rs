//! Finding what a client names: a space by id or name, a document by id or the beginning of one.

use phaki_documents::{DocumentId, Kind};
use phaki_replication::id::SpaceId;
use phaki_replication::manifest::Manifest;
use phaki_store::Reader;
use phaki_store::reader::DocumentFilter;
use tonic::Code;

use super::denial::Denial;
use crate::limits::CANDIDATES_MAX;
use crate::node_loop::InForce;
use crate::quote::quoted;

/// Letters of an id that are enough without its kind.
const PREFIX_LETTERS_MIN: usize = 8;

/// Hexadecimal digits of a whole UUID.
const UUID_DIGITS: usize = 32;

/// A document of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) space: SpaceId,
    pub(super) document: DocumentId,
}

/// The space that `text` names.
pub(super) fn space<'a>(in_force: &'a InForce, text: &str) -> Result<&'a Manifest, Denial> {
    if text.is_empty() {
        let sentence = "no space is named: give its name or id, `phaki space list` shows them";
        return Err(Denial::invalid(sentence));
    }
    let found = in_force.find_space(text);
    match found[..] {
        [manifest] => Ok(manifest),
        [] => {
            let known: Vec<_> = in_force
                .spaces
                .values()
                .take(CANDIDATES_MAX)
                .map(|manifest| manifest.name.as_str())
                .collect();
            let known = match known[..] {
                [] => "this node knows no space yet".to_owned(),
                _ => format!("this node knows {}", known.join(", ")),
            };
            let sentence = format!("there is no space {}: {known}", quoted(text));
            Err(Denial::new(Code::NotFound, "unknown-space", sentence))
        }
        _ => {
            let ids: Vec<_> = found.iter().map(|found| found.space.to_string()).collect();
            let sentence = format!(
                "{} spaces have the name {}: name one by its id, {}",
                ids.len(),
                quoted(text),
                ids.join(" or ")
            );
            Err(Denial::new(
                Code::InvalidArgument,
                "ambiguous-space",
                sentence,
            ))
        }
    }
}

/// The space that `text` names, or none when it is empty.
pub(super) fn optional_space(in_force: &InForce, text: &str) -> Result<Option<SpaceId>, Denial> {
    match text {
        "" => Ok(None),
        text => space(in_force, text).map(|manifest| Some(manifest.space)),
    }
}

/// The kind that `text` names, or none when it is empty.
pub(super) fn optional_kind(text: &str) -> Result<Option<u8>, Denial> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(kind) = Kind::from_name(text) {
        return Ok(Some(kind.code()));
    }
    let other = text
        .strip_prefix("kind")
        .and_then(|code| code.parse::<u8>().ok());
    other.map(Some).ok_or_else(|| {
        let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        Denial::invalid(format!(
            "there is no kind {}: use {}",
            quoted(text),
            known.join(", ")
        ))
    })
}

/// The document that `id` and `space` name.
pub(super) fn document(
    reader: &Reader,
    in_force: &InForce,
    id: &str,
    space: &str,
) -> Result<Found, Denial> {
    let space = optional_space(in_force, space)?;
    let found = match id.parse::<DocumentId>() {
        Ok(document) => whole(reader, document, space)?,
        Err(_) => beginning_with(reader, in_force, id, space)?,
    };
    let name = |space: &SpaceId| in_force.space_name(space);
    match found[..] {
        [found] => Ok(found),
        [] => {
            let place = match space {
                Some(space) => format!("space {}", name(&space)),
                None => format!("the {} spaces of this node", in_force.spaces.len()),
            };
            let sentence =
                format!("there is no document {id} in {place}: `phaki list` shows those there are");
            Err(Denial::new(Code::NotFound, "unknown-document", sentence))
        }
        [first, .., last] if first.document == last.document => {
            let spaces: Vec<_> = found.iter().map(|found| name(&found.space)).collect();
            let sentence = format!(
                "document {id} is in the spaces {}: name one",
                spaces.join(" and ")
            );
            Err(Denial::new(
                Code::InvalidArgument,
                "ambiguous-document",
                sentence,
            ))
        }
        _ => {
            let ids: Vec<_> = found
                .iter()
                .map(|found| found.document.to_string())
                .collect();
            let more = match ids.len() > CANDIDATES_MAX {
                true => " and others",
                false => "",
            };
            let shown = ids[..ids.len().min(CANDIDATES_MAX)].join(", ");
            let sentence = format!("several documents begin with {id}: {shown}{more}");
            Err(Denial::new(
                Code::InvalidArgument,
                "ambiguous-document",
                sentence,
            ))
        }
    }
}

fn whole(
    reader: &Reader,
    document: DocumentId,
    space: Option<SpaceId>,
) -> Result<Vec<Found>, Denial> {
    let spaces = reader.locate(&document).map_err(Denial::unreadable)?;
    let spaces = spaces
        .into_iter()
        .filter(|at| space.is_none_or(|only| only == *at));
    Ok(spaces.map(|space| Found { space, document }).collect())
}

/// At most [`CANDIDATES_MAX`] and one more.
fn beginning_with(
    reader: &Reader,
    in_force: &InForce,
    text: &str,
    space: Option<SpaceId>,
) -> Result<Vec<Found>, Denial> {
    let prefix = Prefix::parse(text)?;
    let mut found = Vec::new();
    let spaces = in_force
        .spaces
        .keys()
        .filter(|at| space.is_none_or(|only| only == **at));
    for space in spaces {
        for kind_code in &prefix.kinds {
            let after = prefix.first.checked_sub(1).map(|before| {
                let uuid = before.to_be_bytes();
                let kind_code = *kind_code;
                (*space, DocumentId { kind_code, uuid })
            });
            let filter = DocumentFilter {
                space: Some(*space),
                kind_code: Some(*kind_code),
                after,
                limit: CANDIDATES_MAX + 1,
            };
            let rows = reader.documents(&filter).map_err(Denial::unreadable)?;
            let within = rows
                .into_iter()
                .filter(|row| u128::from_be_bytes(row.document.uuid) <= prefix.last);
            found.extend(within.map(|row| Found {
                space: *space,
                document: row.document,
            }));
            if found.len() > CANDIDATES_MAX {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// The ids that begin with a text.
#[derive(Debug, PartialEq, Eq)]
struct Prefix {
    kinds: Vec<u8>,
    first: u128,
    last: u128,
}

impl Prefix {
    fn parse(text: &str) -> Result<Self, Denial> {
        let (kinds, rest, letters_min) = match text.split_once('_') {
            Some((kind, rest)) => (optional_kind(kind)?.into_iter().collect(), rest, 1),
            None => {
                let all = Kind::ALL.iter().map(|kind| kind.code()).collect();
                (all, text, PREFIX_LETTERS_MIN)
            }
        };
        let digits: String = rest.chars().filter(|letter| *letter != '-').collect();
        let hexadecimal = digits.chars().all(|letter| letter.is_ascii_hexdigit());
        if !hexadecimal || digits.len() < letters_min || digits.len() > UUID_DIGITS {
            return Err(Denial::invalid(format!(
                "{} is no document id: give it whole, as plan_0190a5c8-…, or its first \
                 {PREFIX_LETTERS_MIN} digits or more",
                quoted(text)
            )));
        }
        let bound = |fill: &str| {
            let whole = format!("{digits}{}", fill.repeat(UUID_DIGITS - digits.len()));
            u128::from_str_radix(&whole, 16).map_err(|_| Denial::invalid("unreadable id"))
        };
        Ok(Self {
            kinds,
            first: bound("0")?,
            last: bound("f")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range_of_ids() {
        let prefix = Prefix::parse("plan_0190-a").unwrap();
        assert_eq!(prefix.kinds, [Kind::Plan.code()]);
        assert_eq!(prefix.first, 0x190a << 108);
        assert_eq!(prefix.last, (0x190b << 108) - 1);
        assert_eq!(
            Prefix::parse("0190a5c8").unwrap().kinds.len(),
            Kind::ALL.len()
        );
        for text in [
            "0190a5c",
            "plan_",
            "plan_x",
            "nothing_0190a5c8",
            "",
            "zzzzzzzzzz",
        ] {
            assert!(Prefix::parse(text).is_err(), "{text}");
        }
    }
}
