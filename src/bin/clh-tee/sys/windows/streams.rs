//! Input and output, for which threads wait; our own three streams, and our exit status.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::mem;
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use winapi_util::{AsHandleRef, Handle, HandleRef, file};

use super::waiting::{Awaited, Ready, is_ready_within, ring};
use crate::sys::{READ, Stream};

/// The size of a write that could block.
pub(crate) const AT_ONCE: usize = 4096;

/// A pipe's other end is closed (`ERROR_PIPE_NOT_CONNECTED`).
const NOT_CONNECTED: i32 = 233;

pub(crate) struct Input(Arc<Place<Arrived>>);

/// Bytes read from a stream and not taken yet.
#[derive(Default)]
struct Arrived {
    bytes: Vec<u8>,
    /// Set at the end of the stream.
    end: Option<io::Result<()>>,
}

impl Input {
    pub(crate) fn stdin() -> Option<Self> {
        Some(Self::of(io::stdin()))
    }

    pub(super) fn of(stream: impl Read + Send + 'static) -> Self {
        let place = Arc::<Place<Arrived>>::default();
        let other = Arc::clone(&place);
        thread::spawn(move || bring(stream, &other));
        Self(place)
    }

    /// Unknown here.
    pub(crate) fn capacity(&self) -> Option<usize> {
        None
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }
}

/// Reads `stream` to its end. No more is read before the last bytes have been taken, so
/// its writer is held up by our reader.
fn bring(mut stream: impl Read, place: &Place<Arrived>) {
    let mut buffer = vec![0; READ];
    loop {
        let read = match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read,
        };
        let mut arrived = place.wait_while(|arrived| !arrived.bytes.is_empty());
        match read {
            Ok(0) => arrived.end = Some(Ok(())),
            Ok(count) => arrived.bytes.extend_from_slice(&buffer[..count]),
            Err(error) => arrived.end = Some(Err(error)),
        }
        let has_ended = arrived.end.is_some();
        drop(arrived);
        ring();
        if has_ended {
            return;
        }
    }
}

impl Read for Input {
    /// Fails with `WouldBlock` if there is nothing.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut arrived = self.0.lock();
        if arrived.bytes.is_empty() {
            // The end is reported once; after that there is nothing.
            let end = arrived.end.as_mut().map(|end| mem::replace(end, Ok(())));
            return end.unwrap_or(Err(ErrorKind::WouldBlock.into())).map(|()| 0);
        }
        let count = arrived.bytes.len().min(into.len());
        into[..count].copy_from_slice(&arrived.bytes[..count]);
        arrived.bytes.drain(..count);
        self.0.changed.notify_all();
        Ok(count)
    }
}

impl Ready for Input {
    fn is_ready(&self) -> bool {
        let arrived = self.0.lock();
        !arrived.bytes.is_empty() || arrived.end.is_some()
    }
}

/// An output that is never waited for.
pub(crate) struct Output(Arc<Place<Going>>);

/// The state of a write.
#[derive(Default)]
enum Going {
    #[default]
    Nothing,
    /// These bytes are to be written; if empty, they are being written.
    Busy(Vec<u8>),
    /// The number of bytes written.
    Done(io::Result<usize>),
}

impl Output {
    pub(crate) fn to(stream: Stream) -> Option<Self> {
        Some(Self::of(stream))
    }

    pub(super) fn of(stream: Stream) -> Self {
        let place = Arc::<Place<Going>>::default();
        let other = Arc::clone(&place);
        thread::spawn(move || match stream {
            Stream::Out => carry(io::stdout(), &other),
            Stream::Err => carry(io::stderr(), &other),
        });
        Self(place)
    }

    /// Writes the beginning of `bytes`; returns how many.
    ///
    /// Fails with `WouldBlock` if they are not written yet. The next call, once it is ready,
    /// must begin with the same bytes, as it returns their outcome.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut going = self.0.lock();
        match mem::take(&mut *going) {
            Going::Done(outcome) => return outcome,
            Going::Nothing => *going = Going::Busy(bytes[..bytes.len().min(READ)].to_vec()),
            busy @ Going::Busy(_) => *going = busy,
        }
        self.0.changed.notify_all();
        Err(ErrorKind::WouldBlock.into())
    }

    /// Drops the outcome of bytes that will not be given again.
    fn forget(&mut self) {
        let mut going = self.0.lock();
        if matches!(*going, Going::Done(_)) {
            *going = Going::Nothing;
        }
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }
}

fn carry(mut stream: impl Write + IsTerminal, place: &Place<Going>) {
    let is_idle = |going: &mut Going| !matches!(going, Going::Busy(bytes) if !bytes.is_empty());
    loop {
        let mut going = place.wait_while(is_idle);
        let Going::Busy(bytes) = &mut *going else { continue };
        let bytes = mem::take(bytes);
        drop(going);
        *place.lock() = Going::Done(written(&mut stream, &bytes));
        ring();
    }
}

/// Writes all `bytes`; returns their number.
fn written(stream: &mut (impl Write + IsTerminal), bytes: &[u8]) -> io::Result<usize> {
    let shown = shown(bytes, stream.is_terminal());
    let outcome = stream.write_all(&shown).and_then(|()| stream.flush());
    outcome.map(|()| bytes.len()).map_err(|error| match error.raw_os_error() {
        // std does not map this error.
        Some(NOT_CONNECTED) => ErrorKind::BrokenPipe.into(),
        _ => error,
    })
}

/// Returns `bytes`, for the console as UTF-8: it takes nothing else.
fn shown(bytes: &[u8], is_terminal: bool) -> Cow<'_, [u8]> {
    if !is_terminal {
        return bytes.into();
    }
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => text.as_bytes().into(),
        Cow::Owned(text) => text.into_bytes().into(),
    }
}

impl Ready for Output {
    fn is_ready(&self) -> bool {
        !matches!(*self.0.lock(), Going::Busy(_))
    }
}

/// A value that two threads share.
#[derive(Default)]
struct Place<T> {
    content: Mutex<T>,
    /// Signals a change that the other thread waits for.
    changed: Condvar,
}

impl<T> Place<T> {
    fn lock(&self) -> MutexGuard<'_, T> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the content as soon as `holds` returns false.
    fn wait_while(&self, holds: impl FnMut(&mut T) -> bool) -> MutexGuard<'_, T> {
        self.changed.wait_while(self.lock(), holds).unwrap_or_else(PoisonError::into_inner)
    }
}

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

/// Returns whether standard input is the regular file at `path`: a log must not feed itself.
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
