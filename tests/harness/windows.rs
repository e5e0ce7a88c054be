//! What is Windows' own in starting the program and in showing what it left.
//! unix.rs has the same functions.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::process::Command;

/// Returns a command.
pub(crate) fn command(program: &OsStr) -> Command {
    Command::new(program)
}

/// Does nothing: only Unix has the user nobody, and tests that ask for it.
pub(super) fn run_as_nobody(_command: &mut Command) {}

/// Kills a process.
pub(super) fn kill(id: u32) {
    let mut taskkill = Command::new("taskkill");
    taskkill.args(["/f", "/pid", &id.to_string()]);
    assert!(taskkill.status().expect("run taskkill").success(), "kill the program");
}

/// Does nothing: there is no umask.
pub(super) fn set_umask() {}

/// Returns whether a file may be written to, for people.
pub(super) fn marks(file: &Metadata) -> &'static str {
    if file.permissions().readonly() { "ro" } else { "rw" }
}
