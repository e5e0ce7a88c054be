//! Which process holds the lock, and which have the log open.

use std::fs::File;
use std::{env, process, thread};

use super::*;
use crate::harness::{HeldLock, needs_root, until};

/// Returns the entry of process `pid` in the list of processes that have the log open.
fn opener(look: &Value, pid: u32) -> Option<&Value> {
    look["openers"].as_array().expect("an array").iter().find(|opener| opener["pid"] == pid)
}

#[test]
fn the_holder_and_those_who_wait_are_shown() {
    let site = Site::healthy();
    let held = HeldLock::take(&site.0.path(".__app.lock"));
    let mut tee = Tee::new(&site.0).args("-q app.log").start();
    tee.feed(b"line\n");
    let mut looks = Vec::new();
    until(SOON, "one waits for the lock", || {
        let (code, look) = site.look("");
        assert_eq!((code, names(&look, false)), (0, vec!["lock-held"]), "{look:#}");
        looks.push(look);
        looks[looks.len() - 1]["lock"]["waiting"] == 1
    });
    let look = &looks[looks.len() - 1];
    let holder = &look["lock"]["holder"];
    assert_eq!(holder["pid"], process::id());
    let us = env::args().next().expect("our own name");
    assert!(holder["command"].as_str().is_some_and(|command| command.contains(&us)));
    let text = site.text("");
    assert!(text.contains(&format!("held by {}", process::id())), "{text}");
    assert!(text.contains("1 waiting"), "{text}");
    drop(held);
    tee.finish().expect_quiet_success();
    let (_, after) = site.look("");
    assert_eq!((&after["lock"]["holder"], &after["lock"]["waiting"]), (&Value::Null, &0.into()));
    expect_valid(&[look.clone(), after]);
}

#[test]
fn writers_and_readers_are_shown() {
    let site = Site::healthy();
    let before = site.0.read("app.log").len();
    let mut tee = Tee::new(&site.0).args("-q app.log").start();
    tee.feed(b"line\n");
    until(SOON, "the line is in", || site.0.read("app.log").len() > before);
    let reader = File::open(site.0.path("app.log")).expect("open the log");
    let (_, look) = site.look("");
    let writer = opener(&look, tee.pid().as_raw().unsigned_abs()).expect("the writer is shown");
    assert!(writer["command"].as_str().is_some_and(|command| command.ends_with("-q app.log")));
    for (property, is) in [("log", true), ("lock", true), ("writes", true)] {
        assert_eq!(writer[property], is, "{property}");
    }
    let us = opener(&look, process::id()).expect("the reader is shown");
    for (property, is) in [("log", true), ("lock", false), ("writes", false)] {
        assert_eq!(us[property], is, "{property}");
    }
    let text = site.text("");
    assert!(text.contains("app.log), to write"), "{text}");
    assert!(text.contains("), to read"), "{text}");
    drop(reader);
    tee.finish().expect_quiet_success();
    let (_, after) = site.look("");
    assert_eq!(after["openers"], Value::Array(Vec::new()));
    expect_valid(&[look, after]);
}

/// Starts writers with these options, each with the log open.
fn writers(site: &Site, options: &[&str]) -> Vec<crate::harness::Running> {
    let start = |options: &&str| {
        let before = site.0.read("app.log").len();
        let mut tee = Tee::new(&site.0).args("-q").args(options).arg("app.log").start();
        tee.feed(b"line\n");
        until(SOON, "the line is in", || site.0.read("app.log").len() > before);
        tee
    };
    options.iter().map(start).collect()
}

#[test]
fn what_the_writers_have_is_taken_where_nothing_is_given() {
    let site = Site::healthy();
    for slot in 3..=10_u64 {
        site.put(&format!("app.log.{slot}.gz"), "2026-11-22 12:00:00 line\n", slot);
    }
    let (code, look) = site.look("");
    assert_eq!((code, &look["limit"], &look["kept"]), (0, &0.into(), &Value::Null), "{look:#}");
    let text = site.text("");
    assert!(text.contains("limit   not given\nbackups not given\n"), "{text}");
    let _writers = writers(&site, &["--max-bytes 1M --backups 30", "--max-bytes=1024K", ""]);
    let (code, look) = site.look("");
    assert_eq!((code, &look["limit"], &look["kept"]), (0, &(1 << 20).into(), &30.into()));
    let (code, other) = site.look("--max-bytes 2M --backups 5");
    assert_eq!((code, &other["limit"], &other["kept"]), (1, &(2 << 20).into(), &5.into()));
    assert_eq!(names(&other, true), ["strays"]);
    let text = site.text("");
    assert!(text.contains("(clh-tee -q --max-bytes 1M --backups 30 app.log), to write"), "{text}");
    assert_eq!(look["openers"][0]["user"], nix::unistd::geteuid().as_raw());
    expect_valid(&[look, other]);
}

