//! What only Linux has: the sender of a signal, and the size of a pipe.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process;
use std::sync::OnceLock;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{self, SI_KERNEL, SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK, SIGCHLD};
use nix::sys::prctl::set_dumpable;

use super::raw;
use super::signals::{Set, bit, kernel_sender};
use crate::sys::{READ, Sender, Stream};

static FIRST_MASK: OnceLock<Set> = OnceLock::new();

const INFO: usize = 128;

/// Signals that are blocked in this thread and those that it starts, and read instead. Ignored
/// signals arrive, too.
pub(super) struct Delivery(File);

impl Delivery {
    pub(super) fn open(set: Set) -> io::Result<Self> {
        let before = raw::mask(SIG_BLOCK, set)?;
        FIRST_MASK.get_or_init(|| before);
        raw::signal_fd(set).map(File::from).map(Self)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Returns the signals that arrived, in order, with their senders.
    pub(super) fn pending(&mut self) -> Vec<(i32, Sender)> {
        let mut info = [0; INFO];
        let mut all = Vec::new();
        while let Ok(INFO) = self.0.read(&mut info) {
            // The fields `ssi_signo`, `ssi_errno`, `ssi_code` and `ssi_pid`.
            let number = |at: usize| i32::from_ne_bytes([0, 1, 2, 3].map(|byte| info[at + byte]));
            let (signal, code, pid) = (number(0), number(8), number(12));
            let sender = match code {
                SI_KERNEL => kernel_sender(signal),
                _ if pid.cast_unsigned() == process::id() => Sender::Ourselves,
                // The kernel reports a child of ours.
                1.. if signal == SIGCHLD => Sender::Ourselves,
                _ => Sender::Process,
            };
            all.push((signal, sender));
        }
        all
    }
}

/// Runs `start` with the same signals blocked as when we started.
pub(super) fn with_first_mask<T>(start: impl FnOnce() -> T) -> io::Result<T> {
    let Some(first) = FIRST_MASK.get() else { return Ok(start()) };
    let ours = raw::mask(SIG_SETMASK, *first)?;
    let started = start();
    raw::mask(SIG_SETMASK, ours)?;
    Ok(started)
}

pub(super) fn unblocked<T>(signal: i32, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let ours = raw::mask(SIG_UNBLOCK, bit(signal))?;
    let done = act();
    raw::mask(SIG_SETMASK, ours)?;
    done
}

pub(super) fn leave_no_core() {
    // There is no reason for it to fail.
    set_dumpable(false).unwrap_or_default();
}

/// Opens one of our streams, a pipe or terminal, again and non-blocking.
pub(super) fn reopened(stream: Stream) -> io::Result<File> {
    let path = match stream {
        Stream::Out => "/proc/self/fd/1",
        Stream::Err => "/proc/self/fd/2",
    };
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().write(true).custom_flags(flags).open(path)
}

pub(super) fn pipe_size(fd: BorrowedFd<'_>) -> Option<usize> {
    fcntl(fd, FcntlArg::F_GETPIPE_SZ).ok()?.try_into().ok()
}

/// Makes a pipe as large as a read, if the system permits that. It halves the number of calls.
pub(super) fn enlarge_pipe(fd: BorrowedFd<'_>) {
    let size = libc::c_int::try_from(READ).unwrap_or(libc::c_int::MAX);
    if fcntl(fd, FcntlArg::F_GETPIPE_SZ).is_ok_and(|now| now < size) {
        let _refused = fcntl(fd, FcntlArg::F_SETPIPE_SZ(size));
    }
}
