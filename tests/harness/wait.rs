//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Long enough for every step of every test on a busy machine with two cores: a test that waits
/// for so long has failed.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);

/// Waits until `probe` gives a value.
///
/// # Panics
/// When [`DEADLINE`] passes, with what was waited for.
pub async fn until<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(DEADLINE, what, probe).await
}

/// Waits until `probe` gives a value, at most for `deadline`.
///
/// # Panics
/// When the deadline passes, with what was waited for.
pub async fn until_within<T>(
    deadline: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(
            started.elapsed() < deadline,
            "waited {deadline:?} in vain: {what}"
        );
        tokio::time::sleep(POLL).await;
    }
}

/// The result of `future`, for which nobody should have to wait longer than [`DEADLINE`].
///
/// # Panics
/// When the deadline passes, with what was waited for.
pub async fn at_most<T>(what: &str, future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(DEADLINE, future).await;
    result.unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain: {what}"))
}
