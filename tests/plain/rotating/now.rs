//! `--rotate` rotates now and does nothing else.

use super::{script, tee};
use crate::harness::{HeldLock, Place, until};

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
    until(super::SOON, "the line is in", || place.read("app.log") == b"one\n");
    tee(&place, "--rotate").run(b"").expect_quiet_success();
    writer.feed(b"two\n");
    writer.finish().expect_quiet_success();
    assert_eq!(place.read("app.log.1"), b"one\n");
    assert_eq!(place.read("app.log"), b"two\n");
}

#[test]
fn an_empty_or_missing_log_is_not_rotated() {
    let place = Place::fresh();
    // A log existed and has been moved away.
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
    for mode in
        ["--rotate", "--repair", "--rotate --gzip --lock-dir locks", "--repair --lock-dir locks"]
    {
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

/// Returns the names of the backups, without the log's name.
fn backups(place: &Place) -> Vec<String> {
    let names = place.names().into_iter();
    names.filter_map(|name| name.strip_prefix("app.log.").map(str::to_owned)).collect()
}

#[test]
fn the_names_that_are_there_are_followed() {
    for when in ["S --interval 30", "M", "H", "H --interval 4", "D", "MIDNIGHT", "W0", "W6"]
        .into_iter()
        .chain(["MIDNIGHT --at-time 06:00", "W3 --utc"])
    {
        let place = Place::fresh();
        let timed = format!("--when {when}");
        let zone = if when.contains("--utc") { " --utc" } else { "" };
        tee(&place, &timed).run(b"one\n").expect_quiet_success();
        tee(&place, &format!("--rotate {timed}")).run(b"").expect_quiet_success();
        tee(&place, &timed).run(b"two\n").expect_quiet_success();
        let before = backups(&place);
        tee(&place, &format!("--rotate{zone}")).run(b"").expect_quiet_success();
        let after = backups(&place);
        assert_eq!((before.len(), after.len()), (1, 2), "{when}: {after:?}");
        assert!(!after.contains(&"1".to_owned()), "{when}: {after:?}");
        assert_eq!(after[0].matches(['-', '_']).count(), before[0].matches(['-', '_']).count());
        // Writers with this schedule find a time that it gives.
        tee(&place, &timed).run(b"three\n").expect_quiet_success();
        assert_eq!(place.read("app.log"), b"three\n", "{when}");
    }
    // If the newest backup has a number, numbering goes on.
    let place = Place::fresh();
    place.write("app.log.2025-11-22", b"old\n");
    place.write("app.log", b"one\n");
    for _ in 0..2 {
        tee(&place, "--rotate").run(b"").expect_quiet_success();
        tee(&place, "").run(b"a line\n").expect_quiet_success();
    }
    assert_eq!(backups(&place), ["1", "2", "2025-11-22"]);
}

#[test]
fn a_time_that_no_writer_goes_by_is_cleared_by_repair() {
    let cleared = "removed the time of the next rotation from '.__app.lock', which no writer \
                   follows\n";
    let warning = "another writer rotates 'app.log' by the clock; give all writers the same --when, \
                   or run --repair if there is no such writer\n";
    let repair = |place: &Place, status| {
        let ended = tee(place, "--repair").run(b"");
        ended.expect(status);
        (String::from_utf8(ended.out.clone()).expect("text"), ended.stderr())
    };
    // A time in the future, and one that passed before a line was appended without a rotation.
    for time in ["4102444800", "1000000000"] {
        let place = Place::fresh();
        tee(&place, "").run(b"one\n").expect_quiet_success();
        place.write(".__app.lock", time.as_bytes());
        assert!(tee(&place, "").run(b"two\n").expect(0).stderr().ends_with(warning));
        assert_eq!(repair(&place, 0), (cleared.to_owned(), String::new()));
        assert_eq!(repair(&place, 0).0, "nothing to do\n");
        tee(&place, "").run(b"three\n").expect_quiet_success();
        assert_eq!(place.read(".__app.lock"), b"");
    }
    // A time that has come, and one that a process may have.
    let place = Place::fresh();
    place.write("app.log", b"one\n");
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let log = std::fs::File::options().write(true).open(place.path("app.log")).expect("open it");
    log.set_modified(old).expect("set its time");
    drop(log);
    place.write(".__app.lock", b"1000000060");
    assert!(repair(&place, 1).1.ends_with(warning));
    assert_eq!(place.read(".__app.lock"), b"1000000060");
    let mut timed = tee(&place, "--when MIDNIGHT").start();
    timed.feed(b"two\n");
    until(super::SOON, "the line is in", || place.read("app.log") == b"two\n");
    assert!(repair(&place, 1).1.ends_with(warning));
    assert_eq!(place.read(".__app.lock").len(), 10);
    timed.finish().expect_quiet_success();
}
