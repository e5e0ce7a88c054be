//! Signals, as something that can be polled for.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ,
};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::kernel::{Keys, ignored, usual_sender};
use super::waiting::{Awaited, more};
use crate::sys::{Request, Sender};

/// What is caught in any case.
///
/// XFSZ is caught only so that it does not kill: a write beyond the limit for
/// the size of files then fails like one to a full disk.
const ALWAYS: [i32; 7] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGUSR2, SIGXFSZ];

/// What is caught besides if there is a command.
const WITH_COMMAND: [i32; 2] = [SIGQUIT, SIGCHLD];

/// The signals that have come in.
pub(crate) struct Signals {
    /// Those of which nobody needs to know where they come from.
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    /// Those that keys send, if it is to be known whether keys did.
    keys: Option<Keys>,
}

impl Signals {
    /// Catches the signals from now on. PIPE is ignored already, as in every
    /// Rust program.
    pub(crate) fn catch() -> io::Result<Self> {
        Self::catch_these(&ALWAYS)
    }

    /// Catches the signals that matter to a command too. None of those that are
    /// ignored now is caught, or else the command could no longer be made to
    /// ignore it, as `nohup` does.
    pub(crate) fn catch_for_command() -> io::Result<Self> {
        // Who started us may have blocked it, and then the end of the command
        // would not be noticed.
        SigSet::from(Signal::SIGCHLD).thread_unblock()?;
        let ignored = ignored();
        let is_caught = |signal: &i32| *signal == SIGCHLD || !is_in(ignored, *signal);
        let signals = ALWAYS.into_iter().chain(WITH_COMMAND).filter(is_caught);
        Self::catch_these(&signals.collect::<Vec<_>>())
    }

    /// Catches `signals`.
    fn catch_these(signals: &[i32]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, signals)?;
        Ok(Self { delivery, keys: None })
    }

    /// From now on, finds out whether INT and QUIT come from the terminal.
    ///
    /// They are blocked for that, in this thread and all that it starts. A
    /// process that is started now would begin with them blocked, so this comes
    /// after the command's start, and before that of any thread.
    pub(crate) fn tell_keys(&mut self) -> io::Result<()> {
        let ignored = ignored();
        let keys = [Signal::SIGINT, Signal::SIGQUIT].into_iter();
        let keys: SigSet = keys.filter(|key| !is_in(ignored, *key as i32)).collect();
        self.keys = Keys::take(&keys)?;
        Ok(())
    }

    /// Returns what is ready when a signal has come in.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = Awaited<'_>> {
        let fds = [self.delivery.get_read().as_fd()].into_iter();
        fds.chain(self.keys.iter().map(Keys::fd)).map(more)
    }

    /// Returns what the signals since the last call ask for.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        let keys = std::iter::from_fn(|| self.keys.as_ref()?.next());
        let keys = keys.filter_map(|(signal, from)| request(signal, from));
        let others = self.delivery.pending().filter_map(|signal| request(signal, usual_sender()));
        keys.chain(others).collect()
    }
}

/// Returns what a signal asks for, if anything.
fn request(signal: i32, from: Sender) -> Option<Request> {
    match signal {
        SIGINT => Some(Request::Interrupt(from)),
        SIGQUIT => Some(Request::Quit(from)),
        SIGTERM => Some(Request::Terminate),
        SIGHUP => Some(Request::HangUp),
        SIGUSR1 => Some(Request::Flush),
        SIGALRM | SIGUSR2 => Some(Request::Rotate),
        SIGCHLD => Some(Request::ChildEnded),
        _ => None,
    }
}

/// Tells whether the bit of `signal` is set.
fn is_in(mask: u64, signal: i32) -> bool {
    mask & (1 << (signal - 1)) != 0
}
