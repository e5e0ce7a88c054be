//! A log is followed through everything that can happen to it.

use std::fs;
use std::io::Write;

use nix::sys::signal::Signal;

use super::SOON;
use super::{append, expect, expect_loss, follow, lay, numbered, waits_for_lock};
use crate::harness::{Ended, HeldLock, Place, Running, Tee, until};

/// Stops the reader as a user does.
fn end(reader: Running) -> Ended {
    reader.signal(Signal::SIGTERM);
    reader.end_within(SOON)
}

/// Adds bytes to `app.log` unchanged and without the lock.
fn add(place: &Place, bytes: &str) {
    let mut log = fs::File::options().append(true).open(place.path("app.log")).expect("open");
    log.write_all(bytes.as_bytes()).expect("append");
}

#[test]
fn from_its_backups_on_over_rotations() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let options = format!("--max-bytes 4 --backups 9 {gzip}");
        append(&place, &options, "one\ntwo\nthree\n");
        let reader = follow(&place);
        let mut all = "one\ntwo\nthree\n".to_owned();
        reader.until_echoed(all.as_bytes());
        for piece in ["four\n", "five\nsix\nseven\n", "eight\n", "nine\nten\neleven\ntwelve\n"] {
            append(&place, &options, piece);
            all += piece;
            reader.until_echoed(all.as_bytes());
        }
        expect(&end(reader), &all);
    }
}

#[test]
fn a_log_that_is_not_there_yet() {
    let place = Place::fresh();
    let reader = follow(&place);
    reader.until_echoed(b"");
    append(&place, "--max-bytes 4", "one\ntwo\n");
    reader.until_echoed(b"one\ntwo\n");
    // After Python's rotation the log is missing until the next line.
    fs::rename(place.path("app.log"), place.path("app.log.2")).expect("rename");
    append(&place, "", "three\n");
    reader.until_echoed(b"one\ntwo\nthree\n");
    expect(&end(reader), "one\ntwo\nthree\n");
}

#[test]
fn many_rotations_at_once() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let options = format!("--max-bytes 1 --backups 99 {gzip}");
        append(&place, &options, "one\n");
        let reader = follow(&place);
        reader.until_echoed(b"one\n");
        // The same line again and again, so the content alone does not tell files apart.
        let held = HeldLock::take(&place.path(".__app.lock"));
        let mut writer = Tee::new(&place).args("-q").args(&options).args("app.log").start();
        writer.feed("one\n".repeat(50).as_bytes());
        reader.kill(Signal::SIGSTOP);
        drop(held);
        writer.finish().expect_quiet_success();
        reader.kill(Signal::SIGCONT);
        let all = "one\n".repeat(51);
        reader.until_echoed(all.as_bytes());
        expect(&end(reader), &all);
    }
}

#[test]
fn only_whole_lines_come() {
    let place = Place::fresh();
    lay(&place, "app.log", "one\nto");
    let reader = follow(&place);
    reader.until_echoed(b"one\n");
    add(&place, "rn");
    // A writer whose disk is full removes a partial line again.
    let log = fs::File::options().write(true).open(place.path("app.log")).expect("open");
    log.set_len(4).expect("cut back");
    add(&place, "two\nthr");
    reader.until_echoed(b"one\ntwo\n");
    append(&place, "--max-bytes 1", "four\n");
    reader.until_echoed(b"one\ntwo\nthr\nfour\n");
    expect(&end(reader), "one\ntwo\nthr\nfour\n");
}

#[test]
fn what_is_torn_for_good_ends_with_its_file() {
    let place = Place::fresh();
    lay(&place, "app.log", "one\nto");
    let reader = follow(&place);
    reader.until_echoed(b"one\n");
    fs::rename(place.path("app.log"), place.path("app.log.1")).expect("rename");
    lay(&place, "app.log", "two\n");
    reader.until_echoed(b"one\nto\ntwo\n");
    expect(&end(reader), "one\nto\ntwo\n");
}

#[test]
fn an_emptied_log_is_read_anew() {
    let place = Place::fresh();
    append(&place, "", "one\ntwo\n");
    let reader = follow(&place);
    reader.until_echoed(b"one\ntwo\n");
    append(&place, "--max-bytes 1 --backups 0", "three\n");
    reader.until_echoed(b"one\ntwo\nthree\n");
    // The log is emptied and grows past its old size before the reader looks again.
    reader.kill(Signal::SIGSTOP);
    append(&place, "--max-bytes 1 --backups 0", "four is longer than three\n");
    reader.kill(Signal::SIGCONT);
    reader.until_echoed(b"one\ntwo\nthree\nfour is longer than three\n");
    let ended = end(reader);
    ended.expect(0);
    let told = ended.stderr().matches("'app.log' was emptied in place").count();
    assert_eq!(told, 2, "emptied twice");
}

#[test]
fn backups_that_run_out_are_counted() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let options = format!("--max-bytes 250 --backups 3 {gzip}");
        append(&place, &options, &numbered(0, 15));
        let reader = follow(&place);
        reader.until_echoed(numbered(0, 15).as_bytes());
        reader.kill(Signal::SIGSTOP);
        append(&place, &options, &numbered(15, 205));
        reader.kill(Signal::SIGCONT);
        // A log holds ten lines: 0 and 1 have been read; 17, 18 and 19 are the backups, 20 is the
        // log.
        let expected = numbered(0, 20) + &numbered(170, 205);
        reader.until_echoed(expected.as_bytes());
        let ended = end(reader);
        expect_loss(&ended, &expected, &["15 backups of 'app.log' were removed"]);
    }
}

