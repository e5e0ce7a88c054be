//! An impossible rotation costs no line and strands no file: the log grows past its limit with one
//! warning, and rotation resumes by itself when the obstacle is gone.
//!
//! Each test puts an obstacle in the way of a writer whose limit is one line, feeds lines one at a
//! time, and checks that no file has moved. Then it removes the obstacle and feeds lines until the
//! log has been rotated.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::process::Command;
use std::time::Duration;

use crate::harness::{Place, Running, Tee, needs_root, until};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;

/// Longer than the first intervals between attempts to rotate.
const SOON: Duration = Duration::from_secs(20);

/// Feeds lines, each a batch.
fn feed_one_by_one(tee: &mut Running, place: &Place, from: usize, count: usize) {
    for number in from..from + count {
        let line = format!("line {number}\n");
        tee.feed(line.as_bytes());
        until(SOON, "the line is in", || place.read("app.log").ends_with(line.as_bytes()));
    }
}

/// Returns the first `count` lines.
fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|number| format!("line {number}\n").into_bytes()).collect()
}

/// Runs a writer while `block` is in effect and after `clear`; asserts that no file has moved, that
/// there is one warning, and that the rotation is made up.
fn blocked(tee: Tee, place: &Place, reason: &str, block: impl Fn(), clear: impl Fn()) {
    let mut tee = tee.args("-q --max-bytes 1 --backups 2 app.log").start();
    feed_one_by_one(&mut tee, place, 0, 1);
    block();
    let before: Vec<String> = place.names();
    feed_one_by_one(&mut tee, place, 1, 4);
    assert_eq!(place.names(), before, "nothing has moved");
    assert_eq!(place.read("app.log"), lines(5), "the log grows");
    until(SOON, "it is reported", || tee.stderr_so_far().ends_with('\n'));
    let told = tee.stderr_so_far();
    assert!(told.starts_with("clh-tee: warning: cannot rotate 'app.log': "), "{told}");
    assert!(told.contains(reason), "{told}");
    assert!(told.ends_with("; the log grows past its limit\n"), "{told}");
    assert_eq!(told.lines().count(), 1, "told once: {told}");

    clear();
    let mut fed = 5;
    until(SOON, "the log is rotated again", || {
        feed_one_by_one(&mut tee, place, fed, 1);
        fed += 1;
        place.read("app.log").len() < 10
    });
    let ended = tee.finish();
    ended.expect(0);
    assert!(ended.stderr().contains("rotating 'app.log' works again"), "{}", ended.stderr());
    assert!(!place.names().iter().any(|name| name.contains("rotate")), "nothing stranded");
    let backups = place.backups("app.log");
    let newest = backups.last().expect("a backup");
    assert_eq!(place.read(newest), lines(fed - 1), "the backup has all that grew");
}

#[test]
fn a_directory_in_the_only_slot() {
    let place = Place::fresh();
    let slot = place.path("app.log.1");
    let (block, clear) =
        (|| fs::create_dir(&slot).expect("make"), || fs::remove_dir(&slot).expect("remove"));
    blocked(Tee::new(&place), &place, "'app.log.1': it is not a regular file", block, clear);
}

#[test]
fn a_symbolic_link_in_a_slot_is_not_followed() {
    let place = Place::fresh();
    place.write("elsewhere", b"precious\n");
    let slot = place.path("app.log.1.gz");
    let (block, clear) =
        (|| symlink("elsewhere", &slot).expect("make"), || fs::remove_file(&slot).expect("remove"));
    blocked(Tee::new(&place), &place, "it is not a regular file", block, clear);
    assert_eq!(place.read("elsewhere"), b"precious\n");
}

#[test]
fn a_directory_in_the_last_slot() {
    let place = Place::fresh();
    place.write("app.log.1", b"older\n");
    fs::create_dir(place.path("app.log.2")).expect("make a directory");
    let tee = Tee::new(&place).args("-q --max-bytes 1 --backups 2 app.log");
    let ended = tee.run(b"one\ntwo\nthree\n");
    ended.expect(0);
    assert_eq!(ended.stderr().lines().count(), 1, "{}", ended.stderr());
    assert_eq!(place.read("app.log"), b"one\ntwo\nthree\n");
    assert_eq!(place.read("app.log.1"), b"older\n");
    assert_eq!(place.names(), [".__app.lock", "app.log", "app.log.1", "app.log.2"]);
}

