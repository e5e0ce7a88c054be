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
use std::fs;
use std::path::{Path, PathBuf};

use crate::active::Active;
use crate::compress::background::Background;
use crate::compress::incremental::Incremental;
use crate::compress::private_file::Compressed;
use crate::error::{Error, Result};
use crate::event::rotated::Rotated;
use crate::file::file_id;
use crate::file::permissions::Ownership;
use crate::lock::Held;
use crate::names::Names;
use crate::names::listing::Listing;
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

impl Backups {
    /// Returns the backups of the log of these `names`.
    pub(crate) fn new(names: Names, options: Options) -> Self {
        let timed = options.schedule.is_some();
        let largest = if timed && options.max_bytes == 0 { u64::MAX } else { options.max_bytes };
        let level = options.gzip.filter(|_| options.backups > 0 || timed);
        let sync = options.sync != SyncPolicy::None;
        let incremental = level.map(|level| Incremental::new(&names, level, largest, sync));
        let timetable = options.schedule.map(Timetable::new);
        Self {
            names,
            options,
            background: Background::new(incremental, largest),
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
        let (compressed, mut trouble) = match self.compress_log(active.path(), &metadata) {
            Ok(compressed) => (compressed, None),
            Err(error) => (None, Some(error)),
        };
        if let Err(error) = self.move_log(&room, active.path(), &backup, held) {
            if let Some(compressed) = compressed {
                compressed.put_back();
            }
            return Err(error);
        }
        // From here on the log is a backup, whatever happens.
        let old = active.retire(held);
        let like = old.as_ref().map(|old| Ownership::of(old, &metadata));
        let made = if renewed { active.create(held, like.as_ref()) } else { Ok(()) };
        self.note_rotated(&backup, &metadata);
        let placed = compressed.map(|compressed| {
            self.place(&compressed, &backup, held).map(|()| compressed.metadata())
        });
        match placed {
            Some(Ok(metadata)) => metadata.iter().for_each(|it| self.note_rotated(&backup, it)),
            unplaced => {
                trouble = trouble.or(unplaced.and_then(Result::err));
                if trouble.is_some() {
                    // What was compressed of it is of no use; dropped, it is removed.
                    drop(Compressed::of_dead_maker(self.names.private(file_id(&metadata))));
                }
                if self.options.sync != SyncPolicy::None
                    && let Some(old) = old
                {
                    self.background.sync_later(old, backup);
                }
            }
        }
        self.remove_surplus(surplus, listed, held);
        self.background.close_small();
        made.map(|()| trouble)
    }

    /// Makes room for the new `backup`, and makes the log that.
    fn move_log(
        &mut self,
        room: &Plan,
        log: &Path,
        backup: &Path,
        held: &mut Held<'_>,
    ) -> Result<()> {
        self.carry_out(room, held)?;
        rename(log, backup)?;
        // Due for ever, it would be rotated at every line.
        self.pass(held).or_else(|error| rename(backup, log).and(Err(error)))
    }

    /// Tells whether the log can be rotated with hardly anything to compress
    /// under the lock.
    pub(crate) fn is_ready(&self, active: &Active) -> bool {
        match (self.options.gzip, active.metadata()) {
            (Some(_), Ok(Some(about))) if self.background.compresses() => {
                let incremental = self.background.try_incremental();
                incremental.is_some_and(|mut incremental| incremental.is_ready(&about))
            }
            _ => true,
        }
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
    fn compress_log(&self, log: &Path, about: &Metadata) -> Result<Option<Compressed>> {
        let finished = self.background.incremental().map(|mut found| found.finish(about));
        match finished {
            Some(Ok(Some(finished))) => Ok(Some(finished)),
            // It is short, or somebody is at its private file who has been
            // stopped, or there is trouble, which is met again.
            _ => self.compress(log, about),
        }
    }

    /// Compresses the file at `source`, which `about` is about, if backups are
    /// to be compressed.
    pub(crate) fn compress(&self, source: &Path, about: &Metadata) -> Result<Option<Compressed>> {
        self.options.gzip.map(|level| self.compress_at(level, source, about)).transpose()
    }

    /// Compresses the file at `source`, which `about` is about, at this level.
    pub(crate) fn compress_at(
        &self,
        level: u32,
        source: &Path,
        about: &Metadata,
    ) -> Result<Compressed> {
        let sync = self.options.sync != SyncPolicy::None;
        let compressed = Compressed::whole(&self.names, source, about, level, sync);
        compressed.map_err(Error::on("compress", source))
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
        compressed.place(plain)?;
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
