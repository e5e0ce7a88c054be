//! Rotation by the clock, on a log shared with Python's timed handler.
//!
//! `differential` compares names, contents and the time in the lock file with
//! concurrent-log-handler's, also across clock changes, with a clock that the test sets. In
//! `contention` many writers rotate every second by the real clock. In `kills` writers are killed
//! at every step. `settings` has warnings and refusals.
//!
//! A normal run takes a sample of the cases; `CLH_TEE_TESTS=all` takes many more.

mod cases;
mod clock;
mod contention;
mod dated;
mod differential;
mod kills;
mod python;
mod settings;

use std::env;

/// Returns whether to try everything instead of a sample.
pub(crate) fn all() -> bool {
    env::var_os("CLH_TEE_TESTS").is_some_and(|value| value == "all")
}
