//! Waiting: "until X, at most N", and its opposite, "X holds for N".
//!
//! No test sleeps and hopes. Those that claim that something does *not*
//! happen say for how long they watched.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(2);

/// Waits until `condition` holds.
///
/// # Panics
/// If it does not within `limit`.
pub(crate) fn until(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        sleep(STEP);
    }
}

/// Watches that `condition` holds for the whole of `time`.
///
/// # Panics
/// As soon as it does not.
pub(crate) fn stays(time: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < time {
        assert!(condition(), "not so after {:?}: {what}", start.elapsed());
        sleep(STEP);
    }
}