#[test]
fn another_log_in_a_slot_is_neither_moved_nor_removed() {
    for (lock_dir, slot, backups) in
        [("", 1, 1), ("", 1, 2), ("", 2, 2), ("--lock-dir locks", 1, 2)]
    {
        let place = Place::fresh();
        let other = format!("job.{slot}");
        let run = |args: &str, lines: &[u8]| {
            Tee::new(&place).args("-q").args(lock_dir).args(args).run(lines)
        };
        run(&other, b"important\n").expect_quiet_success();
        let options = format!("job --max-bytes 1 --backups {backups}");
        let ended = run(&options, &lines(20));
        ended.expect(0);
        let told = ended.stderr();
        let says = format!(
            "clh-tee: warning: cannot rotate 'job': cannot move 'job.{slot}': it is a log of its \
             own, with the lock file '.__job.{slot}.lock'; the log grows past its limit\n"
        );
        assert_eq!(told, says);
        assert_eq!(place.read(&other), b"important\n");
        let kept: Vec<u8> =
            (1..slot).rev().flat_map(|slot| place.read(&format!("job.{slot}"))).collect();
        assert_eq!([kept, place.read("job")].concat(), lines(20), "no line is lost");
        let repair = run("--repair job", b"");
        repair.expect(1);
        assert!(repair.stderr().contains("it stays as it is\n"), "{}", repair.stderr());
        assert_eq!(place.read(&other), b"important\n");
        let read = Tee::new(&place).args("--read job").args(lock_dir).run(b"");
        assert_eq!(read.out, lines(20), "its lines are not this log's");
    }
}

#[test]
fn a_log_that_shares_its_lock_s_name_with_a_backup_is_not_in_the_way() {
    let place = Place::fresh();
    let run = |args: &str, lines: &[u8]| Tee::new(&place).args("-q").args(args).run(lines);
    // Its lock file is `.__job.1.lock`.
    run("job.1.log", b"another log\n").expect_quiet_success();
    run("job --max-bytes 1 --backups 2", &lines(4)).expect_quiet_success();
    assert_eq!(place.read("job.1"), b"line 2\n");
    assert_eq!(place.read("job.1.log"), b"another log\n");
}

#[test]
fn a_directory_that_may_only_be_read() {
    let place = Place::fresh();
    place.open_to_all();
    let tee = Tee::new(&place).without_rights();
    let (block, clear) = (|| place.set_mode(".", 0o555), || place.set_mode(".", 0o777));
    let who =
        if geteuid().is_root() { "for user 'nobody' in '.' (--status says" } else { "for user" };
    blocked(tee, &place, &format!("Permission denied {who}"), block, clear);
}

#[test]
#[ignore = "needs root"]
fn a_sticky_directory_and_another_owner() {
    sticky("");
    sticky("--gzip");
}

fn sticky(args: &str) {
    let place = Place::fresh();
    place.open_to_all();
    let tee = Tee::new(&place).without_rights().args(args);
    needs_root();
    let owner = |user| {
        chown(place.path("app.log"), Some(user), None).expect("give the log away");
        place.set_mode("app.log", 0o666);
    };
    let block = || {
        place.set_mode(".", 0o1777);
        chown(place.dir(), Some(1), None).expect("give the directory away");
        owner(1);
    };
    blocked(tee, &place, "Operation not permitted", block, || place.set_mode(".", 0o777));
}

#[test]
#[ignore = "needs root"]
fn a_backup_that_cannot_be_removed() {
    let place = Place::fresh();
    place.write("app.log.1", b"old 1\n");
    place.write("app.log.2", b"old 2\n");
    let attribute = |change: &str| {
        let chattr = Command::new("chattr").arg(change).arg(place.path("app.log.2")).status();
        chattr.is_ok_and(|status| status.success())
    };
    assert!(attribute("+i"), "this test needs a file that can be made immutable");
    let tee = Tee::new(&place).args("-q --max-bytes 1 --backups 2 app.log");
    let ended = tee.run(b"one\ntwo\n");
    assert!(attribute("-i"));
    ended.expect(0);
    assert!(ended.stderr().contains("Operation not permitted"), "{}", ended.stderr());
    assert_eq!(place.read("app.log"), b"one\ntwo\n");
    assert_eq!(place.read("app.log.1"), b"old 1\n");
    assert_eq!(place.read("app.log.2"), b"old 2\n");
}

