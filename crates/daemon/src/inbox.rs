//! Which conflicts wait for whom, and in which order: the oldest first, or the dearest.

use clap::ValueEnum;
use phaki_documents::DocumentId;
use phaki_documents::path::Path;
use phaki_documents::schema::{FieldType, field_at};
use phaki_wire::proto::local::v1::Conflict;

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// What has waited longest.
    #[default]
    Age,
    /// The largest difference between two amounts of money.
    Money,
}

/// Whose conflicts are looked for; empty fields let every conflict through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// One of the values is of this account.
    pub(crate) account: Option<&'a str>,
    /// One of the values was given at this node.
    pub(crate) node: Option<&'a str>,
}

impl Wanted<'_> {
    fn lets_through(&self, conflict: &Conflict) -> bool {
        let mut values = conflict.values.iter();
        let of_account = |account| values.any(|value| value.account == account);
        let given_there = |node| conflict.values.iter().any(|value| value.node == node);
        self.account.is_none_or(of_account) && self.node.is_none_or(given_there)
    }
}

/// The conflicts that are wanted, in their order. Equal ones stay as the node told them.
pub(crate) fn sorted(mut conflicts: Vec<Conflict>, wanted: Wanted<'_>, by: By) -> Vec<Conflict> {
    conflicts.retain(|conflict| wanted.lets_through(conflict));
    match by {
        By::Age => conflicts.sort_by_key(since_ms),
        By::Money => conflicts.sort_by_key(|conflict| {
            let dearest = std::cmp::Reverse(at_stake(conflict));
            (dearest, since_ms(conflict))
        }),
    }
    conflicts
}

/// Since when the values differ: when the second of them was given, in milliseconds since 1970 by
/// the clocks of those who gave them.
pub(crate) fn since_ms(conflict: &Conflict) -> i64 {
    let mut times: Vec<i64> = conflict.values.iter().map(|value| value.time_ms).collect();
    times.sort_unstable();
    times.get(1).or(times.first()).copied().unwrap_or_default()
}

/// Satang between the least and the largest amount; `None` for a field that holds no money.
pub(crate) fn at_stake(conflict: &Conflict) -> Option<u64> {
    let path = Path::parse(&conflict.path).ok()?;
    let kind = conflict.id.parse::<DocumentId>().ok()?.kind();
    let field = field_at(kind, &path)?;
    if field.at != Some(FieldType::Money) {
        return None;
    }
    let amounts = conflict.values.iter();
    let amounts = amounts.filter_map(|value| value.value_json.parse::<i64>().ok());
    let (least, most) = amounts.fold(None, |range: Option<(i64, i64)>, amount| {
        let (least, most) = range.unwrap_or((amount, amount));
        Some((least.min(amount), most.max(amount)))
    })?;
    Some(most.abs_diff(least))
}

#[cfg(test)]
mod tests {
    use phaki_wire::proto::local::v1::ConflictValue;

    use super::*;

    fn conflict(path: &str, values: &[(&str, &str, &str, i64)]) -> Conflict {
        let value = |(json, node, account, time_ms): &(&str, &str, &str, i64)| ConflictValue {
            value_json: (*json).to_owned(),
            node: (*node).to_owned(),
            account: (*account).to_owned(),
            time_ms: *time_ms,
            ..ConflictValue::default()
        };
        Conflict {
            id: "activity_f370e6bc-4d1b-5a9b-a2cf-1ca19f928e29".to_owned(),
            path: path.to_owned(),
            values: values.iter().map(value).collect(),
            ..Conflict::default()
        }
    }

    fn inbox() -> Vec<Conflict> {
        vec![
            conflict(
                "title/th",
                &[("\"ก\"", "TH-41", "a1", 50), ("\"ข\"", "TH", "b", 40)],
            ),
            conflict(
                "budget/b1/amount_satang",
                &[
                    ("180000000", "TH", "b", 70),
                    ("150000000", "TH-41", "a2", 10),
                ],
            ),
            conflict(
                "budget/b2/amount_satang",
                &[
                    ("100", "TH-41", "a1", 20),
                    ("-100", "TH", "b", 30),
                    ("null", "TH", "b", 90),
                ],
            ),
        ]
    }

    fn paths(conflicts: &[Conflict]) -> Vec<&str> {
        let paths = conflicts.iter().map(|conflict| conflict.path.as_str());
        paths.collect()
    }

    const TITLE: &str = "title/th";
    const LARGE: &str = "budget/b1/amount_satang";
    const SMALL: &str = "budget/b2/amount_satang";

    #[test]
    fn what_has_waited_longest_comes_first_or_what_most_money_depends_on() {
        let by = |by| sorted(inbox(), Wanted::default(), by);
        assert_eq!(paths(&by(By::Age)), [SMALL, TITLE, LARGE]);
        assert_eq!(paths(&by(By::Money)), [LARGE, SMALL, TITLE]);
    }

    #[test]
    fn an_officer_sees_their_own_conflicts_and_an_agency_those_of_its_node() {
        let of = |account, node| sorted(inbox(), Wanted { account, node }, By::Age);
        assert_eq!(paths(&of(Some("a1"), None)), [SMALL, TITLE]);
        assert_eq!(paths(&of(None, Some("TH-41"))), [SMALL, TITLE, LARGE]);
        assert_eq!(paths(&of(Some("a2"), Some("TH"))), [LARGE]);
        assert!(of(Some("nobody"), None).is_empty());
    }

    #[test]
    fn money_is_at_stake_only_where_money_is() {
        let stakes = inbox().iter().map(at_stake).collect::<Vec<_>>();
        assert_eq!(stakes, [None, Some(30_000_000), Some(200)]);
    }
}
