//! The differences between systems, behind the same names on all of them.
//!
//! ```text
//!   waiting    Awaited, wait, Waker      poll             │ a bell that threads ring
//!   streams    Input, Output, Stdout     descriptors      │ a thread for each
//!   signals    Signals, end_by, stop     signalfd         │ tokio
//!   process    Process, run_apart, reap  fork, SIGCHLD    │ a thread that waits
//!   files      umask, owners, settings   nix              │ refused, or the environment's
//! ```
//!
//! Only `unix` and `windows` use calls of one system, and the crates for them. Several things can
//! be [awaited](Awaited) at once; using one that is ready never waits.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

pub(crate) use self::system::files::{
    NAMES_HAVE_CASE, NO_OWNERS, NOWHERE, OF_THE_SYSTEM, Umask, group_id, host, is_trusted,
    of_the_user, plain, raise_limit, set_umask, user, user_id, user_name, without,
};
pub(crate) use self::system::process::{
    Process, is_program, killed_by, reap, run_apart, signal_name,
};
pub(crate) use self::system::signals::{Signals, end_by, outlive_file_limit, stop};
pub(crate) use self::system::streams::{
    AT_ONCE, Input, Output, Stdout, end_with, is_standard, is_standard_input, say,
};
pub(crate) use self::system::waiting::{
    Awaited, Waker, Woken, is_ready, is_ready_within, start_thread, wait, waker,
};

pub(crate) type Outputs = [Option<Input>; 2];

/// The size of a read, in bytes.
pub(crate) const READ: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output. Lines from our standard input are treated like this.
    Out,
    Err,
}

impl Stream {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Out => "standard output",
            Self::Err => "standard error",
        }
    }

    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}

/// A signal, under the same names on every system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) request: Request,
    pub(crate) sender: Sender,
    /// Its number, if it can be passed on or cause our death.
    pub(crate) number: Option<i32>,
    /// It was ignored when we started, so we ignore it, too.
    pub(crate) ignored: bool,
}

#[cfg_attr(windows, expect(dead_code, reason = "no signal asks for all of it there"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// INT: continue until the input ends.
    Interrupt,
    Quit,
    Terminate,
    /// HUP: like `Flush` if there is no command.
    HangUp,
    /// USR1: append all lines read so far, and sync them.
    Flush,
    Rotate,
    /// TSTP, TTIN, TTOU: stop, like a shell's job.
    Stop,
    Continue,
    /// CHLD: a child has ended, stopped or continued.
    Child,
    /// Any other signal, which concerns only a command.
    Other,
}

impl Request {
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Interrupt | Self::Quit | Self::Terminate | Self::HangUp)
    }
}

/// The sender of a signal, as far as known.
#[cfg_attr(windows, expect(dead_code, reason = "there all come from the console"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The terminal, which signals the whole process group.
    Terminal,
    /// Another process, perhaps only us.
    Process,
    /// Ourselves, by a write to a closed pipe or beyond the file size limit, or the end of a child.
    /// It is not for the command.
    Ourselves,
}

/// Locks `mutex`. A thread that panics ends the program, so a poisoned state is never seen.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
