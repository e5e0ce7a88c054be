//! A command runs as if `clh-tee` were not there, except that its lines are in the log: its input,
//! its signals and its exit status stay its own.
//!
//! The commands are small `sh` scripts. Where a test must know how far a script has come, the
//! script prints it; where a script must wait for the test, it reads a line.

mod fate;
mod first_process;
mod grouped;
mod kept_back;
mod outlived;
mod signals;
mod streams;
mod surroundings;

use std::time::Duration;

use crate::harness::{Place, Tee};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// How long to watch that something does not happen.
const A_WHILE: Duration = Duration::from_millis(200);

/// Returns a run that appends a script's output to `app.log`.
fn sh(place: &Place, options: &str, script: &str) -> Tee {
    Tee::new(place).args(options).args("app.log -- sh -c").arg(script)
}

/// Returns a run that appends a command's output to `app.log`.
fn command(place: &Place, options: &str, command: &str) -> Tee {
    Tee::new(place).args(options).args("app.log --").args(command)
}

/// Returns what `seq` prints for these numbers.
fn seq(numbers: impl Iterator<Item = u32>) -> String {
    numbers.map(|number| number.to_string() + "\n").collect()
}

fn log(place: &Place) -> String {
    String::from_utf8(place.read("app.log")).expect("UTF-8")
}
