//! What is read and written: a thread for each, which waits in place of us.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::waiting::{Awaited, Ready, ring};
use crate::sys::READ;
use crate::sys::Stream;

/// What is written at once where a write could wait.
pub(crate) const AT_ONCE: usize = 4096;

/// Nobody is at a pipe's other end (`ERROR_PIPE_NOT_CONNECTED`).
const NOT_CONNECTED: i32 = 233;

/// A stream that is read.
pub(crate) struct Input(Arc<Place<Arrived>>);

/// What has been read from a stream, and nobody has taken yet.
#[derive(Default)]
struct Arrived {
    /// The bytes.
    bytes: Vec<u8>,
    /// How the stream has ended, once it has.
    end: Option<io::Result<()>>,
}

impl Input {
    /// Returns standard input.
    pub(crate) fn stdin() -> Option<Self> {
        Some(Self::of(io::stdin()))
    }

    /// Returns what is read from `stream`.
    pub(super) fn of(stream: impl Read + Send + 'static) -> Self {
        let place = Arc::<Place<Arrived>>::default();
        let other = Arc::clone(&place);
        thread::spawn(move || bring(stream, &other));
        Self(place)
    }

    /// Returns how much it may hold that has not been read, as far as that is
    /// known.
    pub(crate) fn capacity(&self) -> Option<usize> {
        None
    }

    /// Returns it as something to wait for: what can be read.
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }
}

/// Reads `stream` to its end. No more is read before the last bytes have been
/// taken, so whoever writes them is held up by who takes them.
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
    /// Takes what has been read; fails with `WouldBlock` if there is nothing.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut arrived = self.0.lock();
        if arrived.bytes.is_empty() {
            // What it ended with is told once, and after that there is nothing.
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

/// A stream that is written, without ever waiting for it.
pub(crate) struct Output(Arc<Place<Going>>);

/// What becomes of what is written.
#[derive(Default)]
enum Going {
    /// There is nothing to write.
    #[default]
    Nothing,
    /// This is to be written, or is being written if there is none.
    Busy(Vec<u8>),
    /// So much was written, or could not be.
    Done(io::Result<usize>),
}

impl Output {
    /// Returns that stream of ours.
    pub(crate) fn to(stream: Stream) -> Option<Self> {
        Some(Self::of(stream))
    }

    /// Returns that stream of ours.
    pub(super) fn of(stream: Stream) -> Self {
        let place = Arc::<Place<Going>>::default();
        let other = Arc::clone(&place);
        thread::spawn(move || match stream {
            Stream::Out => carry(io::stdout(), &other),
            Stream::Err => carry(io::stderr(), &other),
        });
        Self(place)
    }

    /// Writes the beginning of `bytes`; returns how much of it.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing has been written yet. The next call, once it is
    /// ready, must begin with the same bytes, for it tells of them.
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

    /// Forgets what became of bytes that will not be given again.
    pub(super) fn forget(&mut self) {
        let mut going = self.0.lock();
        if matches!(*going, Going::Done(_)) {
            *going = Going::Nothing;
        }
    }

    /// Returns it as something to wait for: that it takes more.
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }
}

/// Writes to `stream` what comes.
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

/// Writes all `bytes`; returns how many that are.
pub(super) fn written(stream: &mut (impl Write + IsTerminal), bytes: &[u8]) -> io::Result<usize> {
    let shown = shown(bytes, stream.is_terminal());
    let outcome = stream.write_all(&shown).and_then(|()| stream.flush());
    outcome.map(|()| bytes.len()).map_err(|error| match error.raw_os_error() {
        // To std this is none of the errors that say so.
        Some(NOT_CONNECTED) => ErrorKind::BrokenPipe.into(),
        _ => error,
    })
}

/// Returns what is written of `bytes`: the console takes nothing but UTF-8.
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

/// Where two threads meet.
#[derive(Default)]
struct Place<T> {
    /// What they share.
    content: Mutex<T>,
    /// Is told when the one that was asked for has changed it.
    changed: Condvar,
}

impl<T> Place<T> {
    /// Returns the content, for a while.
    fn lock(&self) -> MutexGuard<'_, T> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the content as soon as that does not hold any more.
    fn wait_while(&self, holds: impl FnMut(&mut T) -> bool) -> MutexGuard<'_, T> {
        self.changed.wait_while(self.lock(), holds).unwrap_or_else(PoisonError::into_inner)
    }
}
