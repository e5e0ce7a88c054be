//! A crash costs no line that was in the log, and an error costs none silently: promises 2, 7 and
//! 8, wherever a writer is killed and whatever the system answers.
//!
//! A session that rotates runs under strace, which records every system call that can change
//! anything on disk. Then the session runs again for each of these calls: it is killed just before
//! the call (`kills`), or the call returns an error (`failures`). An appended partial line
//! simulates a write that was cut short.
//!
//! The expected result does not depend on what is found. The model in `harness/generations.rs` says
//! what the directory would be if the killed writer had ended normally after the lines that were in
//! (strace shows which writes returned) and a fresh writer had followed. Then a fresh writer goes
//! on, and the directory must equal the model's, slot by slot and byte by byte, with no other files
//! than log, chain and lock.
//!
//! A normal run takes a sample of the calls; `CLH_TEE_TESTS=all` takes all of them.

mod ahead;
mod failures;
mod kills;
mod python;
mod scenes;
mod session;

use std::env;
use std::io::{self, Write};

/// Returns whether to try every point instead of a sample.
pub(crate) fn all() -> bool {
    env::var_os("CLH_TEE_TESTS").is_some_and(|value| value == "all")
}

/// Prints a text even if the test passes.
pub(crate) fn say(text: &str) {
    // Not with `eprintln!`, which cargo captures when a test passes.
    writeln!(io::stderr(), "{text}").expect("write to standard error");
}

/// Returns all `count` points, or in a normal run every `nth`, starting at another one in each
/// scene.
pub(crate) fn sample(count: usize, nth: usize, scene: &str) -> Vec<usize> {
    let nth = if all() { 1 } else { nth };
    let offset = scene.bytes().map(usize::from).sum::<usize>() % nth;
    (0..count).skip(offset).step_by(nth).collect()
}
