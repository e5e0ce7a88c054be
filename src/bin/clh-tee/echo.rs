//! The copy of what is read to standard output, as `tee` makes it, or to
//! standard error.
//!
//! The copy must not keep the program from hearing signals, so it never waits
//! in a write. A pipe or terminal is opened anew for that: the flag for not
//! waiting belongs to the open file, which others may share.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::poll::{PollFlags, PollTimeout};

use crate::descriptor::{AT_ONCE, is_ready};
use crate::lines::READ;
use crate::reader::Stream;

/// A copy, and what of it is still to be written.
pub(crate) struct Echo {
    /// Where it goes; none if there is none, or if nobody reads it any more.
    out: Option<File>,
    /// How much may be written at once.
    at_once: usize,
    /// Bytes that have not been taken yet.
    pending: Vec<u8>,
}

impl Echo {
    /// Returns no copy.
    pub(crate) fn off() -> Self {
        Self { out: None, at_once: 0, pending: Vec::new() }
    }

    /// Returns a copy to that stream of ours.
    pub(crate) fn to(stream: Stream) -> Self {
        let (shared, path) = match stream {
            Stream::Out => (io::stdout().as_fd().try_clone_to_owned(), "/proc/self/fd/1"),
            Stream::Err => (io::stderr().as_fd().try_clone_to_owned(), "/proc/self/fd/2"),
        };
        let shared = shared.map(File::from).ok();
        let kind =
            shared.as_ref().and_then(|file| file.metadata().ok()).map(|data| data.file_type());
        let (out, at_once) = match kind {
            Some(kind) if kind.is_fifo() || kind.is_char_device() => match reopened(path) {
                Ok(own) => (Some(own), usize::MAX),
                Err(_) => (shared, AT_ONCE),
            },
            Some(kind) if kind.is_file() => (shared, usize::MAX),
            _ => (shared, AT_ONCE),
        };
        if let Some(out) = &out {
            enlarge_pipe(out.as_fd());
        }
        Self { out, at_once, pending: Vec::new() }
    }

    /// Writes `bytes`; what is not taken at once is kept.
    ///
    /// # Errors
    ///
    /// If the stream is broken; the copy has ended then. That nobody reads it
    /// any more is no error.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.out.is_some() {
            if self.pending.is_empty() {
                let taken = self.take(bytes)?;
                self.pending.extend_from_slice(&bytes[taken..]);
            } else {
                self.pending.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Goes on with what was not taken.
    ///
    /// # Errors
    ///
    /// As [`Echo::write`].
    pub(crate) fn go_on(&mut self) -> io::Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        let taken = self.take(&pending)?;
        pending.drain(..taken);
        self.pending = pending;
        Ok(())
    }

    /// Ends the copy, whatever is still to be written.
    pub(crate) fn end(&mut self) {
        *self = Self::off();
    }

    /// Returns the stream if something waits to be written to it.
    pub(crate) fn waits_for(&self) -> Option<BorrowedFd<'_>> {
        self.out.as_ref().filter(|_| !self.pending.is_empty()).map(AsFd::as_fd)
    }

    /// Writes what can be written without waiting; returns how much that was.
    /// Where writes could wait, it is one, after which to ask again.
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while let (Some(out), false) = (&mut self.out, taken == bytes.len()) {
            let rest = &bytes[taken..];
            let now = PollTimeout::ZERO;
            if self.at_once < usize::MAX && !is_ready(out.as_fd(), PollFlags::POLLOUT, now) {
                break;
            }
            match out.write(&rest[..rest.len().min(self.at_once)]) {
                Ok(count) => taken += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.end();
                    return if error.kind() == ErrorKind::BrokenPipe {
                        Ok(bytes.len())
                    } else {
                        Err(error)
                    };
                }
            }
        }
        Ok(taken)
    }
}

/// Opens what leads to a pipe or a terminal anew and without waiting.
fn reopened(path: &str) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().write(true).custom_flags(flags).open(path)
}

/// Makes a pipe as large as a read, which halves the number of calls. Anything
/// else is left as it is, and so is a pipe where the system refuses.
pub(crate) fn enlarge_pipe(fd: BorrowedFd<'_>) {
    let size = libc::c_int::try_from(READ).unwrap_or(libc::c_int::MAX);
    if fcntl(fd, FcntlArg::F_GETPIPE_SZ).is_ok_and(|now| now < size) {
        let _refused = fcntl(fd, FcntlArg::F_SETPIPE_SZ(size));
    }
}
