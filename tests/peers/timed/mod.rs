//! Rotation by the clock, on a log that Python's timed handler shares.
//!
//! Names, contents and the time in the lock file are those of
//! concurrent-log-handler (`differential`), across changes of the clock too:
//! there the clock is one that the test sets. By the real clock, many writers
//! rotate every second (`contention`), and writers are killed at every step
//! (`kills`). What else is told and refused is in `settings`.
//!
//! The usual run takes some cases, `CLH_TEE_TESTS=all` many.

mod cases;
mod clock;
mod contention;
mod dated;
mod differential;
mod kills;
mod python;
mod settings;

use std::env;

/// Tells whether everything is to be tried, not only a sample.
pub(crate) fn all() -> bool {
    env::var_os("CLH_TEE_TESTS").is_some_and(|value| value == "all")
}