#[test]
#[ignore = "needs root"]
fn a_backup_beyond_the_caps_that_cannot_be_removed_is_reported_once() {
    let place = Place::fresh();
    for name in ["app.log.2025-11-01", "app.log.2025-11-02", "app.log.2025-11-03"] {
        place.write(name, b"old\n");
    }
    let attribute = |change: &str| {
        let path = place.path("app.log.2025-11-01");
        let chattr = Command::new("chattr").arg(change).arg(path).status();
        chattr.is_ok_and(|status| status.success())
    };
    assert!(attribute("+i"), "this test needs a file that can be made immutable");
    let options = "-q --when MIDNIGHT --max-bytes 40B --max-total 128B app.log";
    let ended = Tee::new(&place).args(options).run(&lines(100));
    assert!(attribute("-i"));
    ended.expect(0);
    let told = "clh-tee: warning: cannot remove 'app.log.2025-11-01': Operation not permitted; it \
                stays as it is\n";
    assert_eq!(ended.stderr(), told);
    // The newer ones were removed, and none had to make way for the one that could not be removed.
    let names = place.names();
    assert_eq!(names[..3], [".__app.lock", "app.log", "app.log.2025-11-01"]);
    assert_eq!(names.len(), 5, "{names:?}");
    // It is removed as soon as possible.
    Tee::new(&place).args(options).run(&lines(10)).expect_quiet_success();
    assert!(!place.path("app.log.2025-11-01").exists());
}

/// Runs a script in which `app.log` is mounted from `mounted.log`; `$T` is the program.
fn mounted(place: &Place, script: &str) -> crate::harness::Ended {
    for name in ["mounted.log", "app.log"] {
        place.write(name, b"");
    }
    let script = format!("mount --bind mounted.log app.log && {{ {script}; }}");
    let tee = Tee::new(place).program("unshare").args("-Urm sh -c").arg(script);
    tee.env("T", env!("CARGO_BIN_EXE_clh-tee")).run(b"")
}

#[test]
#[ignore = "needs user namespaces"]
fn a_log_that_is_a_mount_point() {
    let place = Place::fresh();
    let ended = mounted(&place, r#"seq 9 | "$T" -q --max-bytes 1 app.log; "$T" --status app.log"#);
    let told = "clh-tee: warning: cannot rotate 'app.log': it is a mount point; mount its \
                directory instead; the log grows past its limit\n";
    assert_eq!(ended.stderr(), told);
    assert!(String::from_utf8_lossy(&ended.out).contains("'app.log' is a mount point"));
    assert_eq!(place.read("mounted.log"), b"1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    assert_eq!(place.names(), [".__app.lock", "app.log", "mounted.log"]);
}

#[test]
#[ignore = "needs user namespaces"]
fn a_log_that_was_removed_where_it_is_mounted_from_is_reported_once() {
    let place = Place::fresh();
    let ended = mounted(
        &place,
        r#"{ echo one; until [ -s app.log ]; do sleep .01; done; rm mounted.log; seq 3; } |
           "$T" -q app.log; cat app.log"#,
    );
    ended.expect(0);
    assert_eq!(ended.out, b"one\n1\n2\n3\n");
    let told = "clh-tee: warning: 'app.log' was removed where it is mounted from, and its lines \
                will be gone; mount its directory instead\n";
    assert_eq!(ended.stderr(), told);
}

#[test]
fn a_rotation_on_request_ends_the_wait_for_the_next_try() {
    let place = Place::fresh();
    let slot = place.path("app.log.1");
    let mut tee = Tee::new(&place).args("-q --max-bytes 1 --backups 1 app.log").start();
    feed_one_by_one(&mut tee, &place, 0, 1);
    fs::create_dir(&slot).expect("make a directory");
    feed_one_by_one(&mut tee, &place, 1, 3);
    until(SOON, "it is reported", || tee.stderr_so_far().contains("cannot rotate"));
    fs::remove_dir(&slot).expect("remove the directory");
    tee.signal(Signal::SIGUSR2);
    until(SOON, "it has rotated", || slot.is_file());
    until(SOON, "it is reported", || tee.stderr_so_far().contains("works again"));
    tee.feed(b"line 4\n");
    tee.feed(b"line 5\n");
    tee.finish().expect(0);
    assert_eq!(place.read("app.log"), b"line 5\n", "the limit holds again");
}
