//! The files that remain: modes, owners, inodes, the lock, and the options for them.
//!
//! The umask of all tests is 022. Log shippers and other users depend on this: whoever could read a
//! log before a rotation can read it after, and a new log is a new file.

mod which;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::time::Duration;

use crate::harness::{HeldLock, Place, Tee, inode, mode, until};
use nix::unistd::{getegid, geteuid};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn new_files_have_the_usual_mode() {
    let place = Place::fresh();
    Tee::new(&place).args("app.log").run(b"one\n").expect_quiet_success();
    assert_eq!(mode(&place.path("app.log")), 0o644);
    assert_eq!(mode(&place.path(".__app.lock")), 0o644, "0666 less the umask, not Python's 0777");
}

#[test]
fn successor_and_backups_inherit_the_mode() {
    for wanted in [0o640, 0o600, 0o666, 0o604] {
        for gzip in ["", "--gzip"] {
            let place = Place::fresh();
            place.write("app.log", b"zero\n");
            place.set_mode("app.log", wanted);
            let tee = Tee::new(&place).args("--max-bytes 1").args(gzip).args("app.log");
            tee.run(b"one\ntwo\n").expect_quiet_success();
            let backups = place.backups("app.log");
            assert_eq!(backups.len(), 2);
            for name in backups.iter().map(String::as_str).chain(["app.log"]) {
                assert_eq!(mode(&place.path(name)), wanted, "{name} of {wanted:o} {gzip}");
            }
        }
    }
}

#[test]
fn successor_and_backups_inherit_the_owner() {
    // Only root can give a file away. For other users the owner must stay.
    let (uid, gid) =
        if geteuid().is_root() { (65534, 65534) } else { (geteuid().as_raw(), getegid().as_raw()) };
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        place.write("app.log", b"zero\n");
        chown(place.path("app.log"), Some(uid), Some(gid)).expect("give the log away");
        let tee = Tee::new(&place).args("--max-bytes 1").args(gzip).args("app.log");
        tee.run(b"one\n").expect_quiet_success();
        for name in place.backups("app.log").iter().map(String::as_str).chain(["app.log"]) {
            let owner = fs::metadata(place.path(name)).expect("stat");
            assert_eq!((owner.uid(), owner.gid()), (uid, gid), "{name} {gzip}");
        }
    }
}

#[test]
fn a_new_log_is_a_new_inode() {
    for gzip in ["", "--gzip"] {
        let place = Place::fresh();
        let mut tee =
            Tee::new(&place).args("--max-bytes 1 --backups 3").args(gzip).args("app.log").start();
        let mut last = None;
        for n in 0..12 {
            let line = format!("line {n}\n");
            tee.feed(line.as_bytes());
            until(SOON, "the line is in", || place.read("app.log") == line.as_bytes());
            let now = Some(inode(&place.path("app.log")));
            // A shipper that tracks inodes would continue at a stale offset.
            assert_ne!(now, last, "line {n} {gzip}");
            last = now;
        }
        tee.finish().expect_quiet_success();
    }
}

#[test]
fn a_plain_backup_is_the_log_renamed() {
    let place = Place::fresh();
    place.write("app.log", b"zero\n");
    let before = inode(&place.path("app.log"));
    Tee::new(&place).args("--max-bytes 1 app.log").run(b"one\n").expect_quiet_success();
    assert_eq!(inode(&place.path("app.log.1")), before);
}

#[test]
fn no_backups_means_emptied_in_place() {
    let place = Place::fresh();
    place.write("app.log", b"zero\n");
    let before = inode(&place.path("app.log"));
    let tee = Tee::new(&place).args("--max-bytes 5 --backups 0 app.log");
    tee.run(b"one\ntwo\nthree\n").expect_quiet_success();
    assert_eq!(inode(&place.path("app.log")), before);
    assert_eq!(place.names(), [".__app.lock", "app.log"]);
    assert_eq!(place.read("app.log"), b"three\n");
}

#[test]
fn backups_have_python_s_name_too() {
    for option in ["--backups", "--backup-count"] {
        let place = Place::fresh();
        let tee = Tee::new(&place).args("--max-bytes 1").args(option).args("2 app.log");
        tee.run(b"one\ntwo\nthree\nfour\n").expect_quiet_success();
        assert_eq!(place.names(), [".__app.lock", "app.log", "app.log.1", "app.log.2"]);
        assert_eq!(place.chain("app.log"), b"two\nthree\nfour\n");
    }
}

#[test]
fn five_backups_unless_asked() {
    let place = Place::fresh();
    Tee::new(&place).args("--max-bytes 1 app.log").run(&b"line\n".repeat(9)).expect_quiet_success();
    assert_eq!(place.backups("app.log").len(), 5);
}

