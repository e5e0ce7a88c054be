//! Signals, as something that can be polled for.
//!
//! This file is the only door to signal-hook.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// INT: go on until the input ends.
    Interrupt,
    /// TERM: drain and end.
    Terminate,
    /// HUP, USR1: put everything read so far on disk.
    Flush,
    /// ALRM, USR2: rotate.
    Rotate,
}

/// The signals that have come in.
pub(crate) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Catches the signals from now on. PIPE is ignored already, as in every
    /// Rust program.
    pub(crate) fn catch() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let signals = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGUSR2];
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, signals)?;
        // Caught only so that it does not kill: a write beyond the limit for
        // the size of files then fails like one to a full disk.
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Ok(Self(delivery))
    }

    /// Returns what is readable when a signal has come in.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }

    /// Returns what the signals since the last call ask for.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        let request = |signal| match signal {
            SIGINT => Request::Interrupt,
            SIGTERM => Request::Terminate,
            SIGHUP | SIGUSR1 => Request::Flush,
            _ => Request::Rotate,
        };
        self.0.pending().map(request).collect()
    }
}
