//! Refusals, warnings, and what a writer does about what others left.

use std::fs;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use nix::sys::signal::Signal;

use super::clock::Clock;
use super::dated::Found;
use super::python::Python;
use crate::harness::generations::inflated;
use crate::harness::{Ended, Place, Running, Tee, stays, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// The time of all tests: 22 November 2026, noon in UTC.
const NOW: i64 = 1_795_348_800;

const DAY: i64 = 86_400;

struct Site(Place);

impl Site {
    /// Makes one, with the clock at noon.
    fn new() -> Self {
        let place = Place::fresh();
        fs::create_dir(place.path("logs")).expect("make a directory");
        let site = Self(place);
        site.set(NOW);
        site
    }

    fn set(&self, now: i64) {
        Clock::of(&self.0).set(now);
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.0.write(&format!("logs/{name}"), bytes);
    }

    /// Returns the content of a file beside the log, decompressed.
    fn read(&self, name: &str) -> String {
        String::from_utf8(self.0.read(&format!("logs/{name}"))).expect("UTF-8")
    }

    fn tee(&self, args: &str) -> Tee {
        let tee = Tee::new(&self.0).args("-q logs/app.log --utc").args(args);
        Clock::of(&self.0).shown_to(tee, "UTC")
    }

    /// Runs the program on a line.
    fn run(&self, args: &str, line: &str) -> Ended {
        self.tee(args).run(format!("{line}\n").as_bytes())
    }

    /// Feeds a line to a run and waits until it is in the log.
    fn feed(&self, tee: &mut Running, line: &str) {
        let line = format!("{line}\n");
        tee.feed(line.as_bytes());
        until(SOON, "the line is in", || self.read("app.log").ends_with(&line));
    }

    /// Returns the names beside the log, without log and lock.
    fn names(&self) -> Vec<String> {
        let names = self.0.names_in("logs").into_iter();
        names.filter(|name| name != "app.log" && name != ".__app.lock").collect()
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("compress");
    gz.finish().expect("compress")
}

#[test]
fn wrong_usage_says_what_to_do() {
    for (args, says) in [
        ("--when X", "S, M, H, D, MIDNIGHT, or W0"),
        ("--when W7", "W0 (Monday) to W6"),
        ("--when S --interval 0", "from 1 on"),
        ("--interval 2", "without --when"),
        ("--at-time 03:00", "without --when"),
        ("--when H --at-time 03:00", "--at-time is for --when MIDNIGHT and W0 to W6"),
        ("--when MIDNIGHT --at-time 24:00", "such as 03:30"),
        ("--when MIDNIGHT --at-time 3", "such as 03:30"),
    ] {
        let site = Site::new();
        // It is refused before any input is read.
        let ended = site.tee(args).start().finish();
        ended.expect(2);
        assert!(ended.stderr().contains(says), "{args}: {}", ended.stderr());
        assert_eq!(site.names(), [""; 0], "{args}");
    }
}

#[test]
fn utc_alone_is_no_schedule() {
    let site = Site::new();
    site.run("", "line").expect_quiet_success();
    assert_eq!(site.read(".__app.lock"), "");
}

#[test]
#[ignore = "needs faketime"]
fn who_rotates_by_size_is_told_of_one_who_goes_by_the_clock() {
    let site = Site::new();
    let mut by_size = site.tee("--max-bytes 1000").start();
    site.feed(&mut by_size, "before");
    assert_eq!(by_size.stderr_so_far(), "");
    site.run("--when D", "by the clock").expect_quiet_success();
    site.feed(&mut by_size, "after");
    site.feed(&mut by_size, "and more");
    let ended = by_size.finish();
    ended.expect(0);
    let told = ended.stderr();
    assert_eq!(told.lines().count(), 1, "{told}");
    let says = "'logs/.__app.lock' says that another writer rotates 'logs/app.log' by the clock";
    assert!(told.contains(says), "{told}");

    // A text that is not a time belongs to no schedule.
    site.put(".__app.lock", b"no time");
    site.run("--max-bytes 1000", "line").expect_quiet_success();
    assert_eq!(site.read(".__app.lock"), "no time");
}

#[test]
#[ignore = "needs faketime"]
fn a_quiet_writer_rotates_at_its_next_line() {
    let site = Site::new();
    let mut tee = site.tee("--when MIDNIGHT --at-time 06:00").start();
    site.feed(&mut tee, "one");
    site.set(NOW + 4 * DAY);
    assert_eq!(site.names(), [""; 0]);
    site.feed(&mut tee, "two");
    assert_eq!(site.names(), ["app.log.2026-11-22"]);
    tee.finish().expect_quiet_success();
    assert_eq!(site.read("app.log.2026-11-22"), "one\n");
    assert_eq!(site.read(".__app.lock"), (NOW + 4 * DAY + DAY * 3 / 4).to_string());
}

#[test]
#[ignore = "needs faketime"]
fn a_signal_rotates_now_and_names_it_by_the_clock() {
    let site = Site::new();
    let mut tee = site.tee("--when H --gzip").start();
    let backups = ["app.log.2026-11-22_12.1.gz", "app.log.2026-11-22_12.gz"];
    for (line, there) in [("one", &backups[1..]), ("two", &backups[..])] {
        site.feed(&mut tee, line);
        tee.signal(Signal::SIGUSR2);
        until(SOON, "it has rotated", || site.names() == there);
    }
    tee.signal(Signal::SIGUSR2);
    let the_same = || site.names() == backups && site.0.path("logs/app.log").exists();
    stays(Duration::from_millis(200), "there is nothing to rotate", the_same);
    site.feed(&mut tee, "three");
    tee.finish().expect_quiet_success();
    assert_eq!(site.names(), backups);
    assert_eq!(site.read("app.log.2026-11-22_12.1.gz"), "two\n");
    assert_eq!(site.read(".__app.lock"), (NOW + 3600).to_string());
}

#[test]
#[ignore = "needs faketime"]
fn numbers_go_on_where_older_backups_of_the_interval_are_gone() {
    // Here concurrent-log-handler removes the backup that it just made.
    let site = Site::new();
    for number in 0..9 {
        site.run("--when D --max-bytes 1 --backups 3", &format!("line {number}"))
            .expect_quiet_success();
    }
    let found = Found::in_dir(&site.0.path("logs"));
    let names = ["app.log.2026-11-22.5", "app.log.2026-11-22.6", "app.log.2026-11-22.7"];
    assert_eq!(site.names(), names);
    assert_eq!(found.all(), b"line 5\nline 6\nline 7\nline 8\n");
}

#[test]
#[ignore = "needs faketime"]
fn strangers_are_neither_counted_nor_removed() {
    let site = Site::new();
    let strangers = [
        "app.log.1",
        "app.log.2026-11",
        "app.log.2026-11-01.bak",
        "app.log.2026-11-01_10",
        "app.log.2026-11-31",
        "app.log.old.2026-11-01",
        "app.log.rotate.12345678",
        "other.log.2026-11-01",
    ];
    for name in strangers {
        site.put(name, b"a stranger's\n");
    }
    fs::create_dir(site.0.path("logs/app.log.2026-11-02")).expect("make a directory");
    for day in 0..5 {
        site.set(NOW + day * DAY);
        site.run("--when D --backups 2", &format!("day {day}")).expect_quiet_success();
    }
    for name in strangers {
        assert_eq!(site.read(name), "a stranger's\n", "{name}");
    }
    let names = site.names();
    let ours: Vec<_> = names.iter().filter(|name| name.starts_with("app.log.2026-11-2")).collect();
    assert_eq!(ours, ["app.log.2026-11-24", "app.log.2026-11-25"]);
    assert_eq!(names.len(), strangers.len() + 1 + 2);
}

#[test]
#[ignore = "needs faketime"]
fn a_name_in_use_is_left_alone() {
    let site = Site::new();
    fs::create_dir(site.0.path("logs/app.log.2026-11-22")).expect("make a directory");
    site.put("app.log.2026-11-22.1.gz", &gz(b"another day's\n"));
    site.run("--when D", "line").expect_quiet_success();
    site.set(NOW + DAY);
    site.run("--when D", "next").expect_quiet_success();
    assert_eq!(site.read("app.log.2026-11-22.2"), "line\n");
    assert_eq!(site.read("app.log.2026-11-22.1.gz"), "another day's\n");
}

#[test]
#[ignore = "needs faketime"]
fn what_python_left_half_compressed_is_compressed_anew() {
    let whole = gz(b"line 1\nline 2\n");
    for (half, args) in [
        (&whole[..whole.len() / 2], "--gzip"),
        (&whole[..0], "--gzip"),
        (&whole[..whole.len() - 1], ""),
    ] {
        let site = Site::new();
        site.put("app.log.2026-11-20", b"line 1\nline 2\n");
        site.put("app.log.2026-11-20.gz", half);
        site.run(&format!("--when D {args}"), "line").expect_quiet_success();
        assert_eq!(site.names(), ["app.log.2026-11-20.gz"]);
        assert_eq!(site.read("app.log.2026-11-20.gz"), "line 1\nline 2\n");
    }
}

#[test]
#[ignore = "needs faketime"]
fn one_backup_in_both_forms_loses_the_plain_one_and_two_stay() {
    let site = Site::new();
    site.put("app.log.2026-11-20", b"one\n");
    site.put("app.log.2026-11-20.gz", &gz(b"one\n"));
    site.put("app.log.2026-11-21", b"one\n");
    site.put("app.log.2026-11-21.gz", &gz(b"two\n"));
    site.run("--when D", "line").expect_quiet_success();
    let names = ["app.log.2026-11-20.gz", "app.log.2026-11-21", "app.log.2026-11-21.gz"];
    assert_eq!(site.names(), names);
}

#[test]
#[ignore = "needs faketime"]
fn a_lock_file_that_cannot_be_written_costs_no_line() {
    let site = Site::new();
    site.0.open_to_all();
    site.0.set_mode("logs", 0o777);
    site.put("app.log", b"before\n");
    site.0.set_mode("logs/app.log", 0o666);
    site.put(".__app.lock", (NOW - 60).to_string().as_bytes());
    let ended = site.tee("--when D").without_rights().run(b"line\n");
    ended.expect(0);
    let told = ended.stderr();
    assert!(
        told.contains("cannot write lock file 'logs/.__app.lock': Permission denied"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    assert_eq!(site.read("app.log"), "before\nline\n");
    assert_eq!(site.names(), [""; 0]);
}

#[test]
#[ignore = "needs faketime"]
fn a_lock_file_without_a_time_gets_one_and_a_device_needs_none() {
    for content in ["", "x", "86400", "999999999999999999999"] {
        let site = Site::new();
        site.put(".__app.lock", content.as_bytes());
        site.run("--when H", "line").expect_quiet_success();
        assert_eq!(site.read(".__app.lock"), (NOW + 3600).to_string());
    }
    let site = Site::new();
    let tee = Tee::new(&site.0).args("-q --when S /dev/null");
    Clock::of(&site.0).shown_to(tee, "UTC").run(b"line\n").expect_quiet_success();
}

#[test]
#[ignore = "needs faketime"]
fn a_time_far_ahead_counts_and_is_reported_once() {
    let site = Site::new();
    site.run("--when H", "one").expect_quiet_success();
    site.put(".__app.lock", b"4102444800");
    let mut tee = site.tee("--when H").start();
    for line in ["two", "three", "four"] {
        site.feed(&mut tee, line);
    }
    let ended = tee.finish();
    ended.expect(0);
    let told = ended.stderr();
    assert_eq!(told.lines().count(), 1, "{told}");
    let says = "'logs/.__app.lock' says that 'logs/app.log' rotates next at 2100-01-01T00:00:00Z, \
                which --when and --interval do not give here";
    assert!(told.contains(says), "{told}");
    // The program does not fight a Python writer with another interval.
    assert_eq!(site.read(".__app.lock"), "4102444800");
    // Following the advice in the message helps.
    site.put(".__app.lock", b"");
    site.run("--when H", "five").expect_quiet_success();
    assert_eq!(site.read(".__app.lock"), (NOW + 3600).to_string());
}

#[test]
#[ignore = "needs faketime"]
fn python_from_3_13_on_counts_the_interval_and_that_is_reported() {
    let site = Site::new();
    // Three midnights ahead, and one.
    for (days, interval, quiet) in [(3, 3, false), (1, 3, true), (1, 1, true)] {
        let next = NOW + DAY / 2 + (days - 1) * DAY;
        site.put(".__app.lock", next.to_string().as_bytes());
        let ended = site.run(&format!("--when MIDNIGHT --interval {interval}"), "line");
        ended.expect(0);
        assert_eq!(ended.stderr().is_empty(), quiet, "{days}: {}", ended.stderr());
    }
}

#[test]
#[ignore = "needs faketime"]
fn an_old_log_without_a_stored_time_is_reported() {
    for (args, age, quiet) in [
        ("--when MIDNIGHT", 3 * DAY, false),
        ("--when MIDNIGHT", DAY - 60, true),
        ("--when D --interval 7", 3 * DAY, true),
        ("--when D --interval 7", 8 * DAY, false),
    ] {
        let site = Site::new();
        site.put("app.log", b"old\n");
        let log = fs::File::options().write(true).open(site.0.path("logs/app.log"));
        let changed = u64::try_from(NOW - age).expect("after 1970");
        let changed = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
        log.expect("open the log").set_modified(changed).expect("set its time");
        let ended = site.run(args, "line");
        ended.expect(0);
        let told = ended.stderr();
        assert_eq!(told.is_empty(), quiet, "{args}: {told}");
        if !quiet {
            let says =
                "'logs/app.log' is older than an interval, and 'logs/.__app.lock' had no time";
            assert!(told.contains(says), "{told}");
        }
        site.run(args, "next").expect_quiet_success();
    }
}

#[test]
#[ignore = "needs faketime"]
fn another_log_with_a_backup_s_name_is_neither_counted_nor_removed() {
    let site = Site::new();
    let other = Tee::new(&site.0).args("-q logs/app.log.2026-11-20");
    other.run(b"important\n").expect_quiet_success();
    for day in 0..5 {
        site.set(NOW + day * DAY);
        let ended = site.run("--when D --backups 2", &format!("day {day}"));
        ended.expect(0);
        let told = ended.stderr();
        let says = "cannot remove 'logs/app.log.2026-11-20': it is a log of its own, with the lock \
                    file '.__app.log.2026-11-20.lock'; it stays as it is";
        assert_eq!(told.is_empty(), day == 0, "{told}");
        assert!(day == 0 || told.contains(says), "{told}");
    }
    assert_eq!(site.read("app.log.2026-11-20"), "important\n");
    let names = [".__app.log.2026-11-20.lock", "app.log.2026-11-20", "app.log.2026-11-24"];
    assert_eq!(site.names()[..3], names);
    assert_eq!(site.names()[3..], ["app.log.2026-11-25"]);
}

#[test]
#[ignore = "needs faketime and python3 with CLH"]
fn python_goes_on_where_we_were_and_we_where_python_was() {
    let (site, mut python) = (Site::new(), Python::start());
    let log = site.0.path("logs/app.log");
    let mut tee = site.tee("--when W2 --gzip").start();
    site.feed(&mut tee, "ours");
    python.order(&["zone", "UTC"]);
    python.order(&["time", &NOW.to_string()]);
    let log = log.to_str().expect("UTF-8");
    python.order(&["start", "p", log, "W2", "1", "", "1", "5", "0", "1"]);
    python.order(&["line", "p", "Python's"]);
    let next = site.read(".__app.lock");
    python.order(&["time", &(NOW + 8 * DAY).to_string()]);
    python.order(&["line", "p", "in the next week"]);
    site.set(NOW + 8 * DAY);
    site.feed(&mut tee, "and ours");
    assert_ne!(site.read(".__app.lock"), next);
    tee.finish().expect_quiet_success();
    let names = site.names();
    assert_eq!(names.len(), 1, "{names:?}");
    let backup = fs::read(site.0.path("logs").join(&names[0])).expect("read the backup");
    assert_eq!(inflated(&backup).expect("whole"), b"ours\nPython's\n");
    assert_eq!(site.read("app.log"), "in the next week\nand ours\n");
}
