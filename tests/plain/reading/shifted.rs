//! Rotation removes the chain while it is read.

use std::io::Read;
use std::process::{Command, Stdio};

use super::{append, numbered};
use crate::harness::Place;

/// Starts a reader and lets writers rotate until everything it began to read is gone.
fn rotated_away(gzip: &str) {
    let place = Place::fresh();
    let options = format!("--max-bytes 16K --backups 40 {gzip}");
    let old = numbered(0, 20_000);
    append(&place, &options, &old);
    assert!(place.backups("app.log").len() > 20, "a chain to be read");

    let mut reader = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
    reader.args(["--read", "app.log"]).current_dir(place.dir());
    let mut reader = reader.stdout(Stdio::piped()).spawn().expect("start the reader");
    let mut out = reader.stdout.take().expect("stdout is a pipe");
    let mut first = [0];
    out.read_exact(&mut first).expect("it has begun");
    // The pipe is full now, so the reader waits.
    append(&place, &options, &numbered(20_000, 100_000));
    let left = String::from_utf8(place.chain("app.log")).expect("text");
    assert!(!left.contains("line 019999"), "nothing is left of what was there");

    let mut read = first.to_vec();
    out.read_to_end(&mut read).expect("read on");
    assert!(reader.wait().expect("wait for the reader").success());
    assert!(read == old.as_bytes(), "{} bytes of {}", read.len(), old.len());
}

#[test]
fn plain() {
    rotated_away("");
}

#[test]
fn compressed() {
    rotated_away("--gzip");
}
