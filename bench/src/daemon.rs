//! phaki as the subject of the workloads: two nodes, TLS between them, a counting line.

mod arrival;
mod cold;
mod live;
mod merge;
pub(crate) mod pair;
mod reconnect;
pub(crate) mod seed;

use phaki_tests::node::Program;

use crate::catalogue::Workload;
use crate::compare::Request;
use crate::sheet::Round;
use seed::Seed;

/// The name in tables.
pub(crate) const NAME: &str = "phaki";

/// The space that holds the plans.
pub(crate) const SPACE: &str = "plans";

/// What stands below the figures, so that nobody misreads them.
pub(crate) const NOTES: [&str; 5] = [
    "TLS 1.3 with raw public keys; every signature and hash verified; synchronous=FULL on both sides.",
    "W1 begins when the empty node, already linked, is granted the space; it ends when both hold the \
     same heads durably.",
    "W2 and W3 begin with the last flight of the TLS handshake and end when both nodes know that they \
     are in sync; bytes are counted until the line has been silent for three seconds, receipts \
     included.",
    "W4 latency: from before the call that edits, which answers when it is durable, until a program \
     that watches the other node is told of it, where it is durable by then too; in turn over 100 \
     documents. Bursts are one stream of edits.",
    "W5 begins with the last flight of the handshake.",
];

/// The daemon with its seeds, which are made when a workload first needs them.
#[derive(Debug)]
pub(crate) struct Daemon {
    program: Program,
    plans: Option<Seed>,
    apart: Option<Seed>,
}

impl Daemon {
    pub(crate) fn new(program: Program) -> Self {
        Self {
            program,
            plans: None,
            apart: None,
        }
    }

    /// Plays one workload once; W2 to W4 need one that has everything, which W1 leaves.
    pub(crate) async fn play(&mut self, request: &Request) -> Vec<Round> {
        let mut rounds = Vec::new();
        if request.plays(&[
            Workload::Cold,
            Workload::Idle,
            Workload::Ten,
            Workload::Live,
        ]) {
            rounds.extend(self.play_plans(request).await);
        }
        if request.plays(&[Workload::Merge]) {
            if self.apart.is_none() {
                self.apart = Some(Seed::apart(&self.program, request.edits).await);
            }
            let seed = self.apart.as_ref().unwrap();
            rounds.push(merge::measure(&self.program, seed, request.edits).await);
        }
        rounds
    }

    async fn play_plans(&mut self, request: &Request) -> Vec<Round> {
        let documents = request.documents;
        if self.plans.is_none() {
            self.plans = Some(Seed::plans(&self.program, documents).await);
        }
        let seed = self.plans.as_ref().unwrap();
        let mut pair = pair::Pair::start(&self.program, seed).await;
        let mut rounds = vec![cold::measure(&mut pair, documents).await];
        if request.plays(&[Workload::Idle]) {
            rounds.push(reconnect::idle(&mut pair).await);
        }
        if request.plays(&[Workload::Ten]) {
            rounds.push(reconnect::ten_changed(&mut pair).await);
        }
        if request.plays(&[Workload::Live]) {
            rounds.push(live::measure(&pair, documents).await);
        }
        rounds
    }
}
