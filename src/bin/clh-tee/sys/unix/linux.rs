//! What only Linux tells or does: who sent a signal, and how large a pipe is.

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
use crate::sys::READ;
use crate::sys::Sender;
use crate::sys::Stream;

/// The signals that were blocked when we began.
static FIRST_MASK: OnceLock<Set> = OnceLock::new();

/// How many bytes the kernel gives for a signal (`struct signalfd_siginfo`).
const INFO: usize = 128;

/// The signals that are blocked, in this thread and in all that it starts, and
/// read instead. What is ignored comes in too then.
pub(super) struct Delivery(File);

impl Delivery {
    pub(super) fn open(set: Set) -> io::Result<Self> {
        let before = raw::mask(SIG_BLOCK, set)?;
        FIRST_MASK.get_or_init(|| before);
        raw::signal_fd(set).map(File::from).map(Self)
    }

    /// Returns what is readable when one has come in.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Returns those that have come in, in order, and where they come from.
    pub(super) fn pending(&mut self) -> Vec<(i32, Sender)> {
        let mut info = [0; INFO];
        let mut all = Vec::new();
        while let Ok(INFO) = self.0.read(&mut info) {
            // `ssi_signo`, `ssi_errno`, `ssi_code`, `ssi_pid`.
            let number = |at: usize| i32::from_ne_bytes([0, 1, 2, 3].map(|byte| info[at + byte]));
            let (signal, code, pid) = (number(0), number(8), number(12));
            all.push((
                signal,
                match code {
                    SI_KERNEL => kernel_sender(signal),
                    _ if pid.cast_unsigned() == process::id() => Sender::Ourselves,
                    // The kernel tells of a child of ours.
                    1.. if signal == SIGCHLD => Sender::Ourselves,
                    _ => Sender::Process,
                },
            ));
        }
        all
    }
}

/// Does something with the signals blocked that were so when we began.
pub(super) fn with_first_mask<T>(start: impl FnOnce() -> T) -> io::Result<T> {
    let Some(first) = FIRST_MASK.get() else { return Ok(start()) };
    let ours = raw::mask(SIG_SETMASK, *first)?;
    let started = start();
    raw::mask(SIG_SETMASK, ours)?;
    Ok(started)
}

/// Does something while a signal is not blocked in this thread.
pub(super) fn unblocked<T>(signal: i32, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let ours = raw::mask(SIG_UNBLOCK, bit(signal))?;
    let done = act();
    raw::mask(SIG_SETMASK, ours)?;
    done
}

/// Keeps the system from writing a core file of this process.
pub(super) fn leave_no_core() {
    // There are no reasons to fail.
    set_dumpable(false).unwrap_or_default();
}

/// Opens a stream of ours that leads to a pipe or a terminal anew and without
/// waiting.
pub(super) fn reopened(stream: Stream) -> io::Result<File> {
    let path = match stream {
        Stream::Out => "/proc/self/fd/1",
        Stream::Err => "/proc/self/fd/2",
    };
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().write(true).custom_flags(flags).open(path)
}

/// Returns how much a pipe holds; none for anything else.
pub(super) fn pipe_size(fd: BorrowedFd<'_>) -> Option<usize> {
    fcntl(fd, FcntlArg::F_GETPIPE_SZ).ok()?.try_into().ok()
}

/// Makes a pipe as large as a read, which halves the number of calls. Anything
/// else is left as it is, and so is a pipe where the system refuses.
pub(super) fn enlarge_pipe(fd: BorrowedFd<'_>) {
    let size = libc::c_int::try_from(READ).unwrap_or(libc::c_int::MAX);
    if fcntl(fd, FcntlArg::F_GETPIPE_SZ).is_ok_and(|now| now < size) {
        let _refused = fcntl(fd, FcntlArg::F_SETPIPE_SZ(size));
    }
}
