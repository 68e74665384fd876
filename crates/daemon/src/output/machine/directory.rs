//! Pairs of records, trees of organisations, and differences of documents.

use phaki_wire::proto::local::v1::{
    DatedParent, DiffDocumentReply, Difference, DuplicatePair, Organisation, ShowTreeReply,
    TreePlace,
};
use serde_json::{Value, json};

use super::embedded;

/// A line of `duplicates`.
pub(crate) fn duplicate(pair: &DuplicatePair) -> Value {
    let reasons = pair
        .reasons
        .iter()
        .map(|reason| json!({ "th": reason.th, "en": reason.en, "points": reason.points }));
    json!({
        "remains": pair.remains.as_ref().map(organisation),
        "other": pair.other.as_ref().map(organisation),
        "score": pair.score,
        "reasons": reasons.collect::<Vec<_>>(),
    })
}

/// The answer to `tree`.
pub(crate) fn tree(reply: &ShowTreeReply) -> Value {
    let place = |place: &TreePlace| {
        json!({
            "organisation": place.organisation.as_ref().map(organisation),
            "depth": place.depth,
            "merged": place.merged,
        })
    };
    json!({
        "at": reply.at,
        "places": reply.places.iter().map(place).collect::<Vec<_>>(),
        "parents": reply.parents.iter().map(parent).collect::<Vec<_>>(),
        "dropped": reply.dropped.iter().map(parent).collect::<Vec<_>>(),
    })
}

/// The answer to `diff`.
pub(crate) fn diff(reply: &DiffDocumentReply) -> Value {
    let difference = |one: &Difference| {
        json!({
            "path": one.path,
            "label_th": one.label_th,
            "label_en": one.label_en,
            "from": embedded(&one.from_json),
            "to": embedded(&one.to_json),
        })
    };
    json!({
        "id": reply.id,
        "space": reply.space,
        "title": reply.title,
        "approval": given(&reply.approval),
        "heads": reply.heads,
        "differences": reply.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

fn organisation(office: &Organisation) -> Value {
    json!({
        "id": office.id,
        "title": office.title,
        "subtype": given(&office.subtype),
        "areas": office.areas,
    })
}

fn parent(line: &DatedParent) -> Value {
    json!({
        "unit": line.unit.as_ref().map(organisation),
        "parent": line.parent.as_ref().map(organisation),
        "kind": line.kind,
        "from": given(&line.from),
        "to": given(&line.to),
        "path": line.path,
        "counts": line.why_not.is_empty(),
        "why_not": given(&line.why_not),
    })
}

fn given(text: &String) -> Option<&String> {
    Some(text).filter(|text| !text.is_empty())
}
