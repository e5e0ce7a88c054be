//! The private file, `.__app.log.ID.gz`: the compressed content of a log that
//! still grows, or of a file that is about to become a backup.
//!
//! Only this module creates, claims, checks, extends, closes, places or removes it. The rules:
//!
//! - Its name follows from the log's identity, so anyone who can `stat` the log can predict
//!   it. It is opened without following links. One that is not a regular file, or has a second
//!   name, is never written, truncated or removed: it may be another user's.
//! - It is used only if it belongs to the log's owner or to us and is no wider than the log.
//!   Else it is removed, which harms no other file.
//! - Every process that creates, extends or removes it holds a `flock` on it.
//! - While the log grows, an index is at its end. It is written in one call with the block
//!   before it, and the next block overwrites it. A file with an incomplete index is emptied.
//!
//! ```text
//!  growing   header │ block │ block │ index: how much of the log is covered,
//!                                   │ checksums of that and of the blocks
//!  closed    header │ block │ block │ deflate's end, CRC-32, length: gzip's
//! ```
//!
//! - The index only says what its writer saw. A block is trusted if this process wrote it, or
//!   has compared it with the log, without the lock, in [`incremental`](super::incremental).
//! - A rename makes a closed file a backup. If the rotation fails before, the index is
//!   restored, so that nothing is compressed twice.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process;

use flate2::{Compression, GzBuilder};

use super::block::{HEADER, checksum_after, trailer, unfit};
use super::{PIECE, pieces};
use crate::error::{Error, Result};
use crate::file::permissions::Ownership;
use crate::file::sync::{sync_all, sync_data};
use crate::file::{file_id, open_to_read};
use crate::lock;
use crate::names::{self, Names};
use crate::sys::{self, FileExt, Identity, Metadata};

/// No deflate block begins with 7, so every gzip reader stops here, with an error.
const MAGIC: [u8; 8] = *b"\x07clh-tee";
/// Behind [`MAGIC`] a length and five checksums.
const INDEX: usize = 36;
/// How much of the beginning and of the end of the covered content is compared under the lock.
const SAMPLE: u64 = 4096;
/// A file of such a size is not synced ahead: a disk writes that in a millisecond. Smaller ones
/// are closed so often that others would meet the longer fsync under the lock more often.
const SYNCED_ONCE: Range<u64> = 32 * 1024..256 * 1024;

/// The index: how far a growing private file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// In bytes of the log.
    pub(crate) covered: u64,
    /// Where the blocks end in the private file.
    end: u64,
    /// CRC-32 of the covered content.
    log: u32,
    /// CRC-32 of the private file up to `end`.
    data: u32,
    /// CRC-32 of the samples.
    samples: [u32; 2],
}

impl Progress {
    const NONE: Self = Self { covered: 0, end: 0, log: 0, data: 0, samples: [0; 2] };

    /// Nothing if the index is incomplete.
    fn of(file: &File) -> io::Result<Option<Self>> {
        let length = file.metadata()?.len();
        let Some(end) = length.checked_sub(INDEX as u64) else { return Ok(None) };
        let mut bytes = [0; INDEX];
        file.read_exact_at(&mut bytes, end)?;
        let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte]));
        let covered = u64::from(number(8)) | u64::from(number(12)) << 32;
        let (log, data, samples) = (number(16), number(20), [number(24), number(28)]);
        let found = Self { covered, end, log, data, samples };
        Ok((covered > 0 && found.index() == bytes).then_some(found))
    }

    fn index(&self) -> [u8; INDEX] {
        let mut bytes = [0; INDEX];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.covered.to_le_bytes());
        let numbers = [self.log, self.data, self.samples[0], self.samples[1]];
        for (number, at) in numbers.into_iter().zip((16..).step_by(4)) {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let own = checksum_after(0, &bytes[..INDEX - 4]);
        bytes[INDEX - 4..].copy_from_slice(&own.to_le_bytes());
        bytes
    }

    /// Checksums of the beginning and the end of the covered content.
    fn samples(log: &File, covered: u64) -> io::Result<[u32; 2]> {
        let length = SAMPLE.min(covered);
        Ok([checksum(log, 0, length)?, checksum(log, covered - length, length)?])
    }

    /// Goes on over `bytes` of the log.
    pub(crate) fn covers(&mut self, bytes: &[u8]) {
        self.covered += bytes.len() as u64;
        self.log = checksum_after(self.log, bytes);
    }

    /// Whether `log` can be the covered one, by its length and the samples.
    pub(crate) fn seems_of(&self, log: &File) -> io::Result<bool> {
        let long_enough = log.metadata()?.len() >= self.covered;
        Ok(long_enough && Self::samples(log, self.covered)? == self.samples)
    }

    /// Whether `log` is the covered one, comparing everything.
    pub(crate) fn is_of(&self, log: &File) -> io::Result<bool> {
        let long_enough = log.metadata()?.len() >= self.covered;
        Ok(long_enough && checksum(log, 0, self.covered)? == self.log)
    }
}

