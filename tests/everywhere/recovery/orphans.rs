//! Orphans: what a Python process that died in mid-rotation left.

use super::*;

#[test]
fn temp_becomes_slot_1() {
    let site = Site::new();
    site.put("app.log.1", "one\n", 50).put("app.log.2", "two\n", 60);
    site.put("app.log.rotate.12345678901", "orphan\n", 40).put("app.log", "log\n", 1);
    expect_adopted(&site.next(""), &["app.log.rotate.12345678901"]);
    site.expect(&[
        ("app.log", "log\nfresh\n"),
        ("app.log.1", "orphan\n"),
        ("app.log.2", "one\n"),
        ("app.log.3", "two\n"),
    ]);
    site.expect_age("app.log.1", 40);
}

#[test]
fn temp_is_compressed_if_backups_are() {
    let site = Site::new();
    site.put("app.log.1.gz", "one\n", 50).put("app.log.rotate.12345678901", "orphan\n", 40);
    expect_adopted(&site.next("--gzip"), &["app.log.rotate.12345678901"]);
    site.expect(&[("app.log", FRESH), ("app.log.1.gz", "orphan\n"), ("app.log.2.gz", "one\n")]);
    // It keeps the time of its last line.
    site.expect_age("app.log.1.gz", 40);
}

#[test]
fn half_a_compressed_temp_goes_and_the_temp_is_adopted() {
    for (args, name) in [("", "app.log.1"), ("--gzip", "app.log.1.gz")] {
        let site = Site::new();
        site.put("app.log.rotate.12345678901", "orphan\n", 40);
        site.put_bytes("app.log.rotate.12345678901.gz", &gz(b"orphan\n")[..9], 39);
        site.put("app.log", "log\n", 1);
        expect_adopted(&site.next(args), &["app.log.rotate.12345678901"]);
        site.expect(&[("app.log", "log\nfresh\n"), (name, "orphan\n")]);
    }
}

#[test]
fn a_whole_compressed_temp_beside_its_temp_doubles_nothing() {
    let site = Site::new();
    site.put("app.log.rotate.12345678901", "orphan\n", 40);
    site.put("app.log.rotate.12345678901.gz", "orphan\n", 39);
    expect_adopted(&site.next(""), &["app.log.rotate.12345678901"]);
    site.expect(&[("app.log", FRESH), ("app.log.1", "orphan\n")]);
}

#[test]
fn a_compressed_temp_alone_stays_compressed() {
    for args in ["", "--gzip"] {
        let site = Site::new();
        site.put("app.log.1", "one\n", 50).put("app.log.rotate.12345678901.gz", "orphan\n", 40);
        expect_adopted(&site.next(args), &["app.log.rotate.12345678901.gz"]);
        site.expect(&[("app.log", FRESH), ("app.log.1.gz", "orphan\n"), ("app.log.2", "one\n")]);
    }
}

#[test]
fn an_orphan_goes_behind_what_python_rotated_since() {
    // Two rotations came after it, so slots 1 and 2 are newer.
    let site = Site::new();
    for (slot, minutes) in [(1, 10), (2, 20), (3, 50), (4, 60)] {
        site.put(&format!("app.log.{slot}"), &format!("was {slot}\n"), minutes);
    }
    site.put("app.log.rotate.12345678901", "orphan\n", 30);
    expect_adopted(&site.next(""), &["app.log.rotate.12345678901"]);
    site.expect(&[
        ("app.log", FRESH),
        ("app.log.1", "was 1\n"),
        ("app.log.2", "was 2\n"),
        ("app.log.3", "orphan\n"),
        ("app.log.4", "was 3\n"),
        ("app.log.5", "was 4\n"),
    ]);
}

#[test]
fn an_orphan_older_than_all_goes_to_the_end() {
    let site = Site::new();
    site.put("app.log.1", "one\n", 10).put("app.log.2", "two\n", 20);
    site.put("app.log.rotate.12345678901", "orphan\n", 90);
    expect_adopted(&site.next("--backups 3"), &["app.log.rotate.12345678901"]);
    site.expect(&[
        ("app.log", FRESH),
        ("app.log.1", "one\n"),
        ("app.log.2", "two\n"),
        ("app.log.3", "orphan\n"),
    ]);
}

#[test]
fn adoption_costs_the_oldest_only_and_only_if_the_chain_is_full() {
    // It is newer than all backups, so the oldest backup is removed.
    let site = Site::new();
    site.put("app.log.1", "one\n", 20).put("app.log.2", "two\n", 30);
    site.put("app.log.rotate.12345678901", "orphan\n", 10);
    site.next("--backups 2");
    site.expect(&[("app.log", FRESH), ("app.log.1", "orphan\n"), ("app.log.2", "one\n")]);

    // It is older than all backups, so it is itself the oldest.
    let site = Site::new();
    site.put("app.log.1", "one\n", 20).put("app.log.2", "two\n", 30);
    site.put("app.log.rotate.12345678901", "orphan\n", 90);
    site.next("--backups 2");
    site.expect(&[("app.log", FRESH), ("app.log.1", "one\n"), ("app.log.2", "two\n")]);
}

