//! Our own three streams as they are, and what we end with.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::waiting::{Awaited, closed, is_ready_within, room, wait};
use crate::sys::Stream;

/// Standard output, written as it comes and with waiting: also where others who
/// share it have set it not to wait, as node does.
pub(crate) struct Stdout(File);

impl Stdout {
    /// Returns it, if it is open.
    pub(crate) fn open() -> io::Result<Self> {
        io::stdout().as_fd().try_clone_to_owned().map(File::from).map(Self)
    }

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
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // If a signal interrupts it, or it fails, the next write tells.
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

/// Returns what the program ends with.
pub(crate) fn end_with(status: u32) -> ExitCode {
    // No status of a command's is larger.
    ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX))
}