#[test]
fn writers_with_different_settings_are_found() {
    for (one, two, option) in [
        ("--max-bytes 1M", "--max-bytes 100K", "--max-bytes: 1.0M"),
        ("--backups 9", "--backups 99 --max-bytes 100K", "--backups: 9"),
        ("--when H", "--when H --interval 2", "--when: H"),
    ] {
        let site = Site(Place::fresh());
        site.0.write("app.log", b"");
        let _writers = writers(&site, &[one, two]);
        let (code, look) = site.look("");
        assert_eq!((code, names(&look, true)[0]), (1, "other-settings"), "{look:#}");
        let what = look["findings"][0]["what"].as_str().expect("a sentence");
        assert!(what.contains(option), "{what}");
        expect_valid(&[look]);
    }
}

#[test]
#[ignore = "needs root"]
fn a_live_writer_that_cannot_rotate_is_found() {
    let site = Site::healthy();
    for (name, mode) in [("app.log", 0o666), (".__app.lock", 0o666), (".", 0o755)] {
        site.0.set_mode(name, mode);
    }
    let (_, before) = site.look("");
    assert_eq!(names(&before, true), ["exposed"]);
    let before = site.0.read("app.log").len();
    let tee = Tee::new(&site.0).args("-q --max-bytes 64K app.log").without_rights();
    let mut tee = tee.start();
    tee.feed(b"line\n");
    until(SOON, "the line is in", || site.0.read("app.log").len() > before);
    let (code, look) = site.look("");
    let mut found = names(&look, true);
    found.sort_unstable();
    assert_eq!((code, found), (1, vec!["cannot-rotate", "exposed"]), "{look:#}");
    // A process that only reads is no writer.
    tee.finish().expect(0);
    let ended = Tee::new(&site.0).args("--status --json app.log").without_rights().run(b"");
    let look: Value = serde_json::from_slice(&ended.out).expect("JSON");
    assert!(names(&look, false).contains(&"cannot-rotate"), "{look:#}");
    expect_valid(&[look]);
}

#[test]
#[ignore = "needs root"]
fn what_cannot_be_seen_for_lack_of_rights_is_said() {
    needs_root();
    let site = Site::healthy();
    site.0.set_mode(".", 0o755);
    site.0.set_mode("app.log.2.gz", 0o600);
    let _open = File::open(site.0.path("app.log")).expect("open the log");
    let run = |args: &str| Tee::new(&site.0).args(args).arg("app.log").without_rights().run(b"");
    let ended = run("--status --json");
    ended.expect(0);
    let look: Value = serde_json::from_slice(&ended.out).expect("JSON");
    assert!(look["hidden_processes"].as_u64() > Some(0), "{look:#}");
    assert_eq!(look["openers"], Value::Array(Vec::new()));
    assert_eq!(names(&look, false), ["unreadable", "cannot-append"], "{look:#}");
    let text = String::from_utf8(run("--status").out.clone()).expect("text");
    assert!(text.contains("cannot be looked into for lack of rights"), "{text}");
    assert!(text.contains("'app.log.2.gz' cannot be read: Permission denied"), "{text}");
    expect_valid(&[look]);
}

#[test]
fn a_rotation_under_way_is_not_taken_for_one_that_died() {
    let site = Site::healthy();
    let leave = || {
        site.put("app.log.rotate.1234567890", "line\n", 1);
        site.put("app.log.2", "other\n", 1);
        site.put("app.log.4", "line\n", 1);
        site.put_bytes(".__app.log.0123456789abcdef.gz", b"x", 1);
    };
    let held = HeldLock::take(&site.0.path(".__app.lock"));
    leave();
    let (code, look) = site.look("");
    assert_eq!((code, names(&look, true), names(&look, false)), (0, vec![], vec!["lock-held"]));
    drop(held);
    let (code, look) = site.look("");
    let mut found = names(&look, true);
    found.sort_unstable();
    assert_eq!((code, found), (1, vec!["double-slot", "gap", "leftover", "orphan"]));
}

#[test]
fn a_busy_log_is_healthy() {
    let site = Site::healthy();
    let mut writers: Vec<_> = (0..3)
        .map(|_| Tee::new(&site.0).args("-q --gzip --max-bytes 3M app.log").start())
        .collect();
    let feeders: Vec<_> = writers
        .iter_mut()
        .map(|writer| {
            let mut input = writer.take_input();
            thread::spawn(move || {
                for _ in 0..2_000 {
                    input
                        .write_all(&b"a line of a writer that floods\n".repeat(100))
                        .expect("feed");
                }
            })
        })
        .collect();
    let mut looks = 0;
    while feeders.iter().any(|feeder| !feeder.is_finished()) {
        let ended = site.run("--status --json --max-bytes 3M");
        let look: Value = serde_json::from_slice(&ended.out).expect("JSON");
        assert_eq!(names(&look, true), Vec::<&str>::new(), "{look:#}");
        looks += 1;
    }
    assert!(looks > 0, "nobody has looked while they wrote");
    for feeder in feeders {
        feeder.join().expect("feed a writer");
    }
    for writer in writers {
        writer.finish().expect_quiet_success();
    }
}
