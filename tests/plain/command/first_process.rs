//! The life of a container: the program is the first process of a PID namespace, started by an
//! entry point. There are a helper that the entry point left, orphans, and the signals that stop
//! images.

use std::fs;
use std::process::Command;

use nix::unistd::Pid;

use super::{SOON, log, seq};
use crate::harness::{Place, Running, Tee, until};

/// Starts an entry point that leaves a helper and becomes the program, which runs `script`; returns
/// `unshare`, which ends with the status of the first process.
fn container(place: &Place, options: &str, script: &str) -> Running {
    let entry = format!("sh -c ': >helped' & exec \"$0\" {options} app.log -- sh -c \"$1\"");
    let tee = Tee::new(place).program("unshare").args("-Urpf --mount-proc sh -c").arg(entry);
    tee.arg(env!("CARGO_BIN_EXE_clh-tee")).arg(script).start()
}

/// Sends a signal, by name or number, to the first process of a container.
fn send(container: &Running, signal: &str) {
    let first = container.only_child().to_string();
    let status = Command::new("kill").args(["-s", signal, &first]).status();
    assert!(status.expect("run kill").success());
}

/// Returns the states of all children of a process, from `/proc`.
fn children(parent: Pid) -> String {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let state = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit(") ").next()?.chars().next()
    };
    list.expect("it runs").split_whitespace().filter_map(state).collect()
}

#[test]
#[ignore = "needs user namespaces"]
fn its_status_is_that_of_the_command() {
    for (script, status) in [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 143", 143),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
        ("kill -s 40 $$", 168),
    ] {
        let place = Place::fresh();
        container(&place, "-q", &format!("echo one; {script}")).finish().expect(status);
        assert_eq!(log(&place), "one\n", "{script}");
    }
}

#[test]
#[ignore = "needs user namespaces"]
fn what_stops_an_image_reaches_the_command() {
    // TERM is the default, WINCH is Apache's, and RTMIN+3 is systemd's.
    for (signal, trap) in [("TERM", "TERM"), ("WINCH", "WINCH"), ("37", "RTMIN+3")] {
        let place = Place::fresh();
        let script = format!(
            "trap 'echo last words; exit 0' {trap}; echo ready; while :; do sleep 0.02; done"
        );
        let script = format!("exec bash -c \"{script}\"");
        let container = container(&place, "", &script);
        container.until_echoed(b"ready\n");
        send(&container, signal);
        container.end_within(SOON).expect_quiet_success();
        assert_eq!(log(&place), "ready\nlast words\n", "{signal}");
    }
    // A signal that the command does not handle kills it.
    let place = Place::fresh();
    let container = container(&place, "", "echo ready; exec sleep 60");
    container.until_echoed(b"ready\n");
    send(&container, "TERM");
    container.end_within(SOON).expect(143);
}

#[test]
#[ignore = "needs user namespaces"]
fn orphans_are_reaped() {
    let place = Place::fresh();
    // Both shells leave children that outlive them.
    let script = "for i in 1 2 3; do (sh -c 'read line; : >ended' <&0 & ) ; done; \
                  echo ready; exec >&- 2>&-; sleep 60";
    let mut container = container(&place, "", script);
    container.until_echoed(b"ready\n");
    let first = container.only_child();
    until(SOON, "the helper has ended", || place.path("helped").exists());
    container.feed(b"1\n2\n3\n");
    until(SOON, "an orphan has ended", || place.path("ended").exists());
    until(SOON, "the command alone is left", || children(first).len() == 1);
    assert_ne!(children(first), "Z");
    send(&container, "TERM");
    container.end_within(SOON).expect(143);
}

#[test]
fn orphans_of_the_shell_that_became_us_are_reaped() {
    for options in ["app.log", "app.log -- cat"] {
        let place = Place::fresh();
        let script = format!("for i in 1 2 3; do true & done; exec \"$0\" {options}");
        let tee = Tee::new(&place).program("sh").args("-c").arg(script);
        let mut tee = tee.arg(env!("CARGO_BIN_EXE_clh-tee")).start();
        tee.feed(b"one\n");
        tee.until_echoed(b"one\n");
        let ours = usize::from(options.contains("cat"));
        until(SOON, "they are reaped", || children(tee.pid()).len() == ours);
        tee.finish().expect_quiet_success();
    }
}

#[test]
#[ignore = "needs user namespaces"]
fn no_status_is_lost_among_orphans() {
    let place = Place::fresh();
    place.write("hook", b"#!/bin/sh\n(true &)\nexit 4\n");
    place.set_mode("hook", 0o755);
    let script = "for i in $(seq 40); do (true &); echo $i; sleep 0.005; done; exit 7";
    let options = "-q --max-bytes 9 --backups 99 --on-rotate ./hook --stats";
    let ended = container(&place, options, script).finish();
    ended.expect(7);
    assert_eq!(place.chain("app.log"), seq(1..=40).into_bytes());
    let stderr = ended.stderr();
    let (hooks, stats) = stderr.trim_end().rsplit_once('\n').expect("lines");
    let hooks = hooks.lines().inspect(|line| assert!(line.contains("ended with status 4")));
    let count = hooks.count();
    let handed = format!("backups handed on: {count}, failures of that: {count}");
    assert!(count > 10 && stats.ends_with(&handed), "{stderr}");
}

#[test]
#[ignore = "needs user namespaces"]
fn lines_of_a_pipeline_are_in_at_its_stop() {
    let place = Place::fresh();
    let entry = "exec \"$0\" app.log";
    let tee = Tee::new(&place).program("unshare").args("-Urpf --mount-proc sh -c").arg(entry);
    let mut container = tee.arg(env!("CARGO_BIN_EXE_clh-tee")).start();
    container.feed(b"one\ntorn");
    container.until_echoed(b"one\ntorn");
    send(&container, "TERM");
    container.end_within(SOON).expect_quiet_success();
    assert_eq!(log(&place), "one\ntorn\n");
}
