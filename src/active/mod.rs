//! The log that is being appended to.
//!
//! It stays open between holds. At the start of a hold, one `stat` of its path shows whether it is
//! still the log and how long it is; nothing else is known about other writers. During the hold no
//! other writer appends, so a failed write can be undone by truncating.

mod open;
pub(crate) mod records;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use self::open::Open;
use self::records::Records;
use crate::error::{Error, Result};
use crate::file::permissions::{Asked, Ownership};
use crate::file::sync::sync_data;
use crate::file::{file_id, symbolic_link};
use crate::lock::Held;
use crate::sys::{self, Identity, Metadata, identity};

/// The log at its path, open or not yet created.
#[derive(Debug, Default)]
pub(crate) struct Active {
    path: PathBuf,
    open: Option<Open>,
    /// Not a regular file: it is never rotated, and writing to it may block.
    special: bool,
    /// Its identity and size when it was closed.
    left: Option<(Identity, u64)>,
    /// Our stale log, after other writers replaced it.
    pub(crate) replaced: Option<File>,
    /// How many bytes other writers have appended since our last hold; if they rotated the log, how
    /// many are in the new one.
    pub(crate) others: u64,
    /// The log's sizes before and after another process truncated it.
    pub(crate) shortened: Option<(u64, u64)>,
    asked: Asked,
    /// Set if a log was created without the configured mode or owner; true until that is reported.
    unmet: Option<bool>,
    /// Why a log was created without the access list of the one that it replaces.
    pub(crate) refused: Option<io::Error>,
    /// The log has no name, so its lines are lost when it is closed.
    pub(crate) nameless: bool,
}

/// A write that failed, perhaps after some bytes.
#[derive(Debug)]
pub(crate) struct Unwritten {
    /// How many bytes were written. In a regular file they are whole records.
    pub(crate) kept: usize,
    pub(crate) error: Error,
}

impl Active {
    /// Opens the log if it exists. A directory, a symbolic link and a socket are errors. A FIFO is
    /// opened later, when it may have a reader.
    pub(crate) fn new(path: PathBuf, asked: Asked) -> Result<Self> {
        let mut active = Self { path, asked, ..Self::default() };
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

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether it is a device. That is never locked: it orders its own writers, and no lock
    /// file belongs beside `/dev/null`.
    pub(crate) fn is_device(&self) -> bool {
        sys::look_at(&self.path).is_ok_and(|metadata| sys::is_device(&metadata))
    }

    /// Opens the log at the path if ours is stale, and updates the size. A missing log is created
    /// by the next append.
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

    fn compare(&mut self, metadata: &Metadata) -> Result<()> {
        // Removed under the name that it is mounted from. Some file systems do not count names.
        self.nameless = sys::links(metadata) == 0 && sys::is_mount_point(&self.path);
        let (now, size) = (identity(metadata), metadata.len());
        let open = self.open.as_ref().map(|open| (open.identity, open.size));
        self.others = match open.or(self.left.take()) {
            Some((before, left)) if before == now => {
                // While our log was closed, it may have been removed and the next one may have got
                // its identity.
                let is_same = self.open.is_some();
                self.shortened = (is_same && size < left).then_some((left, size));
                size.abs_diff(left)
            }
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

    fn open_existing(&mut self, metadata: &Metadata) -> Result<()> {
        if metadata.is_symlink() {
            return Err(self.cannot("open", symbolic_link(&self.path)));
        }
        refuse_socket(metadata).map_err(Error::on("open", &self.path))?;
        // Only a regular file is opened for reading. As a reader of a FIFO we would take lines that
        // no other process reads.
        let mut options = sys::log_options();
        let file = match options.read(metadata.is_file()).open(&self.path) {
            // A log that may be written but not read.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && metadata.is_file() => {
                options.read(false).open(&self.path)
            }
            // Without the lock, another writer may have rotated it since we looked.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if sys::is_unread(&error) && !sys::is_device(metadata) => {
                Err(io::Error::other("no process has the FIFO open to read"))
            }
            other => other,
        };
        self.keep(file.map_err(|error| self.cannot("open", error))?)
    }

    fn keep(&mut self, file: File) -> Result<()> {
        let metadata = sys::about(&file).map_err(Error::on("look at", &self.path))?;
        let (identity, regular) = (identity(&metadata), metadata.is_file());
        if !regular {
            sys::let_writes_wait(&file).map_err(Error::on("open", &self.path))?;
        }
        let private_identity = file_id(&metadata);
        let mut open = Open { file, identity, private_identity, regular, size: 0, partial: false };
        open.resized(metadata.len());
        self.open = Some(open);
        self.special = !regular;
        Ok(())
    }

    /// Returns the size in bytes, or 0 if there is no log. Anything but a regular file has size 0
    /// and so is never full.
    pub(crate) fn size(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.size)
    }

