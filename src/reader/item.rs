//! The files to be read, and the log that is followed.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::found::{Access, Found};
use super::part::{Cut, Part, bytes_before};
use super::{LogReader, ReadNotice};
use crate::error::{Error, Result};
use crate::names::Form;

#[derive(Debug)]
pub(super) struct Item {
    pub(super) found: Found,
    /// Set once reading has begun.
    part: Option<Part>,
    /// Where to stop in a plain file.
    end: u64,
    /// Whether another file's lines follow, so that a partial line needs a newline.
    mend: bool,
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) found: Found,
    pub(super) file: Arc<File>,
    part: Part,
    /// The bytes just before the next ones.
    before: Vec<u8>,
    /// Where the partial line at the end ended last time, and the bytes before that. It avoids
    /// searching the same bytes at every wake-up.
    partial: Option<(u64, Vec<u8>)>,
}

impl Item {
    pub(super) fn backup(found: Found) -> Self {
        Self { found, part: None, end: u64::MAX, mend: true }
    }

    /// Returns the log up to its present size.
    pub(super) fn log(found: Found) -> Self {
        Self { end: found.size, mend: false, ..Self::backup(found) }
    }

    /// Returns the rest of the log that was followed; no writer appends to it any more.
    pub(super) fn rest(live: Live) -> Self {
        Self { part: Some(live.part), ..Self::backup(live.found) }
    }
}

impl Live {
    pub(super) fn new(found: Found, file: Arc<File>) -> Self {
        let part = Part::new(Arc::clone(&file), Form::Plain, u64::MAX);
        Self { found, file, part, before: Vec::new(), partial: None }
    }

    /// Puts the next whole lines into `piece`; detects truncation.
    fn next(&mut self, piece: &mut Vec<u8>, notices: &mut Vec<ReadNotice>) -> io::Result<()> {
        piece.clear();
        let length = self.file.metadata()?.len();
        let partial = self.partial.take();
        if length == self.part.offset() {
            return Ok(());
        }
        // Truncated, and perhaps grown again with other content.
        if bytes_before(&self.file, self.part.offset())? != self.before {
            notices.push(ReadNotice::Emptied);
            self.part.rewind();
        } else if let Some((end, bytes)) = partial
            && end <= length
            && bytes_before(&self.file, end)? == bytes
            && self.part.is_partial(end, length)?
        {
            return self.stays_partial(length);
        }
        self.part.next(piece, Cut { lines: true, ended: false })?;
        self.before = bytes_before(&self.file, self.part.offset())?;
        if piece.is_empty() && length > self.part.offset() {
            self.stays_partial(length)?;
        }
        Ok(())
    }

    fn stays_partial(&mut self, end: u64) -> io::Result<()> {
        self.partial = Some((end, bytes_before(&self.file, end)?));
        Ok(())
    }
}

impl LogReader {
    pub(super) fn read_item(&mut self, item: &mut Item) -> Result<()> {
        self.piece.clear();
        if let Access::Later = item.found.access {
            match self.spot.find(item.found.identity)? {
                Some(file) => item.found.access = Access::Open(file),
                None => self.notices.push(ReadNotice::Removed { backups: Some(1) }),
            }
        }
        let Access::Open(file) = &item.found.access else { return Ok(()) };
        if item.part.is_none() {
            self.since.iter_mut().for_each(|since| since.dated = false);
        }
        let new = || Part::new(Arc::clone(file), item.found.form, item.end);
        let part = item.part.get_or_insert_with(new);
        let was_partial = part.partial;
        let cut = Cut { lines: self.whole_lines, ended: true };
        if let Err(error) = part.next(&mut self.piece, cut) {
            self.notices.push(ReadNotice::CannotRead(Error::new("read", &item.found.path, error)));
        }
        if self.piece.is_empty() && was_partial && item.mend {
            // The next file's first line must not join it.
            self.piece.push(b'\n');
            item.mend = false;
        }
        Ok(())
    }

    /// Reads from the followed log; returns whether there was anything new.
    pub(super) fn read_live(&mut self) -> bool {
        self.piece.clear();
        let Some(live) = &mut self.live else { return false };
        if live.part.offset() == 0 {
            self.since.iter_mut().for_each(|since| since.dated = false);
        }
        if let Err(error) = live.next(&mut self.piece, &mut self.notices) {
            let path = self.spot.names.log();
            self.notices.push(ReadNotice::CannotRead(Error::new("read", path, error)));
            // Not retried, because it would be reported forever.
            self.live = None;
        }
        !self.piece.is_empty()
    }
}
