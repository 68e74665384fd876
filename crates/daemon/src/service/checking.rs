//! Documents held against the rules, one after the other as they are read.

use phaki_documents::date::Date;
use phaki_documents::rules::{self, Expiry, Finding, Gists, Range, Setting, Spread, Totals};
use phaki_documents::search::Abbreviations;
use phaki_documents::{Document, Kind, Path, schema};
use phaki_replication::id::SpaceId;
use phaki_store::Reader;
use phaki_store::reader::DocumentFilter;
use phaki_wire::proto::local::v1 as pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::denial::Denial;
use super::find::{self, Found};
use super::listing::{self, Rows};
use super::loading::load_if_any;
use super::reading::Reading;
use super::reference::InUse;
use crate::day::today;
use crate::limits::ROWS_PAGE;
use crate::node_loop::{InForce, wall_ms};

/// What a list says of a document that cannot be read.
const UNREADABLE: &str = "unreadable";

impl Reading {
    /// The findings of one document, or of all of a space or of this node.
    pub(super) async fn check(
        &self,
        request: pb::CheckDocumentsRequest,
    ) -> Result<Rows<pb::CheckedDocument>, Denial> {
        let in_force = self.requests.in_force();
        let reader = self.reader.clone();
        let read = {
            let (reader, in_force) = (reader.clone(), in_force.clone());
            let references = self.references.clone();
            move || references.in_use(&reader, &in_force)
        };
        let mut checking = Checking {
            reader: reader.clone(),
            today: today(wall_ms()),
            around: None,
            in_use: self.workers.run(read).await?,
        };
        if request.id.is_empty() {
            let filter = DocumentFilter {
                space: find::optional_space(&in_force, &request.space)?,
                kind_code: None,
                after: None,
                limit: ROWS_PAGE,
            };
            let as_it_is = |_: &[_]| false;
            return Ok(listing::rows(filter, reader, as_it_is, move |row| {
                let (space, document) = (row.space, row.document);
                checking.check(&in_force, Found { space, document })
            }));
        }
        let check = move || {
            let found = find::document(&reader, &in_force, &request.id, &request.space)?;
            checking.check(&in_force, found)
        };
        let checked = self.workers.run(check).await?;
        let (sender, receiver) = mpsc::channel(1);
        if let Some(checked) = checked {
            // There is room for one.
            sender.try_send(Ok(checked)).ok();
        }
        Ok(ReceiverStream::new(receiver))
    }
}

/// A check under way.
struct Checking {
    reader: Reader,
    today: Date,
    /// What the rules need to know of the documents of the space that is being checked.
    around: Option<(SpaceId, Gists)>,
    in_use: InUse,
}

impl Checking {
    fn check(
        &mut self,
        in_force: &InForce,
        found: Found,
    ) -> Result<Option<pb::CheckedDocument>, Denial> {
        let mut checked = pb::CheckedDocument {
            id: found.document.to_string(),
            space: in_force.space_name(&found.space),
            title: found.document.to_string(),
            ..pb::CheckedDocument::default()
        };
        let document = match load_if_any(&self.reader, found) {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(None),
            // One that cannot be read must not hide what is found in the others.
            Err(denial) => {
                checked.findings.push(unreadable(denial));
                return Ok(Some(checked));
            }
        };
        let (today, in_use) = (self.today, self.in_use.clone());
        let setting = Setting {
            today,
            around: self.around(found.space)?,
            reference: in_use.reference(),
        };
        let findings = rules::check(&document, &setting).into_iter();
        checked.title = document.summary().title;
        checked.findings = findings
            .map(|finding| to_wire(&document, finding))
            .collect();
        checked.derived = Some(derived(&document, &setting));
        Ok(Some(checked))
    }

    /// By these, records are of one organisation.
    fn known(&self) -> Abbreviations {
        self.in_use.reference().abbreviations(self.today)
    }

    /// Gathered once for each space: documents are checked space by space.
    fn around(&mut self, space: SpaceId) -> Result<&Gists, Denial> {
        let known = self.around.take().filter(|(known, _)| *known == space);
        let gists = match known {
            Some((_, gists)) => gists,
            None => gather(&self.reader, space, self.known())?,
        };
        Ok(&self.around.insert((space, gists)).1)
    }
}

