//! Endurance: ten nodes that edit while lines are cut, processes killed, stores restored, nodes
//! suspended, removed and enrolled; then everybody must hold the same, and nothing may be missing.

mod cast;
mod fate;
mod ledger;
mod minutes;
mod report;

use std::time::{Duration, Instant};

use phaki_tests::node::Program;
use phaki_tests::samples::Random;

use cast::Cast;
use fate::Fate;
use ledger::Ledger;
use minutes::Minutes;
pub(crate) use report::Endured;

/// Pause between two people who sit down to edit.
const PAUSE: Duration = Duration::from_millis(50);

/// Between two events that befall somebody, on average.
const EVENT_EVERY_MS: usize = 4_000;

/// What is to be endured.
#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// How long
    #[arg(long, value_name = "M", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Of all choices; drawn when it is not given
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// One JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Lets everything happen for so long, then waits until all agree and checks everything.
pub(crate) async fn measure(program: Program, request: &Request) -> Endured {
    let seed = request.seed.unwrap_or_else(drawn);
    let mut random = Random::from_seed(seed);
    let mut cast = Cast::assemble(program).await;
    let (mut ledger, mut minutes) = (Ledger::default(), Minutes::default());
    let mut fates = fate::Tally::default();
    let began = Instant::now();
    let end = began + Duration::from_secs(60 * request.minutes);
    let mut next_event = began;
    minutes.take(&cast, Duration::ZERO).await;
    while Instant::now() < end {
        let now = Instant::now();
        cast.attend(now).await;
        if now >= next_event {
            let fate = Fate::draw(&mut random);
            if cast.befall(fate, &mut random).await {
                fates.count(fate);
            }
            let pause = EVENT_EVERY_MS / 2 + random.below(EVENT_EVERY_MS);
            next_event = now + Duration::from_millis(u64::try_from(pause).unwrap());
        }
        cast.edit(&mut ledger, &mut random).await;
        if began.elapsed() >= minutes.next() {
            minutes.take(&cast, began.elapsed()).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let settled = cast.settle().await;
    minutes.take(&cast, began.elapsed()).await;
    let lost = ledger.lost(&cast).await;
    let problems = cast.verify().await;
    Endured {
        seed,
        settled,
        edits: ledger.len(),
        fates,
        minutes,
        lost,
        problems,
    }
}

/// A seed that no other run has.
fn drawn() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::from(now.unwrap().subsec_nanos())
}
