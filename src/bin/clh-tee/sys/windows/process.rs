//! Processes that we start: the command, and the program run after rotations.

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

/// Keeps Ctrl-C from a process (`CREATE_NEW_PROCESS_GROUP`).
const NEW_GROUP: u32 = 0x200;

/// The command, with our standard input, and pipes for its output. Our other descriptors close when
/// it begins; signals are blocked and ignored as when we began.
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
            // The receiver is gone if the reader has ended first.
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

    /// Does nothing: the console signals it, too.
    pub(crate) fn pass_on(&self, _signal: Caught, _continued: bool) -> Result<(), String> {
        Ok(())
    }
}

/// Does nothing: a thread waits for each process.
pub(crate) fn reap() {}

/// Assumes that it exists: only the start shows where the system looks.
pub(crate) fn is_program(_program: &OsStr) -> bool {
    true
}

pub(crate) fn killed_by(_status: ExitStatus) -> Option<i32> {
    None
}

pub(crate) fn signal_name(_number: i32) -> Option<&'static str> {
    None
}

/// Runs `command` to its end. A key that stops the producer must not cut an upload.
pub(crate) fn run_apart(command: &mut Command, _before: Option<Umask>) -> io::Result<ExitStatus> {
    command.creation_flags(NEW_GROUP).spawn()?.wait()
}
