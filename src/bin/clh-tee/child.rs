//! The command whose output goes into the log: how it is started, signalled
//! and waited for, and what there is to say about it.
//!
//! It gets our standard input, and pipes of its own for its output. All of our
//! other descriptors close when it begins. What it does about signals is as it
//! was when we began: those that we catch are at their default for it, and
//! those that were ignored stay so, for they are not caught.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use clh_tee::Escaped;
use nix::libc::ENOEXEC;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid, getpgrp};

use crate::report::{Status, reason};

/// How many characters of a command are shown.
const SHOWN: usize = 80;

/// A command, from its start on.
pub(crate) struct Child {
    /// The command, for people.
    shown: String,
    /// What has become of it.
    state: State,
}

/// What has become of a command.
enum State {
    /// It runs, since then.
    Running(std::process::Child, Instant),
    /// It has ended like this, after so long.
    Ended(ExitStatus, Duration),
    /// It could not be started.
    NotStarted(io::Error),
}

/// The other ends of a command's standard output and standard error.
pub(crate) type Outputs = [Option<File>; 2];

impl Child {
    /// Starts `command`, or notes that it cannot be started.
    pub(crate) fn start(command: &[OsString]) -> (Self, Outputs) {
        let shown = shown(command);
        let (program, args) = command.split_first().expect("the command line has a command");
        let process = match spawn(Command::new(program).args(args)) {
            Err(error) if error.raw_os_error() == Some(ENOEXEC) => match found(program) {
                Some(script) => spawn(Command::new("/bin/sh").arg(script).args(args)),
                None => Err(error),
            },
            process => process,
        };
        let (state, outputs) = match process {
            Ok(mut process) => {
                let out = process.stdout.take().map(|out| File::from(OwnedFd::from(out)));
                let err = process.stderr.take().map(|err| File::from(OwnedFd::from(err)));
                (State::Running(process, Instant::now()), [out, err])
            }
            Err(error) => (State::NotStarted(error), [None, None]),
        };
        (Self { shown, state }, outputs)
    }

    /// Tells whether it runs, as far as we have looked.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state, State::Running(..))
    }

    /// Looks whether it has ended, and tells if that is new.
    pub(crate) fn has_just_ended(&mut self) -> bool {
        if let State::Running(process, since) = &mut self.state
            && let Ok(Some(status)) = process.try_wait()
        {
            self.state = State::Ended(status, since.elapsed());
            return true;
        }
        false
    }

    /// Tells whether what its terminal sends us is sent to it as well.
    pub(crate) fn shares_our_terminal(&self) -> bool {
        self.pid().is_some_and(|pid| getpgid(Some(pid)) == Ok(getpgrp()))
    }

    /// Sends it a signal, if it runs.
    pub(crate) fn signal(&self, signal: Signal) -> nix::Result<()> {
        self.pid().map_or(Ok(()), |pid| kill(pid, signal))
    }

    /// Returns its process id while it runs: until then nobody else can have
    /// it, for we are the one who waits for it.
    pub(crate) fn pid(&self) -> Option<Pid> {
        match &self.state {
            State::Running(process, _) => process.id().try_into().ok().map(Pid::from_raw),
            _ => None,
        }
    }

    /// Returns the exit status that it gives us, once it has ended.
    pub(crate) fn status(&self) -> Option<Status> {
        match &self.state {
            State::Running(..) => None,
            State::Ended(status, _) => {
                let killed = || status.signal().map(|signal| 128 + signal);
                let code = status.code().or_else(killed).and_then(|code| code.try_into().ok());
                code.map(Status::Command)
            }
            State::NotStarted(error) if error.kind() == ErrorKind::NotFound => {
                Some(Status::NotFound)
            }
            State::NotStarted(_) => Some(Status::CannotRun),
        }
    }

    /// Returns why it could not be started, if that is so.
    pub(crate) fn failure(&self) -> Option<String> {
        match &self.state {
            State::NotStarted(error) => {
                Some(format!("cannot run '{}': {}", self.shown, reason(error)))
            }
            _ => None,
        }
    }

    /// Returns what is to be said when it has been started.
    pub(crate) fn beginning(&self) -> Option<String> {
        self.pid().map(|pid| format!("started '{}' (pid {pid})", self.shown))
    }

    /// Returns what is to be said when it has ended, or could not begin.
    pub(crate) fn ending(&self) -> Option<String> {
        match &self.state {
            State::Running(..) => None,
            State::Ended(status, took) => {
                let took = took.as_secs_f64();
                let how = how_it_ended(*status);
                Some(format!("ended '{}'{how} after {took:.3} s", self.shown))
            }
            State::NotStarted(_) => self.failure(),
        }
    }
}

/// Starts `command` on pipes.
fn spawn(command: &mut Command) -> io::Result<std::process::Child> {
    command.stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// Returns where a program is found. One that is not a format that the system
/// knows is a script for `sh` then, as to `execvp`.
fn found(program: &OsStr) -> Option<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Some(program.into());
    }
    let is_program = |path: &PathBuf| {
        path.metadata().is_ok_and(|data| data.is_file() && data.mode() & 0o111 != 0)
    };
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(is_program)
}

/// Shows how a command ended.
fn how_it_ended(status: ExitStatus) -> impl Display {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!(" with status {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!(", killed by signal {number} ({signal}),"),
            Err(_) => format!(", killed by signal {number},"),
        },
        (None, None) => format!(" with {status}"),
    }
}

/// Shows a command: its beginning, if it is long.
fn shown(command: &[OsString]) -> String {
    let words: Vec<String> = command.iter().map(|word| Escaped::text(word).to_string()).collect();
    let all = words.join(" ");
    match all.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &all[..end]),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_commands_are_shown_shortened_and_escaped() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(shown(&words(&["sh", "-c", "one\ntwo"])), r"sh -c one\x0atwo");
        let long = "ä".repeat(200);
        assert_eq!(shown(&words(&["echo", &long])), format!("echo {}...", "ä".repeat(SHOWN - 5)));
    }
}
