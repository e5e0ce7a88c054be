//! What holds on every platform, from one source: many writers, kills, orphans,
//! COMMAND, exit statuses.
//!
//! Elsewhere the tests look closer, with Unix's means. Here nothing is used
//! but processes and files, so that the same is shown on Windows; what is
//! Windows' own stands in `windows`. The counts are small: under Wine a lock
//! is taken and let go a few hundred times a second.

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

/// Ample time for what should happen at once.
const SOON: Duration = Duration::from_secs(30);

/// How long it is watched that something does not happen.
const A_WHILE: Duration = Duration::from_millis(300);

/// Backups kept, as text: more than there ever are.
const BACKUPS: &str = "999";

/// Returns a run that appends its input to `app.log`.
fn tee(place: &Place, options: &str) -> Tee {
    Tee::new(place).args("-q").args(options).arg("app.log")
}

/// Asserts that the directory holds log, lock and a chain without a gap, all of
/// it compressed, and nothing else; returns how many backups there are.
fn check_compressed(place: &Place) -> usize {
    let slots = place.backups("app.log").len();
    let mut expected: Vec<String> = (1..=slots).map(|n| format!("app.log.{n}.gz")).collect();
    expected.extend([".__app.lock".into(), "app.log".into()]);
    expected.sort();
    assert_eq!(place.names(), expected);
    slots
}
