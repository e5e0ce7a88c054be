//! A time stamp says when the first byte of its line was read.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::log_of;
use crate::harness::{Place, Tee, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

fn now() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("a clock that goes right").as_secs_f64()
}

/// Returns the time at the beginning of a line, in seconds since 1970.
#[track_caller]
fn time_of(line: &str) -> f64 {
    let (time, _) = line.split_once(' ').expect("a time");
    time.parse().unwrap_or_else(|_| panic!("a time in seconds: {line}"))
}

/// Runs `command` on `input`; returns its output.
fn filtered(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("run it");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("feed it");
    let output = child.wait_with_output().expect("wait for it");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_line_has_the_time_of_its_first_byte() {
    let place = Place::fresh();
    let before = now();
    let mut tee = Tee::new(&place).args("--timestamp=unix app.log").start();
    tee.feed(b"zero\nfirst ha");
    tee.until_echoed(b"zero\nfirst ha");
    let half = now();
    until(SOON, "the clock has moved on", || now() > half + 0.1);
    tee.feed(b"lf");
    tee.until_echoed(b"zero\nfirst half");
    until(SOON, "the clock has moved on", || now() > half + 0.2);
    tee.feed(b"\nsecond\nthi");
    tee.until_echoed(b"zero\nfirst half\nsecond\nthi");
    let third = now();
    until(SOON, "the clock has moved on", || now() > third + 0.1);
    tee.finish().expect_quiet_success();
    let log = String::from_utf8(place.read("app.log")).expect("UTF-8");
    let texts: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once(' ')?.1)).collect();
    assert_eq!(texts, ["zero", "first half", "second", "thi"]);
    let times: Vec<f64> = log.lines().map(time_of).collect();
    // Stamps are rounded down to whole milliseconds, so one may seem too early.
    assert!(times[0] > before - 0.002 && times[1] <= half, "{log}");
    assert!(times[2] > half + 0.198 && times[2] <= third, "{log}");
    // Neither the time at which the line before it began, nor the end of the input.
    assert!(times[3] > half + 0.198 && times[3] <= third, "{log}");
}

#[test]
fn a_flushed_torn_line_begins_anew() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("--timestamp=unix app.log").start();
    tee.feed(b"to");
    tee.until_echoed(b"to");
    tee.signal(nix::sys::signal::Signal::SIGUSR1);
    until(SOON, "the torn line is in", || place.read("app.log").ends_with(b" to\n"));
    let flushed = now();
    until(SOON, "the clock has moved on", || now() > flushed + 0.1);
    tee.feed(b"rn\n");
    tee.finish().expect_quiet_success();
    let log = String::from_utf8(place.read("app.log")).expect("UTF-8");
    let times: Vec<f64> = log.lines().map(time_of).collect();
    assert!(times[0] <= flushed && times[1] > flushed + 0.098, "{log}");
}

#[test]
#[ignore = "needs daemontools"]
fn daemontools_reads_our_tai64n() {
    let before = now();
    let log = log_of("--timestamp=tai64n", b"one\ntwo\n");
    let local = filtered(Command::new("tai64nlocal").env("TZ", "UTC"), &log);
    // For example `2026-11-22 14:04:05.123456789 one`.
    let dates: Vec<String> = local.lines().map(|line| line[..29].to_owned() + " UTC\n").collect();
    let seconds = filtered(Command::new("date").args(["-f", "-", "+%s.%N"]), &dates.concat());
    assert_eq!(seconds.lines().count(), 2, "{local}");
    for second in seconds.lines() {
        let second: f64 = second.parse().expect("seconds");
        assert!((before - 0.001..now() + 0.001).contains(&second), "{second}: {log}{local}");
    }
}

#[test]
#[ignore = "needs daemontools"]
fn multilog_writes_the_same_tai64n() {
    let stamp = |log: &str| log.split(' ').next().expect("a time stamp").to_owned();
    let ours = || stamp(&log_of("--timestamp=tai64n", b"line\n"));
    let place = Place::fresh();
    let before = ours();
    filtered(Command::new("multilog").args(["t", "./logs"]).current_dir(place.dir()), "line\n");
    let theirs = String::from_utf8(place.read("logs/current")).expect("UTF-8");
    let after = ours();
    // TAI64N stamps sort as text.
    let theirs = stamp(&theirs);
    assert_eq!(theirs.len(), before.len());
    assert!(before < theirs && theirs < after, "{before} {theirs} {after}");
}

