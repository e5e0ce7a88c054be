//! An open log: its size, its end, and writes to it that leave whole records.

use std::fs::File;
use std::io::{self, ErrorKind};

use super::records::Records;
use crate::sys::{self, FileExt, Identity};

#[derive(Debug)]
pub(crate) struct Open {
    /// Opened to append and, if permitted, to read.
    pub(crate) file: File,
    pub(crate) identity: Identity,
    /// The identity in the name of its private file.
    pub(crate) private_identity: u64,
    /// A regular file; anything else is never rotated or cut.
    pub(crate) regular: bool,
    /// In bytes, when we last looked.
    pub(crate) size: u64,
    /// Whether it ended with a partial line when we last looked.
    pub(crate) partial: bool,
}

impl Open {
    /// Updates the size. Only if other writers changed it can the log end with a partial line,
    /// and only then is the last byte read.
    pub(crate) fn resized(&mut self, size: u64) {
        if self.regular && self.size != size {
            self.size = size;
            let mut last = [b'\n'];
            // A log that may not be read counts as whole.
            let read = size.checked_sub(1).map(|end| self.file.read_exact_at(&mut last, end));
            self.partial = matches!(read, Some(Ok(()))) && last != [b'\n'];
        }
    }

    /// Appends records, after the newline that ends a partial line.
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
            // A pipe cannot be cut back. The rest of a record follows at the next try.
            return Err((written, error));
        }
        // Cut back rather than finish later: another writer's line would join half
        // of ours before we had the lock again. We hold it, so nothing follows.
        let kept = records.whole(written);
        self.grown(kept);
        if kept < written {
            // If that fails, the next look finds another size, and a partial line.
            drop(self.file.set_len(self.size));
        }
        Err((kept, error))
    }

    fn grown(&mut self, bytes: usize) {
        if self.regular {
            self.size += bytes as u64;
        }
    }
}
