//! If no thread can be created, as at a container's limit for processes, the existing thread does
//! all the work.
//!
//! The program runs as its own user in its own user namespace, so that the limit counts nothing
//! else. That needs root.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::SOON;
use crate::harness::{Ended, HeldLock, Place, Tee, needs_root, stays, until};

/// Long enough for a thread that needs the lock to start waiting.
const A_WHILE: Duration = Duration::from_millis(300);

/// Returns a place that the other user can write to.
fn fresh() -> Place {
    needs_root();
    let place = Place::fresh();
    place.open_to_all();
    place
}

/// Returns a run that may have `processes` processes, threads included.
fn limited(place: &Place, processes: u32, args: &str) -> Tee {
    let limit = format!("--reuid 61234 --clear-groups unshare -Ur prlimit --nproc={processes}");
    let tee = Tee::new(place).program("setpriv").args(&limit);
    tee.arg(env!("CARGO_BIN_EXE_clh-tee")).args(args)
}

fn lines() -> String {
    (1..=1000).map(|number| number.to_string() + "\n").collect()
}

fn hold(place: &Place) -> HeldLock {
    place.write(".__app.lock", b"");
    place.set_mode(".__app.lock", 0o666);
    HeldLock::take(&place.path(".__app.lock"))
}

/// Asserts that the program ended with `status` and without a panic.
fn expect(ended: &Ended, status: i32) {
    ended.expect(status);
    assert!(!ended.stderr().contains("panicked"), "{}", ended.stderr());
}

#[test]
#[ignore = "needs root"]
fn beside_a_held_lock() {
    let place = fresh();
    let held = hold(&place);
    let mut tee = limited(&place, 1, "-q app.log").start();
    tee.feed(lines().as_bytes());
    stays(A_WHILE, "it waits", || tee.alive());
    drop(held);
    expect(&tee.finish(), 0);
    assert_eq!(place.read("app.log"), lines().as_bytes());
}

#[test]
#[ignore = "needs root"]
fn a_lock_that_stays_held_is_given_up() {
    for (args, signal) in [("-q --lock-timeout 300ms app.log", None), ("-q app.log", Some(()))] {
        let place = fresh();
        let _held = hold(&place);
        let mut tee = limited(&place, 1, args).start();
        tee.feed(lines().as_bytes());
        if signal.is_some() {
            stays(A_WHILE, "it waits", || tee.alive());
            tee.signal(Signal::SIGTERM);
        }
        let ended = tee.end_within(SOON);
        expect(&ended, 1);
        assert!(ended.stderr().ends_with(&lines()), "the lines are on standard error");
    }
}

#[test]
#[ignore = "needs root"]
fn rotating_compressing_and_handing_on() {
    for options in ["", "--gzip", "--on-rotate true", "--gzip --sync batch"] {
        let place = fresh();
        let args = format!("-q --max-bytes 1K --backups 99 {options} app.log");
        expect(&limited(&place, 1, &args).run(lines().as_bytes()), 0);
        assert_eq!(place.chain("app.log"), lines().as_bytes(), "{options}");
    }
    let place = fresh();
    let much = lines().repeat(200);
    let args = "-q --max-bytes 512K --backups 9 --gzip app.log";
    expect(&limited(&place, 1, args).run(much.as_bytes()), 0);
    assert_eq!(place.chain("app.log"), much.as_bytes());
}

#[test]
#[ignore = "needs root"]
fn a_rotation_that_is_asked_for() {
    let place = fresh();
    let mut tee = limited(&place, 1, "-q app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    tee.signal(Signal::SIGUSR2);
    until(SOON, "the rotation", || place.read("app.log.1") == b"one\n");
    tee.feed(b"two\n");
    expect(&tee.finish(), 0);
    assert_eq!(place.chain("app.log"), b"one\ntwo\n");
}

#[test]
#[ignore = "needs root"]
fn a_command() {
    let place = fresh();
    let held = hold(&place);
    let mut tee = limited(&place, 2, "-q app.log -- seq 1000").start();
    stays(A_WHILE, "it waits", || tee.alive());
    drop(held);
    expect(&tee.finish(), 0);
    assert_eq!(place.read("app.log"), lines().as_bytes());
    // No process can be created either, which is not the command's fault.
    let ended = limited(&fresh(), 1, "-q app.log -- seq 1000").run(b"");
    expect(&ended, 125);
}

#[test]
#[ignore = "needs root"]
fn following() {
    let place = fresh();
    place.write("app.log", b"one\n");
    place.set_mode("app.log", 0o666);
    let tee = limited(&place, 1, "--read -f app.log").start();
    tee.until_echoed(b"one\n");
    let log = OpenOptions::new().append(true).open(place.path("app.log"));
    log.and_then(|mut log| log.write_all(b"two\n")).expect("append a line");
    tee.until_echoed(b"one\ntwo\n");
    tee.signal(Signal::SIGTERM);
    expect(&tee.end_within(SOON), 0);
}

#[test]
#[ignore = "needs root"]
fn looking_and_rotating_beside_a_held_lock() {
    let place = fresh();
    place.write("app.log", b"one\n");
    place.set_mode("app.log", 0o666);
    let held = hold(&place);
    let looked = limited(&place, 1, "--status app.log").run(b"");
    let shown = String::from_utf8_lossy(&looked.out);
    assert!(shown.contains("lock"), "{shown}");
    assert!(!looked.stderr().contains("panicked"), "{}", looked.stderr());
    expect(&limited(&place, 1, "--rotate --lock-timeout 200ms app.log").run(b""), 1);
    drop(held);
    expect(&limited(&place, 1, "--rotate --lock-timeout 10s app.log").run(b""), 0);
    assert_eq!(place.read("app.log.1"), b"one\n");
}
