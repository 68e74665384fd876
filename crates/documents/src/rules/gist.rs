//! What the rules need to know of other documents: a few facts of each plan, activity and indicator,
//! the directory of organisations, and the numbers that people gave.
//!
//! A space of a hundred thousand documents has some tens of megabytes of these, and no document
//! need stay loaded.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::derived::{Totals, totals_of};
use super::number::{self, Number};
use super::spread::{self, Spread};
use crate::date::Date;
use crate::directory::{Directory, Hierarchy, Office, Pair};
use crate::document::Document;
use crate::kind::{DocumentId, Kind};
use crate::search::Abbreviations;
use crate::subject::Subject;
use crate::text::fold;

/// Roles by which an organisation or a group answers for an activity.
const RESPONSIBLE: [&str; 2] = ["accountable", "implementing"];

/// The facts of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gist {
    id: DocumentId,
    /// The plan or activity that it belongs to.
    plan: Option<DocumentId>,
    above: Option<DocumentId>,
    /// Folded, without spaces.
    title: String,
    areas: BTreeSet<String>,
    pub(super) years: BTreeSet<i64>,
    pub(super) totals: Totals,
    pub(super) spread: Spread,
    pub(super) has_budget: bool,
    /// Somebody answers for it.
    pub(super) is_answered_for: bool,
    /// Where its numbers come from is known.
    pub(super) has_data_source: bool,
    /// It says what is to be reached.
    pub(super) has_target: bool,
}

impl Gist {
    /// The facts of a document; `None` for kinds that no rule asks about, and for a document that
    /// was withdrawn from use.
    fn of(document: &Document, subject: &Subject) -> Option<Gist> {
        let asked = matches!(
            subject.kind(),
            Some(Kind::Plan | Kind::Activity | Kind::Indicator)
        );
        if !asked || subject.is_retired() {
            return None;
        }
        let title = subject.text("title/th").unwrap_or_default();
        let roles = subject.below("roles").chain(subject.below("role_groups"));
        let is_answered_for = roles
            .filter_map(|(_, value)| value.as_str())
            .any(|role| RESPONSIBLE.contains(&role));
        let targets = subject.entries("targets");
        Some(Gist {
            id: subject.id,
            plan: subject.reference("plan"),
            above: subject
                .reference("activity")
                .or_else(|| subject.reference("parent")),
            title: fold(title).replace(' ', ""),
            areas: subject
                .below("areas")
                .filter_map(|(_, value)| value.as_str().map(str::to_owned))
                .collect(),
            years: subject.years(),
            totals: totals_of(subject),
            spread: spread::of(document, subject),
            has_budget: subject.has("budget"),
            is_answered_for,
            has_data_source: subject.has("data_source") || subject.has("baseline"),
            has_target: targets
                .iter()
                .any(|target| subject.has(&format!("{target}/value"))),
        })
    }
}

/// The facts of all documents around the one that is checked, found by what they refer to.
#[derive(Debug, Clone, Default)]
pub struct Gists {
    by_id: BTreeMap<DocumentId, Gist>,
    /// Plan or activity to the documents that belong to it.
    below: BTreeMap<DocumentId, BTreeSet<DocumentId>>,
    /// Title and area to one activity of each plan.
    by_title: BTreeMap<(String, String), BTreeMap<DocumentId, DocumentId>>,
    by_number: BTreeMap<Number, BTreeSet<DocumentId>>,
    directory: Directory,
    abbreviations: Abbreviations,
    /// Worked out once, when somebody asks first.
    duplicates: OnceLock<BTreeMap<DocumentId, Vec<Pair>>>,
    /// Those of the day on which somebody asked first.
    hierarchy: OnceLock<(Date, Hierarchy)>,
}

impl Gists {
    /// The kinds of which rules for other documents need to know.
    pub const KINDS: [Kind; 6] = [
        Kind::Org,
        Kind::Agreement,
        Kind::Plan,
        Kind::Activity,
        Kind::Indicator,
        Kind::Resolution,
    ];

    /// No facts yet; names of organisations will be compared with these abbreviations written out.
    pub fn knowing(abbreviations: Abbreviations) -> Gists {
        Gists {
            abbreviations,
            ..Gists::default()
        }
    }

