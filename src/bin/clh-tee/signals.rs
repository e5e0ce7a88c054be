//! Signals, as something that can be polled for.
//!
//! This file is the only door to signal-hook, and to signalfd, which alone
//! tells who sent a signal.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::libc::SI_KERNEL;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ,
};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What is caught in any case.
///
/// XFSZ is caught only so that it does not kill: a write beyond the limit for
/// the size of files then fails like one to a full disk.
const ALWAYS: [i32; 7] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGUSR2, SIGXFSZ];

/// What is caught besides if there is a command.
const WITH_COMMAND: [i32; 2] = [SIGQUIT, SIGCHLD];

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// INT: go on until the input ends.
    Interrupt(Sender),
    /// QUIT.
    Quit(Sender),
    /// TERM: drain and end.
    Terminate,
    /// HUP: the same as `Flush`, if there is no command.
    HangUp,
    /// USR1: put everything read so far on disk.
    Flush,
    /// ALRM, USR2: rotate.
    Rotate,
    /// CHLD: see whether the command has ended.
    ChildEnded,
}

/// Where a signal comes from, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A key was pressed, and everybody at the terminal gets it.
    Terminal,
    /// Another process sent it, and maybe to us alone.
    Process,
}

/// The signals that have come in.
pub(crate) struct Signals {
    /// Those of which nobody needs to know where they come from.
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    /// Those that keys send, if it is to be known whether keys did.
    keys: Option<SignalFd>,
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
        keys.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        self.keys = Some(SignalFd::with_flags(&keys, flags)?);
        Ok(())
    }

    /// Returns what is readable when a signal has come in.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [self.delivery.get_read().as_fd()].into_iter().chain(self.keys.iter().map(AsFd::as_fd))
    }

    /// Returns what the signals since the last call ask for.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        let keys = std::iter::from_fn(|| self.keys.as_ref()?.read_signal().ok()?);
        let keys = keys.filter_map(|info| {
            let terminal = info.ssi_code == SI_KERNEL;
            let from = if terminal { Sender::Terminal } else { Sender::Process };
            request(info.ssi_signo.cast_signed(), from)
        });
        let others = self.delivery.pending().filter_map(|signal| request(signal, Sender::Process));
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

/// Returns the signals that this process ignores, a bit for each. Where `/proc`
/// is missing, none is known to be.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Tells whether the bit of `signal` is set.
fn is_in(mask: u64, signal: i32) -> bool {
    mask & (1 << (signal - 1)) != 0
}
