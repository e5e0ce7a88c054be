//! Bytes that are kept until they are needed: up to a mebibyte in memory, more in an unnamed
//! temporary file. Only this file uses tempfile.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clh_tee::Records;
use tempfile::SpooledTempFile;

use super::queue::newlines;

pub(crate) const IN_MEMORY: usize = 1024 * 1024;

/// One record, with the position of this reader. It can go to several logs.
#[derive(Clone)]
pub(crate) struct Spooled {
    kept: Arc<Mutex<SpooledTempFile>>,
    pub(crate) length: u64,
    /// How many lines it has.
    pub(crate) lines: u64,
    /// How many bytes have been read.
    position: u64,
}

impl Spooled {
    pub(crate) fn new() -> Self {
        Self::with(SpooledTempFile::new(IN_MEMORY))
    }

    /// Returns one that stays in memory, however long it becomes.
    pub(crate) fn in_memory() -> Self {
        Self::with(SpooledTempFile::new(usize::MAX))
    }

    fn with(kept: SpooledTempFile) -> Self {
        Self { kept: Arc::new(Mutex::new(kept)), length: 0, lines: 0, position: 0 }
    }

    fn kept(&self) -> MutexGuard<'_, SpooledTempFile> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `bytes`. After an error none of them has been added.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.kept().write_all(bytes)?;
        self.length += bytes.len() as u64;
        self.lines += newlines(bytes);
        Ok(())
    }

    /// Adds as many of the records as fit into `longest` bytes, but always the first one. Returns
    /// how many bytes that is.
    pub(crate) fn add_records(&mut self, records: Records<'_>, longest: u64) -> io::Result<usize> {
        let room = usize::try_from(longest.saturating_sub(self.length)).unwrap_or(usize::MAX);
        let count = match records.whole(room.min(records.len())) {
            0 if self.length == 0 => records.end_after(0),
            count => count,
        };
        self.add(&records.bytes()[..count])?;
        Ok(count)
    }

    /// Returns how many bytes have not been read.
    pub(crate) fn left(&self) -> u64 {
        self.length - self.position
    }

    /// Continues at this position.
    pub(crate) fn go_to(&mut self, position: u64) {
        self.position = position.min(self.length);
    }

    #[cfg(test)]
    pub(crate) fn is_in_file(&self) -> bool {
        self.kept().is_rolled()
    }
}

impl Read for Spooled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let mut kept = self.kept();
        kept.seek(SeekFrom::Start(self.position))?;
        let count = kept.read(&mut buffer[..most])?;
        drop(kept);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Spooled {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
        };
        self.go_to(position.ok_or(io::ErrorKind::InvalidInput)?);
        Ok(self.position)
    }
}
