//! Processes that are started: the command, and what is run beside the flow of
//! lines.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::libc::ENOEXEC;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::unistd::{Pid, getpgid, getpgrp};

use super::files::{Umask, without};
use super::streams::Input;
use crate::sys::{Request, Sender};

/// A process that was started, with our standard input, and pipes of its own
/// for its output.
///
/// All of our other descriptors close when it begins. What it does about signals
/// is as it was when we began: those that we catch are at their default for it,
/// and those that were ignored stay so, for they are not caught.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `program`; returns it and the other ends of its standard output
    /// and its standard error.
    pub(crate) fn start(
        program: &OsStr,
        args: &[OsString],
    ) -> io::Result<(Self, [Option<Input>; 2])> {
        let mut child = match spawn(Command::new(program).args(args)) {
            Err(error) if error.raw_os_error() == Some(ENOEXEC) => match found(program) {
                Some(script) => spawn(Command::new("/bin/sh").arg(script).args(args)),
                None => Err(error),
            },
            child => child,
        }?;
        let out = child.stdout.take().map(|out| Input::from(OwnedFd::from(out)));
        let err = child.stderr.take().map(|err| Input::from(OwnedFd::from(err)));
        Ok((Self(child), [out, err]))
    }

    /// Returns its process id. Nobody else can have it until it has been waited
    /// for, and it is we who do that.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Looks whether it has ended, and how.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Sends it the signal that has brought `request`, if it has not had it.
    ///
    /// # Errors
    ///
    /// What cannot be done, in words.
    pub(crate) fn pass_on(&self, request: Request) -> Result<(), String> {
        let Some(pid) = self.pid() else { return Ok(()) };
        // What its terminal sends us is sent to it as well, if they are one.
        let shares_our_terminal = || getpgid(Some(pid)) == Ok(getpgrp());
        let is_new = |sender| sender == Sender::Process || !shares_our_terminal();
        let signal = match request {
            Request::Interrupt(sender) => is_new(sender).then_some(Signal::SIGINT),
            Request::Quit(sender) => is_new(sender).then_some(Signal::SIGQUIT),
            Request::Terminate => Some(Signal::SIGTERM),
            Request::HangUp => Some(Signal::SIGHUP),
            Request::Flush | Request::Rotate | Request::ChildEnded => None,
        };
        let Some(signal) = signal else { return Ok(()) };
        kill(pid, signal)
            .map_err(|error| format!("cannot pass {signal} on to the command: {}", error.desc()))
    }

    /// Returns its process id as the system wants it.
    fn pid(&self) -> Option<Pid> {
        self.0.id().try_into().ok().map(Pid::from_raw)
    }
}

/// Starts `command` on pipes.
fn spawn(command: &mut Command) -> io::Result<Child> {
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

/// Returns the number of the signal that has killed a process, if one has.
pub(crate) fn killed_by(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Returns the name of a signal.
pub(crate) fn signal_name(number: i32) -> Option<&'static str> {
    Signal::try_from(number).ok().map(Signal::as_str)
}

/// How programs are started that neither our umask nor our signals are any
/// business of.
pub(crate) struct Apart {
    /// The umask that they get, if ours is another.
    umask: Option<Umask>,
    /// The signals that were blocked when we began.
    mask: SigSet,
}

impl Apart {
    /// Returns how it is now, but with the umask that was in force `before`
    /// ours. This comes before any signal is blocked.
    pub(crate) fn new(before: Option<Umask>) -> io::Result<Self> {
        Ok(Self { umask: before, mask: SigSet::thread_get_mask()? })
    }

    /// Starts `command`.
    pub(crate) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        // A key that is to stop the producer does not cut an upload.
        command.process_group(0);
        // A program begins with what is blocked in the thread that starts it.
        // A key that is pressed in this moment counts as if it had been sent.
        let ours = self.mask.thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        let started = without(self.umask, || command.spawn());
        ours.thread_set_mask()?;
        started
    }
}
