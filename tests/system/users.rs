//! Several users on one log, and a directory that strangers can write to. A user can continue what
//! another user made if mode or access list allow it. No file is ever accessible to more users than
//! in its final state. The program touches neither links nor strangers' files.
//!
//! The recorded system calls show the modes with which files are created, and that no child
//! inherits a descriptor.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Place, Tee, mode, needs_root, traced, until};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// A user other than the one who runs the tests.
const STRANGER: u32 = 65534;

#[test]
fn another_user_goes_on_if_the_mode_allows() {
    let place = Place::fresh();
    place.open_to_all();
    let args = "-q --max-bytes 8 --backups 3 app.log";
    Tee::new(&place).args(args).run(b"one\n").expect_quiet_success();
    place.set_mode("app.log", 0o666);
    let tee = Tee::new(&place).args(args).without_rights();
    tee.run(b"two\nthree\nfour\n").expect_quiet_success();
    // The other user rotated: the mode is kept, the owner cannot be.
    assert_eq!(mode(&place.path("app.log")), 0o666);
    Tee::new(&place).args(args).run(b"five\n").expect_quiet_success();
    assert_eq!(place.chain("app.log"), b"one\ntwo\nthree\nfour\nfive\n");
}

#[test]
#[ignore = "needs root"]
fn a_group_that_cannot_be_kept_may_do_no_more_than_everybody() {
    needs_root();
    let place = Place::fresh();
    place.open_to_all();
    place.write("app.log", b"one\n");
    chown(place.path("app.log"), Some(STRANGER), Some(1)).expect("give the log away");
    place.set_mode("app.log", 0o660);
    let tee = Tee::new(&place).args("-q --max-bytes 1 app.log").without_rights();
    tee.run(b"two\n").expect_quiet_success();
    let log = fs::metadata(place.path("app.log")).expect("stat");
    assert_eq!((log.uid(), log.mode() & 0o777), (STRANGER, 0o600));
    assert_eq!(mode(&place.path("app.log.1")), 0o660, "the backup is the file that it was");
}

#[test]
#[ignore = "needs root"]
fn root_keeps_owner_and_mode_of_the_log() {
    needs_root();
    let place = Place::fresh();
    place.write("app.log", b"one\n");
    chown(place.path("app.log"), Some(STRANGER), Some(1)).expect("give the log away");
    place.set_mode("app.log", 0o640);
    Tee::new(&place).args("-q --max-bytes 1 --gzip app.log").run(b"two\n").expect_quiet_success();
    for name in ["app.log", "app.log.1.gz"] {
        let found = fs::metadata(place.path(name)).expect("stat");
        let found = (found.uid(), found.gid(), found.mode() & 0o777);
        assert_eq!(found, (STRANGER, 1, 0o640), "{name}");
    }
}

#[test]
#[ignore = "needs strace"]
fn no_file_is_made_wider_than_it_ends() {
    for (log_mode, args) in [(0o600, ""), (0o640, ""), (0o600, "--gzip"), (0o640, "--gzip")] {
        let place = Place::fresh();
        place.write("app.log", b"one\n");
        place.set_mode("app.log", log_mode);
        let args = format!("-q --max-bytes 1 {args} app.log");
        let calls = traced(&place, "openat,fchmod", &args, "two\\nthree\\n");
        let made = calls.iter().filter(|call| call.contains("O_CREAT"));
        let made: Vec<&String> = made.filter(|call| !call.contains(".lock\"")).collect();
        assert!(made.len() >= 2, "{calls:#?}");
        for call in made {
            let given = call.split("CLOEXEC, 0").nth(1).expect("a mode").split(')').next();
            let given = u32::from_str_radix(given.expect("a mode"), 8).expect("octal");
            assert_eq!(given & !log_mode, 0, "{call}");
            assert!(call.contains("O_EXCL") && call.contains("O_NOFOLLOW"), "{call}");
        }
        for name in place.names().iter().filter(|name| name.starts_with("app.log")) {
            assert_eq!(mode(&place.path(name)), log_mode, "{name}");
        }
    }
}

#[test]
#[ignore = "needs strace"]
fn no_descriptor_is_inherited() {
    let place = Place::fresh();
    let calls = "open,openat,openat2,creat,dup,dup2,dup3,pipe,pipe2,socket,socketpair,eventfd2,\
                 signalfd4,epoll_create1,timerfd_create,memfd_create,fcntl";
    let args = "--max-bytes 1 --gzip app.log";
    for call in traced(&place, calls, args, "one\\ntwo\\nthree\\n") {
        let opens = !call.contains("fcntl(") || call.contains("F_DUPFD");
        let failed = call.contains(" = -1 ") || call.contains("resumed>");
        assert!(!opens || failed || call.contains("CLOEXEC"), "{call}");
    }
}

