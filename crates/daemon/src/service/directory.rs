//! The directory: pairs of records that may be of one organisation, who belongs to whom, and which
//! record stands for another one.

use phaki_documents::DocumentId;
use phaki_documents::date::Date;
use phaki_documents::directory::{
    Directory, Dropped, Hierarchy, Membership, Merges, Office, Pair, Why,
};
use phaki_documents::search::Abbreviations;
use phaki_documents::{Document, Kind};
use phaki_replication::id::SpaceId;
use phaki_store::Reader;
use phaki_wire::proto::local::v1 as pb;

use super::checking::visit;
use super::denial::Denial;
use super::find::{self, Found};
use super::loading::load_if_any;
use super::reading::Reading;
use crate::day::today;
use crate::limits::MERGES_FOLLOWED_MAX;
use crate::node_loop::wall_ms;
use crate::quote::quoted;

impl Reading {
    /// The pairs of records that may be of one organisation.
    pub(super) async fn duplicates(
        &self,
        request: pb::FindDuplicatesRequest,
    ) -> Result<pb::FindDuplicatesReply, Denial> {
        let in_force = self.requests.in_force();
        let space = find::optional_space(&in_force, &request.space)?;
        let (reader, references) = (self.reader.clone(), self.references.clone());
        let find = move || {
            let in_use = references.in_use(&reader, &in_force)?;
            let known = in_use.reference().abbreviations(today(wall_ms()));
            let directory = gather(&reader, space, &known)?;
            let pairs = directory.duplicates().into_iter();
            let organisations = directory.offices().count();
            Ok(pb::FindDuplicatesReply {
                organisations: u64::try_from(organisations).unwrap_or(u64::MAX),
                pairs: pairs.map(|pair| pair_to_wire(&directory, pair)).collect(),
            })
        };
        self.workers.run(find).await
    }

    /// Who belonged to whom on a day.
    pub(super) async fn tree(
        &self,
        request: pb::ShowTreeRequest,
    ) -> Result<pb::ShowTreeReply, Denial> {
        let in_force = self.requests.in_force();
        let space = find::optional_space(&in_force, &request.space)?;
        let day = day(&request.at)?;
        let reader = self.reader.clone();
        let show = move || {
            let top = match request.id.as_str() {
                "" => None,
                id => Some(find::document(&reader, &in_force, id, &request.space)?.document),
            };
            // Who belongs to whom does not depend on names.
            let directory = gather(&reader, space, &Abbreviations::default())?;
            Ok(tree(&directory, top, day))
        };
        self.workers.run(show).await
    }
}

/// The record that stands for a document; `None` when that is itself.
pub(super) fn stands_for(
    reader: &Reader,
    document: &Document,
) -> Result<Option<DocumentId>, Denial> {
    let id = document.id();
    let mut merges = Merges::default();
    // Merges do not depend on names.
    let known = Abbreviations::default();
    let Some(office) = Office::of(document, &known) else {
        return Ok(None);
    };
    merges.insert(id, office.merge());
    for _ in 0..MERGES_FOLLOWED_MAX {
        let Some(document) = merges.unknown(id) else {
            break;
        };
        let spaces = reader.locate(&document).map_err(Denial::unreadable)?;
        let Some(space) = spaces.first().copied() else {
            break;
        };
        let loaded = load_if_any(reader, Found { space, document })
            .ok()
            .flatten();
        let office = loaded
            .as_ref()
            .and_then(|document| Office::of(document, &known));
        merges.insert(
            document,
            office.map(|office| office.merge()).unwrap_or_default(),
        );
    }
    Ok(Some(merges.canonical(id)).filter(|stands| *stands != id))
}

fn gather(
    reader: &Reader,
    space: Option<SpaceId>,
    known: &Abbreviations,
) -> Result<Directory, Denial> {
    let mut directory = Directory::default();
    visit(reader, space, Kind::Org, |document| {
        Office::of(document, known)
            .into_iter()
            .for_each(|office| directory.insert(office));
    })?;
    Ok(directory)
}

