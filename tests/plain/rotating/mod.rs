//! Rotations themselves: on demand (`--rotate`), a program after each (`--on-rotate`), how many
//! backups are kept, and warnings about other writers' settings.
//!
//! The program run is a script that copies the backup to a directory, fails, or waits for a file,
//! so the test decides how long it takes.

mod caps;
mod kept;
mod mismatch;
mod now;
mod on_rotate;

use std::time::Duration;

use crate::harness::{Place, Tee};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// Writes an executable `sh` script to the directory.
fn script(place: &Place, name: &str, text: &str) {
    place.write(name, format!("#!/bin/sh\n{text}\n").as_bytes());
    place.set_mode(name, 0o755);
}

/// Returns `count` numbered lines of ten bytes, starting with number `from`.
fn lines(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).flat_map(|number| format!("{number:09}\n").into_bytes()).collect()
}

/// Returns a run on `app.log` without a copy on standard output.
fn tee(place: &Place, options: &str) -> Tee {
    Tee::new(place).args("-q").args(options).args("app.log")
}
