//! Rotation: the log becomes a backup, and a new log begins.
//!
//! All of it happens under the lock, so nobody acts on the names in between.
//! What could is a kill, at any instant; so the order is such that every line
//! stands, at every instant, in a file that the next writer finds:
//!
//! ```text
//!                                                  by number       by the clock
//!  1  compress the log, where it stands, into a
//!     private file, .__app.log.ID.gz
//!  2  remove what leaves the chain                 app.log.5.gz    (see 7)
//!     shift the chain, highest slot first,         .4.gz → .5.gz
//!     into free names                              …
//!  3  rename the log, plain                        → app.log.1     → app.log.STAMP
//!  4  write the time of the next rotation          –               into the lock
//!  5  make the new log, app.log
//!  6  rename the private file to the backup,       → app.log.1.gz  → app.log.STAMP.gz
//!     then remove the plain one
//!  7  remove the oldest backups                    (see 2)         app.log.OLDEST.gz
//! ```
//!
//! The directory in the end is the one that concurrent-log-handler leaves.
//! Python goes another way by number, by a temporary name that a kill strands,
//! and compresses under the public name by the clock. Were the time written
//! before step 3, a kill would leave two intervals in one file; after 5, it
//! would leave an empty log that is due, and so an empty backup.
//!
//! The new log is made before anything that was freed gives its inode back: a
//! log shipper that knows files by inode would take the one for the other. For
//! the same reason, and because freeing the pages of a large file takes its
//! time, what is removed is held open until the lock is let go.

pub(crate) mod backoff;
pub(crate) mod dated;
pub(crate) mod naming;
pub(crate) mod numbered;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod recovery;
pub(crate) mod timetable;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;

use crate::active::Active;
use crate::compress;
use crate::compress::background::Background;
use crate::compress::incremental::Incremental;
use crate::error::{Error, Result};
use crate::event::rotated::Rotated;
use crate::file::permissions::Ownership;
use crate::file::{file_id, open_to_read};
use crate::lock::{self, Held};
use crate::names::listing::Listing;
use crate::names::{self, Names};
use crate::rotation::naming::Naming;
use crate::rotation::options::{Options, SyncPolicy};
use crate::rotation::plan::{Plan, Rotation};
use crate::rotation::timetable::Timetable;
use crate::sys::{self, Metadata};

/// A log's backups: what they are called, how many are kept and in which form.
#[derive(Debug)]
pub(crate) struct Backups {
    /// The names of log and backups.
    pub(crate) names: Names,
    /// The log's settings.
    pub(crate) options: Options,
    /// What holds leave to be done when they have ended.
    pub(crate) background: Background,
    pub(crate) naming: Naming,
    /// Backups that stand in both forms and are known to be two generations.
    pub(crate) apart: BTreeSet<PathBuf>,
    /// The backup that was made last, if that is to be reported.
    pub(crate) rotated: Option<Rotated>,
    /// Why backups beyond those that are kept could not be removed.
    pub(crate) unremoved: Vec<Error>,
}

/// A private file that holds the compressed content of a file which is about
/// to become a backup. It is removed when it is not used.
#[derive(Debug)]
pub(crate) struct Compressed {
    /// The file, locked as long as it is open. It is closed before it is
    /// removed: on Windows it might keep its name until then.
    file: File,
    /// Where it is.
    path: Private,
}

/// The path of a private file, which is removed in the end.
#[derive(Debug)]
struct Private(PathBuf);

impl Drop for Private {
    fn drop(&mut self) {
        // After it has been placed there is nothing to remove, and where it
        // cannot be, recovery tries again.
        drop(fs::remove_file(&self.0));
    }
}

impl Compressed {
    /// Takes over the private file at `path`, unless its maker lives: a maker
    /// keeps it locked. Nothing but a regular file is taken.
    pub(crate) fn of_dead_maker(path: PathBuf) -> Result<Option<Self>> {
        if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Ok(None);
        }
        let file = open_to_read(&path).map_err(Error::on("open", &path))?;
        let free = lock::try_lock(&file).map_err(Error::on("lock", &path))?;
        // Made only if it is ours: dropping it removes the file.
        Ok(free.then(|| Self { file, path: Private(path) }))
    }

    /// Returns what the file is.
    fn metadata(&self) -> Result<Metadata> {
        sys::about(&self.file).map_err(Error::on("look at", &self.path.0))
    }

    /// Tells whether it may stand for a file of this mode and owner.
    pub(crate) fn is_admitted_by(&self, ownership: &Ownership) -> Result<bool> {
        self.metadata().map(|metadata| ownership.admits(&Ownership::of(&self.file, &metadata)))
    }

    /// Tells whether it is one generation with the file at `plain`.
    pub(crate) fn holds(&self, plain: &Path) -> Result<bool> {
        compress::same_generation(plain, &self.file).map_err(Error::on("compare", plain))
    }
}

