//! The documents of the country: which province makes which plan in which space.

use tokio::task::JoinSet;

use super::census::Census;
use super::map::{Country, Purpose};
use super::nation::Nation;
use crate::daemon::seed::{create, edit_all_in, later_changes};
use crate::workload::changes_of;

/// Provinces that work at one time.
const AT_ONCE: usize = 8;

/// A plan, by its number, of which all follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assigned {
    pub(super) number: u64,
    /// The place of the province that makes it.
    pub(super) place: usize,
    /// The place of the space.
    pub(super) space: usize,
    /// One in the directory is made in one change, as organisations and persons are.
    pub(super) changes: u64,
}

/// In turn over the provinces: of ten plans seven are shared with the national node, two with the
/// region, and one is for everybody.
pub(super) fn assigned(country: &Country, number: u64) -> Assigned {
    let provinces = u64::try_from(country.provinces.len()).unwrap();
    let place = usize::try_from(number % provinces).unwrap() + 1;
    let (purpose, changes) = match number / provinces % 10 {
        0..7 => (Purpose::Shared, changes_of(number)),
        7..9 => (Purpose::Region, changes_of(number)),
        _ => (Purpose::Directory, 1),
    };
    Assigned {
        number,
        place,
        space: country.space(place, purpose),
        changes,
    }
}

/// Every province makes its documents; they are durable there, and nowhere else yet.
pub(super) async fn write(nation: &Nation, documents: u64) -> Census {
    let country = &nation.country;
    let mut census = Census::empty(country);
    let mut work = vec![vec![Vec::new(); country.spaces.len()]; nation.nodes.len()];
    for plan in (0..documents).map(|number| assigned(country, number)) {
        census.entries[plan.space] += plan.changes;
        work[plan.place][plan.space].push(plan);
    }
    let mut writing = JoinSet::new();
    for (place, spaces) in work.into_iter().enumerate() {
        if writing.len() == AT_ONCE {
            writing.join_next().await.unwrap().unwrap();
        }
        let named = spaces.into_iter().zip(&country.spaces);
        let named: Vec<_> = named
            .filter(|(plans, _)| !plans.is_empty())
            .map(|(plans, space)| (plans, space.name.clone()))
            .collect();
        // The national node makes none, and is not even there.
        if named.is_empty() {
            continue;
        }
        let local = nation.nodes[place].local();
        writing.spawn(async move {
            for (plans, space) in named {
                write_in(&local, &space, plans).await;
            }
        });
    }
    while let Some(written) = writing.join_next().await {
        written.unwrap();
    }
    census
}

async fn write_in(local: &phaki_tests::local::Local, space: &str, plans: Vec<Assigned>) {
    let numbers = plans.iter().map(|plan| plan.number).collect();
    create(local.clone(), space, numbers).await;
    let edited = plans.into_iter().filter(|plan| plan.changes > 1);
    let rest = edited.flat_map(|plan| later_changes(plan.number));
    edit_all_in(local.clone(), space, rest).await;
}