#[test]
fn a_compressed_backup_carries_no_name() {
    let place = Place::fresh();
    Tee::new(&place).args("--max-bytes 1 --gzip app.log").run(b"one\ntwo\n").expect_quiet_success();
    let gz = fs::read(place.path("app.log.1.gz")).expect("read the backup");
    assert_eq!(gz[..3], [0x1f, 0x8b, 8], "gzip, deflate");
    let (name, comment) = (0x08, 0x10);
    assert_eq!(gz[3] & (name | comment), 0, "flags");
    assert_eq!(place.read("app.log.1.gz"), b"one\n");
}

#[test]
fn a_large_compressed_backup_inflates_to_the_log() {
    // More than 2 MiB: above that, a log is compressed while it grows.
    let place = Place::fresh();
    let line = "a line of some length, to make up a few megabytes\n";
    let input = line.repeat(5_000_000 / line.len());
    let tee = Tee::new(&place).args("-q --max-bytes 4M --gzip app.log");
    tee.run(input.as_bytes()).expect_quiet_success();
    // The next writer compresses the new log while it grows, too.
    let ahead = |name: &String| name.starts_with(".__app.log.");
    let names: Vec<String> = place.names().into_iter().filter(|name| !ahead(name)).collect();
    assert_eq!(names, [".__app.lock", "app.log", "app.log.1.gz"]);
    let backup = place.read("app.log.1.gz");
    assert!((4 << 20..(4 << 20) + line.len()).contains(&backup.len()), "{}", backup.len());
    assert!(place.chain("app.log") == input.as_bytes());
}

#[test]
fn the_lock_may_live_elsewhere() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("--lock-dir run/locks app.log");
    tee.run(b"one\n").expect_quiet_success();
    assert_eq!(place.names(), ["app.log", "run"]);
    assert!(place.path("run/locks/.__app.lock").exists());
    // This is the lock that counts.
    let held = HeldLock::take(&place.path("run/locks/.__app.lock"));
    let mut tee = Tee::new(&place).args("--lock-dir run/locks app.log").start();
    tee.feed(b"two\n");
    tee.until_echoed(b"two\n");
    assert_eq!(place.read("app.log"), b"one\n");
    drop(held);
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\ntwo\n");
}

#[test]
fn the_lock_is_left_as_it_is() {
    // Python's timed handler stores a number in it.
    let place = Place::fresh();
    place.write(".__app.lock", b"1795347900");
    let before = inode(&place.path(".__app.lock"));
    let tee = Tee::new(&place).args("--max-bytes 1 app.log");
    // The warning about it is tested in `timed`.
    tee.run(b"one\ntwo\n").expect(0);
    assert_eq!(place.read(".__app.lock"), b"1795347900");
    assert_eq!(inode(&place.path(".__app.lock")), before);
}

#[test]
fn a_lock_that_may_only_be_read_is_enough() {
    let place = Place::fresh();
    place.open_to_all();
    place.write(".__app.lock", b"");
    place.set_mode(".__app.lock", 0o444);
    Tee::new(&place).args("app.log").without_rights().run(b"one\n").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\n");
}

#[test]
fn sizes_are_powers_of_1024() {
    for (size, bytes) in [("1000", 1000), ("1K", 1024), ("1KiB", 1024), ("1.5K", 1536)] {
        let place = Place::fresh();
        let options = format!("-q --max-bytes {size} --backups 99 app.log");
        Tee::new(&place).args(&options).run(&b"\n".repeat(5000)).expect_quiet_success();
        assert_eq!(place.read("app.log.1").len(), bytes, "{size}");
    }
}

#[test]
fn every_way_of_syncing_does_the_job() {
    for sync in ["none", "rotate", "batch"] {
        for gzip in ["", "--gzip"] {
            let place = Place::fresh();
            let tee = Tee::new(&place).args("--max-bytes 8 --sync").args(sync).args(gzip);
            tee.args("app.log").run(b"one\ntwo\nthree\nfour\n").expect_quiet_success();
            assert_eq!(place.backups("app.log").len(), 1, "{sync} {gzip}");
            assert_eq!(place.chain("app.log"), b"one\ntwo\nthree\nfour\n", "{sync} {gzip}");
        }
    }
}

#[test]
fn every_gzip_level_does_the_job() {
    for level in 1..=9 {
        let place = Place::fresh();
        let options = format!("--max-bytes 1 --gzip --gzip-level {level} app.log");
        Tee::new(&place).args(&options).run(b"one\ntwo\n").expect_quiet_success();
        assert_eq!(place.chain("app.log"), b"one\ntwo\n");
    }
}

#[test]
fn stats_are_told_at_the_end() {
    let place = Place::fresh();
    let ended = Tee::new(&place).args("-q --stats --max-bytes 8 app.log").run(b"one\ntwo\nthree\n");
    ended.expect(0);
    let stderr = ended.stderr();
    for what in ["lines", "bytes", "batches", "rotations"] {
        assert!(stderr.contains(what), "tells of {what}");
    }
    let numbers: Vec<&str> =
        stderr.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    for count in ["3", "14", "1"] {
        assert!(numbers.contains(&count), "counts {count}");
    }
}