/// A growing private file, claimed: no other process writes it.
#[derive(Debug)]
pub(crate) struct PrivateFile {
    file: File,
    path: PathBuf,
    identity: Identity,
}

impl PrivateFile {
    /// Claims the private file of the log that `log` describes, creating a missing one with the
    /// log's mode and owner. Nothing if another process has claimed it, or if the log is gone.
    pub(crate) fn claim(names: &Names, log: &Metadata) -> io::Result<Option<Self>> {
        let path = names.private(file_id(log));
        let open = || sys::options().read(true).write(true).open(&path);
        let ownership = Ownership::at(names.log(), log);
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match ownership.create(&path) {
                    // Opened anew, since the first one only appends.
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
        // Between opening and locking it may have become a backup.
        if !lock::try_lock(&file)? || !stands(&path, identity) {
            return Ok(None);
        }
        let log_is_there =
            sys::look_at(names.log()).is_ok_and(|found| file_id(&found) == file_id(log));
        if !log_is_there || !ownership.admits(&Ownership::of(&file, &metadata)) {
            // The log was rotated, and the file is useless; or its mode is too wide. The next
            // process creates a new one.
            fs::remove_file(&path)?;
            return Ok(None);
        }
        Ok(Some(Self { file, path, identity }))
    }

    /// Whether the private file at `path` grows with a log of this `size`: its index is complete
    /// and covers no more.
    pub(crate) fn is_growing(path: &Path, size: u64) -> bool {
        let progress = open_to_read(path).and_then(|file| Progress::of(&file));
        progress.is_ok_and(|found| found.is_some_and(|found| found.covered <= size))
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// What does not seem to be of `log` is thrown away.
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

    /// Whether its blocks are what was written.
    pub(crate) fn is_sound(&self, progress: &Progress) -> io::Result<bool> {
        Ok(checksum(&self.file, 0, progress.end)? == progress.data)
    }

    /// Adds `compressed`, with which it has come to `after`, as far as the log goes. It begins
    /// with what [`PrivateFile::begin`] put in.
    pub(crate) fn extend(
        &self,
        before: &Progress,
        mut after: Progress,
        log: &File,
        compressed: &mut Vec<u8>,
    ) -> io::Result<Progress> {
        after.end += compressed.len() as u64;
        after.data = checksum_after(before.data, compressed);
        after.samples = Progress::samples(log, after.covered)?;
        compressed.extend(after.index());
        if let Err(error) = self.file.write_all_at(compressed, before.end) {
            self.put_index_back(before)?;
            return Err(error);
        }
        Ok(after)
    }

    /// What precedes the next block: gzip's header, before the first.
    pub(crate) fn begin(progress: &Progress, compressed: &mut Vec<u8>) {
        compressed.clear();
        compressed.extend(HEADER.iter().filter(|_| progress.end == 0));
    }

    fn put_index_back(&self, progress: &Progress) -> io::Result<()> {
        self.file.set_len(progress.end)?;
        let index = progress.index();
        self.file.write_all_at(if progress.covered > 0 { &index } else { &[] }, progress.end)
    }

    /// Leaves little to sync when it is closed.
    pub(crate) fn sync_ahead(&self, progress: &Progress) -> io::Result<()> {
        if SYNCED_ONCE.contains(&progress.end) { Ok(()) } else { sync_data(&self.file) }
    }

    /// Closes it: the whole log that `about` describes is covered.
    pub(crate) fn close(
        self,
        progress: Progress,
        about: &Metadata,
        sync: bool,
    ) -> io::Result<Compressed> {
        let close = || {
            self.file.set_len(progress.end)?;
            let trailer = trailer(progress.log, progress.covered);
            self.file.write_all_at(&trailer, progress.end)?;
            seal(&self.file, about, sync)
        };
        let outcome = close();
        let closed = Compressed {
            file: self.file,
            path: Removed(Some(self.path)),
            growing: Some((self.identity, progress)),
        };
        match outcome {
            Ok(()) => Ok(closed),
            Err(error) => {
                closed.put_back();
                Err(error)
            }
        }
    }
}

/// A complete private file that is about to become a backup, locked by us. It is removed unless
/// it is placed.
#[derive(Debug)]
pub(crate) struct Compressed {
    /// Closed before the path is removed: on Windows it might keep its name until then.
    file: File,
    path: Removed,
    /// If it grew with a log: how far.
    growing: Option<(Identity, Progress)>,
}

/// Removes the path when dropped.
#[derive(Debug)]
struct Removed(Option<PathBuf>);

impl Drop for Removed {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Once placed there is nothing to remove, and after a failure recovery tries again.
            drop(fs::remove_file(path));
        }
    }
}