    /// Takes the facts of one more document. A document that is there already, since it lies in
    /// several spaces, counts once.
    pub fn take(&mut self, document: &Document) {
        self.duplicates = OnceLock::new();
        self.hierarchy = OnceLock::new();
        if let Some(office) = Office::of(document, &self.abbreviations) {
            self.directory.insert(office);
            return;
        }
        let subject = Subject::of(document);
        if let Some(number) = number::of(&subject).filter(|_| !subject.is_retired()) {
            self.by_number.entry(number).or_default().insert(subject.id);
        }
        if let Some(gist) = Gist::of(document, &subject) {
            self.insert(gist);
        }
    }

    fn insert(&mut self, gist: Gist) {
        if self.by_id.contains_key(&gist.id) {
            return;
        }
        for above in [gist.plan, gist.above].into_iter().flatten() {
            self.below.entry(above).or_default().insert(gist.id);
        }
        if gist.id.kind() == Some(Kind::Activity) && !gist.title.is_empty() {
            self.note_title(&gist);
        }
        self.by_id.insert(gist.id, gist);
    }

    /// The same whatever the order in which they come.
    fn note_title(&mut self, gist: &Gist) {
        let Some(plan) = gist.plan else {
            return;
        };
        for area in &gist.areas {
            let place = (gist.title.clone(), area.clone());
            let plans = self.by_title.entry(place).or_default();
            let known = plans.entry(plan).or_insert(gist.id);
            *known = gist.id.min(*known);
        }
    }

    /// The organisations.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The pairs of records with this one that may be of one organisation.
    pub(super) fn duplicates_of(&self, id: &DocumentId) -> &[Pair] {
        let all = self.duplicates.get_or_init(|| {
            let mut by_id: BTreeMap<DocumentId, Vec<Pair>> = BTreeMap::new();
            for pair in self.directory.duplicates() {
                by_id.entry(pair.other).or_default().push(pair.clone());
                by_id.entry(pair.remains).or_default().push(pair);
            }
            by_id
        });
        all.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Who belongs to whom on that day.
    pub(super) fn hierarchy(&self, day: Date) -> Cow<'_, Hierarchy> {
        let known = self
            .hierarchy
            .get_or_init(|| (day, self.directory.hierarchy(day)));
        match known {
            (of, hierarchy) if *of == day => Cow::Borrowed(hierarchy),
            _ => Cow::Owned(self.directory.hierarchy(day)),
        }
    }

    /// The other documents with that number.
    pub(super) fn others_numbered(&self, number: &Number, id: &DocumentId) -> Vec<DocumentId> {
        let all = self.by_number.get(number).into_iter().flatten();
        all.filter(|other| *other != id).copied().collect()
    }

    pub(super) fn get(&self, id: &DocumentId) -> Option<&Gist> {
        self.by_id.get(id)
    }

    /// The activities of a plan: those that name it, and those below them.
    pub(super) fn activities_of(&self, plan: &DocumentId) -> Vec<&Gist> {
        self.of_kind(plan, Kind::Activity)
    }

    /// The indicators of a plan or of its activities.
    pub(super) fn indicators_of(&self, plan: &DocumentId) -> Vec<&Gist> {
        self.of_kind(plan, Kind::Indicator)
    }

    /// Each document is met once, so that a circle of parents does no harm.
    fn of_kind(&self, plan: &DocumentId, kind: Kind) -> Vec<&Gist> {
        let mut met = BTreeSet::new();
        let mut open = vec![*plan];
        while let Some(above) = open.pop() {
            for below in self.below.get(&above).into_iter().flatten() {
                if met.insert(*below) {
                    open.push(*below);
                }
            }
        }
        let found = met.into_iter().filter(|id| id.kind() == Some(kind));
        found.filter_map(|id| self.by_id.get(&id)).collect()
    }

    /// An activity of the same title and of a common area in another plan.
    pub(super) fn double_of(&self, id: &DocumentId) -> Option<DocumentId> {
        let own = self.by_id.get(id)?;
        let plan = own.plan?;
        own.areas.iter().find_map(|area| {
            let plans = self.by_title.get(&(own.title.clone(), area.clone()))?;
            let mut others = plans.iter().filter(|(other, _)| **other != plan);
            others.next().map(|(_, activity)| *activity)
        })
    }
}
