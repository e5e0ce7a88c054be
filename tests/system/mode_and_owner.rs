//! Mode and owner as configured: the log and the lock file have them as soon as they are visible,
//! so a user who opens them early is never refused. Backups keep what their log had.
//!
//! The recorded system calls show that no file is visible before it is right.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use crate::harness::{Place, Tee, mode, needs_root, traced};
use nix::unistd::geteuid;

/// A user and a group other than those that run the tests.
const STRANGERS: (u32, u32) = (65534, 1);

/// Rotates twice, so that there are a log, two backups and a lock file.
const ROTATES: &str = "-q --max-bytes 1B --backups 2";

/// The files after that.
const LEFT: [&str; 4] = [".__app.lock", "app.log", "app.log.1", "app.log.2"];

/// Returns the owner, group and mode of a file.
fn owned(place: &Place, name: &str) -> (u32, u32, u32) {
    let found = fs::metadata(place.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    (found.uid(), found.gid(), found.mode() & 0o777)
}

/// Runs with `umask` and these arguments and appends three lines.
fn run_with_umask(place: &Place, umask: &str, args: &str) {
    let script = format!(
        "umask {umask}; printf 'one\\ntwo\\nthree\\n' | '{}' {ROTATES} {args} app.log",
        env!("CARGO_BIN_EXE_clh-tee")
    );
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(place.dir()).stdin(Stdio::null()).output();
    let output = output.expect("run sh");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{}\n{stderr}", output.status);
}

#[test]
fn chmod_gives_the_mode_whatever_the_umask() {
    for umask in ["000", "077", "777"] {
        let place = Place::fresh();
        run_with_umask(&place, umask, "--chmod 660");
        for name in LEFT {
            assert_eq!(mode(&place.path(name)), 0o660, "{name} with umask {umask}");
        }
    }
}

#[test]
fn umask_gives_what_it_leaves_and_to_directories_too() {
    for umask in ["000", "077"] {
        let place = Place::fresh();
        run_with_umask(&place, umask, "--umask 027");
        for name in LEFT {
            assert_eq!(mode(&place.path(name)), 0o640, "{name} with umask {umask}");
        }
    }
    let place = Place::fresh();
    let args = "-q --umask 027 --mkdir new/app.log";
    Tee::new(&place).args(args).run(b"one\n").expect_quiet_success();
    assert_eq!((mode(&place.path("new")), mode(&place.path("new/app.log"))), (0o750, 0o640));
}

#[test]
fn chmod_goes_before_umask_and_before_the_old_log() {
    let place = Place::fresh();
    place.write("app.log", b"old\n");
    place.set_mode("app.log", 0o600);
    let args = "-q --max-bytes 1B --backups 3 --chmod 640 --umask 077 app.log";
    Tee::new(&place).args(args).run(b"one\ntwo\nthree\n").expect_quiet_success();
    assert_eq!(mode(&place.path("app.log")), 0o640);
    assert_eq!(mode(&place.path("app.log.3")), 0o600, "the backup is the log that it was");
    assert_eq!(place.chain("app.log"), b"old\none\ntwo\nthree\n");
}

#[test]
fn compressed_backups_have_the_mode_of_their_log() {
    let place = Place::fresh();
    run_with_umask(&place, "077", "--chmod 664 --gzip");
    for name in ["app.log", "app.log.1.gz", "app.log.2.gz"] {
        assert_eq!(mode(&place.path(name)), 0o664, "{name}");
    }
}

#[test]
#[ignore = "needs root"]
fn owner_gives_everything_away() {
    needs_root();
    for (owner, wanted) in [("65534:1", STRANGERS), ("65534", (STRANGERS.0, 0))] {
        let place = Place::fresh();
        run_with_umask(&place, "022", &format!("--owner {owner}"));
        for name in LEFT {
            assert_eq!(owned(&place, name), (wanted.0, wanted.1, 0o644), "{name}");
        }
        let place = Place::fresh();
        run_with_umask(&place, "022", &format!("--owner {owner} --chmod 600 --gzip"));
        for name in ["app.log", "app.log.1.gz", "app.log.2.gz", ".__app.lock"] {
            assert_eq!(owned(&place, name), (wanted.0, wanted.1, 0o600), "{name}");
        }
    }
}

#[test]
#[ignore = "needs strace"]
fn nothing_is_seen_before_it_is_right() {
    let place = Place::fresh();
    let calls = "openat,linkat,fchmod,fchown,rename,renameat,renameat2";
    let owner = if geteuid().is_root() { "--owner 65534:1" } else { "" };
    let args = format!("{ROTATES} --chmod 660 {owner} app.log");
    let calls = traced(&place, calls, &args, "one\\ntwo\\nthree\\n");
    let made: Vec<&String> = calls.iter().filter(|call| call.contains("O_CREAT")).collect();
    assert!(made.is_empty(), "a file had a name at once: {made:#?}");
    let named = calls.iter().filter(|call| call.contains("linkat(") && call.contains("= 0"));
    assert_eq!(named.count(), 4, "the lock file and three logs: {calls:#?}");
    // Nothing is changed after the file has its name.
    let mut open = false;
    for call in &calls {
        if call.contains("O_TMPFILE") {
            open = true;
        } else if call.contains("linkat(") {
            open = false;
        } else if call.contains("fchmod(") || call.contains("fchown(") {
            assert!(open, "{call} in {calls:#?}");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn what_is_refused_costs_no_line_and_is_told_once() {
    needs_root();
    let place = Place::fresh();
    place.open_to_all();
    let args = format!("{ROTATES} --owner root --chmod 664 app.log");
    let ended = Tee::new(&place).args(&args).without_rights().run(b"one\ntwo\nthree\n");
    ended.expect(0);
    let told = "cannot set mode or owner of 'app.log': Operation not permitted; it stays as the \
                system made it";
    assert_eq!(ended.stderr().matches("warning").count(), 1, "{}", ended.stderr());
    assert!(ended.stderr().contains(told), "{}", ended.stderr());
    assert_eq!(place.chain("app.log"), b"one\ntwo\nthree\n");
    assert_eq!(mode(&place.path("app.log")), 0o664);
}

#[test]
fn unknown_users_and_wrong_modes_are_refused_before_anything_is_read() {
    for (args, told) in [
        ("--owner nobody-of-this-name app.log", "there is no user 'nobody-of-this-name'"),
        ("--owner root:no-such-group app.log", "there is no group 'no-such-group'"),
        ("--chmod 888 app.log", "give it in octal digits"),
        ("--chmod 440 app.log", "let the owner write"),
        ("--umask 1000 app.log", "give it in octal digits"),
    ] {
        let place = Place::fresh();
        let ended = Tee::new(&place).args(args).run(b"");
        ended.expect(2);
        assert!(ended.stderr().contains(told), "{args}: {}", ended.stderr());
        assert!(place.names().is_empty(), "{args}: {:?}", place.names());
    }
}
