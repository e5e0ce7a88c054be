//! Waits "until X, at most N" and watches that "X holds for N".
//!
//! No test sleeps and hopes. A test that claims that something does *not* happen says how long it
//! watched.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a condition is checked.
const STEP: Duration = Duration::from_millis(2);

/// Waits until `condition` holds.
///
/// # Panics
/// If it does not hold within `limit`.
pub(crate) fn until(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        sleep(STEP);
    }
}

/// Watches that `condition` holds during all of `time`.
///
/// # Panics
/// As soon as it does not hold.
pub(crate) fn stays(time: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < time {
        assert!(condition(), "not so after {:?}: {what}", start.elapsed());
        sleep(STEP);
    }
}
