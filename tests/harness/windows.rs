//! Starting the program and listing its files on Windows. unix.rs has the same functions.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::process::Command;

pub(crate) fn command(program: &OsStr) -> Command {
    Command::new(program)
}

/// Does nothing: Windows has no user nobody, and the tests that need it run on Unix only.
pub(super) fn run_as_nobody(_command: &mut Command) {}

pub(super) fn kill(id: u32) {
    let mut taskkill = Command::new("taskkill");
    taskkill.args(["/f", "/pid", &id.to_string()]);
    assert!(taskkill.status().expect("run taskkill").success(), "kill the program");
}

/// Does nothing: there is no umask.
pub(super) fn set_umask() {}

/// Returns whether a file is writable, for messages.
pub(super) fn marks(file: &Metadata) -> &'static str {
    if file.permissions().readonly() { "ro" } else { "rw" }
}
