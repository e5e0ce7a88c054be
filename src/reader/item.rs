//! The files that are still to be read, and the log that is followed.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::found::{Found, Opened};
use super::part::{Cut, Part, bytes_before};
use super::{LogReader, ReadNotice};
use crate::error::{Error, Result};
use crate::names::Form;

/// A file that is to be read to its end.
#[derive(Debug)]
pub(super) struct Item {
    path: PathBuf,
    identity: u64,
    form: Form,
    file: Option<Arc<File>>,
    /// How far it has been read, once that has begun.
    part: Option<Part>,
    /// How much of it is read.
    up_to: Option<u64>,
    /// Lines of another file come after it.
    mend: bool,
}

/// The log that is followed.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) identity: u64,
    pub(super) file: Arc<File>,
    part: Part,
    /// The bytes that stood before what is read next.
    before: Vec<u8>,
    /// Where the partial line at the end was last seen to end, and the bytes
    /// before that: what has been looked through is not read at each wake.
    partial: Option<(u64, Vec<u8>)>,
}

impl Item {
    pub(super) fn backup(found: Found, file: Option<Arc<File>>) -> Self {
        let Found { path, identity, form, .. } = found;
        Self { path, identity, form, file, part: None, up_to: None, mend: true }
    }

    /// Returns the log, of which so much is read as there is now.
    pub(super) fn log(found: Found, file: Arc<File>) -> Self {
        let size = found.size;
        Self { up_to: Some(size), mend: false, ..Self::backup(found, Some(file)) }
    }

    /// Returns what is left of the log that was at `path` and is followed no
    /// longer: nobody appends to it any more.
    pub(super) fn rest(live: Live, path: PathBuf) -> Self {
        let Live { identity, file, part, .. } = live;
        let (file, part, form) = (Some(file), Some(part), Form::Plain);
        Self { path, identity, form, file, part, up_to: None, mend: true }
    }

    /// Returns the file, if it is open, and which one it is.
    pub(super) fn opened(&mut self) -> Option<Opened<'_>> {
        self.file.as_ref().map(|file| (&mut self.identity, &**file))
    }
}

impl Live {
    pub(super) fn new(identity: u64, file: Arc<File>) -> Self {
        let part = Part::new(Arc::clone(&file), Form::Plain);
        Self { identity, file, part, before: Vec::new(), partial: None }
    }

    /// Puts the next whole lines into `piece`, and notices if the log has been
    /// emptied.
    fn next(&mut self, piece: &mut Vec<u8>, notices: &mut Vec<ReadNotice>) -> io::Result<()> {
        piece.clear();
        let length = self.file.metadata()?.len();
        let partial = self.partial.take();
        if length == self.part.offset() {
            return Ok(());
        }
        // Shorter, or longer again meanwhile, with other content.
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

    /// Remembers a partial line that ended at `end`.
    fn stays_partial(&mut self, end: u64) -> io::Result<()> {
        self.partial = Some((end, bytes_before(&self.file, end)?));
        Ok(())
    }
}

impl LogReader {
    pub(super) fn read_item(&mut self, item: &mut Item) -> Result<()> {
        self.piece.clear();
        let part = match &mut item.part {
            Some(part) => part,
            None => match self.begin_item(item)? {
                Some(part) => item.part.insert(part),
                None => return Ok(()),
            },
        };
        let was_torn = part.is_torn();
        let cut = Cut { lines: self.watch.is_some(), ended: true };
        if let Err(error) = part.next(&mut self.piece, cut) {
            self.notices.push(ReadNotice::CannotRead(Error::new("read", &item.path, error)));
        }
        if self.piece.is_empty() && was_torn && item.mend {
            // No line of the next file is glued to it.
            self.piece.push(b'\n');
            item.mend = false;
        }
        Ok(())
    }

    /// Begins to read a file, which is opened now if it is not yet.
    fn begin_item(&mut self, item: &mut Item) -> Result<Option<Part>> {
        if item.file.is_none() {
            item.file = self.spot.find(item.identity)?;
        }
        if item.file.is_none() {
            self.notices.push(ReadNotice::Removed { backups: Some(1) });
        }
        let part = item.file.as_ref().map(|file| Part::new(Arc::clone(file), item.form));
        Ok(part.map(|part| match item.up_to {
            Some(length) => part.up_to(length),
            None => part,
        }))
    }

    pub(super) fn read_live(&mut self) {
        self.piece.clear();
        let Some(live) = &mut self.live else { return };
        let read = live.next(&mut self.piece, &mut self.notices);
        if let Err(error) = read {
            let path = self.spot.names.log();
            self.notices.push(ReadNotice::CannotRead(Error::new("read", path, error)));
            // It is not tried again: there would be no end to telling.
            self.live = None;
        }
    }
}
