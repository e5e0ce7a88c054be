//! Which signals the command gets, and how often.

use std::fs;

use nix::sys::signal::Signal::{
    self, SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN,
    SIGUSR1, SIGUSR2,
};
use nix::sys::signal::{kill, killpg};
use nix::unistd::Pid;

use super::{A_WHILE, SOON, log, seq, sh};
use crate::harness::{HeldLock, Place, Running, python, stays, until};

/// Starts a script that prints `got` at each `signal`, and waits for it.
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
        // As many as come, for as long as the command wants.
        tee.signal(signal);
        tee.until_echoed(b"ready\ngot\ngot\n");
        assert!(tee.alive());
        kill(tee.only_child(), Signal::SIGKILL).expect("kill the command");
        tee.end_within(SOON).expect_killed_by(9);
        assert_eq!(log(&place), "ready\ngot\ngot\n");
    }
}

/// Returns the signals that each thread of a process blocks, as bits.
fn blocked(tee: &Running) -> Vec<u64> {
    let tasks = fs::read_dir(format!("/proc/{}/task", tee.pid())).expect("list its threads");
    let status = tasks.map(|task| task.expect("a thread").path().join("status"));
    let status = status.map(|path| fs::read_to_string(path).expect("read its status"));
    let mask = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).map(str::trim);
        u64::from_str_radix(line.expect("a line for it"), 16).expect("a mask")
    };
    status.map(mask).collect()
}

#[test]
fn a_key_s_signal_reaches_no_thread_that_is_begun_before_it() {
    let place = Place::fresh();
    place.write("app.log", b"old\n");
    // A time long past: the program rotates the log at its start and runs a program after it.
    place.write(".__app.lock", b"946684801");
    let script = "echo ready; exec sleep 60";
    let tee = sh(&place, "--when H --on-rotate true", script).start();
    tee.until_echoed(b"ready\n");
    until(SOON, "it has a thread for what is run", || blocked(&tee).len() > 1);
    let keys = 1 << (SIGINT as u64 - 1) | 1 << (SIGQUIT as u64 - 1);
    for mask in blocked(&tee) {
        assert_eq!(mask & keys, keys, "{mask:x}");
    }
    tee.signal(SIGTERM);
    tee.end_within(SOON).expect_killed_by(15);
}

/// The system keeps one pending signal of a kind, so another process's CHLD hides our child's.
#[test]
fn its_end_is_noticed_behind_a_signal_of_another_process() {
    let place = Place::fresh();
    let mut tee = sh(&place, "", "echo ready; read line; exit 3").start();
    tee.until_echoed(b"ready\n");
    let stat = format!("/proc/{}/stat", tee.only_child());
    tee.kill(SIGSTOP);
    tee.kill(SIGCHLD);
    tee.end_input();
    until(SOON, "the command has ended", || {
        fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z "))
    });
    tee.kill(SIGCONT);
    tee.end_within(SOON).expect(3);
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
    tee.end_within(SOON).expect_killed_by(15);
}

#[test]
fn flush_and_rotation_are_left_to_options() {
    let place = Place::fresh();
    let tee =
        sh(&place, "", "trap 'echo got' USR1 USR2 ALRM; echo ready; while :; do sleep 0.02; done")
            .start();
    tee.until_echoed(b"ready\n");
    let mut echoed = "ready\n".to_owned();
    for signal in [SIGUSR1, SIGUSR2, SIGALRM] {
        tee.signal(signal);
        echoed += "got\n";
        tee.until_echoed(echoed.as_bytes());
    }
    // After its end, signals do nothing.
    let held = HeldLock::take(&place.path(".__app.lock"));
    kill(tee.only_child(), SIGTERM).expect("end the command");
    tee.until_childless();
    for signal in [SIGUSR1, SIGUSR2, SIGALRM] {
        tee.signal(signal);
    }
    drop(held);
    tee.end_within(SOON).expect_killed_by(15);
    assert_eq!(log(&place), echoed);
    assert!(!place.path("app.log.1").exists());
}

/// Returns the states of processes, from `/proc`.
fn states(pids: &[Pid]) -> String {
    let state = |pid: &Pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is there");
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).expect("a state")
    };
    pids.iter().map(state).collect()
}

#[test]
fn stops_and_goes_on_with_it() {
    let place = Place::fresh();
    let script = "trap 'echo goes on' CONT; echo ready; while :; do read line && echo $line; done";
    let mut tee = sh(&place, "", script).in_a_group_of_its_own().start();
    tee.until_echoed(b"ready\n");
    let both = [tee.pid(), tee.only_child()];
    let stopped = || states(&both) == "TT";
    // A signal sent to clh-tee alone is passed on, and so is the one that continues it.
    for (stop, echoed) in [(SIGTSTP, "ready\ngoes on\none\n"), (SIGTTIN, "")] {
        kill(both[0], stop).expect("stop it");
        until(SOON, "both are stopped", stopped);
        kill(both[0], SIGCONT).expect("continue it");
        until(SOON, "both go on", || !states(&both).contains('T'));
        if !echoed.is_empty() {
            tee.feed(b"one\n");
            tee.until_echoed(echoed.as_bytes());
        }
    }
    // A shell stops and continues the whole job, and each process gets that once.
    tee.feed(b"two\n");
    tee.until_echoed(b"ready\ngoes on\none\ngoes on\ntwo\n");
    killpg(both[0], SIGTSTP).expect("stop the job");
    until(SOON, "both are stopped", stopped);
    killpg(both[0], SIGCONT).expect("continue the job");
    until(SOON, "both go on", || !states(&both).contains('T'));
    tee.feed(b"three\n");
    tee.until_echoed(b"ready\ngoes on\none\ngoes on\ntwo\ngoes on\nthree\n");
    // A stop of the command alone does not stop clh-tee: the signal to continue would not reach it.
    kill(both[1], SIGSTOP).expect("stop it");
    until(SOON, "it is stopped", || states(&both[1..]) == "T");
    stays(A_WHILE, "we are not", || !states(&both[..1]).contains('T'));
    kill(both[1], SIGCONT).expect("continue it");
    tee.signal(SIGTERM);
    tee.end_within(SOON).expect_killed_by(15);
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

/// Runs a command that counts its INTs on a terminal and presses Ctrl-C once; returns the last line
/// of the log.
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
    assert_eq!(output.status.code(), Some(5), "{told}{:?}", super::log(&place));
    super::log(&place).lines().last().expect("a line").to_owned()
}

#[test]
#[ignore = "needs python3"]
fn int_from_a_terminal_comes_once() {
    assert_eq!(ctrl_c(&[]), "last words after 1");
    // It is passed on to a command that the terminal does not reach.
    assert_eq!(ctrl_c(&["setsid"]), "last words after 1");
}
