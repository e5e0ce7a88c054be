//! Processes that are started: the command, and what is run beside the flow of
//! lines.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::files::Umask;
use super::signals::note;
use super::streams::Input;
use crate::sys::{Caught, Request};

/// What keeps a process from being told of Ctrl-C (`CREATE_NEW_PROCESS_GROUP`).
const NEW_GROUP: u32 = 0x200;

/// A process that was started, with our standard input, and pipes of its own
/// for its output. A thread waits for its end.
pub(crate) struct Process {
    /// Its number.
    id: u32,
    /// Brings how it has ended.
    ended: Receiver<io::Result<ExitStatus>>,
}

impl Process {
    /// Starts `program`; returns it and the other ends of its standard output
    /// and its standard error.
    pub(crate) fn start(
        program: &OsStr,
        args: &[OsString],
    ) -> io::Result<(Self, [Option<Input>; 2])> {
        let mut command = Command::new(program);
        let command = command.args(args).stdin(Stdio::inherit());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let out = child.stdout.take().map(Input::of);
        let err = child.stderr.take().map(Input::of);
        let (id, (ends, ended)) = (child.id(), channel());
        thread::spawn(move || {
            // Nobody is left to be told if the reader has ended before it.
            drop(ends.send(child.wait()));
            note(Request::Child);
        });
        Ok((Self { id, ended }, [out, err]))
    }

    /// Returns its process id. Nobody else can have it while it runs.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Returns how it ended, if it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.ended.try_recv().ok()?.ok()
    }

    /// Returns false: processes are not stopped.
    pub(crate) fn stops_us(&self, _asked: bool) -> bool {
        false
    }

    /// Does nothing: what the console sends us is sent to it as well.
    pub(crate) fn pass_on(&self, _signal: Caught, _continued: bool) -> Result<(), String> {
        Ok(())
    }
}

/// Does nothing: a thread waits for each.
pub(crate) fn reap() {}

/// Takes every name for a program's: where the system looks is known when it is
/// started.
pub(crate) fn is_program(_program: &OsStr) -> bool {
    true
}

/// Returns none: there are no signals that kill.
pub(crate) fn killed_by(_status: ExitStatus) -> Option<i32> {
    None
}

/// Returns none: there are no signals that have names.
pub(crate) fn signal_name(_number: i32) -> Option<&'static str> {
    None
}

/// How programs are started that a key is no business of.
pub(crate) struct Apart(());

impl Apart {
    /// Returns how that is done.
    pub(crate) fn new(_before: Option<Umask>) -> Self {
        Self(())
    }

    /// Runs `command` to its end.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub(crate) fn run(&self, command: &mut Command) -> io::Result<ExitStatus> {
        // A key that is to stop the producer does not cut an upload.
        command.creation_flags(NEW_GROUP).spawn()?.wait()
    }
}
