//! The private file, `.__app.log.ID.gz`. It holds the compressed content of a log that still grows,
//! or of a file that is about to become a backup.
//!
//! Only this module creates, claims, checks, extends, completes, places or removes it. The rules:
//!
//! - Its name follows from the log's identity, so any user who can `stat` the log can predict it.
//!   It is opened without following links. If it is not a regular file, or has a second name, it
//!   may be another user's: it is never written, truncated or removed.
//! - It is used only if it belongs to the log's owner or to us and its mode is no wider than the
//!   log's. Otherwise it is removed, which harms no other file.
//! - Every process that creates, extends or removes it holds a `flock` on it.
//! - An index in an extra field of gzip's header records the progress. It is written after the
//!   block that it counts, so a writer that is killed leaves the earlier index. A file with an
//!   incomplete index is emptied.
//!
//! ```text
//!  header with index │ block │ block │ deflate's end, CRC-32, length: gzip's
//! ```
//!
//! - The index is only a claim. A block is trusted if this process wrote it, or has compared it
//!   with the log, without the lock, in [`incremental`](super::incremental).
//! - The end is written and synced before the lock is acquired for a rotation; then a rename makes
//!   the file a backup. If the log has grown instead, the next block overwrites the end.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;

use flate2::{Compression, GzBuilder};

use super::block::{TRAILER, checksum_after, trailer, unfit};
use super::{PIECE, pieces};
use crate::error::{Error, Result};
use crate::file::permissions::Ownership;
use crate::file::sync::sync_all;
use crate::file::{file_id, open_to_read};
use crate::lock;
use crate::names::{self, Names};
use crate::sys::{self, FileExt, Identity, Metadata};

/// gzip's header up to the index: deflate, an extra field, no name, no time, unknown system; then
/// the length of the extra field (40), and the name and length (36) of its only subfield.
const PREFIX: [u8; 16] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 40, 0, b'c', b't', 36, 0];
/// The index: two lengths and five checksums.
const INDEX: usize = 36;
const HEADER: usize = PREFIX.len() + INDEX;
/// How many bytes at the beginning and at the end of the compressed content are compared under the
/// lock.
const SAMPLE: u64 = 4096;

/// The index: the progress of a growing private file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// How many bytes of the log are compressed.
    pub(crate) covered: u64,
    /// Where the blocks end in the private file.
    end: u64,
    /// The CRC-32 of the log's compressed bytes.
    log: u32,
    /// CRC-32 of the blocks.
    data: u32,
    /// The CRC-32 of the two samples.
    samples: [u32; 2],
}

impl Progress {
    pub(crate) const NONE: Self =
        Self { covered: 0, end: HEADER as u64, log: 0, data: 0, samples: [0; 2] };

    /// Reads the index; returns nothing if it is incomplete.
    fn of(file: &File) -> io::Result<Option<Self>> {
        let length = file.metadata()?.len();
        if length < HEADER as u64 {
            return Ok(None);
        }
        let mut bytes = [0; HEADER];
        file.read_exact_at(&mut bytes, 0)?;
        let part = |at: usize| [0, 1, 2, 3].map(|byte| bytes[PREFIX.len() + at + byte]);
        let number = |at: usize| u32::from_le_bytes(part(at));
        let wide = |at: usize| u64::from(number(at)) | u64::from(number(at + 4)) << 32;
        let (log, data, samples) = (number(16), number(20), [number(24), number(28)]);
        let found = Self { covered: wide(0), end: wide(8), log, data, samples };
        let whole = found.header() == bytes && found.covered > 0 && found.end <= length;
        Ok(whole.then_some(found))
    }

