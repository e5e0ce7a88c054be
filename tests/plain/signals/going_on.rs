//! HUP, USR1, ALRM, USR2 and PIPE, after which the program goes on.

use nix::sys::signal::Signal::{self, SIGALRM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};

use super::{A_WHILE, SOON, held_up, in_mid_stream, until_in_log};
use crate::harness::{HeldLock, Place, Tee, stays, until};

/// Asserts that `signal` puts a partial line into the log and that the program goes on.
fn flushes(signal: Signal) {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "");
    tee.signal(signal);
    stays(A_WHILE, "nothing torn, nothing added", || place.read("app.log") == b"one\n");
    tee.feed(b"torn");
    tee.until_echoed(b"one\ntorn");
    assert_eq!(place.read("app.log"), b"one\n");
    tee.signal(signal);
    until_in_log(&place, b"one\ntorn\n");
    tee.feed(b" and its rest\n");
    until_in_log(&place, b"one\ntorn\n and its rest\n");
    let ended = tee.finish();
    ended.expect_quiet_success();
    assert_eq!(ended.out, b"one\ntorn and its rest\n", "the echo is raw");
}

/// Asserts that the program reacts to `signal` while the lock is held.
fn flushes_while_the_lock_is_held(signal: Signal) {
    let place = Place::fresh();
    let (mut tee, held) = held_up(&place, "", b"one\ntorn");
    tee.signal(signal);
    stays(A_WHILE, "it runs", || tee.alive());
    tee.feed(b"two\n");
    tee.until_echoed(b"one\ntorntwo\n");
    drop(held);
    until_in_log(&place, b"one\ntorn\ntwo\n");
    tee.finish().expect_quiet_success();
}

#[test]
fn hup_flushes() {
    flushes(SIGHUP);
    flushes_while_the_lock_is_held(SIGHUP);
}

#[test]
fn usr1_flushes() {
    flushes(SIGUSR1);
    flushes_while_the_lock_is_held(SIGUSR1);
}

#[test]
fn a_flush_is_acknowledged_when_the_lines_are_in() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(&place).args("-q --acknowledge app.log").start();
    tee.until_echoed(b"\n");
    tee.feed(b"one\ntwo");
    tee.signal(SIGUSR1);
    stays(A_WHILE, "the line waits for the lock", || tee.out_so_far() == b"\n");
    drop(held);
    tee.until_echoed(b"\n\n");
    assert_eq!(place.read("app.log"), b"one\n");
    tee.feed(b"three\n");
    until_in_log(&place, b"one\ntwothree\n");
    tee.signal(SIGUSR1);
    tee.until_echoed(b"\n\n\n");
    tee.finish().expect_quiet_success();
}

/// Asserts that `signal` rotates a log that is not empty and that the program goes on.
fn rotates(signal: Signal) {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "");
    tee.signal(signal);
    until(SOON, "the rotation", || place.read("app.log.1") == b"one\n");
    until(SOON, "the new log", || place.names() == [".__app.lock", "app.log", "app.log.1"]);
    assert_eq!(place.read("app.log"), b"");
    // The log is empty now.
    tee.signal(signal);
    stays(A_WHILE, "no rotation", || place.names() == [".__app.lock", "app.log", "app.log.1"]);
    tee.feed(b"two\n");
    until_in_log(&place, b"two\n");
    tee.signal(signal);
    until(SOON, "the rotation", || place.read("app.log.2") == b"one\n");
    tee.finish().expect_quiet_success();
    assert_eq!(place.chain("app.log"), b"one\ntwo\n");
}

/// Asserts that `signal` does nothing if the log does not exist yet.
fn does_not_make_a_log(signal: Signal) {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("app.log").start();
    tee.signal(signal);
    stays(A_WHILE, "no log", || !place.path("app.log").exists() && tee.alive());
    tee.finish().expect_quiet_success();
}

/// Asserts that `signal` rotates the log as soon as the lock is released.
fn rotates_once_the_lock_is_let_go(signal: Signal) {
    let place = Place::fresh();
    place.write("app.log", b"zero\n");
    let (mut tee, held) = held_up(&place, "", b"one\n");
    tee.signal(signal);
    stays(A_WHILE, "no rotation without the lock", || !place.path("app.log.1").exists());
    assert!(tee.alive());
    drop(held);
    until(SOON, "the rotation", || place.read("app.log.1").starts_with(b"zero\n"));
    tee.feed(b"two\n");
    until(SOON, "the next line", || place.chain("app.log") == b"zero\none\ntwo\n");
    tee.finish().expect_quiet_success();
}

#[test]
fn alrm_rotates() {
    rotates(SIGALRM);
    does_not_make_a_log(SIGALRM);
    rotates_once_the_lock_is_let_go(SIGALRM);
}

#[test]
fn usr2_rotates() {
    rotates(SIGUSR2);
    does_not_make_a_log(SIGUSR2);
    rotates_once_the_lock_is_let_go(SIGUSR2);
}

#[test]
fn pipe_does_nothing() {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "");
    tee.kill(SIGPIPE);
    tee.feed(b"two\n");
    until_in_log(&place, b"one\ntwo\n");
    let ended = tee.finish();
    ended.expect_quiet_success();
    assert_eq!(ended.out, b"one\ntwo\n");
}

#[test]
fn the_log_goes_on_when_nobody_reads_the_echo() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("app.log").unheard().start();
    let mut expected = Vec::new();
    for n in 0..5 {
        let line = format!("line {n}\n");
        tee.feed(line.as_bytes());
        expected.extend(line.bytes());
        until_in_log(&place, &expected);
    }
    tee.finish().expect(0);
}

#[test]
fn the_log_goes_on_when_nobody_reads_the_echo_and_the_lock_is_held() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(&place).args("app.log").unheard().start();
    tee.feed(b"one\n");
    stays(A_WHILE, "it runs", || tee.alive());
    tee.feed(b"two\n");
    drop(held);
    until_in_log(&place, b"one\ntwo\n");
    tee.finish().expect(0);
}