#[test]
fn local_time_is_that_of_the_zone() {
    for (zone, options, offset) in [
        ("Asia/Kolkata", "", "+05:30"),
        ("XYZ+3:30", "", "-03:30"),
        ("UTC", "", "+00:00"),
        ("Asia/Kolkata", "--utc", "+00:00"),
        ("No/Such_Zone", "", "+00:00"),
    ] {
        let place = Place::fresh();
        let mut command = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
        command.args(["-q", "--timestamp", "app.log"]).args(options.split_whitespace());
        filtered(command.env("TZ", zone).current_dir(place.dir()), "line\n");
        let log = String::from_utf8(place.read("app.log")).expect("UTF-8");
        assert!(log.ends_with(&format!("{offset} line\n")), "{zone} {options}: {log}");
        assert_eq!(log.len(), "2026-11-22T15:04:05.123+01:00 line\n".len(), "{log}");
        let date = log.split(' ').next().expect("a date").to_owned() + "\n";
        let second = filtered(Command::new("date").args(["-f", "-", "+%s.%N"]), &date);
        let second: f64 = second.trim().parse().expect("seconds");
        assert!((now() - 60.0..=now()).contains(&second), "{log}");
    }
}

#[test]
fn stamps_backups_and_given_times_agree_with_the_c_library() {
    let shown = |env: &[(&str, &str)]| {
        let mut date = Command::new("date");
        filtered(date.envs(env.iter().copied()).arg("+%F_%H"), "")
    };
    for (env, names_one) in [
        (&[("TZ", "Asia/Tokyo")][..], true),
        (&[("TZ", ":Asia/Tokyo")], true),
        (&[("TZ", "/usr/share/zoneinfo/Asia/Tokyo")], true),
        (&[("TZ", "XYZ-7")], true),
        (&[("TZ", "")], true),
        (&[("TZ", "asia/tokyo")], false),
        (&[("TZ", "Asia/Tokyo"), ("TZDIR", "/dev/null")], false),
        (&[("TZ", "No/Such_Zone")], false),
    ] {
        let place = Place::fresh();
        let run = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
            command.args(args).envs(env.iter().copied()).current_dir(place.dir());
            let output = command.stdin(Stdio::null()).output().expect("run it");
            let told = String::from_utf8(output.stderr).expect("UTF-8");
            let warnings = told.matches("names no time zone; using UTC").count();
            assert_eq!(warnings, usize::from(!names_one), "{env:?} {args:?}: {told}");
            let others = told.lines().filter(|line| !line.contains("known time stamp"));
            assert_eq!(others.count(), warnings, "{told}");
            output.stdout
        };
        let before = shown(env);
        let echo = ["-q", "--timestamp=%Y-%m-%d_%H", "app.log", "--", "echo"];
        run(&echo);
        run(&["--rotate", "--when", "H", "app.log"]);
        let stamped = place.names().into_iter().find(|name| name.starts_with("app.log.2"));
        let backup = stamped.expect("a backup by the clock");
        let line = String::from_utf8(place.read(&backup)).expect("UTF-8");
        let hours = [before, shown(env)];
        for hour in [line.trim_end(), &backup["app.log.".len()..]] {
            assert!(hours.iter().any(|date| date.trim_end() == hour), "{env:?} {hour}: {hours:?}");
        }
        // The backup has just been changed: an hour before that in local time, and an hour after.
        for (ago, read) in [("1 hour ago", line.as_str()), ("1 hour", "")] {
            let mut date = Command::new("date");
            let date = date.envs(env.iter().copied()).args(["-d", ago, "+%FT%T"]);
            let since = filtered(date, "");
            let out = run(&["--read", "--since", since.trim_end(), "app.log"]);
            assert_eq!(String::from_utf8_lossy(&out), read, "{env:?} {since}");
        }
    }
}

#[test]
fn patterns_are_those_of_strftime() {
    let place = Place::fresh();
    let tee = Tee::new(&place).arg("--timestamp=[%Y-%j %H]").args("--utc app.log");
    tee.run(b"line\n").expect_quiet_success();
    let mut date = Command::new("date");
    // The hour may have changed meanwhile.
    let [now, then] = ["now", "1 minute ago"].map(|when| {
        let date = date.args(["-u", "+[%Y-%j %H] line", "-d", when]).output();
        date.expect("run date").stdout
    });
    let log = place.read("app.log");
    assert!(log == now || log == then, "{}", String::from_utf8_lossy(&log));
}
