//! Unixes other than Linux. They lack three things: a command at a terminal does not get an INT
//! that another process sends only to us; it gets no signal without a name; and the copy to a pipe
//! is written in small pieces.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use signal_hook::consts::FORBIDDEN;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::raw;
use super::signals::{Set, bit, kernel_sender};
use crate::sys::{Sender, Stream};

/// Signals that are caught, unless they were ignored: a command could not ignore them again.
pub(super) struct Delivery(SignalDelivery<UnixStream, SignalOnly>);

impl Delivery {
    pub(super) fn open(set: Set) -> io::Result<Self> {
        // Our parent may have blocked it; then we would not notice the end of a child.
        SigSet::from(Signal::SIGCHLD).thread_unblock()?;
        let is_caught = |signal: &i32| {
            let kept = FORBIDDEN.contains(signal) || raw::is_ignored(*signal);
            set & bit(*signal) != 0 && (*signal == Signal::SIGCHLD as i32 || !kept)
        };
        let all = Signal::iterator().map(|signal| signal as i32);
        let signals: Vec<i32> = all.filter(is_caught).collect();
        let (read, write) = UnixStream::pair()?;
        SignalDelivery::with_pipe(read, write, SignalOnly, signals).map(Self)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }

    /// Returns the signals that arrived, with their likely senders: the terminal, if there is one.
    pub(super) fn pending(&mut self) -> Vec<(i32, Sender)> {
        let keys = io::stdin().is_terminal();
        let sender = |signal| match signal {
            libc::SIGXFSZ | libc::SIGPIPE | libc::SIGCHLD => Sender::Ourselves,
            _ if keys => kernel_sender(signal),
            _ => Sender::Process,
        };
        self.0.pending().map(|signal| (signal, sender(signal))).collect()
    }
}

/// Runs `start` with those signals blocked that are still blocked.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere this can fail")]
pub(super) fn with_first_mask<T>(start: impl FnOnce() -> T) -> io::Result<T> {
    Ok(start())
}

pub(super) fn unblocked<T>(signal: i32, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let signal = Signal::try_from(signal)?;
    let ours = SigSet::from(signal).thread_swap_mask(SigmaskHow::SIG_UNBLOCK)?;
    let done = act();
    ours.thread_set_mask()?;
    done
}

pub(super) fn leave_no_core() {
    // Lowering a limit is always allowed.
    setrlimit(Resource::RLIMIT_CORE, 0, 0).unwrap_or_default();
}

/// Fails, because the names under `/dev/fd` are the open files, which other processes may share.
pub(super) fn reopened(_stream: Stream) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Not known here.
pub(super) fn pipe_size(_fd: BorrowedFd<'_>) -> Option<usize> {
    None
}

pub(super) fn enlarge_pipe(_fd: BorrowedFd<'_>) {}
