//! The copy of the input on standard output or standard error.
//!
//! A write never waits, so the program keeps handling signals.

use std::io::{self, ErrorKind};

use crate::sys::{Awaited, Output, Stream};

pub(crate) struct Tee {
    /// `None` if there is no copy, or it has ended.
    out: Option<Output>,
    pending: Vec<u8>,
}

impl Tee {
    pub(crate) fn off() -> Self {
        Self { out: None, pending: Vec::new() }
    }

    pub(crate) fn to(stream: Stream) -> Self {
        Self { out: Output::to(stream), pending: Vec::new() }
    }

    /// Writes `bytes`, and keeps those that the stream does not accept at once. A broken stream is
    /// an error and ends the copy; a closed pipe only ends it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let taken = if self.pending.is_empty() { self.take(bytes)? } else { 0 };
        if self.out.is_some() {
            self.pending.extend_from_slice(&bytes[taken..]);
        }
        Ok(())
    }

    /// Writes more of the kept bytes, like [`Tee::write`].
    pub(crate) fn go_on(&mut self) -> io::Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        let taken = self.take(&pending)?;
        pending.drain(..taken);
        self.pending = pending;
        Ok(())
    }

    pub(crate) fn end(&mut self) {
        *self = Self::off();
    }

    pub(crate) fn waits_for(&self) -> Option<Awaited<'_>> {
        self.out.as_ref().filter(|_| !self.pending.is_empty()).map(Output::awaited)
    }

    /// Writes as much as possible without waiting; returns how many bytes that was.
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while let (Some(out), false) = (&mut self.out, taken == bytes.len()) {
            match out.write(&bytes[taken..]) {
                Ok(count) => taken += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.end();
                    let closed = error.kind() == ErrorKind::BrokenPipe;
                    return if closed { Ok(bytes.len()) } else { Err(error) };
                }
            }
        }
        Ok(taken)
    }
}
