//! The files yet to be read, and the log that is followed.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::found::{Found, Opened};
use super::part::{Cut, Part, bytes_before};
use super::{LogReader, ReadNotice};
use crate::error::{Error, Result};
use crate::names::Form;

#[derive(Debug)]
pub(super) struct Item {
    path: PathBuf,
    identity: u64,
    form: Form,
    file: Option<Arc<File>>,
    /// Once reading has begun.
    part: Option<Part>,
    /// How many bytes of a plain one to read.
    end: u64,
    /// Lines of another file follow, so a partial one needs a newline.
    mend: bool,
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) identity: u64,
    pub(super) file: Arc<File>,
    part: Part,
    /// The bytes before those that are read next.
    before: Vec<u8>,
    /// Where the partial line at the end last ended, and the bytes before that: so it is not
    /// searched again at each wake.
    partial: Option<(u64, Vec<u8>)>,
}

impl Item {
    pub(super) fn backup(found: Found, file: Option<Arc<File>>) -> Self {
        let Found { path, identity, form, .. } = found;
        Self { path, identity, form, file, part: None, end: u64::MAX, mend: true }
    }

    /// The log, up to its present size.
    pub(super) fn log(found: Found, file: Arc<File>) -> Self {
        Self { end: found.size, mend: false, ..Self::backup(found, Some(file)) }
    }

    /// The rest of the log that was followed, to which no writer appends any more.
    pub(super) fn rest(live: Live, path: PathBuf) -> Self {
        let Live { identity, file, part, .. } = live;
        let (form, end) = (Form::Plain, u64::MAX);
        Self { path, identity, form, file: Some(file), part: Some(part), end, mend: true }
    }

    pub(super) fn opened(&mut self) -> Option<Opened<'_>> {
        self.file.as_ref().map(|file| (&mut self.identity, &**file))
    }
}

impl Live {
    pub(super) fn new(identity: u64, file: Arc<File>) -> Self {
        let part = Part::new(Arc::clone(&file), Form::Plain, u64::MAX);
        Self { identity, file, part, before: Vec::new(), partial: None }
    }

    /// Puts the next whole lines into `piece`, and detects truncation.
    fn next(&mut self, piece: &mut Vec<u8>, notices: &mut Vec<ReadNotice>) -> io::Result<()> {
        piece.clear();
        let length = self.file.metadata()?.len();
        let partial = self.partial.take();
        if length == self.part.offset() {
            return Ok(());
        }
        // Truncated, and perhaps longer again, with other content.
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
        if item.part.is_none() {
            item.part = self.begin_item(item)?;
        }
        let Some(part) = &mut item.part else { return Ok(()) };
        let was_partial = part.is_partial_end();
        let cut = Cut { lines: self.watch.is_some(), ended: true };
        if let Err(error) = part.next(&mut self.piece, cut) {
            self.notices.push(ReadNotice::CannotRead(Error::new("read", &item.path, error)));
        }
        if self.piece.is_empty() && was_partial && item.mend {
            // The next file's line must not be glued to it.
            self.piece.push(b'\n');
            item.mend = false;
        }
        Ok(())
    }

    fn begin_item(&mut self, item: &mut Item) -> Result<Option<Part>> {
        if item.file.is_none() {
            item.file = self.spot.find(item.identity)?;
        }
        if item.file.is_none() {
            self.notices.push(ReadNotice::Removed { backups: Some(1) });
        }
        let new = |file: &Arc<File>| Part::new(Arc::clone(file), item.form, item.end);
        Ok(item.file.as_ref().map(new))
    }

    pub(super) fn read_live(&mut self) {
        self.piece.clear();
        let Some(live) = &mut self.live else { return };
        if let Err(error) = live.next(&mut self.piece, &mut self.notices) {
            let path = self.spot.names.log();
            self.notices.push(ReadNotice::CannotRead(Error::new("read", path, error)));
            // No retry, or the reports would never end.
            self.live = None;
        }
    }
}
