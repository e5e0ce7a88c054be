//! Windows' program under Wine, seen from here: among writers of this system,
//! and interrupted.
//!
//! `.ci/windows` runs this by name and says in `CLH_TEE_EXE` where the program
//! is. `cargo test` without a name does not run it; what else there is for
//! Windows runs there, in `everywhere`.

#[path = "../harness/mod.rs"]
mod harness;

mod interrupted;
mod neighbours;

use std::env;
use std::time::Duration;

use harness::{Place, Running, Tee, until};

/// Ample time for the start of a program under Wine.
const SOON: Duration = Duration::from_secs(30);

/// How long it is watched that something does not happen.
const A_WHILE: Duration = Duration::from_millis(300);

/// Starts a `clh-tee` that appends to `app.log`, and waits until its first
/// line is in.
fn started(place: &Place, options: &str, first: &str) -> Running {
    let exe = env::var_os("CLH_TEE_EXE").expect(".ci/windows says where the program is");
    let tee = Tee::new(place).program("wine").arg(exe).args("-q").args(options).arg("app.log");
    let mut tee = tee.start();
    tee.feed(first.as_bytes());
    until(SOON, "the first line is in", || place.read("app.log").ends_with(first.as_bytes()));
    tee
}
