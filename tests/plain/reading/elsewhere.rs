//! A log is followed even if its files or its directory are replaced: copied up by overlayfs, as in
//! a container, or swapped by a deployment.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::SOON;
use super::{append, compare, expect, follow, lay};
use crate::harness::{Place, Running, Tee, until};

fn end(reader: Running) -> crate::harness::Ended {
    reader.signal(Signal::SIGTERM);
    reader.end_within(SOON)
}

/// Follows `m/app.log`, which is in a lower layer, in its own mount namespace; returns the
/// directory as seen there.
fn follow_in_container(place: &Place) -> (Running, PathBuf) {
    for dir in ["u", "w", "m"] {
        fs::create_dir(place.path(dir)).expect("make a directory");
    }
    let script = format!(
        "mount -t overlay o -olowerdir=l,upperdir=u,workdir=w m && exec '{}' --read -f m/app.log",
        env!("CARGO_BIN_EXE_clh-tee")
    );
    let unshare = Tee::new(place).program("unshare").args("-Urm sh -c").arg(script);
    let reader = unshare.start();
    let seen = place.path("m");
    let seen = seen.strip_prefix("/").expect("an absolute path");
    let dir = PathBuf::from(format!("/proc/{}/root", reader.pid())).join(seen);
    until(SOON, "the log is there", || dir.join("app.log").exists());
    (reader, dir)
}

#[test]
#[ignore = "needs user namespaces"]
fn what_is_copied_up_comes_once() {
    for (log, change) in [
        ("app.log", "touch"),
        ("app.log.1", "touch"),
        ("app.log.2026-11-22.gz", "chmod"),
        ("app.log.2026-11-22", "chmod"),
        ("app.log", "rename"),
    ] {
        let place = Place::fresh();
        fs::create_dir(place.path("l")).expect("make a directory");
        lay(&place, "l/app.log", "new\n");
        if log != "app.log" {
            lay(&place, &format!("l/{log}"), "old\n");
        }
        let (reader, dir) = follow_in_container(&place);
        let mut all = if log == "app.log" { "new\n" } else { "old\nnew\n" }.to_owned();
        reader.until_echoed(all.as_bytes());
        let path = dir.join(log);
        match change {
            "touch" => drop(fs::File::options().append(true).open(path).expect("open it")),
            "chmod" => {
                let mut rights = fs::metadata(&path).expect("look at it").permissions();
                std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o640);
                fs::set_permissions(&path, rights).expect("chmod");
            }
            _ => fs::rename(&path, dir.join("app.log.1")).expect("rename"),
        }
        let mut log = fs::File::options();
        let mut log = log.append(true).create(true).open(dir.join("app.log")).expect("open");
        for line in ["newer\n", "newest\n"] {
            log.write_all(line.as_bytes()).expect("append");
            all += line;
            reader.until_echoed(all.as_bytes());
        }
        expect(&end(reader), &all);
    }
}

#[test]
fn a_directory_that_is_swapped_is_followed() {
    let place = Place::fresh();
    let logs = place.path("logs");
    fs::create_dir(&logs).expect("make a directory");
    lay(&place, "logs/app.log.1", "one\n");
    lay(&place, "logs/app.log", "two\n");
    let reader = Tee::new(&place).args("--read -f logs/app.log").start();
    reader.until_echoed(b"one\ntwo\n");
    fs::rename(&logs, place.path("before")).expect("rename");
    until(SOON, "it is said", || reader.stderr_so_far().contains("waiting for 'logs/app.log'"));
    fs::create_dir(&logs).expect("make a directory");
    lay(&place, "logs/app.log", "three\n");
    reader.until_echoed(b"one\ntwo\nthree\n");
    // The reader notices rotations in the new directory, too.
    let writer = Tee::new(&place).args("-q --max-bytes 1 logs/app.log");
    writer.run(b"four\nfive\n").expect_quiet_success();
    reader.until_echoed(b"one\ntwo\nthree\nfour\nfive\n");
    fs::remove_dir_all(&logs).expect("remove it");
    until(SOON, "it is said", || reader.stderr_so_far().matches("waiting for").count() == 2);
    let ended = end(reader);
    ended.expect(0);
    compare(&ended.out, "one\ntwo\nthree\nfour\nfive\n");
    let told = ended.stderr();
    assert_eq!(told.matches("works again").count(), 1, "{told}");
    assert_eq!(told.lines().count(), 3, "once each time: {told}");
}

#[test]
fn what_is_no_log_for_a_while_is_waited_for() {
    let place = Place::fresh();
    lay(&place, "app.log", "one\n");
    let reader = follow(&place);
    reader.until_echoed(b"one\n");
    fs::rename(place.path("app.log"), place.path("app.log.1")).expect("rename");
    fs::create_dir(place.path("app.log")).expect("make a directory");
    until(SOON, "it is said", || reader.stderr_so_far().contains("Is a directory; waiting for"));
    fs::remove_dir(place.path("app.log")).expect("remove it");
    append(&place, "", "two\n");
    reader.until_echoed(b"one\ntwo\n");
    end(reader).expect(0);
}

/// Returns how often the process woke up from a wait.
fn switches(reader: &Running) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", reader.pid())).expect("list its threads");
    let of = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).expect("read its status");
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.expect("a count").trim().parse::<u64>().expect("a number")
    };
    tasks.map(|task| of(task.expect("a thread"))).sum()
}

fn bytes_read(reader: &Running) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", reader.pid())).expect("read its counts");
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.expect("a count").parse().expect("a number")
}

#[test]
fn other_files_do_not_wake_it() {
    let place = Place::fresh();
    lay(&place, "app.log", "one\n");
    lay(&place, "other.log", "other\n");
    let reader = follow(&place);
    reader.until_echoed(b"one\n");
    let before = switches(&reader);
    for _ in 0..1000 {
        place.read("other.log");
    }
    append(&place, "", "two\n");
    reader.until_echoed(b"one\ntwo\n");
    let woken = switches(&reader) - before;
    assert!(woken < 100, "woken {woken} times by 1000 opens");
    expect(&end(reader), "one\ntwo\n");
}

#[test]
fn a_partial_line_is_read_once() {
    let place = Place::fresh();
    lay(&place, "app.log", "one\n");
    let reader = follow(&place);
    reader.until_echoed(b"one\n");
    let mut log = fs::File::options().append(true).open(place.path("app.log")).expect("open");
    let mut all = b"one\n".to_vec();
    let piece = vec![b'x'; 16 * 1024];
    let before = bytes_read(&reader);
    for _ in 0..100 {
        let woken = switches(&reader);
        log.write_all(&piece).expect("append");
        all.extend_from_slice(&piece);
        until(SOON, "it has woken", || switches(&reader) > woken);
    }
    log.write_all(b"\n").expect("append");
    all.push(b'\n');
    reader.until_echoed(&all);
    let read = bytes_read(&reader) - before;
    assert!(read < 10 * all.len() as u64, "{read} bytes read for {}", all.len());
    end(reader).expect_quiet_success();
}
