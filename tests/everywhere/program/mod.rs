//! What holds on every platform, tested by the same source: many writers, kills, orphans, COMMAND,
//! exit statuses.
//!
//! Other tests look closer, with Unix tools. These use only processes and files, so they also run
//! on Windows; `windows` has what exists only there. The counts are small because under Wine a
//! writer can acquire the lock only a few hundred times a second.

mod command;
mod ends;
mod kills;
mod orphans;
mod statuses;
#[cfg(windows)]
mod windows;
mod writers;

use std::time::Duration;

use crate::harness::{Place, Tee};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(30);

/// How long to watch that something does not happen.
const A_WHILE: Duration = Duration::from_millis(300);

/// Backups to keep: more than any test makes.
const BACKUPS: &str = "999";

/// Returns a run that appends its input to `app.log`.
fn tee(place: &Place, options: &str) -> Tee {
    Tee::new(place).args("-q").args(options).arg("app.log")
}

/// Asserts that the directory holds only the log, the lock and a chain of compressed backups
/// without a gap; returns the number of backups.
fn check_compressed(place: &Place) -> usize {
    let slots = place.backups("app.log").len();
    let mut expected: Vec<String> = (1..=slots).map(|n| format!("app.log.{n}.gz")).collect();
    expected.extend([".__app.lock".into(), "app.log".into()]);
    expected.sort();
    assert_eq!(place.names(), expected);
    slots
}