#[test]
fn a_backup_lost_by_none_is_none() {
    let place = Place::fresh();
    let options = "--max-bytes 4 --backups 2 --gzip";
    append(&place, options, "one\n");
    let reader = follow(&place);
    reader.until_echoed(b"one\n");
    reader.kill(Signal::SIGSTOP);
    // Only the backup that was read is removed.
    append(&place, options, "two\nthree\nfour\n");
    reader.kill(Signal::SIGCONT);
    reader.until_echoed(b"one\ntwo\nthree\nfour\n");
    expect(&end(reader), "one\ntwo\nthree\nfour\n");
}

#[test]
fn an_orphan_that_was_read_is_not_read_again() {
    let place = Place::fresh();
    append(&place, "--gzip", "one\n");
    let reader = follow(&place);
    reader.until_echoed(b"one\n");
    // A Python writer dies in mid-rotation; another one continues.
    fs::rename(place.path("app.log"), place.path("app.log.rotate.1234567890")).expect("rename");
    lay(&place, "app.log", "two\n");
    reader.until_echoed(b"one\ntwo\n");
    let tee = Tee::new(&place).args("-q --gzip --max-bytes 1 app.log");
    tee.run(b"three\nfour\n").expect(0);
    assert_eq!(place.backups("app.log").len(), 3, "it was adopted");
    reader.until_echoed(b"one\ntwo\nthree\nfour\n");
    expect(&end(reader), "one\ntwo\nthree\nfour\n");
}

#[test]
fn it_ends_when_nobody_reads() {
    let place = Place::fresh();
    append(&place, "", "one\n");
    let script = format!("'{}' --read -f app.log | head -n 1", env!("CARGO_BIN_EXE_clh-tee"));
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(place.dir()).output().expect("a shell");
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(output.stdout, b"one\n");
}

#[test]
fn signals_end_it_while_it_waits_for_the_lock() {
    let place = Place::fresh();
    append(&place, "", "one\n");
    let held = HeldLock::take(&place.path(".__app.lock"));
    let reader = follow(&place);
    reader.until_echoed(b"");
    fs::rename(place.path("app.log"), place.path("app.log.1")).expect("rename");
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let again = follow(&place);
        until(SOON, "it waits for the lock", || waits_for_lock(&again));
        again.signal(signal);
        expect(&again.end_within(SOON), "");
    }
    drop(held);
    reader.until_echoed(b"one\n");
    let held = HeldLock::take(&place.path(".__app.lock"));
    lay(&place, "app.log", "two\n");
    until(SOON, "it waits for the lock", || waits_for_lock(&reader));
    expect(&end(reader), "one\n");
    drop(held);
}

#[test]
fn over_rotations_by_the_clock() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let reader = follow(&place);
        let options = format!("-q --when S --max-bytes 60 --backups 0 {gzip} app.log");
        let mut writer = Tee::new(&place).args(&options).start();
        let mut all = String::new();
        let mut number = 0;
        // Rotated by the clock and by the limit, so some names have numbers.
        until(SOON, "there are some backups", || {
            let line = format!("line {number}\n");
            writer.feed(line.as_bytes());
            all += &line;
            number += 1;
            if number % 20 != 0 {
                return false;
            }
            reader.until_echoed(all.as_bytes());
            let backups = place.names().into_iter().filter(|name| name.starts_with("app.log.2"));
            let mut seconds: Vec<String> = backups.map(|name| name[..27].to_owned()).collect();
            seconds.dedup();
            seconds.len() > 2
        });
        writer.finish().expect_quiet_success();
        expect(&end(reader), &all);
        let again = super::read(&place, "");
        expect(&again, &all);
    }
}

#[test]
fn a_backup_by_the_clock_that_is_compressed_later_comes_once() {
    let place = Place::fresh();
    let writer = "--when D --backups 9 --gzip";
    append(&place, writer, "two\n");
    lay(&place, "app.log.2026-11-20", "one\n");
    super::age(&place, "app.log.2026-11-20", 1000);
    let reader = follow(&place);
    reader.until_echoed(b"one\ntwo\n");
    // This is what a writer does if the one before it was killed.
    lay(&place, "app.log.2026-11-20.gz", "one\n");
    super::age(&place, "app.log.2026-11-20.gz", 1000);
    let modified = fs::metadata(place.path("app.log.2026-11-20")).and_then(|m| m.modified());
    let gz = fs::File::options().write(true).open(place.path("app.log.2026-11-20.gz"));
    gz.expect("open").set_modified(modified.expect("a time")).expect("set the time");
    fs::remove_file(place.path("app.log.2026-11-20")).expect("remove");
    fs::rename(place.path("app.log"), place.path("app.log.2026-11-21")).expect("rename");
    lay(&place, "app.log", "three\n");
    reader.until_echoed(b"one\ntwo\nthree\n");
    expect(&end(reader), "one\ntwo\nthree\n");
}
