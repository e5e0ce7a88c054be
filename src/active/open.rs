//! An open log: its size, its end, and writes to it that leave whole lines.

use std::fs::File;
use std::io::{self, ErrorKind};

use memchr::memrchr;

use crate::sys::{self, FileExt, Identity};

/// An open log.
#[derive(Debug)]
pub(crate) struct Open {
    /// Opened to append and, where permitted, to read.
    pub(crate) file: File,
    /// Which file it is.
    pub(crate) identity: Identity,
    /// Which file it is for good, as the name of its private file says.
    pub(crate) private_identity: u64,
    /// A regular file; anything else is written, and never rotated or cut.
    pub(crate) regular: bool,
    /// Its size in bytes when it was last looked at.
    pub(crate) size: u64,
    /// Its last byte, when it was last looked at, was no newline.
    pub(crate) torn: bool,
}

impl Open {
    /// Takes in the log's size. Only if it is not the one that we left it with
    /// can its end be torn, and only then is its last byte read.
    pub(crate) fn resized(&mut self, size: u64) {
        if self.regular && self.size != size {
            self.size = size;
            let mut last = [b'\n'];
            // A log that may not be read counts as whole.
            let read = size.checked_sub(1).map(|end| self.file.read_exact_at(&mut last, end));
            self.torn = matches!(read, Some(Ok(()))) && last != [b'\n'];
        }
    }

    /// Appends whole lines, behind a newline if the log's end is torn.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<(), (usize, io::Error)> {
        self.mend().map_err(|error| (0, error))?;
        self.write(lines)
    }

    /// Ends a torn end with a newline.
    pub(crate) fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.write(b"\n").map_err(|(_, error)| error)?;
            self.torn = false;
        }
        Ok(())
    }

    /// Writes whole lines, or as many of them as can be.
    fn write(&mut self, lines: &[u8]) -> Result<(), (usize, io::Error)> {
        let (written, outcome) = write_all(&self.file, lines);
        let Err(error) = outcome else {
            self.grown(written);
            return Ok(());
        };
        if !self.regular {
            // What a pipe has taken cannot be taken back. The rest of a line
            // follows at the next try.
            return Err((written, error));
        }
        // Cut back rather than finish later: until we had the lock again, half
        // a line would stand at the end, and another writer's line would join
        // it. Nobody else has appended meanwhile, for the lock is ours.
        let kept = memrchr(b'\n', &lines[..written]).map_or(0, |end| end + 1);
        self.grown(kept);
        if kept < written && self.file.set_len(self.size).is_err() {
            // The next look finds another size than this, and a torn end.
            return Err((kept, error));
        }
        Err((kept, error))
    }

    /// Counts bytes that went in.
    fn grown(&mut self, bytes: usize) {
        if self.regular {
            self.size += bytes as u64;
        }
    }
}

/// Writes all of `bytes`; returns how much of it was written, and how it ended.
fn write_all(file: &File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match sys::append(file, &bytes[written..]) {
            Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}
