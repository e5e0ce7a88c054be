//! Faults of a lock: another process deletes it while it is held or waited for, it is a symbolic
//! link, another user owns it, or its holder never releases it.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{HeldLock, Place, Tee, stays, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_lock_file_deleted_between_two_lines_is_made_again() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("-q app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    fs::remove_file(place.path(".__app.lock")).expect("delete the lock file");
    tee.feed(b"two\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\ntwo\n");
    // The new lock file is the one that counts.
    let held = HeldLock::take(&place.path(".__app.lock"));
    tee.feed(b"three\n");
    stays(Duration::from_millis(200), "the lock is waited for", || {
        place.read("app.log") == b"one\ntwo\n"
    });
    drop(held);
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\ntwo\nthree\n");
}

#[test]
fn a_lock_file_deleted_while_it_is_waited_for_is_not_believed() {
    let place = Place::fresh();
    let path = place.path(".__app.lock");
    let old = HeldLock::take(&path);
    let mut tee = Tee::new(&place).args("-q app.log").start();
    tee.feed(b"one\n");
    stays(Duration::from_millis(200), "the lock is waited for", || !place.path("app.log").exists());
    // Now there are two lock files, and both are locked.
    fs::remove_file(&path).expect("delete the lock file");
    let new = HeldLock::take(&path);
    drop(old);
    stays(Duration::from_millis(200), "the new one counts", || !place.path("app.log").exists());
    drop(new);
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\n");
}

#[test]
fn a_symbolic_link_is_refused_at_the_start() {
    let place = Place::fresh();
    symlink("elsewhere", place.path(".__app.lock")).expect("make a link");
    let ended = Tee::new(&place).args("app.log").run(b"");
    ended.expect(1);
    let message = "clh-tee: cannot open lock file '.__app.lock': it is a symbolic link";
    assert!(ended.stderr().starts_with(message), "{}", ended.stderr());
    assert_eq!(place.names(), [".__app.lock"], "nothing was made through it");
}

#[test]
fn a_symbolic_link_that_comes_later_is_not_followed() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("-q --drain-timeout 100ms app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    fs::remove_file(place.path(".__app.lock")).expect("delete the lock file");
    symlink("elsewhere", place.path(".__app.lock")).expect("make a link");
    tee.feed(b"two\n");
    until(SOON, "it is reported", || tee.stderr_so_far().contains("symbolic link"));
    tee.signal(Signal::SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert!(ended.stderr().contains("1 line lost"), "{}", ended.stderr());
    assert!(ended.stderr().ends_with("\ntwo\n"), "{}", ended.stderr());
    assert!(!place.path("elsewhere").exists());
    assert_eq!(place.read("app.log"), b"one\n");
}

#[test]
fn reading_the_lock_file_is_enough() {
    for mode in [0o755, 0o644, 0o444] {
        let place = Place::fresh();
        place.open_to_all();
        place.write(".__app.lock", b"");
        place.set_mode(".__app.lock", mode);
        place.write("app.log", b"one\n");
        place.set_mode("app.log", 0o666);
        Tee::new(&place).args("app.log").without_rights().run(b"two\n").expect(0);
        assert_eq!(place.read("app.log"), b"one\ntwo\n");
        // The program used the same lock file as the others.
        place.set_mode(".__app.lock", 0o644);
        let held = HeldLock::take(&place.path(".__app.lock"));
        let tee = Tee::new(&place).args("-q --lock-timeout 100ms app.log").without_rights();
        tee.run(b"three\n").expect(1);
        drop(held);
    }
}

#[test]
fn what_stands_in_the_lock_file_stays() {
    let place = Place::fresh();
    place.write(".__app.lock", b"1767225600");
    Tee::new(&place).args("--max-bytes 1 app.log").run(b"one\ntwo\n").expect(0);
    assert_eq!(place.read(".__app.lock"), b"1767225600");
}

#[test]
#[ignore = "needs util-linux"]
fn a_holder_that_was_stopped_is_waited_for_no_longer_than_asked() {
    let place = Place::fresh();
    place.write(".__app.lock", b"");
    let inode = fs::metadata(place.path(".__app.lock")).expect("stat").ino();
    let holder = Command::new("flock")
        .arg(place.path(".__app.lock"))
        .args(["sleep", "60"])
        .stdout(Stdio::null())
        .spawn();
    let mut holder = holder.expect("run flock, of util-linux");
    let held = || {
        let locks = fs::read_to_string("/proc/locks").expect("read /proc/locks");
        locks.lines().any(|line| line.contains("FLOCK") && line.contains(&format!(":{inode} ")))
    };
    until(SOON, "the lock is held", held);
    let pid = Pid::from_raw(i32::try_from(holder.id()).expect("a process id"));
    kill(pid, Signal::SIGSTOP).expect("stop the holder");
    let began = Instant::now();
    let ended = Tee::new(&place).args("-q --lock-timeout 500ms app.log").run(b"one\ntwo\n");
    kill(pid, Signal::SIGKILL).expect("kill the holder");
    holder.wait().expect("wait for the holder");
    assert!(began.elapsed() < SOON);
    ended.expect(1);
    let wanted = "clh-tee: cannot append to 'app.log': its lock has been held by others for 500ms; \
                  2 lines lost, as follows\none\ntwo\n";
    assert_eq!(ended.stderr(), wanted);
}

#[test]
fn what_a_removed_lock_file_causes_is_not_put_down_to_others_settings() {
    let place = Place::fresh();
    let options = "-q --max-bytes 4K --backups 100 app.log";
    let lines = b"a line of some length, so that it takes few of them\n".repeat(30_000);
    let all: Vec<_> = thread::scope(|scope| {
        let run = || Tee::new(&place).args(options).run(&lines);
        let writers: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
        while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
            // The file may be missing at this moment.
            drop(fs::remove_file(place.path(".__app.lock")));
        }
        writers.into_iter().map(|writer| writer.join().expect("a run")).collect()
    });
    for ended in all {
        ended.expect(0);
        let told = ended.stderr();
        for untrue in ["rotated by others", "No such file"] {
            assert!(!told.contains(untrue), "{told}");
        }
    }
}

#[test]
fn a_directory_removed_while_running_is_made_again() {
    for (args, removed, log) in [
        ("-q --lock-dir lk app.log", "lk", "app.log"),
        ("-q --mkdir d/app.log", "d", "d/app.log"),
        ("-q --mkdir --lock-dir d/lk d/app.log", "d", "d/app.log"),
    ] {
        let place = Place::fresh();
        let mut tee = Tee::new(&place).args(args).start();
        tee.feed(b"one\n");
        until(SOON, "the line is in", || place.path(log).exists() && place.read(log) == b"one\n");
        fs::remove_dir_all(place.path(removed)).expect("remove the directory");
        tee.feed(b"two\n");
        tee.end_input();
        tee.end_within(SOON).expect_quiet_success();
        let lines: &[u8] = if removed == "d" { b"two\n" } else { b"one\ntwo\n" };
        assert_eq!(place.read(log), lines, "{args}");
    }
}
