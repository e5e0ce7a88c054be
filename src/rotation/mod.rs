//! Rotation: the log becomes a backup, and a new log begins.
//!
//! All of it happens under the lock. A writer can be killed at any instant, so at every instant
//! each line must be in a file that the next writer finds:
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
//!  8  remove more of them, by size and age         app.log.4.gz    app.log.OLDER.gz
//! ```
//!
//! The resulting directory is the same as concurrent-log-handler's, but the order of the steps
//! differs. By number, Python uses a temporary name, under which a kill strands the log. By the
//! clock, Python compresses under the public name. If the time were written before step 3, a kill
//! could put two intervals into one file; if it were written after step 5, a kill could leave an
//! empty log that is due, and so an empty backup.
//!
//! The new log is created before any inode is freed, so it cannot reuse one that a log shipper
//! still tracks. For the same reason, and because freeing a large file takes time, removed files
//! stay open until the lock is released.

pub(crate) mod backoff;
pub(crate) mod caps;
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
use crate::event::{Place, Rotated};
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

/// The minimum number of backups to keep if none is configured.
const FEWEST: u64 = 5;

#[derive(Debug)]
pub(crate) struct Backups {
    pub(crate) names: Names,
    pub(crate) options: Options,
    pub(crate) background: Background,
    pub(crate) naming: Naming,
    /// Backups whose two forms are known to be two generations.
    pub(crate) apart: BTreeSet<PathBuf>,
    /// The last backup, if it is to be reported.
    pub(crate) rotated: Option<Rotated>,
    /// Why surplus backups could not be removed.
    pub(crate) unremoved: Vec<Error>,
    /// Whether it was recorded that the last rotation left more than the caps allow.
    over_caps: bool,
}

