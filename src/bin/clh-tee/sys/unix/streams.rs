//! What is read and written: descriptors that are polled before they are used.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

use nix::libc;

use super::kernel::{enlarge_pipe, pipe_size, reopened};
use super::waiting::{Awaited, is_ready_within, more, room};
use crate::sys::Stream;

/// What is written at once where a write could wait: so much goes in if there
/// is room at all.
pub(crate) const AT_ONCE: usize = libc::PIPE_BUF;

/// A stream that is read.
pub(crate) struct Input(File);

impl Input {
    /// Returns standard input, if it is open.
    pub(crate) fn stdin() -> Option<Self> {
        io::stdin().as_fd().try_clone_to_owned().ok().map(Self::from)
    }

    /// Returns how much it may hold that has not been read, as far as that is
    /// known.
    pub(crate) fn capacity(&self) -> Option<usize> {
        pipe_size(self.0.as_fd())
    }

    /// Returns it as something to wait for: what can be read.
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

/// A stream that is written, without ever waiting for it.
///
/// A pipe or terminal is opened anew for that: the flag for not waiting belongs
/// to the open file, which others may share.
pub(crate) struct Output {
    /// Where it goes.
    file: File,
    /// How much may be written at once.
    at_once: usize,
}

impl Output {
    /// Returns that stream of ours, if it is open.
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

    /// Writes the beginning of `bytes`; returns how much of it.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing is taken now. The next call, once it is ready,
    /// must begin with the same bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at_once < usize::MAX && !is_ready_within(self.awaited(), Duration::ZERO) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.file.write(&bytes[..bytes.len().min(self.at_once)])
    }

    /// Returns it as something to wait for: that it takes more.
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        room(self.file.as_fd())
    }
}