#[test]
fn a_link_in_the_place_of_a_new_file_is_not_followed() {
    let place = Place::fresh();
    place.write("precious", b"precious\n");
    let mut tee = Tee::new(&place).args("-q --drain-timeout 100ms app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    fs::remove_file(place.path("app.log")).expect("remove the log");
    symlink("precious", place.path("app.log")).expect("make a link");
    tee.feed(b"two\n");
    until(SOON, "it is reported", || tee.stderr_so_far().contains("cannot open 'app.log'"));
    // Without the link the program works again, and no line was lost.
    fs::remove_file(place.path("app.log")).expect("remove the link");
    let ended = tee.finish();
    ended.expect(0);
    assert!(ended.stderr().contains("works again; no lines lost"), "{}", ended.stderr());
    assert_eq!(place.read("app.log"), b"two\n");
    assert_eq!(place.read("precious"), b"precious\n");
}

#[test]
fn what_only_looks_like_ours_is_left_alone() {
    let place = Place::fresh();
    place.write("precious", b"precious\n");
    symlink("precious", place.path("app.log.rotate.1234567890")).expect("make a link");
    symlink("precious", place.path(".__app.log.0123456789abcdef.gz")).expect("make a link");
    fs::create_dir(place.path("app.log.rotate.9876543210")).expect("make a directory");
    let strangers = [
        "app.log.rotate.123",
        "app.log.rotate.12345678.bak",
        "app.log.rotate.1234567x",
        "app.log.01",
        "app.log.1.bak",
        ".__app.log.0123.gz",
        "app.log.2026-11-22",
        "xapp.log.1",
    ];
    for name in strangers {
        place.write(name, b"stranger\n");
    }
    let before = place.names();
    let tee = Tee::new(&place).args("-q --max-bytes 1 --gzip --backups 2 app.log");
    tee.run(b"one\ntwo\nthree\nfour\n").expect_quiet_success();
    let after = place.names();
    assert!(before.iter().all(|name| after.contains(name)), "{after:?}");
    assert!(strangers.iter().all(|name| is_stranger(&place.path(name))));
    assert_eq!(place.read("precious"), b"precious\n");
}

/// Returns whether a file is as the stranger left it.
fn is_stranger(path: &std::path::Path) -> bool {
    fs::read(path).expect("read the file") == b"stranger\n"
}

/// Sets an access list; `-d` sets the default list of a directory.
fn setfacl(place: &Place, list: &str, name: &str) {
    let mut setfacl = Command::new("setfacl");
    let status = setfacl.args(list.split(' ')).arg(place.path(name)).status();
    assert!(
        status.expect("this test needs setfacl, of the package acl").success(),
        "{list} {name}"
    );
}

/// Returns the access list of a file, including its mode.
fn acl(place: &Place, name: &str) -> String {
    let list = Command::new("getfacl").args(["-cnpE"]).arg(place.path(name)).output();
    String::from_utf8(list.expect("this test needs getfacl").stdout).expect("text")
}

/// In this list, the group bits of the mode are not the group's rights: the group has none, and one
/// user has some.
const LIST: &str = "-m u:61234:rw,g::-,o::-";

/// Rotates a log with an access list and asserts that all files have that list.
#[track_caller]
fn keeps_access_list(args: &str, input: &[u8]) {
    let place = Place::fresh();
    place.write("app.log", b"old\n");
    setfacl(&place, LIST, "app.log");
    let wanted = acl(&place, "app.log");
    Tee::new(&place).args("-q").args(args).args("app.log").run(input).expect_quiet_success();
    let names = place.names();
    let ours: Vec<&String> = names.iter().filter(|name| *name != ".__app.lock").collect();
    assert!(ours.len() >= 2, "{args}: {ours:?}");
    for name in ours {
        assert_eq!(acl(&place, name), wanted, "{args}: {name}");
    }
}

#[test]
#[ignore = "needs acl"]
fn access_lists_are_kept_by_the_new_log_and_by_backups() {
    keeps_access_list("--max-bytes 1", b"one\ntwo\n");
    keeps_access_list("--max-bytes 1 --gzip", b"one\ntwo\n");
    keeps_access_list("--max-bytes 3M --gzip", &b"a line of some length\n".repeat(3 << 17));
    keeps_access_list("--max-bytes 1 --when D", b"one\ntwo\n");
}

#[test]
#[ignore = "needs root and acl"]
fn access_lists_are_kept_where_the_owner_is_given() {
    needs_root();
    keeps_access_list("--max-bytes 1 --owner root", b"one\ntwo\n");
}

#[test]
#[ignore = "needs acl"]
fn access_lists_are_kept_by_a_rotation_on_request_and_by_recovery() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        place.write("app.log", b"old\n");
        setfacl(&place, LIST, "app.log");
        let wanted = acl(&place, "app.log");
        Tee::new(&place).args("--rotate app.log").args(gzip).run(b"").expect(0);
        // The writer died before it made a new log, and Python left a temporary file.
        fs::remove_file(place.path("app.log")).expect("remove the log");
        place.write("app.log.rotate.1234567890", b"orphan\n");
        setfacl(&place, LIST, "app.log.rotate.1234567890");
        Tee::new(&place).args("-q app.log").args(gzip).run(b"new\n").expect(0);
        let mut names = place.backups("app.log");
        assert_eq!(names.len(), 2, "{names:?}");
        names.push("app.log".to_owned());
        for name in names {
            assert_eq!(acl(&place, &name), wanted, "{gzip} {name}");
        }
    }
}

