//! A log as a [`std::io::Write`].

use std::io::{self, Write};

use super::RotatingLog;
use crate::event::Unappended;

/// Appends the bytes written to it, but only whole lines.
///
/// `writeln!` may write one line in several pieces. They are kept until the line has its newline,
/// so no other process can append between them. Flushing does not end a line. Dropping the writer
/// does, and ignores errors then.
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("app.log");
/// use std::io::Write;
/// use clh_tee::RotatingLog;
///
/// let mut log = RotatingLog::options().max_bytes(512 * 1024).open(&path)?.into_writer();
/// write!(log, "one line, ")?;
/// assert!(!path.exists());
/// writeln!(log, "in {} pieces", 2)?;
/// assert_eq!(std::fs::read_to_string(&path)?, "one line, in 2 pieces\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In a [`Mutex`](std::sync::Mutex) it is a `MakeWriter` of `tracing_subscriber`:
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("app.log");
/// use std::sync::Mutex;
/// use clh_tee::RotatingLog;
///
/// let log = RotatingLog::options().max_bytes(512 * 1024).open(&path)?.into_writer();
/// let events = tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(log)).finish();
/// tracing::subscriber::with_default(events, || tracing::info!("started"));
/// assert!(std::fs::read_to_string(&path)?.ends_with(": started\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LogWriter {
    log: RotatingLog,
    partial: Vec<u8>,
}

impl RotatingLog {
    /// Turns the log into a [`std::io::Write`] that appends whole lines.
    #[must_use]
    pub fn into_writer(self) -> LogWriter {
        LogWriter { log: self, partial: Vec::new() }
    }
}

impl LogWriter {
    /// Returns the log, for instance to take its notices.
    pub fn log(&mut self) -> &mut RotatingLog {
        &mut self.log
    }
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(end) = memchr::memrchr(b'\n', bytes) else {
            self.partial.extend_from_slice(bytes);
            return Ok(bytes.len());
        };
        let before = self.partial.len();
        self.partial.extend_from_slice(&bytes[..=end]);
        let outcome = self.log.append(&self.partial);
        match outcome {
            Ok(()) => {
                self.partial.clear();
                self.partial.extend_from_slice(&bytes[end + 1..]);
                Ok(bytes.len())
            }
            // The caller writes the rest again.
            Err(Unappended { appended, .. })
                if (before + 1..self.partial.len()).contains(&appended) =>
            {
                self.partial.clear();
                Ok(appended - before)
            }
            Err(error) => {
                self.partial.truncate(if error.appended == 0 { before } else { 0 });
                Err(error.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        if !self.partial.is_empty() {
            drop(self.log.append(&self.partial));
        }
    }
}
