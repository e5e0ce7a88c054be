//! Errors have clear messages and the right exit status, and come before any input is consumed.
//!
//! The test keeps both ends of the pipe that the program reads. The program must end while the pipe
//! is open, and the pipe's content must still be there.

mod no_locks;
mod output;
mod usage;

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::harness::{HeldLock, Place, Tee, needs_root, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// Runs `tee` on an open pipe that holds a line; asserts its status and that the line is still in
/// the pipe; returns its standard error.
#[track_caller]
fn refused(tee: Tee, status: i32) -> String {
    let (mut reader, mut writer) = io::pipe().expect("make a pipe");
    writer.write_all(b"not consumed\n").expect("fill the pipe");
    let ended = tee.stdin(reader.try_clone().expect("copy a descriptor")).start().end_within(SOON);
    ended.expect(status);
    assert_eq!(ended.out, b"", "nothing echoed");
    drop(writer);
    let mut left = Vec::new();
    reader.read_to_end(&mut left).expect("read the pipe");
    assert_eq!(left, b"not consumed\n");
    ended.stderr()
}

/// Asserts that the program ends with status 1 and one message of the usual form, which names
/// `path` and contains `reason`.
#[track_caller]
fn fails(tee: Tee, path: &str, reason: &str) {
    let stderr = refused(tee, 1);
    assert!(stderr.starts_with("clh-tee: cannot "), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(&format!("{path}': ")), "names '{path}': {stderr}");
    assert!(stderr.contains(reason), "says '{reason}': {stderr}");
    assert!(!stderr.contains("os error"), "{stderr}");
    assert!(!stderr.trim_end().ends_with('.'), "{stderr}");
}

#[test]
#[ignore = "needs root"]
fn log_is_where_the_kernel_keeps_no_files() {
    // Another user gets the message that it may not create it.
    needs_root();
    let place = Place::fresh();
    for log in ["/proc/app.log", "/sys/app.log", "/proc/self/comm"] {
        let reason = "its directory shows the kernel's state and keeps no files";
        fails(Tee::new(&place).args("--lock-dir locks").args(log), log, reason);
    }
}

#[test]
fn log_is_a_directory() {
    let place = Place::fresh();
    fs::create_dir(place.path("logs")).expect("make a directory");
    fails(Tee::new(&place).args("logs"), "logs", "Is a directory");
    fails(Tee::new(&place).args("logs/"), "logs", "Is a directory");
    fails(Tee::new(&place).args("logs/."), "logs", "Is a directory");
    fails(Tee::new(&place).args("."), ".", "Is a directory");
    fails(Tee::new(&place).args("/"), "/", "Is a directory");
}

#[test]
fn directory_is_missing() {
    let place = Place::fresh();
    fails(Tee::new(&place).args("no/such/app.log"), "", "No such file or directory");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn directory_is_missing_and_may_be_made() {
    let place = Place::fresh();
    Tee::new(&place).args("--mkdir some/where/app.log").run(b"one\n").expect_quiet_success();
    assert_eq!(place.read("some/where/app.log"), b"one\n");
    // The directory exists now, which is no error.
    Tee::new(&place).args("--mkdir some/where/app.log").run(b"two\n").expect_quiet_success();
    assert_eq!(place.read("some/where/app.log"), b"one\ntwo\n");
}

#[test]
fn directory_is_a_file() {
    let place = Place::fresh();
    place.write("file", b"");
    fails(Tee::new(&place).args("file/app.log"), "", "Not a directory");
    fails(Tee::new(&place).args("--mkdir file/app.log"), "", "");
    fails(Tee::new(&place).args("--mkdir file/dir/app.log"), "", "Not a directory");
}

#[test]
fn directory_forbids_new_files() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("app.log").without_rights();
    place.set_mode(".", 0o555);
    fails(tee, "", "Permission denied");
    place.set_mode(".", 0o755);
}

#[test]
fn log_forbids_writing() {
    let place = Place::fresh();
    place.open_to_all();
    place.write("app.log", b"");
    place.set_mode("app.log", 0o444);
    fails(Tee::new(&place).args("app.log").without_rights(), "app.log", "Permission denied");
}

#[test]
fn directory_forbids_a_lock_file() {
    let place = Place::fresh();
    place.write("app.log", b"");
    place.set_mode("app.log", 0o666);
    place.set_mode(".", 0o555);
    let advice = "Permission denied; --lock-dir puts it elsewhere, for all writers the same";
    fails(Tee::new(&place).args("app.log").without_rights(), ".__app.lock", advice);
    place.set_mode(".", 0o755);
}

#[test]
fn lock_forbids_opening() {
    let place = Place::fresh();
    place.open_to_all();
    place.write(".__app.lock", b"");
    place.set_mode(".__app.lock", 0o000);
    fails(Tee::new(&place).args("app.log").without_rights(), ".__app.lock", "Permission denied");
}

#[test]
fn log_is_a_symbolic_link() {
    let place = Place::fresh();
    place.write("real.log", b"one\n");
    symlink("real.log", place.path("app.log")).expect("make a link");
    fails(Tee::new(&place).args("app.log"), "app.log", "real.log");
    assert_eq!(place.names(), ["app.log", "real.log"]);
    assert_eq!(place.read("real.log"), b"one\n");
}

#[test]
fn log_is_a_symbolic_link_to_nowhere() {
    let place = Place::fresh();
    symlink("elsewhere/real.log", place.path("app.log")).expect("make a link");
    // The target, resolved from the link's directory.
    let target = place.path("elsewhere/real.log").display().to_string();
    fails(Tee::new(&place).args("app.log"), "app.log", &target);
    assert_eq!(place.names(), ["app.log"]);
}

#[test]
fn log_leads_to_an_open_file() {
    let place = Place::fresh();
    symlink("/dev/stdout", place.path("out.log")).expect("make a link");
    symlink("out.log", place.path("app.log")).expect("make a link");
    for log in ["app.log", "/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"] {
        let hint = "it is a symbolic link to standard output; give a file, for standard output \
                    gets a copy of all lines anyway";
        fails(Tee::new(&place).args(log), log, hint);
    }
    // Standard input is a pipe here, like a shell's `>(COMMAND)`.
    fails(Tee::new(&place).args("/dev/fd/0"), "/dev/fd/0", "something without a name, such as");
}

#[test]
fn lock_is_a_symbolic_link() {
    let place = Place::fresh();
    place.write("other", b"other's\n");
    symlink("other", place.path(".__app.lock")).expect("make a link");
    fails(Tee::new(&place).args("app.log"), ".__app.lock", "");
    assert_eq!(place.read("other"), b"other's\n");
}

#[test]
fn log_is_a_socket() {
    let place = Place::fresh();
    let _socket = UnixListener::bind(place.path("app.log")).expect("make a socket");
    fails(Tee::new(&place).args("app.log"), "app.log", "it is a Unix socket");
}

#[test]
fn a_directory_on_the_way_may_be_a_symbolic_link() {
    let place = Place::fresh();
    fs::create_dir(place.path("real")).expect("make a directory");
    symlink("real", place.path("link")).expect("make a link");
    Tee::new(&place).args("link/app.log").run(b"one\n").expect_quiet_success();
    assert_eq!(place.read("real/app.log"), b"one\n");
}

#[test]
fn name_is_too_long() {
    let place = Place::fresh();
    // 255 bytes are a valid file name, but leave no room for what rotation adds.
    for length in [255, 256, 300] {
        let name = "n".repeat(length - 4) + ".log";
        fails(Tee::new(&place).arg(&name), &name, "");
    }
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn name_is_long_but_not_too_long() {
    let place = Place::fresh();
    let name = "n".repeat(196) + ".log";
    let tee = Tee::new(&place).args("--max-bytes 1 --gzip").arg(&name);
    tee.run(b"one\ntwo\n").expect_quiet_success();
    assert_eq!(place.chain(&name), b"one\ntwo\n");
}

#[test]
fn messages_escape_what_would_disturb_a_terminal() {
    let place = Place::fresh();
    fs::create_dir(place.path("a\x1b[31m\nb")).expect("make a directory");
    let stderr = refused(Tee::new(&place).arg("a\x1b[31m\nb"), 1);
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr:?}");
}

#[test]
fn the_log_is_not_waited_for_before_it_is_refused() {
    // Another process has the lock. An impossible log is refused all the same, without waiting for
    // the lock.
    let place = Place::fresh();
    fs::create_dir(place.path("app.log")).expect("make a directory");
    let _held = HeldLock::take(&place.path(".__app.lock"));
    fails(Tee::new(&place).args("app.log"), "app.log", "Is a directory");
    until(SOON, "the directory is left", || place.path("app.log").is_dir());
}

#[test]
fn log_is_the_input_or_the_output_too() {
    let place = Place::fresh();
    place.write("app.log", b"one\n");
    let log = fs::File::open(place.path("app.log")).expect("open the log");
    let ended = Tee::new(&place).args("app.log").stdin(log).start().end_within(SOON);
    ended.expect(1);
    assert!(ended.stderr().contains("'app.log': it is standard input too"), "{}", ended.stderr());
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let shell = format!("cd {}; {program} app.log >>app.log", place.path(".").display());
    let shell = std::process::Command::new("sh").args(["-c", &shell]).output().expect("run sh");
    assert_eq!(shell.status.code(), Some(1));
    assert_eq!(place.read("app.log"), b"one\n");
}
