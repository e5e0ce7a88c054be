//! What only Linux tells or does: who sent a signal, and how large a pipe is.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{self, SI_KERNEL};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::sys::READ;
use crate::sys::Sender;
use crate::sys::Stream;

/// Signals that keys send, of which it is to be known whether keys did.
pub(super) struct Keys(SignalFd);

impl Keys {
    /// From now on takes in `keys`, which are blocked for that, in this thread
    /// and all that it starts.
    pub(super) fn take(keys: &SigSet) -> io::Result<Option<Self>> {
        keys.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Some(Self(SignalFd::with_flags(keys, flags)?)))
    }

    /// Returns what is readable when one has come in.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Returns the next one, and where it comes from.
    pub(super) fn next(&self) -> Option<(i32, Sender)> {
        let info = self.0.read_signal().ok()??;
        let terminal = info.ssi_code == SI_KERNEL;
        let from = if terminal { Sender::Terminal } else { Sender::Process };
        Some((info.ssi_signo.cast_signed(), from))
    }
}

/// Returns where a signal comes from that is caught in the usual way: not from
/// a key, for those have another.
pub(super) fn usual_sender() -> Sender {
    Sender::Process
}

/// Returns the signals that this process ignores, a bit for each. Where `/proc`
/// is missing, none is known to be.
pub(super) fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
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