impl Compressed {
    /// Compresses the whole file at `source`. After an error nothing is left of it.
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
            // It is not ours, or its maker was stopped or has died.
            let path = names.private(identity ^ u64::from(process::id()));
            return Self::at(path, source, level, sync);
        }
        outcome
    }

    /// Creates `path` with mode, owner and time of change of `source`.
    fn at(path: PathBuf, source: &Path, level: u32, sync: bool) -> io::Result<Self> {
        let source = open_to_read(source)?;
        let about = sys::about(&source)?;
        let (file, _) = Ownership::of(&source, &about).create(&path)?;
        let made = Self { file, path: Removed(Some(path)), growing: None };
        // It is new, so it is free; if not, it is no longer ours.
        if !lock::try_lock(&made.file)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        // No name in the header: Python's is a temporary file's, so `gunzip -N` restores
        // nonsense.
        let mut encoder = GzBuilder::new().write(&made.file, Compression::new(level));
        io::copy(&mut BufReader::with_capacity(PIECE, source), &mut encoder)?;
        encoder.finish()?;
        seal(&made.file, &about, sync)?;
        Ok(made)
    }

    /// Takes over the private file at `path`, unless its maker is alive.
    pub(crate) fn of_dead_maker(path: PathBuf) -> Result<Option<Self>> {
        if !sys::look_at(&path).is_ok_and(|metadata| is_our_own(&metadata)) {
            return Ok(None);
        }
        let file = open_to_read(&path).map_err(Error::on("open", &path))?;
        let metadata = sys::about(&file).map_err(Error::on("look at", &path))?;
        let free = lock::try_lock(&file).map_err(Error::on("lock", &path))?;
        // Only if it is ours: dropping a value removes the file.
        let ours = free && is_our_own(&metadata);
        Ok(ours.then(|| Self { file, path: Removed(Some(path)), growing: None }))
    }

    pub(crate) fn metadata(&self) -> Result<Metadata> {
        sys::about(&self.file).map_err(Error::on("look at", self.path()))
    }

    fn path(&self) -> &Path {
        self.path.0.as_deref().unwrap_or(Path::new(""))
    }

    /// Whether it may stand for a file of this mode and owner.
    pub(crate) fn is_admitted_by(&self, ownership: &Ownership) -> Result<bool> {
        self.metadata().map(|metadata| ownership.admits(&Ownership::of(&self.file, &metadata)))
    }

    pub(crate) fn holds(&self, plain: &Path) -> Result<bool> {
        super::same_generation(plain, &self.file).map_err(Error::on("compare", plain))
    }

    /// Renames it to the compressed backup beside `plain`.
    pub(crate) fn place(&self, plain: &Path) -> Result<()> {
        let rename = fs::rename(self.path(), names::compressed(plain));
        rename.map_err(Error::on("rename", self.path()))
    }

    /// Lets it grow again after a rotation that failed.
    pub(crate) fn put_back(mut self) {
        if let (Some((identity, progress)), Some(path)) = (self.growing, self.path.0.take()) {
            let private = PrivateFile { file: self.file, path, identity };
            if private.put_index_back(&progress).is_err() {
                drop(Removed(Some(private.path)));
            }
        }
    }
}

/// A file with a private file's name can be ours only if it is regular and has no other name. A
/// link to another user's file may have been put there.
fn is_our_own(metadata: &Metadata) -> bool {
    metadata.is_file() && sys::links(metadata) <= 1
}

/// Sets the time of change from `about`, and syncs if `sync`. As with gzip itself, backups thus
/// stay in the order of their lines, whenever they were compressed.
fn seal(file: &File, about: &Metadata, sync: bool) -> io::Result<()> {
    // A refusal costs only the order by time.
    drop(about.modified().and_then(|time| file.set_modified(time)));
    if sync { sync_all(file) } else { Ok(()) }
}

/// CRC-32 of `length` bytes from `offset` on.
fn checksum(file: &File, offset: u64, length: u64) -> io::Result<u32> {
    let mut sum = 0;
    pieces(file, offset, offset + length, |piece, _| {
        sum = checksum_after(sum, piece);
        Ok(())
    })?;
    Ok(sum)
}
