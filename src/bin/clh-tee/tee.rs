//! The copy of what is read to standard output, as `tee` makes it, or to
//! standard error.
//!
//! The copy must not keep the program from hearing signals, so it never waits
//! in a write.

use std::io::{self, ErrorKind};

use crate::sys::Stream;
use crate::sys::{Awaited, Output};

/// A copy, and what of it is still to be written.
pub(crate) struct Tee {
    /// None if there is no copy, or if it has ended.
    out: Option<Output>,
    /// Bytes that have not been taken yet.
    pending: Vec<u8>,
}

impl Tee {
    pub(crate) fn off() -> Self {
        Self { out: None, pending: Vec::new() }
    }

    pub(crate) fn to(stream: Stream) -> Self {
        Self { out: Output::to(stream), pending: Vec::new() }
    }

    /// Writes `bytes`; what is not taken at once is kept.
    ///
    /// # Errors
    ///
    /// If the stream is broken; the copy has ended then. That nobody reads it
    /// any more is no error.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.out.is_some() {
            if self.pending.is_empty() {
                let taken = self.take(bytes)?;
                self.pending.extend_from_slice(&bytes[taken..]);
            } else {
                self.pending.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Goes on with what was not taken, as [`Tee::write`] does.
    pub(crate) fn go_on(&mut self) -> io::Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        let taken = self.take(&pending)?;
        pending.drain(..taken);
        self.pending = pending;
        Ok(())
    }

    /// Ends the copy, whatever is still to be written.
    pub(crate) fn end(&mut self) {
        *self = Self::off();
    }

    /// Returns that the stream takes more, if something waits for that.
    pub(crate) fn waits_for(&self) -> Option<Awaited<'_>> {
        self.out.as_ref().filter(|_| !self.pending.is_empty()).map(Output::awaited)
    }

    /// Writes what can be written without waiting; returns how much that was.
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while let (Some(out), false) = (&mut self.out, taken == bytes.len()) {
            match out.write(&bytes[taken..]) {
                Ok(count) => taken += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.end();
                    return if error.kind() == ErrorKind::BrokenPipe {
                        Ok(bytes.len())
                    } else {
                        Err(error)
                    };
                }
            }
        }
        Ok(taken)
    }
}