    /// Returns gzip's header with the index.
    fn header(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let (prefix, index) = bytes.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(&PREFIX);
        index[..8].copy_from_slice(&self.covered.to_le_bytes());
        index[8..16].copy_from_slice(&self.end.to_le_bytes());
        let numbers = [self.log, self.data, self.samples[0], self.samples[1]];
        for (number, at) in numbers.into_iter().zip((16..).step_by(4)) {
            index[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let own = checksum_after(0, &index[..INDEX - 4]);
        index[INDEX - 4..].copy_from_slice(&own.to_le_bytes());
        bytes
    }

    /// Returns the checksums of the beginning and the end of the first `covered` bytes.
    fn samples(log: &File, covered: u64) -> io::Result<[u32; 2]> {
        let length = SAMPLE.min(covered);
        Ok([checksum(log, 0, 0, length)?, checksum(log, 0, covered - length, covered)?])
    }

    /// Counts `bytes` of the log as compressed.
    pub(crate) fn covers(&mut self, bytes: &[u8]) {
        self.covered += bytes.len() as u64;
        self.log = checksum_after(self.log, bytes);
    }

    /// Returns whether `log` may be the right one, by its length and the samples.
    pub(crate) fn seems_of(&self, log: &File) -> io::Result<bool> {
        let long_enough = log.metadata()?.len() >= self.covered;
        Ok(long_enough && Self::samples(log, self.covered)? == self.samples)
    }

    /// Returns whether `log` is the right one, comparing everything after the progress `earlier`.
    pub(crate) fn is_of(&self, log: &File, earlier: &Self) -> io::Result<bool> {
        let long_enough = log.metadata()?.len() >= self.covered;
        Ok(long_enough && checksum(log, earlier.log, earlier.covered, self.covered)? == self.log)
    }

    /// Returns whether the blocks in `private` after the progress `earlier` are unchanged since
    /// they were written.
    pub(crate) fn is_in(&self, private: &File, earlier: &Self) -> io::Result<bool> {
        Ok(checksum(private, earlier.data, earlier.end, self.end)? == self.data)
    }
}

/// A growing private file that this process has claimed, so no other process writes it.
#[derive(Debug)]
pub(crate) struct PrivateFile {
    file: File,
    path: PathBuf,
    identity: Identity,
}

impl PrivateFile {
    /// Claims the private file of the log that `log` describes; a missing one is created with the
    /// log's mode and owner. Returns nothing if another process has claimed it or the log is gone.
    pub(crate) fn claim(names: &Names, log: &Metadata) -> io::Result<Option<Self>> {
        let path = names.private(file_id(log));
        let open = || sys::options().read(true).write(true).open(&path);
        let ownership = Ownership::at(names.log(), log);
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match ownership.create(&path) {
                    // Opened again, because the first descriptor can only append.
                    Ok(_) => open()?,
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            other => other?,
        };
        let metadata = sys::about(&file)?;
        if !is_our_own(&metadata) {
            return Err(unfit("its private file is not a file of its own"));
        }
        let identity = sys::identity(&metadata);
        let stands = |path: &Path, which| {
            sys::look_at(path).is_ok_and(|found| sys::identity(&found) == which)
        };
        // It may have become a backup between opening and locking.
        if !lock::try_lock(&file)? || !stands(&path, identity) {
            return Ok(None);
        }
        let log_is_there =
            sys::look_at(names.log()).is_ok_and(|found| file_id(&found) == file_id(log));
        if !log_is_there || !ownership.admits(&Ownership::of(&file, &metadata)) {
            // The log was rotated and this file is useless, or its mode is too wide. The next
            // process creates a new one.
            fs::remove_file(&path)?;
            return Ok(None);
        }
        Ok(Some(Self { file, path, identity }))
    }

    /// Returns whether the private file at `path` grows with a log of this `size`: its index is
    /// complete and counts no more.
    pub(crate) fn is_growing(path: &Path, size: u64) -> bool {
        Self::covered(path, size).is_some()
    }

    /// Returns how much of a log of this `size` is in the private file at `path`, which another
    /// process may be writing. Returns nothing if there is no index, or one that counts more.
    pub(crate) fn covered(path: &Path, size: u64) -> Option<u64> {
        let progress = open_to_read(path).and_then(|file| Progress::of(&file)).ok()??;
        (progress.covered <= size).then_some(progress.covered)
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Returns the progress. A file that does not seem to belong to `log` is emptied.
    pub(crate) fn progress(&self, log: &File) -> io::Result<Progress> {
        match Progress::of(&self.file)? {
            Some(found) if found.seems_of(log)? => Ok(found),
            _ => self.throw_away(),
        }
    }

    pub(crate) fn throw_away(&self) -> io::Result<Progress> {
        if self.file.metadata()?.len() > 0 {
            self.file.set_len(0)?;
        }
        Ok(Progress::NONE)
    }

    /// Adds the block `compressed`, which leads to the progress `after`, if the log is that long.
    pub(crate) fn extend(
        &self,
        before: &Progress,
        mut after: Progress,
        log: &File,
        compressed: &[u8],
    ) -> io::Result<Progress> {
        after.end += compressed.len() as u64;
        after.data = checksum_after(before.data, compressed);
        after.samples = Progress::samples(log, after.covered)?;
        let block = self.file.write_all_at(compressed, before.end);
        if let Err(error) = block.and_then(|()| self.file.write_all_at(&after.header(), 0)) {
            // The partial block takes up room that other files may need.
            self.file.set_len(before.end)?;
            return Err(error);
        }
        Ok(after)
    }

    /// Completes it as the backup of the whole log that `about` describes; returns whether it was
    /// incomplete. A complete file is not written again, as another process may be syncing it.
    pub(crate) fn complete(&self, progress: &Progress, about: &Metadata) -> io::Result<bool> {
        let incomplete = !self.is_complete(progress)?;
        if incomplete {
            self.file.set_len(progress.end)?;
            self.file.write_all_at(&trailer(progress.log, progress.covered), progress.end)?;
        }
        copy_time(&self.file, about);
        Ok(incomplete)
    }

    /// Returns whether no other process has added to it, or begun to, since it was completed.
    fn is_complete(&self, progress: &Progress) -> io::Result<bool> {
        let mut end = [0; TRAILER];
        if self.file.metadata()?.len() != progress.end + TRAILER as u64 {
            return Ok(false);
        }
        self.file.read_exact_at(&mut end, progress.end)?;
        Ok(end == trailer(progress.log, progress.covered))
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Lets other processes claim it; returns the open file.
    pub(crate) fn release(self) -> io::Result<File> {
        lock::unlock(&self.file)?;
        Ok(self.file)
    }

    /// Turns a completed one into a file that can be placed.
    pub(crate) fn into_backup(self) -> Compressed {
        Compressed { file: self.file, path: Removed(Some(self.path)), grows: true }
    }
}

/// A complete private file that is about to become a backup, locked by us. Unless it is placed,
/// dropping it removes it.
#[derive(Debug)]
pub(crate) struct Compressed {
    /// Closed before the path is removed: on Windows the name might stay until then.
    file: File,
    path: Removed,
    /// Whether it grew with a log and can grow further.
    grows: bool,
}

/// The path, removed when this is dropped.
#[derive(Debug)]
struct Removed(Option<PathBuf>);

impl Drop for Removed {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // After it was placed there is nothing to remove; after a failure, recovery tries
            // again.
            drop(fs::remove_file(path));
        }
    }
}

impl Compressed {
    /// Compresses the whole file `source`. After an error nothing remains.
    pub(crate) fn whole(
        names: &Names,
        source: &Path,
        about: &Metadata,
        level: u32,
        sync: bool,
    ) -> io::Result<Self> {
        let identity = file_id(about);
        let outcome = Self::at(names.private(identity), source, level, sync);
        if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            // It is not ours, or the process that made it was stopped or has died.
            let path = names.private(identity ^ u64::from(process::id()));
            return Self::at(path, source, level, sync);
        }
        outcome
    }

    /// Creates `path` with the mode, owner and time of last change of `source`.
    fn at(path: PathBuf, source: &Path, level: u32, sync: bool) -> io::Result<Self> {
        let source = open_to_read(source)?;
        let about = sys::about(&source)?;
        let (file, _) = Ownership::of(&source, &about).create(&path)?;
        let made = Self { file, path: Removed(Some(path)), grows: false };
        // A new file is free. If this is not, it is no longer ours.
        if !lock::try_lock(&made.file)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        // No name in the header: Python stores a temporary file's name, so `gunzip -N` restores
        // nonsense.
        let mut encoder = GzBuilder::new().write(&made.file, Compression::new(level));
        io::copy(&mut BufReader::with_capacity(PIECE, source), &mut encoder)?;
        encoder.finish()?;
        copy_time(&made.file, &about);
        if sync {
            sync_all(&made.file)?;
        }
        Ok(made)
    }

    /// Takes over the private file at `path`, unless the process that made it is alive.
    pub(crate) fn of_dead_maker(path: PathBuf) -> Result<Option<Self>> {
        if !sys::look_at(&path).is_ok_and(|metadata| is_our_own(&metadata)) {
            return Ok(None);
        }
        let file = open_to_read(&path).map_err(Error::on("open", &path))?;
        let metadata = sys::about(&file).map_err(Error::on("look at", &path))?;
        let free = lock::try_lock(&file).map_err(Error::on("lock", &path))?;
        // Only if it is ours, because dropping the value removes the file.
        let ours = free && is_our_own(&metadata);
        Ok(ours.then(|| Self { file, path: Removed(Some(path)), grows: false }))
    }

    pub(crate) fn metadata(&self) -> Result<Metadata> {
        sys::about(&self.file).map_err(Error::on("look at", self.path()))
    }

    fn path(&self) -> &Path {
        self.path.0.as_deref().unwrap_or(Path::new(""))
    }

    /// Returns whether it may be used for a file of this mode and owner.
    pub(crate) fn is_admitted_by(&self, ownership: &Ownership) -> Result<bool> {
        self.metadata().map(|metadata| ownership.admits(&Ownership::of(&self.file, &metadata)))
    }

    /// Returns whether it is the compressed form of the backup `plain` of this `length`.
    pub(crate) fn holds(&self, plain: &Path, length: u64) -> Result<bool> {
        let covers_all =
            Progress::of(&self.file).map(|found| found.is_none_or(|it| it.covered >= length));
        let holds =
            covers_all.and_then(|all| Ok(all && super::same_generation(plain, &self.file)?));
        holds.map_err(Error::on("compare", plain))
    }

    /// Renames it to the compressed form of the backup `plain`.
    pub(crate) fn place(&self, plain: &Path) -> Result<()> {
        let rename = fs::rename(self.path(), names::compressed(plain));
        rename.map_err(Error::on("rename", self.path()))
    }

    /// Lets it grow again after a failed rotation.
    pub(crate) fn put_back(mut self) {
        if self.grows {
            self.path.0 = None;
        }
    }
}

/// A file with a private file's name can only be ours if it is regular and has no other name.
/// Another user may have put a link there.
fn is_our_own(metadata: &Metadata) -> bool {
    metadata.is_file() && sys::links(metadata) <= 1
}

/// Sets the time of last change from `about`. As with gzip itself, backups so stay in the order of
/// their lines, whenever they are compressed.
fn copy_time(file: &File, about: &Metadata) {
    // A refusal only affects the order by time.
    drop(about.modified().and_then(|time| file.set_modified(time)));
}

/// Returns the CRC-32 of the file's bytes from `begin` to `end` after bytes with the CRC-32 `sum`.
fn checksum(file: &File, mut sum: u32, begin: u64, end: u64) -> io::Result<u32> {
    pieces(file, begin, end, |piece, _| {
        sum = checksum_after(sum, piece);
        Ok(())
    })?;
    Ok(sum)
}
