//! What is read and written: descriptors that are polled before they are used.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use super::kernel::{enlarge_pipe, pipe_size, reopened};
use super::waiting::{Awaited, closed, is_ready_within, more, room};
use crate::reader::Stream;

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
        let shared = File::from(borrowed(stream, |fd| fd.try_clone_to_owned()).ok()?);
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

/// Standard output, written as it comes and with waiting.
pub(crate) struct Stdout(File);

impl Stdout {
    /// Returns it, if it is open.
    pub(crate) fn open() -> io::Result<Self> {
        io::stdout().as_fd().try_clone_to_owned().map(File::from).map(Self)
    }

    /// Returns a second one.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Returns it as something to wait for: that nobody reads it any more.
    pub(crate) fn closed(&self) -> Awaited<'_> {
        closed(self.0.as_fd())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Tells whether standard input is the regular file at `path`. A log that feeds
/// itself would have no end.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    is_file_at(io::stdin().as_fd(), path)
}

/// Tells whether that stream of ours is the regular file at `path`.
pub(crate) fn is_standard(stream: Stream, path: &Path) -> bool {
    borrowed(stream, |fd| is_file_at(fd, path))
}

/// Tells whether `fd` is the regular file at `path`.
fn is_file_at(fd: BorrowedFd<'_>, path: &Path) -> bool {
    let open = fd.try_clone_to_owned().and_then(|owned| File::from(owned).metadata());
    let (Ok(open), Ok(found)) = (open, path.metadata()) else { return false };
    found.is_file() && (found.dev(), found.ino()) == (open.dev(), open.ino())
}

/// Does something with the descriptor of that stream of ours.
fn borrowed<T>(stream: Stream, ask: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
    match stream {
        Stream::Out => ask(io::stdout().as_fd()),
        Stream::Err => ask(io::stderr().as_fd()),
    }
}

/// Writes to standard error if it takes something within `patience`; tells
/// whether it did.
pub(crate) fn say(bytes: &[u8], patience: Duration) -> bool {
    let stderr = io::stderr();
    is_ready_within(room(stderr.as_fd()), patience) && stderr.lock().write_all(bytes).is_ok()
}

/// Returns the system's words for an error of this number.
pub(crate) fn reason(number: i32) -> String {
    Errno::from_raw(number).desc().to_owned()
}

/// Returns what the program ends with.
pub(crate) fn end_with(status: u32) -> ExitCode {
    // No status of a command's is larger.
    ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX))
}
