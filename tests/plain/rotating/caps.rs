//! `--max-total` limits the size of a log and its backups, `--max-age` the age of backups.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use super::{SOON, lines, tee};
use crate::harness::{Ended, Place, until};

/// Returns the bytes of the log and its backups; asserts that there is nothing else.
fn total(place: &Place) -> u64 {
    let names = place.names().into_iter().filter(|name| name.starts_with("app.log"));
    names.map(|name| fs::metadata(place.path(&name)).expect("a file").size()).sum()
}

fn aged(place: &Place, name: &str, days: u64) {
    place.write(name, format!("{days} days\n").as_bytes());
    let then = SystemTime::now() - Duration::from_secs(days * 86_400 + 3600);
    let file = File::options().append(true).open(place.path(name)).expect("open a file");
    file.set_modified(then).expect("set a file's time");
}

/// Runs a writer and asserts that it prints nothing.
fn run(place: &Place, options: &str, input: &[u8]) {
    tee(place, options).run(input).expect_quiet_success();
}

#[test]
fn log_and_backups_never_take_more_and_hardly_less() {
    for (options, cap) in [
        ("--max-total 64K", 64 << 10),
        ("--max-total 64K --gzip", 64 << 10),
        ("--max-total 100K --when MIDNIGHT", 100 << 10),
        ("--max-total 64K --backups 100", 64 << 10),
    ] {
        let place = Place::fresh();
        let mut writer = tee(&place, "--max-bytes 8K").args(options).start();
        let mut most = 0;
        for batch in 0..60 {
            writer.feed(&lines(batch * 1000, 1000));
            let last = lines(batch * 1000 + 999, 1);
            until(SOON, "the lines are in", || {
                place.chain("app.log").ends_with(&last) || {
                    place.read("app.log").ends_with(&last)
                }
            });
            if !options.contains("gzip") {
                most = most.max(total(&place));
            }
        }
        writer.finish().expect_quiet_success();
        let total = total(&place);
        // The line that fills a log exceeds its limit.
        assert!(total <= cap + 10 && most <= cap + 10, "{options}: {total}, at most {most}");
        // A full log has room, but one more backup would not have.
        assert!(total + 2 * 8192 + 10 > cap, "{options}: {total}");
        let kept = place.names().len() - 2;
        assert!(kept > if options.contains("gzip") { 20 } else { 5 }, "{options}: {kept} backups");
    }
}

#[test]
fn with_a_count_the_smaller_history_is_kept() {
    for (options, kept) in [
        ("--max-total 64K --backups 3", 3),
        ("--max-total 32K --backups 5", 2),
        ("--max-age 1d --backups 4", 4),
    ] {
        let place = Place::fresh();
        run(&place, &format!("--max-bytes 8K {options}"), &lines(0, 20_000));
        assert_eq!(place.backups("app.log").len(), kept, "{options}");
    }
}

#[test]
fn without_a_count_the_caps_alone_decide() {
    let place = Place::fresh();
    run(&place, "--max-bytes 1K --max-age 4w", &lines(0, 2000));
    assert_eq!(place.backups("app.log").len(), 19);
    // 0 is no cap, so a command line can override a settings file.
    place.write("settings.toml", b"max-age = \"4w\"\nmax-total = \"1M\"\n");
    let no_caps = "--config settings.toml --max-age 0 --max-total 0 --max-bytes 1K";
    run(&place, no_caps, &lines(2000, 2000));
    assert_eq!(place.backups("app.log").len(), 19);
    run(&place, "--config settings.toml --max-bytes 1K", &lines(4000, 1000));
    assert_eq!(place.backups("app.log").len(), 29);
}

#[test]
fn four_weeks_in_files_of_a_limited_size_are_four_weeks() {
    let place = Place::fresh();
    for day in 1..=40_u64 {
        for piece in ["", ".1.gz", ".2"] {
            let name = format!("app.log.2025-{:02}-{:02}{piece}", 11 - day / 30, 30 - day % 30);
            aged(&place, &name, day);
        }
    }
    let options = "--when MIDNIGHT --max-age 4w";
    run(&place, &format!("{options} --max-bytes 50M"), b"a line\n");
    assert_eq!(place.names().len(), 122, "nothing goes without a rotation");
    run(&place, &format!("--rotate {options}"), b"");
    // 27 days are less than four weeks; 28 days and an hour are more; and there is today's.
    assert_eq!(place.names().len(), 2 + 27 * 3 + 1);
    assert_eq!(place.names().into_iter().filter(|name| name.contains("-11-02")).count(), 0);
    assert_eq!(place.names().into_iter().filter(|name| name.contains("-11-03")).count(), 3);
}

