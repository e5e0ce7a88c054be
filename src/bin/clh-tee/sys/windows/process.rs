//! The processes that we start: the command, and the program after rotations.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::files::Umask;
use super::signals::note;
use super::streams::Input;
use super::waiting::start_thread;
use crate::sys::{Caught, Outputs, Request};

/// Shields a process from Ctrl-C (`CREATE_NEW_PROCESS_GROUP`).
const NEW_GROUP: u32 = 0x200;

/// The command, with our standard input, and pipes for its output. It inherits none of our other
/// descriptors, and the same signals are blocked and ignored as when we started.
pub(crate) struct Process {
    id: u32,
    ended: Receiver<io::Result<ExitStatus>>,
}

impl Process {
    pub(crate) fn start(program: &OsStr, args: &[OsString]) -> io::Result<(Self, Outputs)> {
        let mut command = Command::new(program);
        let command = command.args(args).stdin(Stdio::inherit());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let ((hand, handed), (ends, ended)) = (channel::<Child>(), channel());
        start_thread(move || {
            let Ok(mut child) = handed.recv() else { return };
            // If the reader has ended first, the receiver is gone.
            drop(ends.send(child.wait()));
            note(Request::Child);
        })?;
        let mut child = command.spawn()?;
        let (id, out, err) = (child.id(), child.stdout.take(), child.stderr.take());
        // The thread waits for it.
        drop(hand.send(child));
        Ok((Self { id, ended }, [out.map(Input::of), err.map(Input::of)]))
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.ended.try_recv().ok()?.ok()
    }

    /// Processes are not stopped.
    pub(crate) fn stops_us(&self, _asked: bool) -> bool {
        false
    }

    /// Does nothing, because the console signals the command, too.
    pub(crate) fn pass_on(&self, _signal: Caught, _continued: bool) -> Result<(), String> {
        Ok(())
    }
}

/// Does nothing, because a thread waits for each process.
pub(crate) fn reap() {}

/// Always returns true: where the system looks for programs only shows at the start.
pub(crate) fn is_program(_program: &OsStr) -> bool {
    true
}

pub(crate) fn killed_by(_status: ExitStatus) -> Option<i32> {
    None
}

pub(crate) fn signal_name(_number: i32) -> Option<&'static str> {
    None
}

/// Runs `command` to its end. A key that stops the producer must not interrupt an upload.
pub(crate) fn run_apart(command: &mut Command, _before: Option<Umask>) -> io::Result<ExitStatus> {
    command.creation_flags(NEW_GROUP).spawn()?.wait()
}
