//! Input and output, our own three streams, and our exit status.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::libc;

use super::kernel::{enlarge_pipe, pipe_size, reopened};
use super::waiting::{Awaited, closed, is_ready_within, more, room, wait};
use crate::sys::Stream;

/// The size of a write that could block. A pipe that is ready takes it whole.
pub(crate) const AT_ONCE: usize = libc::PIPE_BUF;

pub(crate) struct Input(File);

impl Input {
    pub(crate) fn stdin() -> Option<Self> {
        io::stdin().as_fd().try_clone_to_owned().ok().map(Self::of)
    }

    pub(super) fn of(fd: OwnedFd) -> Self {
        enlarge_pipe(fd.as_fd());
        Self(fd.into())
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        pipe_size(self.0.as_fd())
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        more(self.0.as_fd())
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

/// An output that never makes us wait. A pipe or terminal is opened a second time, because
/// `O_NONBLOCK` belongs to the open file, which other processes may share.
pub(crate) struct Output {
    file: File,
    at_once: usize,
}

impl Output {
    pub(crate) fn to(stream: Stream) -> Option<Self> {
        let shared = File::from(duplicate(stream).ok()?);
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

    /// Writes the beginning of `bytes`; returns how many. Fails with `WouldBlock` if none are
    /// accepted now; then the next call, once it is ready, must begin with the same bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at_once < usize::MAX && !is_ready_within(self.awaited(), Duration::ZERO) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.file.write(&bytes[..bytes.len().min(self.at_once)])
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        room(self.file.as_fd())
    }
}

/// Standard output with blocking writes, even if another process, such as node, has made the open
/// file non-blocking.
pub(crate) struct Stdout(File);

impl Stdout {
    pub(crate) fn open() -> io::Result<Self> {
        io::stdout().as_fd().try_clone_to_owned().map(File::from).map(Self)
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    pub(crate) fn closed(&self) -> Awaited<'_> {
        closed(self.0.as_fd())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // If the wait is interrupted or fails, the next write finds out.
                    wait(&mut [room(self.0.as_fd())], None).unwrap_or_default();
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns whether standard input is the regular file at `path`, because a log must not feed
/// itself.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    is_file_at(io::stdin().as_fd().try_clone_to_owned(), path)
}

pub(crate) fn is_standard(stream: Stream, path: &Path) -> bool {
    is_file_at(duplicate(stream), path)
}

fn is_file_at(fd: io::Result<OwnedFd>, path: &Path) -> bool {
    let open = fd.and_then(|fd| File::from(fd).metadata());
    let (Ok(open), Ok(found)) = (open, path.metadata()) else { return false };
    found.is_file() && (found.dev(), found.ino()) == (open.dev(), open.ino())
}

fn duplicate(stream: Stream) -> io::Result<OwnedFd> {
    match stream {
        Stream::Out => io::stdout().as_fd().try_clone_to_owned(),
        Stream::Err => io::stderr().as_fd().try_clone_to_owned(),
    }
}

/// Writes to standard error if that is ready within `limit`; returns whether it was.
pub(crate) fn say(bytes: &[u8], limit: Duration) -> bool {
    let stderr = io::stderr();
    is_ready_within(room(stderr.as_fd()), limit) && stderr.lock().write_all(bytes).is_ok()
}

pub(crate) fn end_with(status: u32) -> ExitCode {
    // A command's status is never larger here.
    ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX))
}
