//! Several logs by pattern: each line goes where `--copy` and `--divert` say, each of these logs
//! has all abilities of a log, and none waits for another.
//!
//! The logs are compared byte by byte with what the options promise. To block a log, the test holds
//! its lock.

mod blocked;
mod given;

use std::time::Duration;

use nix::sys::signal::Signal::{SIGHUP, SIGUSR1, SIGUSR2};

use crate::harness::{HeldLock, Place, Tee, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// Waits until the log `name` holds exactly `content`.
fn until_holds(place: &Place, name: &str, content: &str) {
    let path = place.path(name);
    until(SOON, name, || std::fs::read(&path).is_ok_and(|read| read == content.as_bytes()));
}

/// Runs the program on `input`; asserts success; returns the logs `app.log`, `a.log` and `b.log`.
#[track_caller]
fn logs_of(args: &str, input: &str) -> [String; 3] {
    let place = Place::fresh();
    let ended = Tee::new(&place).args("app.log").args(args).run(input.as_bytes());
    ended.expect_quiet_success();
    assert_eq!(ended.out, input.as_bytes(), "the copy on standard output");
    ["app.log", "a.log", "b.log"].map(|name| String::from_utf8(place.read(name)).expect("UTF-8"))
}

#[test]
fn a_copy_goes_to_both_a_diverted_line_to_one() {
    let input = "one\nERROR\nnoise\nERROR noise\ntorn";
    assert_eq!(
        logs_of("--copy ERROR a.log --divert noise b.log", input),
        ["one\nERROR\ntorn\n", "ERROR\nERROR noise\n", "noise\nERROR noise\n"]
    );
}

#[test]
fn the_first_to_divert_decides() {
    let input = "1\n12\n2\n3\n";
    assert_eq!(logs_of("--divert 1 a.log --divert 2 b.log", input), ["3\n", "1\n12\n", "2\n"]);
    assert_eq!(logs_of("--divert 2 b.log --divert 1 a.log", input), ["3\n", "1\n", "12\n2\n"]);
}

#[test]
fn every_copy_counts() {
    let args = "--copy 1 a.log --copy 2 b.log";
    assert_eq!(logs_of(args, "1\n12\n2\n3\n"), ["1\n12\n2\n3\n", "1\n12\n", "12\n2\n"]);
}

#[test]
fn it_decides_as_select_does_before_a_tag_is_added() {
    let input = "\x1b[1mERROR\x1b[0m 1\nnoise\nERROR noise\nx ERROR\n";
    assert_eq!(
        logs_of("--tag t --strip-ansi --deselect noise --copy ^ERROR a.log", input),
        ["t: ERROR 1\nt: x ERROR\n", "t: ERROR 1\n", ""]
    );
    let args = "--tag ERROR --escape-control --crlf --divert ERROR a.log";
    assert_eq!(logs_of(args, "1\x07\r\nERROR\n"), ["ERROR: 1\\x07\r\n", "ERROR: ERROR\r\n", ""]);
}

#[test]
fn a_record_goes_as_a_whole_where_any_of_its_lines_belongs() {
    let input = "one\n ERROR\n  1\ntwo\n  2\nthree\n noise\n  ERROR\n";
    let [log, copies, noise] = logs_of(
        "--record-start ^[^[:space:]] --copy ERROR a.log --divert noise b.log --tag t",
        input,
    );
    assert_eq!(log, "t: one\nt:  ERROR\nt:   1\nt: two\nt:   2\n");
    assert_eq!(copies, "t: one\nt:  ERROR\nt:   1\nt: three\nt:  noise\nt:   ERROR\n");
    assert_eq!(noise, "t: three\nt:  noise\nt:   ERROR\n");
}

#[test]
fn a_log_without_lines_is_not_made() {
    let place = Place::fresh();
    let args = "app.log --copy a a.log --divert b b.log";
    Tee::new(&place).args(args).run(b"bbb\n").expect_quiet_success();
    assert_eq!(place.names(), [".__b.lock", "b.log"]);
}

#[test]
fn both_streams_of_a_command_are_split() {
    let place = Place::fresh();
    let args = "-q --tag {stream} --markers app.log --divert ^E e.log -- sh -c";
    let ended =
        Tee::new(&place).args(args).arg("echo E1; echo 2; { echo E3; echo 4; } >&2").run(b"");
    ended.expect_quiet_success();
    let lines = |name: &str| {
        let text = String::from_utf8(place.read(name)).expect("UTF-8");
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines("e.log"), ["err: E3", "out: E1"]);
    let of_log = lines("app.log");
    assert_eq!(of_log[..2], ["err: 4", "out: 2"]);
    assert!(of_log[2..].iter().all(|line| line.starts_with("out: clh-tee: ")), "{of_log:?}");
    assert_eq!(of_log.len(), 4, "both markers go to LOG: {of_log:?}");
}

#[test]
fn the_output_of_a_command_is_kept_back_and_split() {
    let place = Place::fresh();
    let args = "--quiet-ok app.log --copy ^E e.log -- sh -c";
    let ended = Tee::new(&place).args(args).arg("echo 1; echo E; exit 3").run(b"");
    ended.expect(3);
    assert_eq!(ended.out, b"1\nE\n");
    assert_eq!([place.read("app.log"), place.read("e.log")], [&b"1\nE\n"[..], b"E\n"]);
}

#[test]
fn each_log_is_rotated_and_compressed_by_itself() {
    let place = Place::fresh();
    let line = |n: usize| format!("{} {n:060}\n", ["a", "b"][n % 2]);
    let lines = (0..2000).map(line).collect::<Vec<_>>().concat();
    let args = "-q --max-bytes 10K --gzip --backups 99 app.log --divert a a.log";
    Tee::new(&place).args(args).run(lines.as_bytes()).expect_quiet_success();
    for (name, first) in [("app.log", 'b'), ("a.log", 'a')] {
        let wanted: String =
            lines.split_inclusive('\n').filter(|line| line.starts_with(first)).collect();
        assert!(place.chain(name) == wanted.as_bytes(), "{name}");
        // No file is partial, and none is missing.
        assert_eq!(place.backups(name).len(), wanted.len() / 10_290, "{name}");
    }
}

#[test]
fn signals_are_about_all_logs() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("app.log --divert a a.log --backups 3").start();
    tee.feed(b"a1\nb1\n");
    until_holds(&place, "a.log", "a1\n");
    until_holds(&place, "app.log", "b1\n");
    tee.signal(SIGUSR2);
    until_holds(&place, "a.log.1", "a1\n");
    until_holds(&place, "app.log.1", "b1\n");
    // HUP flushes a partial line.
    tee.feed(b"a2");
    tee.until_echoed(b"a1\nb1\na2");
    tee.signal(SIGHUP);
    until_holds(&place, "a.log", "a2\n");
    tee.finish().expect_quiet_success();
}

