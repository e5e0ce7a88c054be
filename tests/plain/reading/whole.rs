//! Intact chains of every kind.

use super::SOON;
use super::{age, append, expect, expect_undated, gzipped, lay, numbered, read, waits_for_lock};
use crate::harness::{HeldLock, Place, Tee, until};

#[test]
fn plain_and_compressed_oldest_first() {
    let place = Place::fresh();
    for (name, content) in [
        ("app.log.12", "one\n"),
        ("app.log.3.gz", "two\n"),
        ("app.log.2", "three\n"),
        ("app.log.1.gz", "four\n"),
        ("app.log", "five\n"),
        ("app.log.1.bak", "no backup\n"),
        ("app.log.01", "nor this\n"),
        ("xapp.log.1", "nor this\n"),
    ] {
        lay(&place, name, content);
    }
    let before = place.names();
    expect(&read(&place, ""), "one\ntwo\nthree\nfour\nfive\n");
    assert_eq!(place.names(), before, "nothing is made or changed, the lock neither");
}

#[test]
fn what_writers_leave() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let lines = numbered(0, 5000);
        append(&place, &format!("--max-bytes 1K --backups 999 {gzip}"), &lines);
        expect(&read(&place, ""), &lines);
    }
}

#[test]
fn large_backups_of_several_members() {
    let place = Place::fresh();
    let lines = numbered(0, 400_000);
    append(&place, "--max-bytes 5M --gzip", &lines);
    let ended = read(&place, "");
    ended.expect_quiet_success();
    assert!(ended.out == lines.as_bytes());
}

#[test]
fn a_log_alone_an_empty_one_and_backups_alone() {
    let place = Place::fresh();
    lay(&place, "app.log", "");
    expect(&read(&place, ""), "");
    lay(&place, "app.log", "one\ntorn");
    expect(&read(&place, ""), "one\ntorn");
    std::fs::rename(place.path("app.log"), place.path("app.log.1")).expect("rename");
    expect(&read(&place, ""), "one\ntorn\n");
}

#[test]
fn a_torn_end_is_glued_to_nothing() {
    let place = Place::fresh();
    lay(&place, "app.log.2.gz", "one\ntor");
    lay(&place, "app.log.1", "two\ntor");
    lay(&place, "app.log", "three\ntorn");
    expect(&read(&place, ""), "one\ntor\ntwo\ntor\nthree\ntorn");
}

#[test]
fn one_generation_in_both_forms_comes_once() {
    let place = Place::fresh();
    lay(&place, "app.log.3", "one\n");
    lay(&place, "app.log.3.gz", "one\n");
    // A plain file that a power cut shortened, and a compressed one that is half done.
    lay(&place, "app.log.2", "two\nth\0\0\0\0");
    lay(&place, "app.log.2.gz", "two\nthree\n");
    lay(&place, "app.log.1", "four\nfive\n");
    let gz = gzipped(b"four\nfive\n");
    place.write("app.log.1.gz", &gz[..gz.len() - 9]);
    lay(&place, "app.log", "six\n");
    expect(&read(&place, ""), "one\ntwo\nthree\nfour\nfive\nsix\n");
}

#[test]
fn two_generations_in_one_slot_both_come() {
    let place = Place::fresh();
    lay(&place, "app.log.1", "two\n");
    lay(&place, "app.log.1.gz", "one\n");
    age(&place, "app.log.1.gz", 60);
    expect(&read(&place, ""), "one\ntwo\n");
    age(&place, "app.log.1", 120);
    expect(&read(&place, ""), "two\none\n");
}

#[test]
fn an_orphan_comes_where_its_age_says() {
    let place = Place::fresh();
    lay(&place, "app.log.2", "one\n");
    lay(&place, "app.log.rotate.12345678", "two\n");
    lay(&place, "app.log.rotate.12345678.gz", "cut sh");
    lay(&place, "app.log.1", "three\n");
    lay(&place, "app.log.rotate.87654321.gz", "four\n");
    lay(&place, "app.log", "five\n");
    for (name, seconds) in [("app.log.2", 90), ("app.log.rotate.12345678", 60), ("app.log.1", 30)] {
        age(&place, name, seconds);
    }
    expect(&read(&place, ""), "one\ntwo\nthree\nfour\nfive\n");
}

#[test]
fn since_leaves_out_what_ends_before() {
    let place = Place::fresh();
    for (name, content, seconds) in [
        ("app.log.3.gz", "one\n", 10_000),
        ("app.log.rotate.12345678", "orphan\n", 9_000),
        ("app.log.2", "two\n", 5_000),
        ("app.log.1.gz", "three\n", 1_000),
        ("app.log", "four\n", 20_000),
    ] {
        lay(&place, name, content);
        age(&place, name, seconds);
    }
    expect_undated(&read(&place, "--since 4h"), "one\norphan\ntwo\nthree\nfour\n");
    expect_undated(&read(&place, "--since 2h"), "two\nthree\nfour\n");
    expect_undated(&read(&place, "--since 30m"), "three\nfour\n");
    expect_undated(&read(&place, "--since 5s"), "four\n");
    expect_undated(&read(&place, "--since 2000-01-01"), "one\norphan\ntwo\nthree\nfour\n");
    expect_undated(&read(&place, "--since 2100-01-01T10:00"), "four\n");
}

#[test]
fn the_lock_is_waited_for_wherever_it_lives() {
    let place = Place::fresh();
    append(&place, "--lock-dir locks", "one\n");
    let held = HeldLock::take(&place.path("locks/.__app.lock"));
    let mut reader = Tee::new(&place).args("--read --lock-dir locks app.log").start();
    until(SOON, "it waits for the lock", || waits_for_lock(&reader));
    assert!(reader.alive());
    drop(held);
    expect(&reader.finish(), "one\n");
}

#[test]
fn more_backups_than_files_may_be_open() {
    let place = Place::fresh();
    let lines = numbered(0, 300);
    append(&place, "--max-bytes 1 --backups 999", &lines);
    let script = format!("ulimit -n 40; exec '{}' --read app.log", env!("CARGO_BIN_EXE_clh-tee"));
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(place.dir()).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success() && output.stdout == lines.as_bytes());
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let place = Place::fresh();
    let lines = numbered(0, 50_000);
    append(&place, "--max-bytes 64K --backups 99", &lines);
    Tee::new(&place).args("--read app.log").unheard().start().finish().expect_quiet_success();
}

#[test]
fn backups_by_the_clock_in_the_order_of_their_names() {
    let place = Place::fresh();
    for (name, content, seconds) in [
        ("app.log.2", "one\n", 900),
        ("app.log.1.gz", "two\n", 800),
        ("app.log.2026-11-20", "three\n", 700),
        ("app.log.2026-11-21_23.gz", "four\n", 600),
        ("app.log.2026-11-22_05-30", "five\n", 500),
        ("app.log.2026-11-22_05-30.gz", "cut sh", 500),
        ("app.log.2026-11-22_05-30-01.1.gz", "seven\n", 400),
        ("app.log.2026-11-22_05-30-01", "six\n", 400),
        ("app.log.2026-11-22_05-30-01.10", "eight\n", 300),
        ("app.log.2026-02-30", "no date\n", 0),
        ("app.log", "nine\n", 0),
    ] {
        lay(&place, name, content);
        if content == "cut sh" {
            place.write(name, &gzipped(b"five\n")[..15]);
        }
        age(&place, name, seconds);
    }
    let all = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n";
    expect(&read(&place, ""), all);
    expect_undated(&read(&place, "--since 650s"), &all[14..]);
}
