//! What is about rotations themselves: one asked for by `--rotate`, what is run
//! after each (`--on-rotate`), and word of other writers whose settings differ.
//!
//! What is run is a script that copies the backup into a directory, fails or
//! waits for a file, so that the test decides how long it takes.

mod caps;
mod kept;
mod mismatch;
mod now;
mod on_rotate;

use std::time::Duration;

use crate::harness::{Place, Tee};

/// Ample time for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// Puts an executable script for `sh` into the directory.
fn script(place: &Place, name: &str, text: &str) {
    place.write(name, format!("#!/bin/sh\n{text}\n").as_bytes());
    place.set_mode(name, 0o755);
}

/// Returns numbered lines of ten bytes, from this number on.
fn lines(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).flat_map(|number| format!("{number:09}\n").into_bytes()).collect()
}

/// Returns a run on `app.log` without an echo.
fn tee(place: &Place, options: &str) -> Tee {
    Tee::new(place).args("-q").args(options).args("app.log")
}