#[test]
fn several_orphans_find_their_places_between_the_backups() {
    let site = Site::new();
    for (slot, minutes) in [(1, 20), (2, 40), (3, 60)] {
        site.put(&format!("app.log.{slot}.gz"), &format!("{minutes}\n"), minutes);
    }
    // The order by time is not the order by name.
    site.put("app.log.rotate.55555555555", "70\n", 70);
    site.put("app.log.rotate.11111111111.gz", "30\n", 30);
    site.put("app.log.rotate.99999999999", "50\n", 50);
    site.put_bytes("app.log.rotate.99999999999.gz", b"\x1f\x8b", 49);
    site.put("app.log.rotate.33333333333", "10\n", 10);
    site.next("--gzip --backups 9");
    let ages = ["10\n", "20\n", "30\n", "40\n", "50\n", "60\n", "70\n"];
    let names: Vec<String> = (1..=7).map(|slot| format!("app.log.{slot}.gz")).collect();
    let mut wanted: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(ages).collect();
    wanted.push(("app.log", FRESH));
    site.expect(&wanted);
}

#[test]
fn more_orphans_than_there_is_room_for() {
    let site = Site::new();
    for number in 1..=9_u64 {
        let name = format!("app.log.rotate.{number}0000000");
        site.put(&name, &format!("{number}\n"), 10 * number);
    }
    site.next("--backups 3");
    site.expect(&[
        ("app.log", FRESH),
        ("app.log.1", "1\n"),
        ("app.log.2", "2\n"),
        ("app.log.3", "3\n"),
    ]);
}

#[test]
fn orphans_close_a_gap() {
    // Python died while it shifted the chain: slot 3 is free, slots 4 and 5 have been moved, and
    // the log has been renamed away.
    let site = Site::new();
    for (slot, minutes) in [(1, 20), (2, 30), (4, 40), (5, 50)] {
        site.put(&format!("app.log.{slot}"), &format!("{minutes}\n"), minutes);
    }
    site.put("app.log.rotate.12345678901", "10\n", 10);
    site.next("");
    site.expect(&[
        ("app.log", FRESH),
        ("app.log.1", "10\n"),
        ("app.log.2", "20\n"),
        ("app.log.3", "30\n"),
        ("app.log.4", "40\n"),
        ("app.log.5", "50\n"),
    ]);
}

#[test]
fn a_gap_stays_until_the_chain_reaches_it() {
    let site = Site::new();
    site.put("app.log.1", "one\n", 20).put("app.log.3", "three\n", 40);
    site.put("app.log", "full\n", 10);
    site.next("");
    site.expect(&[("app.log", "full\nfresh\n"), ("app.log.1", "one\n"), ("app.log.3", "three\n")]);
    site.next("--max-bytes 1").expect_quiet_success();
    site.expect(&[
        ("app.log", FRESH),
        ("app.log.1", "full\nfresh\n"),
        ("app.log.2", "one\n"),
        ("app.log.3", "three\n"),
    ]);
}

#[test]
fn an_orphan_is_adopted_before_a_rotation_too() {
    let site = Site::new();
    let mut tee = Tee::new(&site.0).args("-q --max-bytes 10 app.log").start();
    tee.feed(b"0123456789\n");
    until(SOON, "the line is in", || site.0.read("app.log") == b"0123456789\n");
    site.put("app.log.rotate.12345678901", "orphan\n", 5);
    tee.feed(b"next\n");
    let ended = tee.finish();
    ended.expect(0);
    expect_adopted(&ended, &["app.log.rotate.12345678901"]);
    site.expect(&[("app.log", "next\n"), ("app.log.1", "0123456789\n"), ("app.log.2", "orphan\n")]);
}

#[test]
fn a_writer_without_lines_mends_nothing() {
    let site = Site::new();
    site.put("app.log.rotate.12345678901", "orphan\n", 5);
    site.run("", "").expect_quiet_success();
    site.expect(&[("app.log.rotate.12345678901", "orphan\n")]);
}

#[test]
fn without_backups_an_orphan_waits_for_a_writer_that_has_some() {
    let site = Site::new();
    site.put("app.log.rotate.12345678901", "orphan\n", 5);
    site.next("--backups 0 --max-bytes 3").expect_quiet_success();
    site.expect(&[("app.log", FRESH), ("app.log.rotate.12345678901", "orphan\n")]);
    site.next("--backups 1");
    site.expect(&[("app.log", "fresh\nfresh\n"), ("app.log.1", "orphan\n")]);
}

#[test]
fn many_writers_at_once_adopt_each_orphan_once() {
    let site = Site::new();
    for number in 1..=6_u64 {
        let name = format!("app.log.rotate.{number}0000000");
        site.put(&name, &format!("orphan {number}\n"), 10 * number);
    }
    let tee = || Tee::new(&site.0).args("-q --gzip --max-bytes 6 --backups 50 app.log").start();
    let mut tees: Vec<_> = (0..8).map(|_| tee()).collect();
    for tee in &mut tees {
        tee.feed(FRESH.as_bytes());
    }
    let mut told = 0;
    for tee in tees {
        let ended = tee.finish();
        ended.expect(0);
        told += ended.stderr().matches("was left by a writer that died").count();
    }
    assert_eq!(told, 6);
    let names: Vec<String> = (1..=13).map(|slot| format!("app.log.{slot}.gz")).collect();
    let contents = (1..=13).map(|slot| match slot {
        1..=7 => FRESH.to_owned(),
        _ => format!("orphan {}\n", slot - 7),
    });
    let contents: Vec<String> = contents.collect();
    let mut wanted: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(contents.iter().map(String::as_str)).collect();
    wanted.push(("app.log", FRESH));
    site.expect(&wanted);
}
