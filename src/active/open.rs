//! An open log: its size, its end, and appends that leave only whole records.

use std::fs::File;
use std::io::{self, ErrorKind};

use super::records::Records;
use crate::sys::{self, FileExt, Identity};

#[derive(Debug)]
pub(crate) struct Open {
    /// Open for appending and, if permitted, for reading.
    pub(crate) file: File,
    pub(crate) identity: Identity,
    /// The identity that its private file is named by.
    pub(crate) private_identity: u64,
    /// Whether it is a regular file; anything else is never rotated or truncated.
    pub(crate) regular: bool,
    /// Its size in bytes when last checked.
    pub(crate) size: u64,
    /// Whether it ended with a partial line when last checked.
    pub(crate) partial: bool,
}

impl Open {
    /// Updates the size. The log can end with a partial line only if other writers changed it, so
    /// only then is the last byte read.
    pub(crate) fn resized(&mut self, size: u64) {
        if self.regular && self.size != size {
            self.size = size;
            let mut last = [b'\n'];
            // A log that may not be read is assumed to end with a newline.
            let read = size.checked_sub(1).map(|end| self.file.read_exact_at(&mut last, end));
            self.partial = matches!(read, Some(Ok(()))) && last != [b'\n'];
        }
    }

    /// Appends records; if the log ends with a partial line, adds its newline first.
    pub(crate) fn append(&mut self, records: Records<'_>) -> Result<(), (usize, io::Error)> {
        self.end_partial_line().map_err(|error| (0, error))?;
        self.write(records)
    }

    pub(crate) fn end_partial_line(&mut self) -> io::Result<()> {
        if self.partial {
            self.write(b"\n"[..].into()).map_err(|(_, error)| error)?;
            self.partial = false;
        }
        Ok(())
    }

    fn write(&mut self, records: Records<'_>) -> Result<(), (usize, io::Error)> {
        let (bytes, mut written) = (records.bytes(), 0);
        let error = loop {
            if written == bytes.len() {
                self.grown(written);
                return Ok(());
            }
            match sys::append(&self.file, &bytes[written..]) {
                Ok(0) => break ErrorKind::WriteZero.into(),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break error,
            }
        };
        if !self.regular {
            // A pipe cannot be truncated. The rest of the record follows at the next attempt.
            return Err((written, error));
        }
        // Truncate now, because another writer's line would follow half of ours before we could
        // finish it. We hold the lock, so nothing has been appended after it.
        let kept = records.whole(written);
        self.grown(kept);
        if kept < written {
            self.cut_back(self.size);
        }
        Err((kept, error))
    }

    pub(crate) fn cut_back(&mut self, size: u64) {
        self.size = size;
        // If that fails, the next look finds another size, and perhaps a partial line.
        drop(self.file.set_len(size));
    }

    fn grown(&mut self, bytes: usize) {
        if self.regular {
            self.size += bytes as u64;
        }
    }
}
