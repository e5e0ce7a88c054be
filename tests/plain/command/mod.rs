//! A command is run as if `clh-tee` were not there, but that its lines are in
//! the log: its input, signals and status are its own.
//!
//! The commands are small scripts for `sh`. Where a test has to know how far
//! one has come, it says so in the log or in the echo; where one has to wait
//! for the test, it reads a line.

mod fate;
mod first_process;
mod kept_back;
mod outlived;
mod signals;
mod streams;
mod surroundings;

use std::time::Duration;

use crate::harness::{Place, Tee};

/// Ample time for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// How long it is watched that something does not happen.
const A_WHILE: Duration = Duration::from_millis(200);

/// Returns a run that appends what a script prints to `app.log`.
fn sh(place: &Place, options: &str, script: &str) -> Tee {
    Tee::new(place).args(options).args("app.log -- sh -c").arg(script)
}

/// Returns a run that appends what a command prints to `app.log`.
fn command(place: &Place, options: &str, command: &str) -> Tee {
    Tee::new(place).args(options).args("app.log --").args(command)
}

/// Returns what `seq` prints for these numbers.
fn seq(numbers: impl Iterator<Item = u32>) -> String {
    numbers.map(|number| number.to_string() + "\n").collect()
}

/// Returns what is in the log, as text.
fn log(place: &Place) -> String {
    String::from_utf8(place.read("app.log")).expect("UTF-8")
}