impl Backups {
    pub(crate) fn new(names: Names, options: Options) -> Self {
        let timed = options.schedule.is_some();
        let largest = if timed && options.max_bytes == 0 { u64::MAX } else { options.max_bytes };
        let level = options.gzip.filter(|_| !options.truncates());
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
            over_caps: false,
        }
    }

    pub(crate) fn list(&self) -> Result<Listing> {
        let listing = self.names.list(self.options.lock_dir.as_deref());
        listing.map_err(Error::on("look for backups in", self.names.dir()))
    }

    /// Returns how many backups a rotation keeps, apart from the caps. If neither a number nor a
    /// cap is configured, it removes no more than it adds.
    pub(crate) fn kept(&self, listing: &Listing) -> u64 {
        let capped = self.options.caps.is_any().then_some(u64::MAX);
        let there = || self.naming.count(&self.names, listing).max(FEWEST);
        self.options.backups.or(capped).unwrap_or_else(there)
    }

    /// Returns the number of backups if rotations would remove more of them than the oldest.
    pub(crate) fn surplus(&self, listing: &Listing) -> Option<u64> {
        let kept = self.options.backups.filter(|kept| *kept > 0)?;
        let there = self.naming.count(&self.names, listing);
        (there > kept && self.naming.is_to_be_cut(&self.names, there, kept)).then_some(there)
    }

    /// Returns an error if a rotation is impossible.
    pub(crate) fn plan(&self, listed: &Listing) -> Result<Rotation> {
        self.naming.plan(&self.names, self.kept(listed), listed)
    }

    /// Makes the log a backup and, if `renewed`, creates a new one; otherwise the next line creates
    /// it. `listed` must be fresh. If compression fails, returns why; the backup then stays plain.
    /// If the rotation fails, the log stays in place, because lines matter more than the limit.
    pub(crate) fn rotate(
        &mut self,
        held: &mut Held<'_>,
        active: &mut Active,
        renewed: bool,
        listed: &Listing,
    ) -> Result<Option<Error>> {
        let Some(metadata) = active.metadata()? else { return Ok(None) };
        let timed = self.naming.timetable().is_some();
        if self.options.truncates() {
            return active.truncate(held).map(|()| None);
        }
        // Find obstacles before anything is moved.
        sys::can_rename(active.path()).map_err(Error::on("rename", active.path()))?;
        if timed {
            held.may_write()?;
        }
        self.background.close_small();
        let Rotation { room, backup, surplus } = self.plan(listed)?;
        let (compressed, mut trouble) = match self.compress_log(active.path(), &metadata) {
            Ok(compressed) => (compressed, None),
            Err(error) => (None, Some(error)),
        };
        let moved = self.carry_out(&room, held).and_then(|()| rename(active.path(), &backup));
        // Otherwise the log would stay due and be rotated at every line.
        let passed = moved.and_then(|()| {
            self.pass(held).or_else(|error| rename(&backup, active.path()).and(Err(error)))
        });
        if let Err(error) = passed {
            if let Some(compressed) = compressed {
                compressed.put_back();
            }
            return Err(error);
        }
        // From here on the log is a backup, whatever happens.
        let mut old = active.retire(held);
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
                    // The compressed form is useless now; dropping it removes it.
                    drop(Compressed::of_dead_maker(self.names.private(file_id(&metadata))));
                }
                if self.options.sync != SyncPolicy::None
                    && let Some(old) = old.take()
                {
                    self.background.sync_later(old, backup);
                }
            }
        }
        self.background.close_later(old);
        self.remove_surplus(surplus, listed, held);
        made.map(|()| trouble)
    }

    /// Returns whether a rotation has hardly anything to compress under the lock.
    pub(crate) fn is_ready(&self, active: &Active) -> bool {
        match (self.options.gzip, active.metadata()) {
            (Some(_), Ok(Some(about))) if self.background.compresses() => {
                let incremental = self.background.try_incremental();
                incremental.is_some_and(|mut incremental| incremental.is_ready(&about))
            }
            _ => true,
        }
    }

    fn note_rotated(&mut self, plain: &Path, metadata: &Metadata) {
        self.rotated = self.options.report_rotations.then(|| {
            let place = match self.naming {
                Naming::Numbered => Place::Slots(self.names.clone(), self.options.most_backups()),
                Naming::Dated(_) => Place::Plain(plain.to_owned()),
            };
            Rotated { identity: file_id(metadata), place }
        });
    }

    /// Replaces the time of a rotation by the clock with the next one.
    pub(crate) fn pass(&mut self, held: &mut Held<'_>) -> Result<()> {
        let sync = self.options.sync != SyncPolicy::None;
        self.naming.timetable_mut().map_or(Ok(()), |timetable| timetable.turn(held, sync))
    }

    /// Carries out a plan. If a step fails, the earlier steps stay; the next shift closes the gap.
    pub(crate) fn carry_out(&mut self, plan: &Plan, _: &mut Held<'_>) -> Result<()> {
        for backup in &plan.remove {
            self.remove(&backup.path(&self.names))?;
        }
        for (backup, slot) in &plan.shift {
            rename(&backup.path(&self.names), &self.names.backup(*slot, backup.form))?;
        }
        Ok(())
    }

    /// Compresses the rest of the log, if backups are to be compressed.
    fn compress_log(&self, log: &Path, about: &Metadata) -> Result<Option<Compressed>> {
        match self.background.incremental().map(|mut found| found.finish(about)) {
            Some(Ok(finished @ Some(_))) => Ok(finished),
            // The log is short, or a stopped process has its private file, or there was an error,
            // which then occurs again.
            _ => self.compress(log, about),
        }
    }

    /// Compresses the file `source`, if backups are to be compressed.
    pub(crate) fn compress(&self, source: &Path, about: &Metadata) -> Result<Option<Compressed>> {
        self.options.gzip.map(|level| self.compress_at(level, source, about)).transpose()
    }

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

    /// Replaces the backup `plain` with its compressed form. If the plain file cannot be removed,
    /// both stay, and recovery removes it later, because they are one generation.
    pub(crate) fn place(
        &mut self,
        compressed: &Compressed,
        plain: &Path,
        _: &mut Held<'_>,
    ) -> Result<()> {
        compressed.place(plain)?;
        self.remove(plain)
    }

    /// Removes surplus backups by the clock, and those beyond the caps; records what cannot be
    /// removed.
    pub(crate) fn remove_surplus(
        &mut self,
        surplus: Vec<PathBuf>,
        listed: &Listing,
        held: &mut Held<'_>,
    ) {
        if self.options.backups != Some(0) {
            self.unremoved.extend(self.naming.not_removed(&self.names, listed));
        }
        for path in surplus {
            if let Err(error) = self.remove(&path) {
                self.unremoved.push(error);
            }
        }
        self.hold_caps(held);
    }

    /// Removes the file at `path`; its space is freed after the hold.
    pub(crate) fn remove(&mut self, path: &Path) -> Result<()> {
        let kept = sys::kept(path);
        fs::remove_file(path).map_err(Error::on("remove", path))?;
        self.background.close_later(kept);
        Ok(())
    }
}

/// Renames `from` to `to`, which must be free.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::on("rename", from))
}
