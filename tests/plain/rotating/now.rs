//! `--rotate`: now, and nothing else.

use super::{script, tee};
use crate::harness::{HeldLock, Place};

#[test]
fn a_log_is_rotated_at_once_and_nothing_is_said() {
    let place = Place::fresh();
    tee(&place, "").run(b"one\n").expect_quiet_success();
    tee(&place, "--rotate").run(b"").expect_quiet_success();
    assert_eq!(place.names(), [".__app.lock", "app.log", "app.log.1"]);
    assert_eq!(
        (&place.read("app.log")[..], &place.read("app.log.1")[..]),
        (&b""[..], &b"one\n"[..])
    );
    tee(&place, "").run(b"two\n").expect_quiet_success();
    tee(&place, "--rotate --gzip --backups 1").run(b"").expect_quiet_success();
    assert_eq!(place.names(), [".__app.lock", "app.log", "app.log.1.gz"]);
    assert_eq!(place.read("app.log.1.gz"), b"two\n");
}

#[test]
fn a_writer_goes_on_in_the_new_log() {
    let place = Place::fresh();
    let mut writer = tee(&place, "").start();
    writer.feed(b"one\n");
    crate::harness::until(super::SOON, "the line is in", || place.read("app.log") == b"one\n");
    tee(&place, "--rotate").run(b"").expect_quiet_success();
    writer.feed(b"two\n");
    writer.finish().expect_quiet_success();
    assert_eq!(place.read("app.log.1"), b"one\n");
    assert_eq!(place.read("app.log"), b"two\n");
}

#[test]
fn an_empty_or_missing_log_is_not_rotated() {
    let place = Place::fresh();
    // A log that was there, and has been moved away.
    place.write(".__app.lock", b"");
    for is in ["is not there", "is empty"] {
        let ended = tee(&place, "--rotate").run(b"");
        ended.expect(0);
        assert_eq!(ended.stderr(), format!("clh-tee: 'app.log' {is}; nothing to rotate\n"));
        assert!(place.backups("app.log").is_empty());
        place.write("app.log", b"");
    }
}

#[test]
fn a_name_that_is_mistyped_is_a_failure_and_makes_nothing() {
    for mode in ["--rotate", "--repair", "--rotate --gzip --lock-dir locks", "--repair --mkdir"] {
        for log in ["nope.log", "no/such/nope.log"] {
            let place = Place::fresh();
            let ended = super::Tee::new(&place).args(mode).args(log).run(b"");
            ended.expect(1);
            assert_eq!(ended.stderr(), format!("clh-tee: there is no log '{log}'\n"), "{mode}");
            assert!(
                place.names().is_empty() && ended.out.is_empty(),
                "{mode}: {:?}",
                place.names()
            );
        }
    }
}

#[test]
fn what_cannot_be_rotated_is_a_failure() {
    let place = Place::fresh();
    place.write("app.log", b"one\n");
    std::fs::create_dir(place.path("app.log.1")).expect("make a directory");
    let ended = tee(&place, "--rotate").run(b"");
    ended.expect(1);
    assert!(ended.stderr().contains("cannot rotate 'app.log': cannot use 'app.log.1'"));
    let ended = super::Tee::new(&place).args("--rotate /dev/null").run(b"");
    ended.expect(1);
    assert!(ended.stderr().contains("it is not a regular file"));
    assert_eq!(place.read("app.log"), b"one\n");
}

#[test]
fn a_lock_that_is_not_to_be_had_is_a_failure() {
    let place = Place::fresh();
    place.write("app.log", b"one\n");
    let held = HeldLock::take(&place.path(".__app.lock"));
    let ended = tee(&place, "--rotate --lock-timeout 100ms").run(b"");
    ended.expect(1);
    assert!(ended.stderr().contains("timed out after 100ms waiting for the lock"));
    drop(held);
    assert_eq!(place.read("app.log"), b"one\n");
}

#[test]
fn a_free_lock_needs_no_time() {
    let place = Place::fresh();
    for run in 0..50 {
        place.write("app.log", b"one\n");
        for command in ["--rotate", "--repair"] {
            let ended = tee(&place, &format!("{command} --lock-timeout 0s")).run(b"");
            assert!(ended.stderr().is_empty(), "{run}: {}", ended.stderr());
            ended.expect(0);
        }
    }
    let held = HeldLock::take(&place.path(".__app.lock"));
    let ended = tee(&place, "--rotate --lock-timeout 0s").run(b"");
    ended.expect(1);
    assert!(ended.stderr().contains("timed out after 0s waiting for the lock"));
    drop(held);
}

#[test]
fn what_is_run_after_a_rotation_is_waited_for() {
    let place = Place::fresh();
    script(&place, "hook", "cp \"$1\" copy");
    place.write("app.log", b"one\n");
    tee(&place, "--rotate --on-rotate ./hook").run(b"").expect_quiet_success();
    assert_eq!(place.read("copy"), b"one\n");
}

#[test]
fn no_command_goes_with_it() {
    let place = Place::fresh();
    tee(&place, "--rotate").args("-- true").run(b"").expect(2);
    tee(&place, "--rotate --repair").run(b"").expect(2);
    tee(&place, "--rotate --status").run(b"").expect(2);
}
