//! Rotation: the log becomes slot 1, every backup moves up by one.
//!
//! All of it happens under the lock, so nobody acts on the names in between.
//! What could is a kill, at any instant; so the order is such that every line
//! stands, at every instant, in a file that the next writer finds:
//!
//! ```text
//!  1  compress the log, where it stands, into a private file   .__app.log.ID.gz
//!  2  remove what leaves the chain                             app.log.5.gz
//!     shift the chain, highest slot first, into free names     .4.gz → .5.gz …
//!  3  rename the log to slot 1, plain                          app.log → app.log.1
//!  4  make the new log                                         app.log
//!  5  rename the private file to slot 1, compressed,           → app.log.1.gz
//!     then remove the plain slot 1
//! ```
//!
//! The directory in the end is the one that concurrent-log-handler leaves.
//! Python goes another way, by a temporary name that a kill strands. The new
//! log is made before anything that was freed gives its inode back: a log
//! shipper that knows files by inode would take the one for the other. For the
//! same reason, and because freeing the pages of a large file takes its time,
//! what is removed is held open until the lock is let go.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use nix::libc;

use crate::active::Active;
use crate::ahead::Ahead;
use crate::chain::{Backup, Chain, Found, Plan, plan};
use crate::error::{Error, Result};
use crate::gzip;
use crate::lock::{self, Held};
use crate::names::{Form, Names};
use crate::options::{Options, Sync};
use crate::owner::Ownership;
use crate::upkeep::Upkeep;

/// A log's backups: what they are called, how many are kept and in which form.
#[derive(Debug)]
pub(crate) struct Backups {
    /// The names of log and backups.
    pub(crate) names: Names,
    /// The log's settings.
    pub(crate) options: Options,
    /// What holds leave to be done when they have ended.
    pub(crate) upkeep: Upkeep,
}

/// A private file that holds the compressed content of a file which is about
/// to become a backup. It is removed when it is not used.
#[derive(Debug)]
pub(crate) struct Compressed {
    /// Where it is.
    path: PathBuf,
    /// The file, locked as long as it is open.
    file: File,
}

impl Compressed {
    /// Takes over the private file at `path`, unless its maker lives: a maker
    /// keeps it locked. Nothing but a regular file is taken.
    pub(crate) fn of_dead_maker(path: PathBuf) -> Result<Option<Self>> {
        if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Ok(None);
        }
        let file = gzip::open(&path).map_err(Error::on("open", &path))?;
        let free = lock::try_lock(&file).map_err(Error::on("lock", &path))?;
        // Made only if it is ours: dropping it removes the file.
        Ok(free.then(|| Self { path, file }))
    }

    /// Returns what the file is.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        self.file.metadata().map_err(Error::on("look at", &self.path))
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Compressed {
    fn drop(&mut self) {
        // After it has been placed there is nothing to remove, and where it
        // cannot be, recovery tries again.
        drop(fs::remove_file(&self.path));
    }
}

impl Backups {
    /// Returns the backups of the log of these `names`.
    pub(crate) fn new(names: Names, options: Options) -> Self {
        let ahead = options.gzip.filter(|_| options.backups > 0);
        let ahead = ahead.and_then(|level| Ahead::new(&names, level, options.max_bytes));
        Self { names, options, upkeep: Upkeep::new(ahead) }
    }