impl Backups {
    /// Returns the backups of the log of these `names`.
    pub(crate) fn new(names: Names, options: Options) -> Self {
        let timed = options.schedule.is_some();
        let largest = if timed && options.max_bytes == 0 { u64::MAX } else { options.max_bytes };
        let ahead = options.gzip.filter(|_| options.backups > 0 || timed);
        let ahead = ahead.and_then(|level| Incremental::new(&names, level, largest));
        let timetable = options.schedule.map(Timetable::new);
        Self {
            names,
            options,
            background: Background::new(ahead),
            naming: timetable.map_or(Naming::Numbered, Naming::Dated),
            apart: BTreeSet::new(),
            rotated: None,
            unremoved: Vec::new(),
        }
    }

    /// Lists the log's directory.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn list(&self) -> Result<Listing> {
        let listing = self.names.list(self.options.lock_dir.as_deref());
        listing.map_err(Error::on("look for backups in", self.names.dir()))
    }

    /// Makes the log a backup and, if it is to be `renewed`, begins a new one;
    /// if not, the next line does. The directory is as it was `listed` just now.
    ///
    /// Returns why it could not be compressed, if that failed: it is a backup
    /// all the same, as it is.
    ///
    /// # Errors
    ///
    /// If it cannot be done. Then the log stands where it stood; lines matter
    /// more than the limit.
    pub(crate) fn rotate(
        &mut self,
        held: &mut Held<'_>,
        active: &mut Active,
        renewed: bool,
        listed: &Listing,
    ) -> Result<Option<Error>> {
        let Some(metadata) = active.metadata()? else {
            return Ok(None);
        };
        let timed = self.naming.timetable().is_some();
        if self.options.backups == 0 && !timed {
            return active.truncate(held).map(|()| None);
        }
        // What stands in the way is found before anything has moved.
        sys::can_rename(active.path()).map_err(Error::on("rename", active.path()))?;
        if timed {
            held.may_write()?;
        }
        let plan = self.naming.plan(&self.names, self.options.backups, listed)?;
        let Rotation { room, backup, surplus } = plan;
        let (compressed, trouble) = match self.compress_log(active.path(), &metadata) {
            Ok(compressed) => (compressed, None),
            Err(error) => (None, Some(error)),
        };
        self.carry_out(&room, held)?;
        rename(active.path(), &backup)?;
        if let Err(error) = self.pass(held) {
            // Due for ever, it would be rotated at every line.
            return rename(&backup, active.path()).and(Err(error));
        }
        let old = active.retire(held);
        let like = old.as_ref().map(|old| Ownership::of(old, &metadata));
        let made = if renewed { active.create(held, like.as_ref()) } else { Ok(()) };
        self.note_rotated(&backup, &metadata);
        match compressed {
            Some(compressed) => {
                self.place(&compressed, &backup, held)?;
                if self.options.report_rotations {
                    self.note_rotated(&backup, &compressed.metadata()?);
                }
            }
            None if self.options.sync == SyncPolicy::None => {}
            None => old.into_iter().for_each(|old| self.background.sync_later(old, backup.clone())),
        }
        self.remove_surplus(surplus, listed, held);
        self.background.close_small();
        made.map(|()| trouble)
    }

    /// Notes which file, of which `metadata` tells, is the newest backup, if that
    /// is to be told. Its plain form has the name `plain`.
    fn note_rotated(&mut self, plain: &Path, metadata: &Metadata) {
        self.rotated = self.options.report_rotations.then(|| {
            let (identity, backups) = (file_id(metadata), self.options.backups);
            self.naming.rotated(identity, &self.names, backups, plain.to_owned())
        });
    }

    /// Lets the time of a rotation by the clock pass: writes that of the next.
    ///
    /// # Errors
    ///
    /// If the lock file cannot be written.
    pub(crate) fn pass(&mut self, held: &mut Held<'_>) -> Result<()> {
        let sync = self.options.sync != SyncPolicy::None;
        self.naming.timetable_mut().map_or(Ok(()), |timetable| timetable.turn(held, sync))
    }

    /// Does what was planned.
    ///
    /// # Errors
    ///
    /// If a step fails. What was done up to there stays; nothing is out of
    /// place for it, since a gap is closed by the next shift.
    pub(crate) fn carry_out(&mut self, plan: &Plan, _: &mut Held<'_>) -> Result<()> {
        for backup in &plan.remove {
            self.remove(&backup.path(&self.names))?;
        }
        for (backup, slot) in &plan.shift {
            rename(&backup.path(&self.names), &self.names.backup(*slot, backup.form))?;
        }
        Ok(())
    }

    /// Compresses the log if backups are to be compressed: what is not yet
    /// compressed of it.
    fn compress_log(&self, log: &Path, metadata: &Metadata) -> Result<Option<Compressed>> {
        // Of an empty log there are no pieces, and no pieces are no gzip file.
        let ahead = self.background.ahead().filter(|_| metadata.len() > 0);
        let ahead = ahead.map(|mut ahead| ahead.finish(metadata));
        let failed = Error::on("compress", log);
        let (path, file) = match ahead {
            Some(Ok(Some(finished))) => finished,
            // Nobody compresses ahead, or somebody does and has been stopped.
            Some(Ok(None)) | None => return self.compress(log, metadata),
            Some(Err(error)) => {
                drop(fs::remove_file(self.names.private(file_id(metadata))));
                return Err(failed(error));
            }
        };
        let compressed = Compressed { file, path: Private(path) };
        let sync = self.options.sync != SyncPolicy::None;
        compress::seal(&compressed.file, metadata, sync).map_err(failed)?;
        Ok(Some(compressed))
    }

    /// Compresses the file at `source`, which `metadata` is about, if backups
    /// are to be compressed.
    pub(crate) fn compress(
        &self,
        source: &Path,
        metadata: &Metadata,
    ) -> Result<Option<Compressed>> {
        let level = self.options.gzip;
        level.map(|level| self.compress_at(level, source, metadata)).transpose()
    }

    /// Compresses the file at `source`, which `metadata` is about, at this level.
    pub(crate) fn compress_at(
        &self,
        level: u32,
        source: &Path,
        metadata: &Metadata,
    ) -> Result<Compressed> {
        let mut path = self.names.private(file_id(metadata));
        let sync = self.options.sync != SyncPolicy::None;
        let mut outcome = compress::compress(source, &path, level, sync);
        if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            // Somebody is at it who has been stopped, or somebody has died.
            path = self.names.private(file_id(metadata) ^ u64::from(process::id()));
            outcome = compress::compress(source, &path, level, sync);
        }
        let file = outcome.map_err(Error::on("compress", source))?;
        Ok(Compressed { file, path: Private(path) })
    }

    /// Puts what was `compressed` in the place of the backup at `plain`.
    ///
    /// # Errors
    ///
    /// If the plain one cannot be removed, both stay, for recovery to see to:
    /// as they are one generation, the plain one goes then.
    pub(crate) fn place(
        &mut self,
        compressed: &Compressed,
        plain: &Path,
        _: &mut Held<'_>,
    ) -> Result<()> {
        rename(&compressed.path.0, &names::compressed(plain))?;
        self.remove(plain)
    }

    /// Removes backups by the clock beyond those that are kept. What cannot be
    /// removed stays, and is noted.
    pub(crate) fn remove_surplus(
        &mut self,
        surplus: Vec<PathBuf>,
        listed: &Listing,
        _: &mut Held<'_>,
    ) {
        if self.options.backups > 0 {
            self.unremoved.extend(self.naming.not_removed(&self.names, listed));
        }
        for path in surplus {
            if let Err(error) = self.remove(&path) {
                self.unremoved.push(error);
            }
        }
    }

    /// Removes the file at `path`, which is freed when the hold has ended.
    pub(crate) fn remove(&mut self, path: &Path) -> Result<()> {
        let kept = sys::kept(path);
        fs::remove_file(path).map_err(Error::on("remove", path))?;
        self.background.close_later(kept);
        Ok(())
    }
}

/// Renames `from` to `to`, a name that is free.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::on("rename", from))
}
