//! The one workload that every system gets: plans, described as changes of values at places.
//!
//! A plan has thirty fields, seventeen of them Thai texts, and a list of ten activities with eight
//! fields each; it comes about in five to ten changes. The same number gives the same plan.

pub(crate) mod flat;
pub(crate) mod nested;
mod texts;

use std::time::Duration;

use phaki_tests::samples::Random;
use serde_json::{Value, json};

use texts::{day, pick, thai};

/// Activities of a plan.
const ACTIVITIES: usize = 10;

/// Thai texts of a plan and how many words each has: first those of the first change, then those
/// of the second.
const FIRST_TEXTS: [(&str, usize); 6] = [
    ("title", 6),
    ("summary", 24),
    ("objective", 16),
    ("province", 1),
    ("district", 1),
    ("subdistrict", 1),
];
const SECOND_TEXTS: [(&str, usize); 11] = [
    ("owner_position", 2),
    ("owner_office", 3),
    ("funder", 3),
    ("risk_note", 12),
    ("method", 14),
    ("beneficiaries", 8),
    ("area_note", 8),
    ("contact_office", 3),
    ("partner_lead", 3),
    ("kpi_text", 10),
    ("remark", 10),
];

/// Single edits of W4, and the time between the beginnings of two.
pub(crate) const SINGLE: u64 = 1_000;
pub(crate) const GAP: Duration = Duration::from_millis(10);

/// Changes of a burst in W4.
pub(crate) const BURST: u64 = 2_000;

/// One commit by one author.
pub(crate) type Change = Vec<Step>;

/// A value that is put somewhere in a document.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A field of the document itself.
    Field(&'static str),
    /// The list of activities, which begins empty.
    Activities,
    /// A field of an activity; the first one that is written of an activity appends it.
    Activity(usize, &'static str),
}

/// How many changes plan `number` has.
pub(crate) fn changes_of(number: u64) -> u64 {
    5 + number % 6
}

/// How many changes the first `documents` plans have together.
pub(crate) fn changes_of_all(documents: u64) -> u64 {
    (0..documents).map(changes_of).sum()
}

/// All changes of plan `number`, the first one first.
pub(crate) fn plan(number: u64) -> Vec<Change> {
    let mut random = Random::from_seed(number);
    let mut changes = vec![first(number, &mut random), second(&mut random)];
    let parts = usize::try_from(changes_of(number)).unwrap() - 3;
    for part in 0..parts {
        let activities = ACTIVITIES * part / parts..ACTIVITIES * (part + 1) / parts;
        let steps = activities.flat_map(|activity| new_activity(activity, &mut random));
        changes.push(steps.collect());
    }
    changes.push(vec![
        field("status", json!("active")),
        field("remark", thai(&mut random, 10)),
        field("updated_at", moment(1_790, &mut random)),
    ]);
    changes
}

/// Small edits of a plan that exists, each a change: mostly one activity's progress and when it was
/// reported, every fifth a Thai note. Every `author` makes others.
pub(crate) fn small_edits(author: u64, count: u64) -> impl Iterator<Item = Change> {
    let mut random = Random::from_seed(0xED17_0000 + author);
    (0..count).map(move |turn| {
        let activity = random.below(ACTIVITIES);
        if random.below(5) == 0 {
            let note = thai(&mut random, 6);
            return vec![step(Place::Activity(activity, "note"), note)];
        }
        let progress = json!(random.below(101));
        vec![
            step(Place::Activity(activity, "progress"), progress),
            field("updated_at", json!(1_790_000_000_000 + turn * 977 + author)),
        ]
    })
}

/// The change of one field by which documents and edits are followed from node to node.
pub(crate) fn mark(value: u64) -> Change {
    vec![field(MARK, json!(value))]
}

/// The field that [`mark`] sets.
pub(crate) const MARK: &str = "mark";

fn first(number: u64, random: &mut Random) -> Change {
    let states = ["draft", "submitted", "approved", "active", "closed"];
    let mut steps = vec![
        field("plan_id", json!(format!("PLAN-{number:07}"))),
        field("schema", json!(3)),
        field("status", pick(random, &states)),
        field("fiscal_year", json!(2569 + random.below(3))),
        field("start", day(random)),
        field("end", day(random)),
        field("budget_total", json!(10_000 + random.below(9_000_000))),
        field("progress", json!(tenths(random.below(1_000)))),
        field("public", json!(random.below(2) == 0)),
    ];
    steps.extend(FIRST_TEXTS.map(|(name, words)| field(name, thai(random, words))));
    steps.push(step(Place::Activities, json!([])));
    steps
}

fn second(random: &mut Random) -> Change {
    let account = |random: &mut Random| json!(format!("officer-{:04}", random.below(5_000)));
    let mut steps = vec![
        field("created_by", account(random)),
        field("updated_by", account(random)),
        field("created_at", moment(1_770, random)),
        field("updated_at", moment(1_780, random)),
    ];
    steps.extend(SECOND_TEXTS.map(|(name, words)| field(name, thai(random, words))));
    steps
}

fn new_activity(activity: usize, random: &mut Random) -> Change {
    let states = ["todo", "doing", "done", "late"];
    let fields = [
        ("name", thai(random, 4)),
        ("start", day(random)),
        ("end", day(random)),
        ("budget", json!(1_000 + random.below(500_000))),
        ("responsible_office", thai(random, 2)),
        ("status", pick(random, &states)),
        ("progress", json!(random.below(101))),
        ("note", thai(random, 8)),
    ];
    fields
        .map(|(name, value)| step(Place::Activity(activity, name), value))
        .into()
}

fn field(name: &'static str, value: Value) -> Step {
    step(Place::Field(name), value)
}

fn step(place: Place, value: Value) -> Step {
    Step { place, value }
}

/// A number with one digit after the point.
fn tenths(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / 10.0
}

/// Milliseconds since 1970, at most four months after so many millions of seconds.
fn moment(megaseconds: u64, random: &mut Random) -> Value {
    let after = u64::try_from(random.below(10_000_000_000)).unwrap();
    json!(megaseconds * 1_000_000_000 + after)
}
