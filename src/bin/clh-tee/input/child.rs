//! The command whose output goes into the log: its start, its signals, and its end.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use clh_tee::Escaped;

use crate::messages::{Status, reason};
use crate::sys::{Caught, Outputs, Process, Request, is_program, killed_by, signal_name};

const SHOWN: usize = 80;

pub(crate) struct Child {
    shown: String,
    state: State,
    pub(super) terminated: bool,
    stop: Stop,
    /// Set when it ends: until when other processes may keep its output open.
    pub(super) lingers_until: Option<Instant>,
    /// Whether a warning about them was printed.
    pub(super) left: bool,
    pub(super) noted: bool,
}

enum State {
    Running(Process, Instant),
    Ended(ExitStatus, Duration),
    /// With advice if it was not found.
    NotStarted(io::Error, String),
}

/// A stop by a shell's job control.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    None,
    /// The signal has arrived.
    Asked,
    /// We stopped with the command; CONT is still to be read.
    Done,
}

impl Child {
    pub(crate) fn start(command: &[OsString]) -> (Self, Outputs) {
        let (program, args) = command.split_first().expect("the command line has a command");
        let since = Instant::now();
        let (state, outputs) = match Process::start(program, args) {
            Ok((process, outputs)) => (State::Running(process, since), outputs),
            Err(error) => (State::NotStarted(error, advice(program)), [None, None]),
        };
        let (shown, stop, lingers_until) = (shown(command), Stop::None, None);
        let (terminated, left, noted) = (false, false, false);
        (Self { shown, state, terminated, stop, lingers_until, left, noted }, outputs)
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state, State::Running(..))
    }

    /// Returns true the first time it is called after the command has ended.
    pub(super) fn notes_end(&mut self) -> bool {
        let State::Running(process, since) = &self.state else { return false };
        let Some(status) = process.ended() else { return false };
        self.state = State::Ended(status, since.elapsed());
        true
    }

    /// Passes a signal on if the command runs. An error is a text that says what failed.
    pub(super) fn pass_on(&mut self, signal: Caught) -> Result<(), String> {
        let State::Running(process, _) = &self.state else { return Ok(()) };
        self.terminated |= signal.request == Request::Terminate;
        let outcome = process.pass_on(signal, self.stop == Stop::Done);
        match signal.request {
            Request::Stop => {
                self.stop = Stop::Asked;
                self.stop_us_too();
            }
            Request::Continue => self.stop = Stop::None,
            _ => {}
        }
        outcome
    }

    pub(super) fn stop_us_too(&mut self) {
        if let State::Running(process, _) = &self.state
            && process.stops_us(self.stop == Stop::Asked)
        {
            self.stop = Stop::Done;
        }
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        let State::Running(process, _) = &self.state else { return None };
        Some(process.id())
    }

    /// Returns our own exit status once the command has ended.
    pub(super) fn status(&self) -> Option<Status> {
        match &self.state {
            State::Running(..) => None,
            State::Ended(status, _) => {
                let code = status.code().map(|code| Status::Command(code.cast_unsigned()));
                code.or_else(|| killed_by(*status).map(Status::Killed))
            }
            State::NotStarted(error, _) => Some(match error.kind() {
                ErrorKind::NotFound => Status::NotFound,
                // No process could be created, which is not the command's fault.
                ErrorKind::WouldBlock | ErrorKind::OutOfMemory => Status::Failed,
                _ => Status::CannotRun,
            }),
        }
    }

    pub(crate) fn failure(&self) -> Option<String> {
        let State::NotStarted(error, advice) = &self.state else { return None };
        let advice = if error.kind() == ErrorKind::NotFound { advice } else { "" };
        Some(format!("cannot run '{}': {}{advice}", self.shown, reason(error)))
    }

    pub(super) fn beginning(&self) -> Option<String> {
        self.pid().map(|pid| format!("started '{}' (pid {pid})", self.shown))
    }

    pub(super) fn ending(&self) -> Option<String> {
        let State::Ended(status, took) = &self.state else { return self.failure() };
        let (how, took) = (how_it_ended(*status), took.as_secs_f64());
        Some(format!("ended '{}'{how} after {took:.3} s", self.shown))
    }
}

/// Returns advice if `program` is not found: it may be meant for a shell, or PATH is short.
fn advice(program: &OsStr) -> String {
    const WORDS: [&str; 9] =
        ["cd", "exec", "export", "if", "for", "set", "source", "ulimit", "umask"];
    let text = program.to_string_lossy();
    if WORDS.contains(&&*text) || text.contains([' ', '=', '|', '&', ';', '<', '>', '$', '*']) {
        "; no shell reads this: use -- sh -c '...'".to_owned()
    } else if !is_program(program) && !text.contains('/') {
        let path = env::var_os("PATH").unwrap_or_default();
        format!(" in PATH={}", Escaped::text(&path))
    } else {
        String::new()
    }
}

fn how_it_ended(status: ExitStatus) -> impl Display {
    match (status.code(), killed_by(status)) {
        (Some(code), _) => format!(" with status {}", code.cast_unsigned()),
        (None, Some(number)) => match signal_name(number) {
            Some(name) => format!(", killed by signal {number} ({name}),"),
            None => format!(", killed by signal {number},"),
        },
        (None, None) => format!(" with {status}"),
    }
}

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
