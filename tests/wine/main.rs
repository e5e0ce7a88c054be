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
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use harness::{Place, Running, Tee, until};

/// Ample time for the start of a program under Wine.
const SOON: Duration = Duration::from_secs(30);

/// How long it is watched that something does not happen.
const A_WHILE: Duration = Duration::from_millis(300);

/// Keeps Wine running until the input of this ends, with these tests.
///
/// Wine's services keep open what the first program has as standard error, so
/// a test that starts Wine itself would wait for its end in vain.
static WINE: LazyLock<Child> = LazyLock::new(|| {
    let mut wine = Command::new("wine");
    wine.arg("cmd").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut first = wine.spawn().expect("start Wine");
    let greeting = first.stdout.as_mut().expect("stdout is a pipe");
    greeting.read_exact(&mut [0]).expect("Wine runs");
    first
});

/// Starts a `clh-tee` that appends to `app.log`, and waits until its first
/// line is in.
fn started(place: &Place, options: &str, first: &str) -> Running {
    LazyLock::force(&WINE);
    let exe = env::var_os("CLH_TEE_EXE").expect(".ci/windows says where the program is");
    let tee = Tee::new(place).program("wine").arg(exe).args("-q").args(options).arg("app.log");
    let mut tee = tee.start();
    tee.feed(first.as_bytes());
    until(SOON, "the first line is in", || place.read("app.log").ends_with(first.as_bytes()));
    tee
}
