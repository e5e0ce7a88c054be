//! The command whose output goes into the log: how it is started, signalled
//! and waited for, and what there is to say about it.
//!
//! It gets our standard input, and pipes of its own for its output; how that is
//! done is the platform's affair.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use clh_tee::Escaped;

use crate::messages::{Status, reason};
use crate::sys::{Caught, Input, Process, killed_by, signal_name};

const SHOWN: usize = 80;

pub(crate) struct Child {
    shown: String,
    state: State,
}

/// What has become of a command.
enum State {
    /// It runs, since then.
    Running(Process, Instant),
    /// It has ended like this, after so long.
    Ended(ExitStatus, Duration),
    /// It could not be started.
    NotStarted(io::Error),
}

/// The other ends of a command's standard output and standard error.
pub(crate) type Outputs = [Option<Input>; 2];

impl Child {
    /// Starts `command`, or notes that it cannot be started.
    pub(crate) fn start(command: &[OsString]) -> (Self, Outputs) {
        let shown = shown(command);
        let (program, args) = command.split_first().expect("the command line has a command");
        let since = Instant::now();
        let (state, outputs) = match Process::start(program, args) {
            Ok((process, outputs)) => (State::Running(process, since), outputs),
            Err(error) => (State::NotStarted(error), [None, None]),
        };
        (Self { shown, state }, outputs)
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state, State::Running(..))
    }

    /// Notes that it has ended; returns whether that is new.
    pub(crate) fn notes_end(&mut self) -> bool {
        if let State::Running(process, since) = &mut self.state
            && let Some(status) = process.ended()
        {
            self.state = State::Ended(status, since.elapsed());
            return true;
        }
        false
    }

    /// Passes a signal on to it, if it runs; `continued` if we have stopped with
    /// it before.
    ///
    /// # Errors
    ///
    /// What cannot be done, in words.
    pub(crate) fn pass_on(&self, signal: Caught, continued: bool) -> Result<(), String> {
        match &self.state {
            State::Running(process, _) => process.pass_on(signal, continued),
            _ => Ok(()),
        }
    }

    /// Stops us too, if it has stopped as a job does; returns whether it did.
    pub(crate) fn stops_us(&self, asked: bool) -> bool {
        matches!(&self.state, State::Running(process, _) if process.stops_us(asked))
    }

    /// Returns its process id while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        match &self.state {
            State::Running(process, _) => Some(process.id()),
            _ => None,
        }
    }

    /// Returns how it makes us end, once it has ended.
    pub(crate) fn status(&self) -> Option<Status> {
        match &self.state {
            State::Running(..) => None,
            State::Ended(status, _) => {
                let killed = || killed_by(*status).map(Status::Killed);
                let code = status.code().map(|code| Status::Command(code.cast_unsigned()));
                code.or_else(killed)
            }
            State::NotStarted(error) if error.kind() == ErrorKind::NotFound => {
                Some(Status::NotFound)
            }
            // No process could be made for it, which says nothing about the command.
            State::NotStarted(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::OutOfMemory) =>
            {
                Some(Status::Failed)
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

/// Shows how a command ended.
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
