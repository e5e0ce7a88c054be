//! Each signal from 1 to 64, sent to the program with and without COMMAND, and to COMMAND alone:
//! what arrives, and how it ends. The test prints the table.
//!
//! COMMAND is `cat`, which leaves every signal at its default, and then a program that catches them
//! all. A process that survives a signal gets a line and the end of its input.

use std::fmt::{self, Display};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::{SOON, until_in_log};
use crate::harness::{Place, Running, Tee, python, until};

/// The signals handled without COMMAND, and their outcome. Rust's runtime catches BUS and SEGV, and
/// takes the first of them for a stack overflow, which it is not.
const TAKEN: [(i32, Outcome); 11] = [
    (libc::SIGBUS, Outcome::GoesOn),
    (libc::SIGSEGV, Outcome::GoesOn),
    (libc::SIGHUP, Outcome::GoesOn),
    (libc::SIGINT, Outcome::GoesOn),
    (libc::SIGUSR1, Outcome::GoesOn),
    (libc::SIGUSR2, Outcome::GoesOn),
    (libc::SIGPIPE, Outcome::GoesOn),
    (libc::SIGALRM, Outcome::GoesOn),
    (libc::SIGTERM, Outcome::Drains),
    (libc::SIGCHLD, Outcome::GoesOn),
    (libc::SIGXFSZ, Outcome::GoesOn),
];

/// What happens to a process that gets a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It takes the next line and ends with status 0.
    GoesOn,
    /// It ends with status 0 before its input does.
    Drains,
    Dies(i32),
    Stops,
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::GoesOn => f.pad("goes on"),
            Self::Drains => f.pad("drains"),
            Self::Dies(signal) => f.pad(&format!("dies of {signal}")),
            Self::Stops => f.pad("stops"),
        }
    }
}

/// Sends a signal by its number, because some have no name.
fn send(pid: Pid, signal: i32) {
    let status = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status();
    assert!(status.expect("run kill").success());
}

/// Starts the program on `app.log`, or its COMMAND alone, and waits until a line has passed through
/// it.
fn begin(place: &Place, args: Option<&str>) -> Running {
    let tee = match args {
        Some(args) => Tee::new(place).args("app.log").args(args),
        None => Tee::new(place).program("cat"),
    };
    let mut tee = tee.in_a_group_of_its_own().start();
    tee.feed(b"one\n");
    tee.until_echoed(b"one\n");
    tee
}

/// Returns what happens to a run that gets `signal`. If it goes on, nothing shows that the signal
/// has arrived, so `expected` decides how long to wait.
fn outcome(mut run: Running, signal: i32, expected: Option<Outcome>) -> Outcome {
    send(run.pid(), signal);
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED;
    let flags = flags | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let pid = run.pid();
    let changed = || match waitid(Id::Pid(pid), flags) {
        Ok(WaitStatus::StillAlive) => None,
        Ok(WaitStatus::Stopped(..)) => Some(true),
        // nix does not know all signals that can end a process.
        _ => Some(false),
    };
    match expected {
        Some(Outcome::GoesOn) => {}
        Some(_) => until(SOON, "it ends or stops", || changed().is_some()),
        // A signal that is not caught acts at once.
        None => until(SOON, "it acts", || changed().is_some() || sleeps(pid)),
    }
    if changed() == Some(true) {
        killpg(pid, Signal::SIGKILL).expect("kill it");
        return Outcome::Stops;
    }
    if changed().is_none() {
        run.feed(b"two\n");
        let ended = run.finish();
        ended.expect(0);
        assert_eq!(ended.out, b"one\ntwo\n", "signal {signal}");
        return Outcome::GoesOn;
    }
    let status = run.end_within(SOON).status;
    assert!(expected.is_none() || !status.core_dumped(), "signal {signal}: a core file of ours");
    let Some(killer) = status.signal() else {
        assert_eq!(status.code(), Some(0), "signal {signal}");
        return Outcome::Drains;
    };
    Outcome::Dies(killer)
}

/// Returns whether a process waits and has no pending signal.
fn sleeps(pid: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let none = |name: &str| status.contains(&format!("{name}:\t0000000000000000"));
    status.contains("State:\tS") && none("SigPnd") && none("ShdPnd")
}

#[test]
#[ignore = "needs python3"]
fn each_signal() {
    let heeds = python("heeds.py");
    let args: Vec<String> = heeds.get_args().map(|arg| arg.to_string_lossy().into()).collect();
    let heeds = format!("{} {}", heeds.get_program().display(), args.join(" "));
    let place = Place::fresh();
    let mut heeding = Tee::new(&place).args("app.log --").args(&heeds).start();
    let mut heard = "ready\n".to_owned();
    heeding.until_echoed(heard.as_bytes());
    println!("signal  cat         clh-tee -- cat  arrives  clh-tee");
    for signal in 1..=64 {
        let arrives = ![libc::SIGKILL, libc::SIGSTOP, 32, 33].contains(&signal);
        if arrives {
            send(heeding.pid(), signal);
            heard += &(signal.to_string() + "\n");
            heeding.until_echoed(heard.as_bytes());
        }
        let place = Place::fresh();
        let alone = outcome(begin(&place, None), signal, None);
        let with_command = outcome(begin(&place, Some("-- cat")), signal, Some(alone));
        let taken = TAKEN.into_iter().find(|(taken, _)| *taken == signal);
        let expected = taken.map_or(alone, |(_, outcome)| outcome);
        let without = outcome(begin(&place, Some("")), signal, Some(expected));
        println!(
            "{signal:>6}  {alone:10}  {with_command:14}  {:7}  {without}",
            if arrives { "yes" } else { "-" }
        );
        assert_eq!((with_command, without), (alone, expected), "signal {signal}");
    }
    heeding.feed(b"\n");
    heeding.end_within(SOON).expect(5);
    until_in_log(&place, heard.as_bytes());
}
