//! Our own three streams, and our exit status.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use winapi_util::{AsHandleRef, Handle, HandleRef, file};

use super::streams::{Output, written};
use super::waiting::{Awaited, is_ready_within};
use crate::sys::Stream;

/// How long a message may take to be written: on a busy machine, its thread may have to
/// wait for its turn.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

/// Standard output with blocking writes.
pub(crate) struct Stdout(());

impl Stdout {
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self(()))
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Self::open()
    }

    /// Is never ready: only the next write shows that the reader is gone.
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

/// Returns whether standard input is the regular file at `path`: a log must not feed
/// itself.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    is_file_at(&HandleRef::stdin(), path)
}

pub(crate) fn is_standard(stream: Stream, path: &Path) -> bool {
    match stream {
        Stream::Out => is_file_at(&HandleRef::stdout(), path),
        Stream::Err => is_file_at(&HandleRef::stderr(), path),
    }
}

fn is_file_at(open: &HandleRef, path: &Path) -> bool {
    let identity = |handle: &dyn AsHandleRef| {
        let found = file::information(handle.as_handle_ref()).ok()?;
        Some((found.volume_serial_number(), found.file_index()))
    };
    let found = || identity(&Handle::from_path(path).ok()?);
    path.is_file() && identity(open).is_some_and(|open| Some(open) == found())
}

/// Writes to standard error, once the last message is written, if that is within `limit`;
/// returns whether all bytes were taken in time.
pub(crate) fn say(bytes: &[u8], limit: Duration) -> bool {
    static STDERR: Mutex<Option<Output>> = Mutex::new(None);
    let mut stderr = STDERR.lock().unwrap_or_else(PoisonError::into_inner);
    let output = stderr.get_or_insert_with(|| Output::of(Stream::Err));
    // Where no one reads them, only one message is ever waited for.
    if !is_ready_within(output.awaited(), limit) {
        return false;
    }
    output.forget();
    let mut rest = bytes;
    while !rest.is_empty() {
        match output.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if !is_ready_within(output.awaited(), WRITE_LIMIT) {
                    return false;
                }
            }
            Err(_) => return false,
        }
    }
    true
}

/// Returns the exit status, or exits if it is too large to be returned: a command's
/// status has 32 bits here.
pub(crate) fn end_with(status: u32) -> ExitCode {
    u8::try_from(status).map_or_else(|_| process::exit(status.cast_signed()), ExitCode::from)
}
