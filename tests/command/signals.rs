//! Signals: which of them the command gets, and how often.

use nix::sys::signal::Signal::{self, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use nix::sys::signal::kill;

use crate::harness::{HeldLock, Place, Running, python, stays, until};
use crate::{A_WHILE, SOON, log, seq, sh};

/// Starts a script that says `got` at each `signal`, and waits for it.
fn told_of(place: &Place, options: &str, signal: &str, rest: &str) -> Running {
    let script =
        format!("trap 'echo got; {rest}' {signal}; echo ready; while :; do sleep 0.02; done");
    let tee = sh(place, options, &script).start();
    tee.until_echoed(b"ready\n");
    tee
}

#[test]
fn they_are_passed_on() {
    for (signal, name) in [(SIGINT, "INT"), (SIGTERM, "TERM"), (SIGHUP, "HUP"), (SIGQUIT, "QUIT")] {
        let place = Place::fresh();
        let mut tee = told_of(&place, "", name, "");
        tee.signal(signal);
        tee.until_echoed(b"ready\ngot\n");
        stays(A_WHILE, "its end is waited for", || tee.alive());
        // As often as they come, and for as long as it likes.
        tee.signal(signal);
        tee.until_echoed(b"ready\ngot\ngot\n");
        assert!(tee.alive());
        kill(tee.only_child(), Signal::SIGKILL).expect("kill the command");
        tee.end_within(SOON).expect(137);
        assert_eq!(log(&place), "ready\ngot\ngot\n");
    }
}

#[test]
fn last_words_are_in_the_log() {
    for (signal, name) in [(SIGINT, "INT"), (SIGTERM, "TERM"), (SIGHUP, "HUP"), (SIGQUIT, "QUIT")] {
        let place = Place::fresh();
        let tee = told_of(&place, "--drain-timeout 0", name, "seq 9999; exit 9");
        tee.signal(signal);
        tee.end_within(SOON).expect(9);
        assert!(log(&place) == format!("ready\ngot\n{}", seq(1..=9999)));
    }
}

#[test]
fn one_that_kills_it_is_its_status() {
    let place = Place::fresh();
    let tee = sh(&place, "", "echo ready; exec sleep 60").start();
    tee.until_echoed(b"ready\n");
    tee.signal(SIGTERM);
    tee.end_within(SOON).expect(143);
}

#[test]
fn usr1_and_usr2_are_ours() {
    let place = Place::fresh();
    let mut tee = sh(&place, "", "printf torn; read line; echo end").start();
    tee.until_echoed(b"torn");
    tee.signal(SIGUSR1);
    until(SOON, "the torn line is in", || log(&place) == "torn\n");
    tee.signal(SIGUSR2);
    until(SOON, "the log is rotated", || place.read("app.log.1") == b"torn\n");
    assert!(tee.alive());
    tee.feed(b"\n");
    tee.finish().expect_quiet_success();
    assert_eq!(log(&place), "end\n");
}

#[test]
fn term_while_the_lock_is_held_for_ever() {
    let place = Place::fresh();
    let _held = HeldLock::take(&place.path(".__app.lock"));
    let tee = told_of(&place, "--drain-timeout 300ms", "TERM", "exit 0");
    tee.signal(SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(125);
    let told = "clh-tee: cannot append to 'app.log': its lock is held by another process; \
                2 lines lost, as follows\nready\ngot\n";
    assert_eq!(ended.stderr(), told);
}

/// Runs a command that counts its INTs, on a terminal at which Ctrl-C is
/// pressed once; returns the last line of the log.
#[track_caller]
fn ctrl_c(in_front: &[&str]) -> String {
    let place = Place::fresh();
    let log = place.path("app.log");
    let counter = python("counts_int.py");
    let mut command = python("terminal.py");
    command.arg(&log).arg(env!("CARGO_BIN_EXE_clh-tee")).arg(&log).arg("--").args(in_front);
    command.arg(counter.get_program()).args(counter.get_args());
    let output = command.output().expect("start Python");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{told}{:?}", crate::log(&place));
    crate::log(&place).lines().last().expect("a line").to_owned()
}

#[test]
fn int_from_a_terminal_comes_once() {
    assert_eq!(ctrl_c(&[]), "last words after 1");
    // It is passed on to one that the terminal does not reach.
    assert_eq!(ctrl_c(&["setsid"]), "last words after 1");
}
