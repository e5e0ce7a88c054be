//! Starting the program and listing its files on Unix. windows.rs has the same functions.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{Signal, kill as send};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;

/// User and group `nobody`: 65534 on every Linux.
const NOBODY: u32 = 65534;

/// Returns a command with default signal handling. If the tests run in the background, INT may be
/// ignored, and a child would inherit that.
pub(crate) fn command(program: &OsStr) -> Command {
    let status = fs::read_to_string("/proc/self/status").expect("read our own status");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.expect("a mask").trim(), 16).expect("in hex");
    let asked_for = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];
    if asked_for.iter().all(|signal| ignored & 1 << (*signal as i32 - 1) == 0) {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.arg("--default-signal").arg(program);
    command
}

/// Makes the command run as an unprivileged user.
pub(super) fn run_as_nobody(command: &mut Command) {
    command.uid(NOBODY).gid(NOBODY);
}

pub(super) fn kill(id: u32) {
    let pid = Pid::from_raw(i32::try_from(id).expect("a process id"));
    send(pid, Signal::SIGKILL).expect("kill the program");
}

/// Sets the umask to 022, so that the result does not depend on which test of this process runs
/// first.
pub(super) fn set_umask() {
    umask(Mode::from_bits_truncate(0o022));
}

/// Returns a file's mode and inode, for messages.
pub(super) fn marks(file: &Metadata) -> String {
    format!("{:04o} {:>9}", file.mode() & 0o7777, file.ino())
}
