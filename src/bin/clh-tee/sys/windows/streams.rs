//! Input and output, whose waiting threads do; our own three streams; and our exit status.

use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use winapi_util::{AsHandleRef, Handle, HandleRef, file};

use super::waiting::{Awaited, Inbox, Outbox, Ready, channel, is_ready_within, start_thread};
use crate::sys::{READ, Stream, lock};

pub(crate) const AT_ONCE: usize = 4096;

/// The other end of a pipe is closed (`ERROR_PIPE_NOT_CONNECTED`).
const NOT_CONNECTED: i32 = 233;

/// How long writing a message may take, because its thread may have to wait for its turn.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct Input {
    arrived: Inbox<io::Result<Vec<u8>>>,
    /// The part of the last piece that has not been taken.
    rest: Vec<u8>,
}

impl Input {
    pub(crate) fn stdin() -> Option<Self> {
        Some(Self::of(io::stdin()))
    }

    pub(super) fn of(stream: impl Read + Send + 'static) -> Self {
        // Nothing more is read until the last piece has been taken, so its writer must wait.
        let (outbox, arrived) = channel(1);
        let started = start_thread(move || bring(stream, &outbox));
        let arrived = started.map_or_else(|error| Inbox::of(Err(error)), |_| arrived);
        Self { arrived, rest: Vec::new() }
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        None
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }
}

fn bring(mut stream: impl Read, arrived: &Outbox<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; READ];
    loop {
        let piece = match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(0) => return,
            read => read.map(|count| buffer[..count].to_vec()),
        };
        let goes_on = piece.is_ok();
        if !arrived.send(piece) || !goes_on {
            return;
        }
    }
}

impl Read for Input {
    /// Fails with `WouldBlock` if there is nothing.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.arrived.take()?.transpose()?.unwrap_or_default();
        }
        let count = self.rest.as_slice().read(into)?;
        self.rest.drain(..count);
        Ok(count)
    }
}

impl Ready for Input {
    fn is_ready(&self) -> bool {
        !self.rest.is_empty() || self.arrived.is_ready()
    }
}

/// An output that never makes us wait.
pub(crate) struct Output {
    jobs: Sender<Vec<u8>>,
    outcomes: Inbox<io::Result<usize>>,
    /// Whether there is a job whose outcome has not been taken.
    is_busy: bool,
}

impl Output {
    pub(crate) fn to(stream: Stream) -> Option<Self> {
        Some(Self::of(stream))
    }

    pub(super) fn of(stream: Stream) -> Self {
        let (jobs, given) = mpsc::channel();
        let (outbox, outcomes) = channel(1);
        let started = start_thread(move || match stream {
            Stream::Out => carry(io::stdout(), given, &outbox),
            Stream::Err => carry(io::stderr(), given, &outbox),
        });
        let outcomes = started.map_or_else(|error| Inbox::of(Err(error)), |_| outcomes);
        Self { jobs, outcomes, is_busy: false }
    }

    /// As on Unix. Also fails with `WouldBlock` until everything is written; the next call returns
    /// that.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_busy {
            let outcome = self.outcomes.take()?;
            self.is_busy = false;
            return outcome.unwrap_or_else(|| Err(ErrorKind::BrokenPipe.into()));
        }
        // If the thread has ended, the outcome is there.
        drop(self.jobs.send(bytes[..bytes.len().min(READ)].to_vec()));
        self.is_busy = true;
        Err(ErrorKind::WouldBlock.into())
    }

    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }
}

fn carry(
    mut stream: impl Write + IsTerminal,
    jobs: Receiver<Vec<u8>>,
    outcomes: &Outbox<io::Result<usize>>,
) {
    for bytes in jobs {
        outcomes.send(written(&mut stream, &bytes));
    }
}

/// Writes all `bytes` and returns their number. The console accepts only UTF-8.
fn written(stream: &mut (impl Write + IsTerminal), bytes: &[u8]) -> io::Result<usize> {
    let text = stream.is_terminal().then(|| String::from_utf8_lossy(bytes));
    let shown = text.as_ref().map_or(bytes, |text| text.as_bytes());
    let outcome = stream.write_all(shown).and_then(|()| stream.flush());
    outcome.map(|()| bytes.len()).map_err(|error| match error.raw_os_error() {
        // Std does not map this error.
        Some(NOT_CONNECTED) => ErrorKind::BrokenPipe.into(),
        _ => error,
    })
}

impl Ready for Output {
    fn is_ready(&self) -> bool {
        !self.is_busy || self.outcomes.is_ready()
    }
}

pub(crate) struct Stdout(());

impl Stdout {
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self(()))
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Self::open()
    }

    /// Is never ready: only the next write shows that the reader has gone.
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

/// Writes to standard error after the last message, if that is written within `limit`; returns
/// whether all bytes were accepted in time.
pub(crate) fn say(bytes: &[u8], limit: Duration) -> bool {
    static STDERR: Mutex<Option<Output>> = Mutex::new(None);
    let mut stderr = lock(&STDERR);
    let output = stderr.get_or_insert_with(|| Output::of(Stream::Err));
    // If nothing reads the messages, only the first one is ever waited for.
    if !is_ready_within(output.awaited(), limit) {
        return false;
    }
    // This is the outcome of a message that was given up.
    if output.is_busy {
        drop(output.write(&[]));
    }
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

/// Exits if the status is too large to be returned: on Windows a command's has 32 bits.
pub(crate) fn end_with(status: u32) -> ExitCode {
    u8::try_from(status).map_or_else(|_| process::exit(status.cast_signed()), ExitCode::from)
}