#[test]
fn one_log_acknowledges() {
    let place = Place::fresh();
    let tee = || Tee::new(&place).args("-q --acknowledge app.log");
    tee().args("--copy a a.log").run(b"").expect(2);
    // A settings file, which may be for all logs, is not refused.
    place.write("s.toml", b"copy = ['a', 'a.log']");
    let mut tee = tee().args("--config s.toml").start();
    tee.until_echoed(b"\n");
    tee.feed(b"a\n");
    tee.signal(SIGUSR1);
    tee.until_echoed(b"\n\n");
    let ended = tee.finish();
    ended.expect_quiet_success();
    assert_eq!(ended.out, b"\n\n");
    assert_eq!(place.read("a.log"), b"a\n");
}

#[test]
fn statistics_name_the_log() {
    let place = Place::fresh();
    let args = "-q --stats --max-line 10 app.log --copy a a.log --divert b b.log";
    let ended = Tee::new(&place).args(args).run(b"a1\nb1\nab1\nccccccccccccccc\n");
    ended.expect(0);
    let said = ended.stderr();
    for (log, lines, bytes) in [("app.log", 3, 20), ("a.log", 2, 7), ("b.log", 2, 7)] {
        let wanted = format!("clh-tee: '{log}': lines: {lines}, bytes: {bytes}, batches: 1, ");
        assert_eq!(said.matches(&wanted).count(), 1, "{wanted}: {said}");
    }
}

#[test]
fn two_programs_divert_into_one_log() {
    let place = Place::fresh();
    let lines = |name: &str| -> String {
        let line = |n: usize| format!("{} {name} {n:04}\n", ["E", "x"][n % 2]);
        (0..3000).map(line).collect::<Vec<_>>().concat()
    };
    let start = |name: &str| {
        let args = format!("-q --max-bytes 8K --backups 999 {name}.log --divert ^E e.log");
        Tee::new(&place).args(&args).start()
    };
    let names = ["one", "two"];
    let mut tees = names.map(start);
    for part in 0..30 {
        for (name, tee) in names.iter().zip(&mut tees) {
            let lines = lines(name);
            let size = lines.len() / 30;
            tee.feed(&lines.as_bytes()[part * size..(part + 1) * size]);
        }
    }
    for tee in tees {
        tee.finish().expect_quiet_success();
    }
    let all = String::from_utf8(place.chain("e.log")).expect("UTF-8");
    assert_eq!(all.lines().count(), 3000);
    for name in names {
        let of = |text: &str, first: &str| -> String {
            let wanted = |line: &&str| line.starts_with(&format!("{first} {name} "));
            text.split_inclusive('\n').filter(wanted).collect()
        };
        assert_eq!(of(&all, "E"), of(&lines(name), "E"));
        let own = String::from_utf8(place.chain(&format!("{name}.log"))).expect("UTF-8");
        assert_eq!(own, of(&lines(name), "x"));
    }
}

#[test]
fn reading_and_status_are_about_one_log() {
    let place = Place::fresh();
    let args = "app.log --divert b b.log";
    Tee::new(&place).args(args).run(b"a\nb\n").expect_quiet_success();
    for (log, line) in [("app.log", &b"a\n"[..]), ("b.log", b"b\n")] {
        let ended = Tee::new(&place).args("--read").args(log).run(b"");
        assert_eq!(ended.expect_quiet_success().out, line);
    }
    let ended = Tee::new(&place).args("--status app.log --copy a b.log").run(b"");
    ended.expect(2);
    assert!(ended.stderr().contains("--copy has no effect with --status"), "{}", ended.stderr());
}

/// Holds the lock of the log `name`.
fn block(place: &Place, name: &str) -> HeldLock {
    HeldLock::take(&place.path(&format!(".__{name}.lock")))
}
