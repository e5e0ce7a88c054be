//! The processes that we start: the command, and the program after rotations.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::libc::{ENOEXEC, ESRCH};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpgid, getpgrp};

pub(crate) use super::children::reap;
use super::children::{self, Fate};
use super::files::{Umask, without};
use super::signals::leads_session;
use super::streams::Input;
use super::{raw, signals};
use crate::sys::{Caught, Outputs, Request, Sender};

/// The command, with our standard input, and pipes for its output. It inherits none of our other
/// descriptors, and the same signals are blocked and ignored as when we started.
pub(crate) struct Process(u32);

impl Process {
    /// Starts `program`; returns it and our ends of the pipes for standard output and standard
    /// error.
    pub(crate) fn start(program: &OsStr, args: &[OsString]) -> io::Result<(Self, Outputs)> {
        let (child, outputs) = match spawn(Command::new(program).args(args)) {
            Err(error) if error.raw_os_error() == Some(ENOEXEC) => match found(program) {
                Some(script) => spawn(Command::new("/bin/sh").arg(script).args(args)),
                None => Err(error),
            },
            started => started,
        }?;
        let input = |output| Some(Input::of(OwnedFd::from(output)));
        Ok((Self(child.id()), outputs.map(input)))
    }

    /// Returns its process id, which is not reused before it is reaped.
    pub(crate) fn id(&self) -> u32 {
        self.0
    }

    /// Returns how it ended, if the last [`reap`] found that.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        let Fate::Ended(status) = children::fate(self.0) else { return None };
        Some(status)
    }

    /// If it has stopped like a shell's job, stops us too, until we are continued. That is so if we
    /// were `asked` to stop, or if it stopped by itself at a terminal. A command that was stopped
    /// alone will be continued alone. Returns whether we stopped.
    pub(crate) fn stops_us(&self, asked: bool) -> bool {
        let Fate::Stopped(signal) = children::fate(self.0) else { return false };
        let by_itself = || {
            let job = [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU];
            let is_job = job.into_iter().any(|job| job as i32 == signal);
            is_job && self.shares_our_group() && File::open("/dev/tty").is_ok()
        };
        let stops = asked || by_itself();
        if stops {
            signals::stop(signal);
        }
        stops
    }

    /// Sends it our signal, unless it has got it already. An error is a text that says what failed.
    pub(crate) fn pass_on(&self, signal: Caught, continued: bool) -> Result<(), String> {
        let (Some(pid), Some(number)) = (self.pid(), signal.number) else { return Ok(()) };
        reap();
        let is_stopped = matches!(children::fate(self.0), Fate::Stopped(_));
        let has_had_it = match (signal.sender, signal.request) {
            (Sender::Ourselves, _) => true,
            // When the terminal ends, only we may have got the signal.
            (Sender::Terminal, Request::HangUp) if leads_session() => false,
            (Sender::Terminal, _) => self.shares_our_group(),
            // A shell may have stopped or continued the whole job.
            (Sender::Process, Request::Stop) => is_stopped,
            (Sender::Process, Request::Continue) => continued && !is_stopped,
            (Sender::Process, _) => false,
        };
        if has_had_it {
            return Ok(());
        }
        match raw::send(pid.as_raw(), number) {
            Err(error) if error as i32 != ESRCH => {
                let name = signal_name(number).map_or(number.to_string(), ToOwned::to_owned);
                Err(format!("cannot pass {name} on to the command: {}", error.desc()))
            }
            // If there is no process, it has ended meanwhile.
            _ => Ok(()),
        }
    }

    fn shares_our_group(&self) -> bool {
        getpgid(self.pid()) == Ok(getpgrp())
    }

    fn pid(&self) -> Option<Pid> {
        self.0.try_into().ok().map(Pid::from_raw)
    }
}

fn spawn(command: &mut Command) -> io::Result<(Child, [PipeReader; 2])> {
    let (out, out_end) = io::pipe()?;
    let (err, err_end) = io::pipe()?;
    for pipe in [&out_end as &dyn AsFd, &err_end] {
        // A command that gives up root can then still open its `/dev/stdout`. For other processes
        // the pipe has no name.
        let pipe = File::from(pipe.as_fd().try_clone_to_owned()?);
        pipe.set_permissions(Permissions::from_mode(0o666))?;
    }
    let child = children::spawn(command.stdin(Stdio::inherit()).stdout(out_end).stderr(err_end))?;
    Ok((child, [out, err]))
}

/// Finds a program like `execvp`. A file of unknown format is a script for `sh`.
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

pub(crate) fn is_program(program: &OsStr) -> bool {
    // Without PATH the system uses its own default.
    env::var_os("PATH").is_none() || found(program).is_some_and(|path| path.exists())
}

pub(crate) fn killed_by(status: ExitStatus) -> Option<i32> {
    status.signal()
}

pub(crate) fn signal_name(number: i32) -> Option<&'static str> {
    Signal::try_from(number).ok().map(Signal::as_str)
}

/// Runs `command` to its end, in its own process group, because a key that stops the producer must
/// not interrupt an upload. It gets the umask `before` ours, if we changed that. Not for the first
/// thread.
pub(crate) fn run_apart(command: &mut Command, before: Option<Umask>) -> io::Result<ExitStatus> {
    command.process_group(0);
    let child = without(before, || children::spawn(command))?;
    Ok(children::wait(child.id()))
}
