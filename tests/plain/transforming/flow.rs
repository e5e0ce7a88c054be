//! Transformed lines go wherever lines go: into logs that rotate, among other writers, through the
//! queue, and to standard error if nothing else works.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::harness::{HeldLock, Place, Tee, stays, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// Returns `count` numbered lines with colours and other terminal controls.
fn coloured(count: usize) -> Vec<u8> {
    let line = |number| format!("working\r\x1b[3{}mline {number}\x1b[0m\x07\n", number % 8);
    (0..count).map(line).collect::<String>().into_bytes()
}

/// Options for [`coloured`] lines.
const OPTIONS: &str =
    "--strip-ansi --collapse-cr --deselect 7\x07$ --escape-control --tag t --crlf";

/// Returns what [`OPTIONS`] turn [`coloured`] lines into.
fn plain(count: usize) -> Vec<u8> {
    let numbers = (0..count).filter(|number| number % 10 != 7);
    numbers.flat_map(|number| format!("t: line {number}\\x07\r\n").into_bytes()).collect()
}

#[test]
fn rotation_goes_by_what_is_in_the_log() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let tee = Tee::new(&place).args(OPTIONS).args("-q --max-bytes 2K --backups 99 app.log");
        tee.args(gzip).run(&coloured(3000)).expect_quiet_success();
        assert_eq!(place.chain("app.log"), plain(3000));
        let backups = place.backups("app.log");
        assert!((20..30).contains(&backups.len()), "{backups:?}");
        for backup in backups {
            let length = place.read(&backup).len();
            assert!((2048..2048 + 20).contains(&length), "{backup} holds {length} bytes");
        }
    }
}

#[test]
fn times_are_in_the_log_that_rotates_too() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q --timestamp=unix --max-bytes 4K --backups 99 app.log");
    tee.args("--gzip").run(&b"line\n".repeat(5000)).expect_quiet_success();
    let chain = String::from_utf8(place.chain("app.log")).expect("UTF-8");
    assert_eq!(chain.lines().count(), 5000);
    let lengths: Vec<usize> = chain.lines().map(str::len).collect();
    assert!(lengths.iter().all(|length| *length == "1763823845.123 line".len()), "{chain}");
    assert!(chain.lines().is_sorted(), "time goes on");
}

#[test]
fn a_dressed_and_a_plain_writer_share_a_log() {
    const LINES: usize = 20_000;
    let place = Place::fresh();
    let lines = |name: &str| -> Vec<u8> {
        (0..LINES).flat_map(|number| format!("{name} {number}\n").into_bytes()).collect()
    };
    let write = |options: &str, name: &str| {
        let tee = Tee::new(&place).args("-q --max-bytes 64K --backups 999 app.log");
        let mut tee = tee.args(options).start();
        for piece in lines(name).chunks(997) {
            tee.feed(piece);
        }
        tee.finish().expect_quiet_success();
    };
    thread::scope(|scope| {
        scope.spawn(|| write("--tag tagged", "a"));
        scope.spawn(|| write("", "b"));
    });
    let chain = String::from_utf8(place.chain("app.log")).expect("UTF-8");
    let of = |name: &str| {
        let lines = chain.split_inclusive('\n').filter(|line| line.starts_with(name));
        lines.collect::<String>().into_bytes()
    };
    assert_eq!(of("tagged: "), lines("tagged: a"));
    assert_eq!(of("b "), lines("b"));
    assert_eq!(chain.lines().count(), 2 * LINES, "no other line");
}

#[test]
fn a_long_prefix_passes_through_a_small_queue() {
    // Transforming makes much more output than was read, and for a while none of it can be
    // appended.
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let tag = "long".repeat(250);
    let tee = Tee::new(&place).args("-q --buffer 64K app.log --tag").arg(&tag);
    let mut tee = tee.start();
    let mut input = tee.take_input();
    let lines = b"\n".repeat(100_000);
    let feeder = thread::spawn(move || {
        input.write_all(&lines).expect("feed the program");
        input
    });
    stays(Duration::from_millis(100), "nothing is in", || place.read("app.log").is_empty());
    drop(held);
    let input = feeder.join().expect("feed the program");
    let wanted = format!("{tag}: \n").repeat(100_000).into_bytes();
    until(SOON, "all lines are in", || {
        fs::metadata(place.path("app.log")).is_ok_and(|log| log.len() == wanted.len() as u64)
    });
    let peak = tee.peak_memory();
    assert!(peak < 16 * 1024, "{peak} KiB were resident");
    drop(input);
    tee.finish().expect_quiet_success();
    assert!(place.read("app.log") == wanted, "each line has its tag");
}

#[test]
fn a_flush_puts_the_torn_line_in_dressed() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("--tag t app.log").start();
    tee.feed(b"to");
    tee.until_echoed(b"to");
    tee.signal(Signal::SIGHUP);
    until(SOON, "the torn line is in", || place.read("app.log") == b"t: to\n");
    tee.feed(b"rn\n");
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("app.log"), b"t: to\nt: rn\n");
}

#[test]
fn lines_that_are_given_up_are_dressed() {
    let place = Place::fresh();
    let _held = HeldLock::take(&place.path(".__app.lock"));
    let tee = Tee::new(&place).args("--lock-timeout 300ms --tag t --deselect no app.log");
    let ended = tee.run(b"one\nno\ntorn");
    ended.expect(1);
    assert_eq!(ended.out, b"one\nno\ntorn");
    let stderr = ended.stderr();
    assert!(stderr.ends_with("; 2 lines lost, as follows\nt: one\nt: torn\n"), "{stderr}");
}

#[test]
fn lines_that_are_dropped_are_counted() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let tee = Tee::new(&place).args("--overflow drop --buffer 100 --tag t --stats app.log");
    let mut tee = tee.start();
    let lines = b"line\n".repeat(100);
    tee.feed(b"first\n");
    tee.until_echoed(b"first\n");
    tee.feed(&lines);
    tee.until_echoed(&[b"first\n", lines.as_slice()].concat());
    // The copy may have been made before the line is in the queue; the end of the input is handled
    // after that.
    tee.end_input();
    drop(held);
    let ended = tee.finish();
    ended.expect(1);
    let log = String::from_utf8(place.read("app.log")).expect("UTF-8");
    let kept = log.lines().filter(|line| line.starts_with("t: ")).count();
    let dropped = 101 - kept;
    let stderr = ended.stderr();
    assert!(stderr.contains(&format!("lines dropped: {dropped}")), "{kept} kept: {stderr}");
    assert!(stderr.contains("lines: 101,"), "{stderr}");
    assert!(log.contains(&format!("clh-tee: {dropped} lines dropped")), "{log}");
}

#[test]
fn the_limit_holds_for_dressed_lines() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q --max-bytes 10 --backups 9 --tag tag app.log");
    tee.run(b"1\n2\n3\n4\n5\n").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"tag: 5\n");
    assert_eq!(place.read("app.log.1"), b"tag: 3\ntag: 4\n");
    assert_eq!(place.read("app.log.2"), b"tag: 1\ntag: 2\n");
}
