//! Reading only a part: from a time on, the last lines, or lines that match.

use std::fs;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use super::{
    Ended, Place, Running, SOON, SystemTime, Tee, append, expect, expect_undated, lay, numbered,
    read,
};
use crate::harness::until;

/// Reads the log with these arguments in a time zone other than UTC.
fn read_in_zone(place: &Place, args: &[&str]) -> Ended {
    let tee = Tee::new(place).env("TZ", "XYZ-3").arg("--read");
    args.iter().fold(tee, Tee::arg).arg("app.log").start().finish()
}

/// Returns whether the reader follows the log and all its threads sleep.
fn waits(reader: &Running) -> bool {
    let entries = |what| {
        let entries = fs::read_dir(format!("/proc/{}/{what}", reader.pid())).expect("list it");
        entries.map(|entry| entry.expect("an entry").path())
    };
    let is_watch = |path: PathBuf| {
        fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains("inotify"))
    };
    let sleeps = |task: PathBuf| {
        let stat = fs::read_to_string(task.join("stat")).unwrap_or_default();
        stat.contains(") S ")
    };
    entries("fd").any(is_watch) && entries("task").all(sleeps)
}

/// One moment in each known form; XYZ is three hours ahead of UTC.
const NOON: [&str; 8] = [
    "2026-01-22 15:00:00,123 x",
    "2026-01-22T15:00:00 x",
    "[2026-01-22T12:00:00.5Z] x",
    "2026-01-22_15:00:00.5 x",
    "2026-01-22T13:00:00+0100 x",
    "1769083200.5 x",
    "@400000006972114a1dcd6500 x",
    "1769083200 x",
];

#[test]
fn since_cuts_where_the_time_stamps_say() {
    for noon in NOON {
        for end in ["", ".gz"] {
            let place = Place::fresh();
            let old = "2026-01-21 10:00:00 old\n  went on\n".repeat(9_000);
            lay(&place, &format!("app.log.1{end}"), &format!("{old}{noon}\n  went on\n"));
            lay(&place, "app.log", "2026-01-20T01:00:00 late\nno time\n");
            let wanted = format!("{noon}\n  went on\n2026-01-20T01:00:00 late\nno time\n");
            expect(&read_in_zone(&place, &["--since=2026-01-22T15:00"]), &wanted);
            expect(&read_in_zone(&place, &["--since=2026-01-22T12:00Z"]), &wanted);
            expect(&read_in_zone(&place, &["--since=2026-01-22T15:00:01"]), "");
        }
    }
}

#[test]
fn since_honours_utc_for_time_and_lines() {
    let place = Place::fresh();
    lay(&place, "app.log", "2026-01-22 11:59:59 one\n2026-01-22 12:00:00 two\n");
    for (args, lines) in [
        (&["--utc", "--since=2026-01-22T12:00"][..], "2026-01-22 12:00:00 two\n"),
        (&["--since=2026-01-22T12:00"], "2026-01-22 12:00:00 two\n"),
        (&["--utc", "--since=2026-01-22T15:00+03:00"], "2026-01-22 12:00:00 two\n"),
        (&["--since=2026-01-22T12:00Z"], ""),
    ] {
        expect(&read_in_zone(&place, args), lines);
    }
}

#[test]
fn since_says_that_lines_have_no_time_and_shows_them() {
    let place = Place::fresh();
    lay(&place, "app.log.1", "2026-01-22 12:00:00 dated\n");
    lay(&place, "app.log", "one\ntwo\n");
    expect_undated(&read(&place, "--since 1h"), "one\ntwo\n");
}

#[test]
fn since_takes_the_words_of_a_day() {
    const DAY: i64 = 24 * 60 * 60;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let now = i64::try_from(now).expect("a time");
    // In this zone it is shortly after noon, so the day does not end during the test.
    let hours = 12 - now % DAY / 3600;
    let midnight = now - (now + hours * 3600) % DAY;
    let lines = [midnight - DAY - 90, midnight - DAY, midnight - 60, midnight, now - 120, now + 99];
    let lines = lines.map(|time| format!("{time} x\n"));
    let place = Place::fresh();
    lay(&place, "app.log", &lines.concat());
    let minute = (now - 120 - midnight) % 3600 / 60;
    let noon = (now - 120 - midnight) / 3600;
    for (word, skipped) in [
        ("yesterday", 1),
        ("today", 3),
        ("now", 5),
        ("23:59", 2),
        (&*format!("{noon}:{minute:02}"), 4),
        ("3 minutes ago", 4),
        ("-3m", 4),
        ("yesterday 23:59", 2),
        ("today 00:00:00", 3),
    ] {
        let tee = Tee::new(&place).env("TZ", format!("XYZ{}", -hours)).arg("--read");
        let ended = tee.arg("--since").arg(word).arg("app.log").start().finish();
        expect(&ended, &lines[skipped..].concat());
    }
}

#[test]
fn the_last_lines_over_as_many_files_as_it_takes() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let lines = numbered(0, 3000);
        append(&place, &format!("--max-bytes 4K --backups 99 {gzip}"), &lines);
        for count in [0, 1, 100, 141, 1000, 2999, 3000, 9999] {
            let from = 3000_usize.saturating_sub(count);
            expect(&read(&place, &format!("-n {count}")), &numbered(from, 3000));
        }
        expect(&read(&place, "--lines 2 --select 7$"), "");
        expect(
            &read(&place, "-n 2 --select 0[0-9]{4}7.of"),
            &(numbered(2987, 2988) + &numbered(2997, 2998)),
        );
        lay(&place, "app.log", "whole\ntorn");
        expect(&read(&place, "-n 1"), "torn");
    }
}

#[test]
fn the_last_lines_and_what_is_appended() {
    for count in [0, 200] {
        let place = Place::fresh();
        append(&place, "--max-bytes 4K --backups 99", &numbered(0, 1000));
        let mut shown = numbered(1000 - count, 1000);
        let reader = Tee::new(&place).args(&format!("--read -f -n {count} app.log")).start();
        reader.until_echoed(shown.as_bytes());
        until(SOON, "it waits for more", || waits(&reader));
        append(&place, "--max-bytes 4K --backups 99", "one more\n");
        shown += "one more\n";
        reader.until_echoed(shown.as_bytes());
        reader.signal(nix::sys::signal::Signal::SIGTERM);
        expect(&reader.end_within(SOON), &shown);
    }
}

#[test]
fn lines_that_match_and_no_escape_sequences() {
    let place = Place::fresh();
    lay(&place, "app.log.1.gz", "job5: \x1b[31mone\x1b[m\njob6: two\n");
    lay(&place, "app.log", "job5: three\njob6: four\njob5: torn");
    expect(&read(&place, "--select job5:"), "job5: \x1b[31mone\x1b[m\njob5: three\njob5: torn");
    expect(&read(&place, "--deselect job5:"), "job6: two\njob6: four\n");
    expect(
        &read(&place, "--strip-ansi --select one|torn --deselect job6"),
        "job5: one\njob5: torn",
    );
    // The writers' filter does not affect readers.
    let tee = Tee::new(&place).args("--read app.log").env("CLH_TEE_SELECT", "^two");
    let ended = tee.env("CLH_TEE_STRIP_ANSI", "yes").env("CLH_TEE_TAG", "x").start().finish();
    expect(&ended, "job5: \x1b[31mone\x1b[m\njob6: two\njob5: three\njob6: four\njob5: torn");
}
