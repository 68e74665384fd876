//! Which of several concurrent states is shown: the one furthest on its way.
//!
//! Where one office writes that work is completed and another that it is suspended, the latest
//! operation says nothing about the work. The vocabularies of states are in the order in which things
//! go; ends come last, and those that count for less come behind those that count for more (a
//! signature that was withdrawn behind one that was given). A code of a newer program comes first.

use serde_json::Value;

use super::read::Held;
use crate::kind::Kind;
use crate::path::Path;
use crate::schema::{self, FieldType, vocabulary};

/// Vocabularies of states.
const STATES: [&str; 8] = [
    "org.status",
    "agreement.status",
    "party.state",
    "execution.status",
    "report.state",
    "measurement.status",
    "event.state",
    "resolution.status",
];

/// Puts the values of a state in the order of their ranks, the highest first; leaves others alone.
pub(super) fn sort(kind: Option<Kind>, key: &str, held: &mut [Held]) {
    if let Some(states) = states_at(kind, key) {
        held.sort_by_key(|held| std::cmp::Reverse(rank(states, &held.value)));
    }
}

/// True when the field at a path holds a state.
pub(super) fn is_state(kind: Option<Kind>, key: &str) -> bool {
    states_at(kind, key).is_some()
}

fn states_at(kind: Option<Kind>, key: &str) -> Option<&'static [vocabulary::Code]> {
    let path = Path::parse(key).ok()?;
    let FieldType::Code(name) = schema::field_at(kind, &path)?.at? else {
        return None;
    };
    STATES.contains(&name).then(|| vocabulary::codes(name))?
}

fn rank(states: &[vocabulary::Code], value: &Value) -> Option<usize> {
    let code = value.as_str()?;
    states.iter().position(|state| state.code == code)
}
