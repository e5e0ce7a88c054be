//! The log now appended to.
//!
//! It is kept open between holds. At the start of each hold one `stat` of its
//! path tells whether it is still the log, and how long it is; what other
//! writers did meanwhile shows in nothing else. Under the hold nobody else
//! appends, so a write that fails half-way can be cut back.

mod open;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use self::open::Open;
use crate::error::{Error, Result};
use crate::file::permissions::{Asked, Ownership};
use crate::file::sync::sync_data;
use crate::file::{file_id, symbolic_link};
use crate::lock::Held;
use crate::sys::{self, Identity, Metadata, identity};

/// The log at its path, open or yet to be made.
#[derive(Debug)]
pub(crate) struct Active {
    /// Where it is.
    path: PathBuf,
    /// The open log, if there is one.
    open: Option<Open>,
    /// It is no regular file, and so never rotated.
    special: bool,
    /// If it was closed: which file it was then, and how long.
    left: Option<(Identity, u64)>,
    /// The log that we had open, if others have replaced it since.
    replaced: Option<File>,
    /// How much others had changed its size when we last looked, in bytes.
    others: u64,
    /// What was asked for of a new log.
    asked: Asked,
    /// A log was made that is not so: whether that is still to be told.
    unmet: Option<bool>,
    /// Why a log was made without its access list.
    refused: Option<io::Error>,
    /// Whether what stands at the path has no name: lines are gone when it is
    /// closed.
    pub(crate) nameless: bool,
}

/// A write that failed: how much of it is in nevertheless, and the reason.
#[derive(Debug)]
pub(crate) struct Unwritten {
    /// How many bytes are in; whole lines, if the log is a regular file.
    pub(crate) kept: usize,
    /// Why the rest is not.
    pub(crate) error: Error,
}

