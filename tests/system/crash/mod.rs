//! A crash costs no line that was in, and an error none in silence: promises
//! 2, 7 and 8, wherever a writer is killed and whatever the system answers.
//!
//! A session that rotates is run under strace once, which records every system
//! call that can change anything on disk. Then it is run again for each of
//! these calls and killed just before it (`kills`), or is given an error
//! instead of the call's result (`failures`). A call that is cut short in the
//! middle of a write is played by appending a torn line.
//!
//! What is right does not follow from what is found: the model in
//! `harness/generations.rs` says what the directory would be if the killed
//! writer had ended in peace after the lines that were in (strace tells which
//! writes returned), and a fresh writer had come. Then the fresh writer goes
//! on, and the directory must be the model's, slot by slot, byte by byte, with
//! nothing beside log, chain and lock.
//!
//! The usual run takes a sample of the calls, `CLH_TEE_TESTS=all` every one.

mod ahead;
mod failures;
mod kills;
mod python;
mod scenes;
mod session;

use std::env;
use std::io::{self, Write};

/// Tells whether every point is to be tried, not only a sample.
pub(crate) fn all() -> bool {
    env::var_os("CLH_TEE_TESTS").is_some_and(|value| value == "all")
}

/// Tells people something, whether the test passes or not.
pub(crate) fn say(text: &str) {
    // Not by `eprintln!`, which cargo keeps to itself when a test passes.
    writeln!(io::stderr(), "{text}").expect("write to standard error");
}

/// Returns every point of `count`, or in the usual run every `nth`, beginning
/// somewhere else in every scene.
pub(crate) fn sample(count: usize, nth: usize, scene: &str) -> Vec<usize> {
    let nth = if all() { 1 } else { nth };
    let offset = scene.bytes().map(usize::from).sum::<usize>() % nth;
    (0..count).skip(offset).step_by(nth).collect()
}
