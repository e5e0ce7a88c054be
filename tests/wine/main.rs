//! The Windows program under Wine, seen from Linux: among Linux writers, and interrupted.
//!
//! `.ci/windows` runs this test program by name and sets `CLH_TEE_EXE` to the path of the Windows
//! program. `cargo test` without a name does not run it. The other tests for Windows are in
//! `everywhere` and run under Wine themselves.

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

/// A generous limit for the start of a program under Wine.
const SOON: Duration = Duration::from_secs(30);

/// How long to watch that something does not happen.
const A_WHILE: Duration = Duration::from_millis(300);

/// Keeps Wine running as long as these tests run.
///
/// Wine's services keep the first program's standard error open. A test that started Wine itself
/// would wait for the end of that stream in vain.
static WINE: LazyLock<Child> = LazyLock::new(|| {
    let mut wine = Command::new("wine");
    wine.arg("cmd").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut first = wine.spawn().expect("start Wine");
    let greeting = first.stdout.as_mut().expect("stdout is a pipe");
    greeting.read_exact(&mut [0]).expect("Wine runs");
    first
});

/// Starts a `clh-tee` that appends to `app.log` and waits until its first line is in the log.
fn started(place: &Place, options: &str, first: &str) -> Running {
    LazyLock::force(&WINE);
    let exe = env::var_os("CLH_TEE_EXE").expect(".ci/windows says where the program is");
    let tee = Tee::new(place).program("wine").arg(exe).args("-q").args(options).arg("app.log");
    let mut tee = tee.start();
    tee.feed(first.as_bytes());
    until(SOON, "the first line is in", || place.read("app.log").ends_with(first.as_bytes()));
    tee
}