impl Active {
    /// Returns the log at `path`, opened if it is there already.
    ///
    /// # Errors
    ///
    /// If it is a directory or a symbolic link, or cannot be written, or, not
    /// being there, cannot be made. A FIFO is opened later, when a process may
    /// read it.
    pub(crate) fn new(path: PathBuf, asked: Asked) -> Result<Self> {
        let mut active = Self {
            path,
            asked,
            open: None,
            special: false,
            left: None,
            replaced: None,
            others: 0,
            unmet: None,
            refused: None,
            nameless: false,
        };
        match sys::look_at(&active.path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(
                    active.cannot("open", io::Error::from_raw_os_error(sys::IS_A_DIRECTORY))
                );
            }
            Ok(metadata) if metadata.is_file() || metadata.is_symlink() => {
                active.open_existing(&metadata)?;
            }
            Ok(metadata) => {
                refuse_socket(&metadata).map_err(Error::on("open", &active.path))?;
                sys::can_write(&active.path).map_err(Error::on("open", &active.path))?;
                active.special = true;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let dir = active.path.parent().unwrap_or(&active.path);
                sys::can_create_in(dir).map_err(Error::on("create", &active.path))?;
            }
            Err(error) => return Err(active.cannot("open", error)),
        }
        if !sys::LOG_STAYS_OPEN {
            active.open = None;
        }
        Ok(active)
    }

    /// Returns the log's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether the log is something that is never locked: a device
    /// orders its own writers, and beside `/dev/null` no lock file belongs.
    pub(crate) fn is_device(&self) -> bool {
        sys::look_at(&self.path).is_ok_and(|metadata| sys::is_device(&metadata))
    }

    /// Looks whether the open log is still the one at the path, opens what is
    /// there if not, and takes in its size. If nothing is there, the log is
    /// empty and will be made by the next append.
    pub(crate) fn refresh(&mut self, _: &mut Held<'_>) -> Result<()> {
        match sys::look_at(&self.path) {
            Ok(metadata) => self.compare(&metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.replaced = self.open.take().map(|open| open.file);
                Ok(())
            }
            Err(error) => Err(self.cannot("look at", error)),
        }
    }

    /// Takes in what `metadata`, of the path, says about the open log.
    fn compare(&mut self, metadata: &Metadata) -> Result<()> {
        // It was removed where it is mounted from. Some file systems count no names.
        self.nameless = sys::links(metadata) == 0 && sys::is_mount_point(&self.path);
        let (now, size) = (identity(metadata), metadata.len());
        let open = self.open.as_ref().map(|open| (open.identity, open.size));
        self.others = match open.or(self.left.take()) {
            Some((before, left)) if before == now => size.abs_diff(left),
            Some(_) => size.max(1),
            None => 0,
        };
        match &mut self.open {
            Some(open) if open.identity == now => open.resized(size),
            _ => {
                let old = self.open.take();
                self.open_existing(metadata)?;
                self.replaced = old.filter(|old| old.regular).map(|old| old.file);
            }
        }
        Ok(())
    }

    /// Opens the log that is there, of which `metadata` tells.
    fn open_existing(&mut self, metadata: &Metadata) -> Result<()> {
        if metadata.is_symlink() {
            return Err(self.cannot("open", symbolic_link(&self.path)));
        }
        refuse_socket(metadata).map_err(Error::on("open", &self.path))?;
        // Only a regular file is read: a FIFO opened for both would have a
        // reader, us, and swallow what nobody reads.
        let mut options = sys::log_options();
        let file = match options.read(metadata.is_file()).open(&self.path) {
            // A log that may be written and not read.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && metadata.is_file() => {
                options.read(false).open(&self.path)
            }
            Err(error) if sys::is_unread(&error) && !sys::is_device(metadata) => {
                Err(io::Error::other("no process has the FIFO open to read"))
            }
            other => other,
        };
        self.keep(file.map_err(|error| self.cannot("open", error))?)
    }

    /// Remembers the open log.
    fn keep(&mut self, file: File) -> Result<()> {
        let metadata = sys::about(&file).map_err(Error::on("look at", &self.path))?;
        let (identity, regular) = (identity(&metadata), metadata.is_file());
        if !regular {
            sys::let_writes_wait(&file).map_err(Error::on("open", &self.path))?;
        }
        let private_identity = file_id(&metadata);
        let mut open = Open { file, identity, private_identity, regular, size: 0, torn: false };
        open.resized(metadata.len());
        self.open = Some(open);
        self.special = !regular;
        Ok(())
    }

    /// Returns the log's size in bytes, 0 if there is none. What is no
    /// regular file has none, and so is never full.
    pub(crate) fn size(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.size)
    }

    /// Returns how many bytes others have put in since our hold before this
    /// one; where they have rotated, how many are in the new log.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }

    /// Returns, once, the log that we had open and that others have replaced.
    pub(crate) fn take_replaced(&mut self) -> Option<File> {
        self.replaced.take()
    }

    /// Returns how many bytes may go in before the log is full at `limit`; 0
    /// if it is, and never so few that a torn end would make it full.
    pub(crate) fn room(&self, limit: u64) -> u64 {
        let Some(open) = &self.open else { return limit };
        match limit.saturating_sub(open.size) {
            0 => 0,
            room => room.saturating_sub(u64::from(open.torn)).max(1),
        }
    }

    /// Returns the identity in the name of the open log's private file.
    pub(crate) fn private_identity(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.private_identity)
    }

    /// Returns the device that the log is on, if it is known.
    pub(crate) fn device(&self) -> Option<u64> {
        let left = self.left.map(|(identity, _)| identity);
        self.open.as_ref().map(|open| open.identity).or(left).map(|(device, _)| device)
    }

    /// Returns what the open log is.
    pub(crate) fn metadata(&self) -> Result<Option<Metadata>> {
        let metadata = self.open.as_ref().map(|open| sys::about(&open.file)).transpose();
        metadata.map_err(|error| self.cannot("look at", error))
    }

    /// Tells whether the log is no regular file: it is never rotated, and to
    /// open it or write to it can take for ever.
    pub(crate) fn is_special(&self) -> bool {
        self.special
    }

    /// Tells whether nothing stands at the log's path.
    pub(crate) fn is_missing(&self) -> bool {
        self.open.is_none()
    }

    /// Makes the missing log: with mode and owner that were asked for, or
    /// those of the one it replaces, if that is known, or else as any new file
    /// is made.
    pub(crate) fn create(&mut self, _: &mut Held<'_>, like: Option<&Ownership>) -> Result<()> {
        let file = self.asked.create_log(&self.path, like);
        let (file, refused) = file.map_err(|error| self.cannot("create", error))?;
        self.refused = refused.or(self.refused.take());
        if self.asked.is_anything() {
            let met = file.metadata().is_ok_and(|metadata| self.asked.is_met_by(&metadata));
            if !met {
                self.unmet.get_or_insert(true);
            }
        }
        self.keep(file)
    }

    /// Tells, once, whether a log was made whose mode or owner are not those
    /// asked for, for the system refused them.
    pub(crate) fn take_unmet(&mut self) -> bool {
        self.unmet.as_mut().is_some_and(std::mem::take)
    }

    /// Returns why a log was made without the access list of the one that
    /// it replaces.
    pub(crate) fn take_refused(&mut self) -> Option<io::Error> {
        self.refused.take()
    }

    /// Appends `lines`, which are whole, to the log, which is there.
    ///
    /// # Errors
    ///
    /// If not all of it can be written. Then the log ends with the last line
    /// that could.
    pub(crate) fn append(
        &mut self,
        _: &mut Held<'_>,
        lines: &[u8],
    ) -> std::result::Result<(), Unwritten> {
        let outcome = match &mut self.open {
            Some(open) => open.append(lines),
            None => Err((0, ErrorKind::NotFound.into())),
        };
        outcome
            .map_err(|(kept, source)| Unwritten { kept, error: self.cannot("append to", source) })
    }

    /// Empties the log in place.
    pub(crate) fn truncate(&mut self, _: &mut Held<'_>) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.file.set_len(0).map_err(Error::on("empty", &self.path))?;
        open.resized(0);
        Ok(())
    }

    /// Ends a torn end with a newline, so that no line is glued to it wherever
    /// the log stands then.
    pub(crate) fn mend(&mut self, _: &mut Held<'_>) -> Result<()> {
        let outcome = self.open.as_mut().map_or(Ok(()), Open::mend);
        outcome.map_err(|error| self.cannot("append to", error))
    }

    /// Closes the log when a hold ends.
    pub(crate) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.left = Some((open.identity, open.size));
        }
    }

    /// Gives up the open log, which has just become a backup.
    pub(crate) fn retire(&mut self, _: &mut Held<'_>) -> Option<File> {
        self.open.take().map(|open| open.file)
    }

    /// Forces the log's content to disk.
    pub(crate) fn sync(&self) -> Result<()> {
        let synced = match &self.open {
            Some(open) if open.regular => sync_data(&open.file),
            None if self.left.is_some() => match sys::log_options().open(&self.path) {
                // Others have rotated it, and seen to that.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                opened => opened.and_then(|log| sync_data(&log)),
            },
            _ => Ok(()),
        };
        synced.map_err(Error::on("sync", &self.path))
    }

    /// Says what cannot be done to the log.
    fn cannot(&self, verb: &'static str, error: io::Error) -> Error {
        Error::new(verb, &self.path, error)
    }
}

/// Refuses a Unix socket: opening one fails for ever.
fn refuse_socket(metadata: &Metadata) -> io::Result<()> {
    if sys::is_socket(metadata) { Err(io::Error::other("it is a Unix socket")) } else { Ok(()) }
}