    /// Makes the log slot 1 and begins a new one.
    ///
    /// Returns why it could not be compressed, if that failed: it is slot 1
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
    ) -> Result<Option<Error>> {
        let Some(metadata) = active.metadata()? else {
            return Ok(None);
        };
        if self.options.backups == 0 {
            return active.truncate(held).map(|()| None);
        }
        // What stands in the way is found before anything has moved.
        let plan = plan(&self.chain()?, Some(1), self.options.backups);
        let (compressed, trouble) = match self.compress_log(active.path(), &metadata) {
            Ok(compressed) => (compressed, None),
            Err(error) => (None, Some(error)),
        };
        self.carry_out(&plan, held)?;
        let slot_1 = self.names.backup(1, Form::Plain);
        rename(active.path(), &slot_1)?;
        let old = active.retire(held);
        let made = active.create(held, Some(Ownership::of(&metadata)));
        match compressed {
            Some(compressed) => self.place(&compressed, 1, held)?,
            None if self.options.sync == Sync::None => {}
            None => old.into_iter().for_each(|old| self.upkeep.sync_later(old, slot_1.clone())),
        }
        self.upkeep.close_small();
        made.map(|()| trouble)
    }

    /// Looks which backups there are, newest first. A slot that holds one
    /// generation in both forms loses the plain one first: moved on like two
    /// generations, it would be doubled.
    ///
    /// # Errors
    ///
    /// If a slot's name is taken by what is no regular file, or cannot be
    /// looked at: only "no such file" means that a name is free. If it cannot
    /// be told whether two files are one generation.
    pub(crate) fn chain(&mut self) -> Result<Chain> {
        let mut chain = Chain::new();
        for slot in 1..=self.options.backups {
            let mut found = Vec::new();
            for form in [Form::Plain, Form::Gzip] {
                found.extend(self.look_at(Backup { slot, form })?);
            }
            if found.is_empty() {
                break;
            }
            if found.len() == 2 && self.settle_double(slot)? {
                found.retain(|found| found.backup.form == Form::Gzip);
            }
            // Of two generations in one slot the newer stands first.
            found.sort_by_key(|found: &Found| std::cmp::Reverse(found.modified));
            chain.push(found);
        }
        Ok(chain)
    }

    /// Removes the plain form of a slot that holds both, if they are one
    /// generation; tells whether they were.
    pub(crate) fn settle_double(&mut self, slot: u64) -> Result<bool> {
        let [plain, compressed] = [Form::Plain, Form::Gzip].map(|f| self.names.backup(slot, f));
        let same = same_generation(&plain, &compressed)?;
        if same {
            self.remove(&plain)?;
        }
        Ok(same)
    }

    /// Returns what stands at the name of `backup`, if anything does.
    fn look_at(&self, backup: Backup) -> Result<Option<Found>> {
        let path = self.path(backup);
        let look = || Error::on("look at", &path);
        let Some(metadata) = regular_file(&path)? else {
            return Ok(None);
        };
        let modified = metadata.modified().map_err(look())?;
        Ok(Some(Found { backup, modified }))
    }

    /// Returns the path of `backup`.
    pub(crate) fn path(&self, backup: Backup) -> PathBuf {
        self.names.backup(backup.slot, backup.form)
    }

    /// Does what was planned.
    ///
    /// # Errors
    ///
    /// If a step fails. What was done up to there stays; nothing is out of
    /// place for it, since a gap is closed by the next shift.
    pub(crate) fn carry_out(&mut self, plan: &Plan, _: &mut Held<'_>) -> Result<()> {
        for backup in &plan.remove {
            self.remove(&self.path(*backup))?;
        }
        for (backup, slot) in &plan.shift {
            rename(&self.path(*backup), &self.names.backup(*slot, backup.form))?;
        }
        Ok(())
    }

    /// Compresses the log if backups are to be compressed: what is not yet
    /// compressed of it.
    fn compress_log(&self, log: &Path, metadata: &Metadata) -> Result<Option<Compressed>> {
        let ahead = self.upkeep.ahead().map(|mut ahead| ahead.finish(metadata));
        let failed = Error::on("compress", log);
        let (path, file) = match ahead {
            Some(Ok(Some(finished))) => finished,
            // Nobody compresses ahead, or somebody does and has been stopped.
            Some(Ok(None)) | None => return self.compress(log, metadata),
            Some(Err(error)) => {
                drop(fs::remove_file(self.names.private(gzip::identity(metadata))));
                return Err(failed(error));
            }
        };
        let compressed = Compressed { path, file };
        let sync = self.options.sync != Sync::None;
        gzip::seal(&compressed.file, metadata, sync).map_err(failed)?;
        Ok(Some(compressed))
    }

    /// Compresses the file at `source`, which `metadata` is about, if backups
    /// are to be compressed.
    pub(crate) fn compress(
        &self,
        source: &Path,
        metadata: &Metadata,
    ) -> Result<Option<Compressed>> {
        let Some(level) = self.options.gzip else { return Ok(None) };
        let mut path = self.names.private(gzip::identity(metadata));
        let sync = self.options.sync != Sync::None;
        let mut outcome = gzip::compress(source, &path, level, sync);
        if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            // Somebody is at it who has been stopped, or somebody has died.
            path = self.names.private(gzip::identity(metadata) ^ u64::from(process::id()));
            outcome = gzip::compress(source, &path, level, sync);
        }
        let file = outcome.map_err(Error::on("compress", source))?;
        Ok(Some(Compressed { path, file }))
    }

    /// Puts what was `compressed` in the place of the plain backup in `slot`.
    ///
    /// # Errors
    ///
    /// If the plain one cannot be removed, both stay, for recovery to see to:
    /// as they are one generation, the plain one goes then.
    pub(crate) fn place(
        &mut self,
        compressed: &Compressed,
        slot: u64,
        _: &mut Held<'_>,
    ) -> Result<()> {
        rename(&compressed.path, &self.names.backup(slot, Form::Gzip))?;
        self.remove(&self.names.backup(slot, Form::Plain))
    }

    /// Removes the file at `path`, which is freed when the hold has ended.
    pub(crate) fn remove(&mut self, path: &Path) -> Result<()> {
        let flags = libc::O_PATH | libc::O_NOFOLLOW;
        // A file that cannot be kept open is removed all the same.
        let kept = OpenOptions::new().read(true).custom_flags(flags).open(path);
        fs::remove_file(path).map_err(Error::on("remove", path))?;
        self.upkeep.close_later(kept);
        Ok(())
    }
}

/// Returns what stands at `path`, if anything does.
///
/// # Errors
///
/// If it is no regular file, or cannot be looked at.
pub(crate) fn regular_file(path: &Path) -> Result<Option<Metadata>> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(_) => Err(Error::new("use", path, io::Error::other("it is not a regular file"))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::new("look at", path, error)),
    }
}

/// Tells whether the plain and the compressed file are one generation.
pub(crate) fn same_generation(plain: &Path, compressed: &Path) -> Result<bool> {
    gzip::same_generation(plain, compressed).map_err(Error::on("compare", plain))
}

/// Renames `from` to `to`, a name that is free.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::on("rename", from))
}
