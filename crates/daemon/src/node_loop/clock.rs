//! The only clock of the program: time for the node, made here.

use std::future::{self, Future};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::Either;
use phaki_replication::node::Now;

/// Counts from when the node started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            monotonic_ms: self.monotonic_ms(),
            wall_ms: wall_ms(),
        }
    }

    pub(crate) fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Waits for a time of [`Self::monotonic_ms`]; for ever when there is none.
    pub(crate) fn sleep_until(&self, at: Option<u64>) -> impl Future<Output = ()> + use<> {
        match at {
            None => Either::Left(future::pending()),
            Some(at) => {
                // A millisecond more than rounded down, so that the time has really come.
                let wait = at.saturating_sub(self.monotonic_ms()).saturating_add(1);
                Either::Right(tokio::time::sleep(Duration::from_millis(wait)))
            }
        }
    }
}

/// Milliseconds since 1970 by the machine's clock. Shown and recorded; decides nothing.
pub(crate) fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}
