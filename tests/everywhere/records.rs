//! Lines that belong together stay together: a record is written whole, into one file, and the
//! limit is tested only before it.

use std::io::Write;
use std::time::Duration;

use crate::harness::{HeldLock, Place, Tee, stays, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// Returns all files of the log, oldest first.
fn files(place: &Place) -> Vec<String> {
    let mut names = place.backups("app.log");
    names.push("app.log".to_owned());
    names.iter().map(|name| String::from_utf8(place.read(name)).expect("UTF-8")).collect()
}

#[test]
fn nul_ends_a_record_and_a_newline_does_not() {
    let place = Place::fresh();
    let input = b"one\n two\n three\0four\0\0five\n\nsix";
    let ended = Tee::new(&place).args("-z --max-bytes 5B app.log").run(input);
    ended.expect_quiet_success();
    assert_eq!(ended.out, input, "the copy is raw");
    assert_eq!(files(&place), ["one\n two\n three\n", "four\n", "\nfive\n\nsix\n"]);
}

#[test]
fn a_record_is_in_at_once_and_a_part_of_one_is_not() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("--null app.log").start();
    tee.feed(b"one\n two\0three\n fo");
    until(SOON, "the record is in", || place.read("app.log") == b"one\n two\n");
    stays(Duration::from_millis(200), "no part of a record in the log", || {
        place.read("app.log") == b"one\n two\n"
    });
    tee.feed(b"ur\0");
    until(SOON, "it is in", || place.read("app.log") == b"one\n two\nthree\n four\n");
    tee.finish().expect_quiet_success();
}

#[test]
fn records_that_wait_for_the_lock_stay_together() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(&place).args("-z --max-bytes 8B app.log").start();
    let mut fed = String::new();
    for records in ["a\nb\nc\nd\ne\nf\0", "g\0h\n\0", "i\nj\nk\nl\0m\nn\0"] {
        tee.feed(records.as_bytes());
        fed += records;
        tee.until_echoed(fed.as_bytes());
    }
    drop(held);
    tee.finish().expect_quiet_success();
    assert_eq!(files(&place), ["a\nb\nc\nd\ne\nf\n", "g\nh\n\ni\nj\nk\nl\n", "m\nn\n"]);
}

/// Two tracebacks, with one plain line before them and one between.
const TRACES: &str =
    "2026 one\n2026 two\nTraceback:\n  at a\n  at b\n2026 three\nTraceback:\n  at c\n";

#[test]
fn a_line_that_matches_begins_a_record() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("--record-start ^(2026|Trace) --max-bytes 1B app.log");
    let ended = tee.run(TRACES.as_bytes());
    ended.expect_quiet_success();
    assert_eq!(ended.out, TRACES.as_bytes());
    let records = ["2026 one\n", "2026 two\n", "Traceback:\n  at a\n  at b\n", "2026 three\n"];
    assert_eq!(files(&place)[..4], records);
    assert_eq!(files(&place)[4..], ["Traceback:\n  at c\n"]);
}

#[test]
fn the_last_record_is_in_after_the_timeout_and_the_copy_at_once() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("--record-start ^[a-z] app.log").start();
    tee.feed(b"one\n two\n");
    tee.until_echoed(b"one\n two\n");
    assert_eq!(place.names(), [""; 0], "it may go on");
    until(SOON, "the record is in", || place.read("app.log") == b"one\n two\n");
    // What arrives later belongs to the next record, even in the middle of a line.
    tee.feed(b" three\nfo");
    until(SOON, "its lines are in", || place.read("app.log") == b"one\n two\n three\n");
    tee.feed(b"ur\n");
    until(SOON, "the line is in", || place.read("app.log").ends_with(b" three\nfour\n"));
    tee.finish().expect_quiet_success();
}

#[test]
fn the_timeout_waits_while_the_log_takes_nothing() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let args = "-q --record-start ^[a-z] --record-timeout 20ms --buffer 1 --max-bytes 1B app.log";
    let mut tee = Tee::new(&place).args(args).start();
    // The queue is full, so what was read next waits.
    let full = "0\n".repeat(400 * 1024);
    let mut input = tee.take_input();
    let feeding = std::thread::spawn(move || {
        for _ in 0..3 {
            input.write_all(format!("record\n{full}").as_bytes()).expect("it is read");
        }
    });
    stays(Duration::from_millis(300), "nothing is in", || !place.path("app.log").exists());
    drop(held);
    feeding.join().expect("all is fed");
    let ended = tee.finish();
    ended.expect_quiet_success();
    let record = format!("record\n{}", "0\n".repeat(400 * 1024));
    assert!(files(&place) == [record.clone(), record.clone(), record], "whole records");
}

#[test]
fn rules_stamps_and_tags_are_about_whole_records() {
    let place = Place::fresh();
    let input = b"Error\n at a\0fine\n really\0Error\n at b\0";
    let ended =
        Tee::new(&place).args("-zq --select ^Error --deselect b$ --tag t app.log").run(input);
    ended.expect_quiet_success();
    assert_eq!(files(&place), ["t: Error\nt:  at a\n"]);
}

#[test]
fn a_record_too_long_is_cut_at_a_lines_end_and_told_once() {
    let place = Place::fresh();
    let input = "0123456\n".repeat(9) + "\0" + &"01234567\n".repeat(4) + "\0";
    let args = "-zq --max-bytes 1B --backups 20 --max-record 32 app.log";
    let ended = Tee::new(&place).args(args).run(input.as_bytes());
    ended.expect(0);
    let (one, two) = ("0123456\n", "01234567\n");
    let long =
        [one.repeat(4), one.repeat(4), one.to_owned() + "\n", two.repeat(3), two.to_owned() + "\n"];
    assert_eq!(files(&place), long);
    let stderr = ended.stderr();
    assert!(stderr.starts_with("clh-tee: warning: a record is longer than 32 bytes"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "told once: {stderr}");
}

#[test]
fn a_full_queue_drops_whole_records() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let args = "-z --overflow drop --buffer 20 app.log";
    let mut tee = Tee::new(&place).args(args).start();
    // An empty queue takes any batch.
    tee.feed(b"one\n two\0");
    tee.until_echoed(b"one\n two\0");
    tee.feed(b"three\n four\n five\0six\0");
    tee.until_echoed(b"one\n two\0three\n four\n five\0six\0");
    drop(held);
    let ended = tee.finish();
    ended.expect(1);
    let log = String::from_utf8(place.read("app.log")).expect("UTF-8");
    let (first, rest) = log.split_once("clh-tee: ").expect("a marker");
    assert_eq!(first, "one\n two\n");
    assert!(rest.starts_with("4 lines dropped from "), "{log}");
}

#[test]
fn records_not_in_the_log_are_on_standard_error() {
    let place = Place::fresh();
    let _held = HeldLock::take(&place.path(".__app.lock"));
    let ended = Tee::new(&place).args("-zq --lock-timeout 50ms app.log").run(b"a\n b\0c\n d");
    ended.expect(1);
    let stderr = ended.stderr();
    assert!(stderr.contains("; 4 lines lost, as follows\na\n b\nc\n d\n"), "{stderr}");
}