/// The facts of the documents of a space; those that cannot be read have none.
fn gather(reader: &Reader, space: SpaceId, known: Abbreviations) -> Result<Gists, Denial> {
    let mut gists = Gists::knowing(known);
    for kind in Gists::KINDS {
        visit(reader, Some(space), kind, |document| gists.take(document))?;
    }
    Ok(gists)
}

/// Reads all documents of a kind, in one space or in all. Those that cannot be read are left out.
pub(super) fn visit(
    reader: &Reader,
    space: Option<SpaceId>,
    kind: Kind,
    mut take: impl FnMut(&Document),
) -> Result<(), Denial> {
    let mut filter = DocumentFilter {
        space,
        kind_code: Some(kind.code()),
        after: None,
        limit: ROWS_PAGE,
    };
    loop {
        let page = reader.documents(&filter).map_err(Denial::unreadable)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        filter.after = Some((last.space, last.document));
        for row in page {
            let (space, document) = (row.space, row.document);
            let loaded = load_if_any(reader, Found { space, document });
            if let Some(document) = loaded.ok().flatten() {
                take(&document);
            }
        }
    }
}

fn unreadable(denial: Denial) -> pb::Finding {
    pb::Finding {
        severity: rules::Severity::Error.name().to_owned(),
        code: UNREADABLE.to_owned(),
        th: format!("อ่านเอกสารไม่ได้: {}", denial.sentence),
        en: denial.sentence,
        ..pb::Finding::default()
    }
}

pub(super) fn to_wire(document: &Document, finding: Finding) -> pb::Finding {
    let path = Path::parse(&finding.path).ok();
    let field = path.and_then(|path| schema::field_at(document.id().kind(), &path));
    let label = field.map(|found| found.field.label);
    pb::Finding {
        severity: finding.severity.name().to_owned(),
        code: finding.code,
        path: finding.path,
        label_th: label.map_or("", |label| label.th).to_owned(),
        label_en: label.map_or("", |label| label.en).to_owned(),
        th: finding.th,
        en: finding.en,
    }
}

fn derived(document: &Document, setting: &Setting<'_>) -> pb::Derived {
    let derived = rules::derived(document, setting);
    let (expiry, end) = match derived.expiry {
        None => ("", None),
        Some(Expiry::Open) => ("open", None),
        Some(Expiry::Later { end }) => ("later", Some(end)),
        Some(Expiry::Near { end }) => ("near", Some(end)),
        Some(Expiry::Past { end }) => ("past", Some(end)),
    };
    let regions = derived.regions.into_iter();
    let regions = regions.map(|(fiscal_year, regions)| pb::YearRegions {
        fiscal_year,
        regions: regions.into_iter().collect(),
    });
    pb::Derived {
        fiscal_years: derived.fiscal_years.into_iter().collect(),
        regions: regions.collect(),
        totals: derived.totals.map(totals),
        spread: derived.spread.map(spread),
        expiry: expiry.to_owned(),
        expires: end.map(|end| end.to_string()).unwrap_or_default(),
        completeness: derived.completeness.map(|complete| pb::Completeness {
            data: complete.data,
            responsible: complete.responsible,
            activities: complete.activities,
            evaluation: complete.evaluation,
        }),
    }
}

fn totals(totals: Totals) -> pb::Totals {
    pb::Totals {
        requested_satang: totals.requested,
        approved_satang: totals.approved,
        paid_satang: totals.paid,
    }
}

fn spread(spread: Spread) -> pb::Spread {
    let range = |range: Range| {
        Some(pb::AmountRange {
            least_satang: range.least,
            most_satang: range.most,
        })
    };
    pb::Spread {
        conflicts: u64::try_from(spread.conflicts).unwrap_or(u64::MAX),
        requested: range(spread.requested),
        approved: range(spread.approved),
        paid: range(spread.paid),
        reported: Some(totals(spread.reported)),
    }
}