fn day(text: &str) -> Result<Date, Denial> {
    match text {
        "" => Ok(today(wall_ms())),
        text => Date::parse(text).ok_or_else(|| {
            Denial::invalid(format!("{} is no date: write yyyy-mm-dd", quoted(text)))
        }),
    }
}

fn pair_to_wire(directory: &Directory, pair: Pair) -> pb::DuplicatePair {
    let reasons = pair.reasons.iter().map(|reason| pb::LikenessReason {
        th: reason.th(),
        en: reason.en(),
        points: reason.points(),
    });
    pb::DuplicatePair {
        remains: Some(organisation(directory, &pair.remains)),
        other: Some(organisation(directory, &pair.other)),
        score: u32::from(pair.score),
        reasons: reasons.collect(),
    }
}

fn organisation(directory: &Directory, id: &DocumentId) -> pb::Organisation {
    let office = directory.office(id);
    pb::Organisation {
        id: id.to_string(),
        title: office.map_or_else(|| id.to_string(), |office| office.title.clone()),
        subtype: office
            .and_then(|office| office.subtype.clone())
            .unwrap_or_default(),
        areas: office
            .map(|office| office.areas.iter().cloned().collect())
            .unwrap_or_default(),
    }
}

fn tree(directory: &Directory, top: Option<DocumentId>, day: Date) -> pb::ShowTreeReply {
    let hierarchy = directory.hierarchy(day);
    let represented = directory.represented();
    let top = top.map(|id| directory.merges().canonical(id));
    let tops: Vec<DocumentId> = top.map_or_else(|| hierarchy.tops().collect(), |top| vec![top]);
    let places = tops.into_iter().flat_map(|top| hierarchy.below(top));
    let places = places.map(|place| pb::TreePlace {
        organisation: Some(organisation(directory, &place.id)),
        depth: u32::try_from(place.depth).unwrap_or(u32::MAX),
        merged: represented
            .get(&place.id)
            .into_iter()
            .flatten()
            .map(DocumentId::to_string)
            .collect(),
    });
    let dropped = hierarchy.dropped().iter();
    let dropped = dropped.filter(|one| top.is_none_or(|top| one.unit == top));
    pb::ShowTreeReply {
        at: day.to_string(),
        places: places.collect(),
        parents: top
            .map(|top| parents(directory, &hierarchy, top))
            .unwrap_or_default(),
        dropped: dropped
            .map(|one| line(directory, one.unit, &one.line, Some(one.why)))
            .collect(),
    }
}

/// All lines of an organisation and of the records for which it stands.
fn parents(directory: &Directory, hierarchy: &Hierarchy, top: DocumentId) -> Vec<pb::DatedParent> {
    let mut records = directory.represented().remove(&top).unwrap_or_default();
    records.insert(top);
    let offices = records.iter().filter_map(|id| directory.office(id));
    let lines = offices.flat_map(|office| &office.memberships);
    let why = |line: &Membership| {
        let same = |one: &&Dropped| one.unit == top && one.line.path == line.path;
        hierarchy.dropped().iter().find(same).map(|one| one.why)
    };
    lines
        .map(|one| line(directory, top, one, why(one)))
        .collect()
}

fn line(
    directory: &Directory,
    unit: DocumentId,
    line: &Membership,
    why: Option<Why>,
) -> pb::DatedParent {
    let text = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let parent = directory.merges().canonical(line.parent);
    pb::DatedParent {
        unit: Some(organisation(directory, &unit)),
        parent: Some(organisation(directory, &parent)),
        kind: line.kind.clone(),
        from: text(line.from),
        to: text(line.to),
        path: line.path.clone(),
        why_not: match why {
            None => "",
            Some(Why::Second) => "second",
            Some(Why::Circle) => "circle",
        }
        .to_owned(),
    }
}
