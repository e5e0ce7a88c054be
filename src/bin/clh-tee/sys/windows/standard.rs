//! Our own three streams as they are, and what we end with.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use winapi_util::{AsHandleRef, Handle, HandleRef, file};

use super::streams::{Output, written};
use super::waiting::{Awaited, is_ready_within};
use crate::sys::Stream;

/// How long a message may take to go out. On a machine that is busy, the thread
/// that writes it may have to wait for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Standard output, written as it comes and with waiting.
pub(crate) struct Stdout(());

impl Stdout {
    /// Returns it.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Returns a second one.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Self::open()
    }

    /// Returns what is never ready: that nobody reads it any more is known when
    /// the next bytes are written.
    pub(crate) fn closed(&self) -> Awaited<'_> {
        Awaited::never()
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        written(&mut io::stdout(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Tells whether standard input is the regular file at `path`. A log that feeds
/// itself would have no end.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    is_file_at(&HandleRef::stdin(), path)
}

/// Tells whether that stream of ours is the regular file at `path`.
pub(crate) fn is_standard(stream: Stream, path: &Path) -> bool {
    match stream {
        Stream::Out => is_file_at(&HandleRef::stdout(), path),
        Stream::Err => is_file_at(&HandleRef::stderr(), path),
    }
}

/// Tells whether `open` is the regular file at `path`.
fn is_file_at(open: &HandleRef, path: &Path) -> bool {
    let identity = |handle: &dyn AsHandleRef| {
        let found = file::information(handle.as_handle_ref()).ok()?;
        Some((found.volume_serial_number(), found.file_index()))
    };
    let found = || identity(&Handle::from_path(path).ok()?);
    path.is_file() && identity(open).is_some_and(|open| Some(open) == found())
}

/// Writes to standard error if the last message has gone out, or does so within
/// `patience`; tells whether all of it was taken in time.
pub(crate) fn say(bytes: &[u8], patience: Duration) -> bool {
    static STDERR: Mutex<Option<Output>> = Mutex::new(None);
    let mut stderr = STDERR.lock().unwrap_or_else(PoisonError::into_inner);
    let output = stderr.get_or_insert_with(|| Output::of(Stream::Err));
    // Only one message is ever waited for where nobody reads them.
    if !is_ready_within(output.awaited(), patience) {
        return false;
    }
    output.forget();
    let mut rest = bytes;
    while !rest.is_empty() {
        match output.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if !is_ready_within(output.awaited(), PATIENCE) {
                    return false;
                }
            }
            Err(_) => return false,
        }
    }
    true
}

/// Returns what the program ends with, or ends it if that is beyond what can be
/// returned: a status of a command's has 32 bits here.
pub(crate) fn end_with(status: u32) -> ExitCode {
    u8::try_from(status).map_or_else(|_| process::exit(status.cast_signed()), ExitCode::from)
}
