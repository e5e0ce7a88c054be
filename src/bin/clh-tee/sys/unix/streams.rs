//! Input and output: descriptors that are polled before use.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

use nix::libc;

use super::kernel::{enlarge_pipe, pipe_size, reopened};
use super::waiting::{Awaited, is_ready_within, more, room};
use crate::sys::Stream;

/// The size of a write that could block: a pipe takes it whole once it is ready.
pub(crate) const AT_ONCE: usize = libc::PIPE_BUF;

pub(crate) struct Input(File);

impl Input {
    pub(crate) fn stdin() -> Option<Self> {
        io::stdin().as_fd().try_clone_to_owned().ok().map(Self::from)
    }

    /// Returns how many unread bytes it may hold, if known.
    pub(crate) fn capacity(&self) -> Option<usize> {
        pipe_size(self.0.as_fd())
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        more(self.0.as_fd())
    }
}

impl From<OwnedFd> for Input {
    fn from(fd: OwnedFd) -> Self {
        enlarge_pipe(fd.as_fd());
        Self(fd.into())
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

/// An output that is never waited for. A pipe or terminal is opened a second time:
/// `O_NONBLOCK` belongs to the open file, which others may share.
pub(crate) struct Output {
    file: File,
    /// The size of a write, in bytes.
    at_once: usize,
}

impl Output {
    pub(crate) fn to(stream: Stream) -> Option<Self> {
        let shared = match stream {
            Stream::Out => io::stdout().as_fd().try_clone_to_owned(),
            Stream::Err => io::stderr().as_fd().try_clone_to_owned(),
        };
        let shared = File::from(shared.ok()?);
        let kind = shared.metadata().ok().map(|data| data.file_type());
        let (file, at_once) = match kind {
            Some(kind) if kind.is_fifo() || kind.is_char_device() => match reopened(stream) {
                Ok(own) => (own, usize::MAX),
                Err(_) => (shared, AT_ONCE),
            },
            Some(kind) if kind.is_file() => (shared, usize::MAX),
            _ => (shared, AT_ONCE),
        };
        enlarge_pipe(file.as_fd());
        Some(Self { file, at_once })
    }

    /// Writes the beginning of `bytes`; returns how many.
    ///
    /// Fails with `WouldBlock` if nothing is taken now. The next call, once it is ready,
    /// must begin with the same bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at_once < usize::MAX && !is_ready_within(self.awaited(), Duration::ZERO) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.file.write(&bytes[..bytes.len().min(self.at_once)])
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        room(self.file.as_fd())
    }
}