#[test]
#[ignore = "needs acl"]
fn an_access_list_that_a_log_does_not_have_is_not_given_to_the_next() {
    let place = Place::fresh();
    place.write("app.log", b"old\n");
    place.set_mode("app.log", 0o640);
    let wanted = acl(&place, "app.log");
    setfacl(&place, "-d -m u:61234:rw", ".");
    Tee::new(&place).args("-q --max-bytes 1 --gzip app.log").run(b"new\n").expect_quiet_success();
    for name in ["app.log", "app.log.1.gz"] {
        assert_eq!(acl(&place, name), wanted, "{name}");
    }
}

#[test]
#[ignore = "needs acl"]
fn without_its_access_list_a_file_gives_nobody_more() {
    let place = Place::fresh();
    place.write("app.log", b"old\n");
    setfacl(&place, LIST, "app.log");
    let strace = Tee::new(&place).program("strace").args("-f -qq -o trace -e");
    let strace = strace.arg("inject=fsetxattr:error=EOPNOTSUPP").arg("-e");
    let strace = strace.arg("trace=fsetxattr,openat").arg(env!("CARGO_BIN_EXE_clh-tee"));
    let ended = strace.args("-q --max-bytes 1 --gzip app.log").run(b"one\ntwo\n");
    ended.expect(0);
    let told = "clh-tee: warning: cannot set the access list of 'app.log': Operation not \
                supported; users and groups that it names lose access\n";
    assert_eq!(ended.stderr(), told);
    for name in ["app.log", "app.log.1.gz", "app.log.2.gz"] {
        assert_eq!(mode(&place.path(name)), 0o600, "{name}");
    }
    // The recorded calls show that they had no other mode before.
    let made = String::from_utf8(place.read("trace")).expect("text");
    let mut made = made.lines().filter(|call| call.contains("O_EXCL") && !call.contains(".lock"));
    assert!(made.all(|call| call.contains(", 0600)")), "{made:?}");
}

/// What another user can put under a private file's predictable name: a link to a file elsewhere,
/// or something that is not a file.
#[test]
fn what_stands_under_a_private_file_s_name_is_not_touched() {
    let lines = b"a line of some length\n".repeat(1 << 17);
    for kind in ["hard link", "symbolic link", "FIFO", "socket", "directory"] {
        let place = Place::fresh();
        Tee::new(&place).args("-q --max-bytes 1G --gzip app.log").run(&lines).expect(0);
        let names = place.names();
        let private = names.iter().find(|name| name.starts_with(".__app.log."));
        let private = place.path(private.expect("it is compressed as it grows"));
        fs::remove_file(&private).expect("remove the private file");
        place.write("precious", b"precious\n");
        place.set_mode("precious", 0o600);
        let _socket = match kind {
            "hard link" => fs::hard_link(place.path("precious"), &private).map(|()| None),
            "symbolic link" => symlink("precious", &private).map(|()| None),
            "FIFO" => Ok(mkfifo(&private, Mode::S_IRWXU).map(|()| None).expect("make a FIFO")),
            "socket" => UnixListener::bind(&private).map(Some),
            _ => fs::create_dir(&private).map(|()| None),
        }
        .expect(kind);
        let ended = Tee::new(&place).args("-q --max-bytes 1G --gzip app.log").run(&lines);
        ended.expect(0);
        let ended = Tee::new(&place).args("--rotate --gzip app.log").run(b"");
        ended.expect(0);
        assert!(place.chain("app.log") == [&lines[..], &lines].concat(), "{kind}");
        assert!(private.symlink_metadata().is_ok(), "{kind} is still there");
        assert_eq!(place.read("precious"), b"precious\n", "{kind}");
        assert_eq!(mode(&place.path("precious")), 0o600, "{kind}");
    }
}
