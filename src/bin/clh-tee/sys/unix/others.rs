//! How Unixes other than Linux do without what only that has.
//!
//! What is lost: a command that was started at a terminal is not sent an INT
//! that another process sends to us alone; a signal that is ignored is caught
//! nevertheless, so `nohup` needs a shell in between; and the copy to a pipe
//! goes in small writes.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::fd::BorrowedFd;

use nix::sys::signal::SigSet;

use crate::sys::Sender;
use crate::sys::Stream;

/// Signals of which it is known whether keys sent them. There are none here.
pub(super) enum Keys {}

impl Keys {
    /// Returns none; `keys` are caught as all others are.
    #[expect(clippy::unnecessary_wraps, reason = "where there are some, this can fail")]
    pub(super) fn take(_keys: &SigSet) -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Returns nothing, for there are none.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }

    /// Returns nothing, for there are none.
    pub(super) fn next(&self) -> Option<(i32, Sender)> {
        match *self {}
    }
}

/// Returns where a signal most likely comes from: from a key, if there are any.
pub(super) fn usual_sender() -> Sender {
    if io::stdin().is_terminal() { Sender::Terminal } else { Sender::Process }
}

/// Returns the signals that this process ignores, as far as that is known: none.
pub(super) fn ignored() -> u64 {
    0
}

/// Opens nothing anew: the names under `/dev/fd` are the open files themselves,
/// which others may share.
pub(super) fn reopened(_stream: Stream) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Returns how much a pipe holds, which is not told.
pub(super) fn pipe_size(_fd: BorrowedFd<'_>) -> Option<usize> {
    None
}

/// Leaves a pipe as it is.
pub(super) fn enlarge_pipe(_fd: BorrowedFd<'_>) {}