#[test]
fn the_newest_backup_stays_and_what_is_no_backup_too() {
    let place = Place::fresh();
    for (slot, days) in [(1, 10), (2, 20), (3, 30)] {
        aged(&place, &format!("app.log.{slot}"), days);
    }
    for name in ["app.log.20251122", "app.log.old", "app.log.2025-11-22"] {
        aged(&place, name, 99);
    }
    aged(&place, "app.log", 9);
    run(&place, "--rotate --max-age 1h --max-total 1B", b"");
    let left = "app.log app.log.1 app.log.2025-11-22 app.log.20251122 app.log.old";
    assert_eq!(place.names()[1..].join(" "), left);
    assert_eq!(place.read("app.log.1"), b"9 days\n");
}

#[test]
fn what_python_left_beyond_a_gap_counts_and_goes_first() {
    let place = Place::fresh();
    for slot in [1, 2, 4, 5] {
        place.write(&format!("app.log.{slot}"), &lines(0, 100));
    }
    place.write("app.log", &lines(0, 100));
    run(&place, "--rotate --max-total 3000B", b"");
    assert_eq!(place.backups("app.log"), ["app.log.3", "app.log.2", "app.log.1"]);
}

fn refused(options: &str, reason: &str) {
    let place = Place::fresh();
    let ended = tee(&place, options).run(b"");
    ended.expect(2);
    assert!(ended.stderr().contains(reason), "{options}: {}", ended.stderr());
}

#[test]
fn what_cannot_be_meant_is_refused_or_warned_of() {
    refused("--max-age 30", "give it with a unit, such as 30d for days");
    refused("--max-age forever", "give a time such as 4w, 90d or 12h");
    refused("--max-total 1X", "give a size such as");
    refused("--max-total 1M --backups 0", "--max-total has no effect with --backups 0");
    refused("--max-age 1d --backups 0", "--max-age has no effect with --backups 0");
    refused("--read --max-age 1d", "--max-age has no effect with --read");
    let warned = |options: &str| {
        let place = Place::fresh();
        let ended: Ended = tee(&place, options).run(b"a line\n");
        ended.expect(0);
        ended.stderr()
    };
    let warning = |size: &str| {
        format!(
            "clh-tee: warning: --max-total is only {size}: a rotation of 'app.log' may remove all \
             backups but the newest; give at least twice --max-bytes, in K or M\n"
        )
    };
    assert_eq!(warned("--max-total 50"), warning("50B"));
    assert_eq!(warned("--max-total 1M --max-bytes 1M"), warning("1.0M"));
    assert_eq!(warned("--max-total 3M --max-bytes 2M"), warning("3.0M"));
    for fine in ["50B", "2M --max-bytes 1M", "1M --max-bytes 1M --gzip", "0 --backups 0"] {
        assert_eq!(warned(&format!("--max-total {fine}")), "", "{fine}");
    }
    // A cap from a settings file for all logs may meet a log without backups.
    let place = Place::fresh();
    place.write("settings.toml", b"max-age = \"4w\"\n");
    run(&place, "--config settings.toml --backups 0 --max-bytes 1K", &lines(0, 1000));
    assert!(place.backups("app.log").is_empty());
}

#[test]
fn the_caps_are_shown() {
    let place = Place::fresh();
    run(&place, "", b"a line\n");
    let shown = |options: &str| {
        let out = tee(&place, options).run(b"").out.clone();
        String::from_utf8(out).expect("text")
    };
    let status = shown("--status --max-total 1G --max-age 4w --backups 9");
    let line = "backups 9 are kept, at most 1.0G with the log, none older than 672h";
    assert!(status.contains(line), "{status}");
    let json = shown("--status --json --max-total 1G --max-age 4w");
    for member in ["\"max_total\": 1073741824,", "\"max_age\": 2419200,", "\"kept\": null,"] {
        assert!(json.contains(member), "{json}");
    }
    let mut writer = tee(&place, "--max-total 1G --max-age 4w").start();
    writer.feed(b"another line\n");
    until(SOON, "the line is in", || place.read("app.log").ends_with(b"another line\n"));
    let status = shown("--status");
    assert!(status.contains("backups at most 1.0G with the log, none older than 672h"), "{status}");
    writer.finish().expect_quiet_success();
    let page = shown("--print-config --max-total 1G --max-age 4w");
    for (setting, origin) in [
        ("max-total = \"1G\"", "# command line; 1073741824 bytes (1.0GiB)"),
        ("max-age = \"4w\"", "# command line"),
        ("backups = false", "# default: all that the caps leave"),
    ] {
        let line = page.lines().find(|line| line.starts_with(setting));
        assert!(line.is_some_and(|line| line.ends_with(origin)), "{page}");
    }
    assert!(shown("--print-config --max-total 0").contains("# default: 5, or as many as"));
}