    /// Returns how many bytes fit before the log is full at `limit`. It is 0 only if the log is
    /// full now, regardless of the newline that a partial line needs.
    pub(crate) fn room(&self, limit: u64) -> u64 {
        let Some(open) = &self.open else { return limit };
        match limit.saturating_sub(open.size) {
            0 => 0,
            room => room.saturating_sub(u64::from(open.partial)).max(1),
        }
    }

    pub(crate) fn private_identity(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.private_identity)
    }

    pub(crate) fn device(&self) -> Option<u64> {
        let left = self.left.map(|(identity, _)| identity);
        self.open.as_ref().map(|open| open.identity).or(left).map(|(device, _)| device)
    }

    pub(crate) fn metadata(&self) -> Result<Option<Metadata>> {
        let metadata = self.open.as_ref().map(|open| sys::about(&open.file)).transpose();
        metadata.map_err(|error| self.cannot("look at", error))
    }

    pub(crate) fn is_special(&self) -> bool {
        self.special
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.open.is_none()
    }

    /// Creates the missing log with the configured mode and owner, or those of the log that it
    /// replaces, or the system's.
    pub(crate) fn create(&mut self, _: &mut Held<'_>, like: Option<&Ownership>) -> Result<()> {
        let file = self.asked.create_log(&self.path, like);
        let (file, refused) = file.map_err(|error| self.cannot("create", error))?;
        self.refused = refused.or(self.refused.take());
        let met = || file.metadata().is_ok_and(|metadata| self.asked.is_met_by(&metadata));
        if self.asked.is_anything() && !met() {
            self.unmet.get_or_insert(true);
        }
        self.keep(file)
    }

    /// Returns once whether the system refused the configured mode or owner.
    pub(crate) fn take_unmet(&mut self) -> bool {
        self.unmet.as_mut().is_some_and(std::mem::take)
    }

    /// Appends records. If not everything can be written, the log ends with the last whole one.
    pub(crate) fn append(
        &mut self,
        _: &mut Held<'_>,
        records: Records<'_>,
    ) -> std::result::Result<(), Unwritten> {
        let missing = || Err((0, ErrorKind::NotFound.into()));
        let outcome = self.open.as_mut().map_or_else(missing, |open| open.append(records));
        outcome.map_err(|(kept, error)| Unwritten { kept, error: self.cannot("append to", error) })
    }

    /// Cuts a regular file back to `size`, which is that of whole records.
    pub(crate) fn cut_back(&mut self, _: &mut Held<'_>, size: u64) {
        if let Some(open) = self.open.as_mut().filter(|open| open.regular) {
            open.cut_back(size);
        }
    }

    pub(crate) fn truncate(&mut self, _: &mut Held<'_>) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.file.set_len(0).map_err(Error::on("empty", &self.path))?;
        open.resized(0);
        Ok(())
    }

    pub(crate) fn end_partial_line(&mut self, _: &mut Held<'_>) -> Result<()> {
        let outcome = self.open.as_mut().map_or(Ok(()), Open::end_partial_line);
        outcome.map_err(|error| self.cannot("append to", error))
    }

    pub(crate) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.left = Some((open.identity, open.size));
        }
    }

    /// Returns the open log, which has just become a backup.
    pub(crate) fn retire(&mut self, _: &mut Held<'_>) -> Option<File> {
        self.open.take().map(|open| open.file)
    }

    pub(crate) fn sync(&self) -> Result<()> {
        let synced = match &self.open {
            Some(open) if open.regular => sync_data(&open.file),
            None if self.left.is_some() => match sys::log_options().open(&self.path) {
                // The writer that rotated it has synced it.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                opened => opened.and_then(|log| sync_data(&log)),
            },
            _ => Ok(()),
        };
        synced.map_err(Error::on("sync", &self.path))
    }

    fn cannot(&self, verb: &'static str, error: io::Error) -> Error {
        Error::new(verb, &self.path, error)
    }
}

/// Returns an error for a Unix socket, which can never be opened.
fn refuse_socket(metadata: &Metadata) -> io::Result<()> {
    if sys::is_socket(metadata) { Err(io::Error::other("it is a Unix socket")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::lock::Lock;

    #[test]
    fn a_log_that_is_rotated_while_it_is_opened_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        fs::write(&path, "one\n").unwrap();
        let about = sys::look_at(&path).unwrap();
        let mut active = Active::new(path.clone(), Asked::default()).unwrap();
        active.open = None;
        fs::rename(&path, dir.path().join("app.log.1")).unwrap();
        active.open_existing(&about).unwrap();
        assert!(active.is_missing());
    }

    #[test]
    fn only_a_log_that_stayed_open_has_been_cut_for_certain() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        for stays_open in [true, false] {
            fs::write(&path, "one\ntwo\n").unwrap();
            let mut active = Active::new(path.clone(), Asked::default()).unwrap();
            let mut lock = Lock::not_needed();
            let mut held = lock.acquire().unwrap();
            active.refresh(&mut held).unwrap();
            if !stays_open {
                active.close();
            }
            fs::write(&path, "one\n").unwrap();
            active.refresh(&mut held).unwrap();
            assert_eq!(active.shortened, stays_open.then_some((8, 4)));
        }
    }
}
