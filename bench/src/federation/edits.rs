//! One edit in one province, until it is everywhere where it may be read.

use std::time::Instant;

use phaki_tests::local::{Local, Watch};
use phaki_tests::wait;

use super::census::Census;
use super::map::{NATIONAL, Purpose};
use super::nation::Nation;
use super::paperwork::{Assigned, assigned};
use crate::daemon::seed::request;
use crate::figures::milliseconds;
use crate::sheet::percentile;
use crate::workload::{flat, mark};

/// Edits of each kind, each in another province.
const EDITS: usize = 15;

/// Milliseconds from before the call that edits until programs at other nodes were told.
#[derive(Debug)]
pub(super) struct Spread {
    /// At the national node.
    pub(super) national: Vec<f64>,
    /// At the last of all nodes that may read it.
    pub(super) last: Vec<f64>,
}

impl Spread {
    /// Half of the edits were at the national node within this, and none later than that.
    pub(super) fn national(&mut self) -> (f64, f64) {
        ends(&mut self.national)
    }

    /// Half of the edits were everywhere within this, and none later than that.
    pub(super) fn last(&mut self) -> (f64, f64) {
        ends(&mut self.last)
    }
}

fn ends(values: &mut [f64]) -> (f64, f64) {
    (percentile(values, 50), percentile(values, 100))
}

/// Makes edits, one after the other, each of a document in another province; the census counts them.
pub(super) async fn measure(
    nation: &Nation,
    census: &mut Census,
    documents: u64,
    purpose: Purpose,
) -> Spread {
    let plans = (0..documents).map(|number| assigned(&nation.country, number));
    let of_purpose = plans.filter(|plan| nation.country.spaces[plan.space].purpose == purpose);
    let chosen: Vec<_> = of_purpose.take(EDITS).collect();
    let mut spread = Spread {
        national: Vec::new(),
        last: Vec::new(),
    };
    for plan in chosen {
        census.entries[plan.space] += 1;
        let took = one(nation, plan).await;
        let national = took.iter().find(|(place, _)| *place == NATIONAL);
        spread.national.push(national.unwrap().1);
        let last = took.iter().map(|(_, ms)| *ms).fold(0.0, f64::max);
        spread.last.push(last);
    }
    spread
}

/// When each other node that may read it was told of one edit.
async fn one(nation: &Nation, plan: Assigned) -> Vec<(usize, f64)> {
    let space = &nation.country.spaces[plan.space];
    let (id, value) = (flat::id(plan.number), 5_000_000 + plan.number);
    let others = space.holders.iter().filter(|place| **place != plan.place);
    let mut watching = Vec::new();
    for place in others {
        let watch = nation.nodes[*place].local().watch(&space.name).await;
        let id = id.clone();
        let told = tokio::spawn(async move { told(watch, &id).await });
        watching.push((*place, told));
    }
    let mut local: Local = nation.nodes[plan.place].local();
    let request = request(&space.name, plan.number, &mark(value));
    let began = Instant::now();
    let reply = local.client().edit_document(request).await;
    assert!(reply.unwrap().into_inner().changed);
    let mut took = Vec::new();
    for (place, told) in watching {
        let when = wait::at_most("an edit is told of", told).await.unwrap();
        took.push((place, milliseconds(when - began)));
    }
    took
}

/// When a program was told of a change of that document.
async fn told(mut watch: Watch, id: &str) -> Instant {
    loop {
        let (_, changed) = watch.next().await.unwrap();
        let now = Instant::now();
        if changed.iter().any(|one| one == id) {
            return now;
        }
    }
}
