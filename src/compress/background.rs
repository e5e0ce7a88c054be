//! Work without the lock: syncing rotated logs, freeing removed ones, and compressing the log while
//! it grows.
//!
//! Three parties compress:
//!
//! - The background thread, if there is one, compresses whatever it can from the start.
//! - A process that appends faster than it compresses **owes** what it has added. Before it appends
//!   more, it compresses that itself, without the lock; see [`Background::credit`]. Other
//!   processes' content never counts against it.
//! - A short run whose append has crossed the end of a block compresses that block, and some of
//!   what is missing before it, before it ends; see [`Background::has_share`].

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::compress::block;
use crate::compress::incremental::Incremental;
use crate::error::{Error, Result};
use crate::file::sync::sync_data;
use crate::sys;

/// How many bytes may wait for compression before the producer must wait.
const MOST_OWED: u64 = 1024 * 1024;

/// How many bytes of others' content a short run compresses: 6 ms.
const SHARE: u64 = 256 * 1024;

/// Freeing a file of this size takes 0.4 ms, for which no process should have to wait.
const LARGE: u64 = 4 * 1024 * 1024;

/// How many files may wait for an fsync before the producer must wait.
const UNSYNCED: usize = 16;

/// How many files may be kept open to be synced or freed.
const MOST_OPEN: usize = 64;

/// A process that has appended this many bytes, or has run this long, is no short run: its thread
/// compresses whatever it can.
const SETTLED_IN: (u64, Duration) = (16 * 1024, Duration::from_millis(100));

/// If another process has claimed the private file for this long, it is considered stopped, and the
/// file is left to the next rotation.
const STOPPED: Duration = Duration::from_secs(1);

/// The work for a log that needs no lock. Any thread can do it.
#[derive(Debug, Clone)]
pub struct Background(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    work: Mutex<Work>,
    /// Held while files are synced; locked before `work`.
    settling: Mutex<()>,
    /// Held while removed files are closed; locked before `work`.
    freeing: Mutex<()>,
    /// May be busy with a block, so it is locked before `work` and never while that is locked.
    incremental: Option<Mutex<Incremental>>,
    limit: u64,
    began: Instant,
}

#[derive(Debug, Default)]
struct Work {
    /// Removed files, which closing will free.
    close: Vec<File>,
    /// Files to sync, with their paths at that time.
    sync: Vec<(File, PathBuf)>,
    /// The growing log: its identity, and a size that it has reached for certain.
    log: (u64, u64),
    /// How many of its bytes are compressed.
    covered: u64,
    /// How many bytes this process has added and not compressed.
    owed: u64,
    /// How many bytes a short run has yet to compress.
    share: u64,
    total: u64,
    preparing: bool,
    /// Since when another process has had the private file.
    busy: Option<Instant>,
}

impl Background {
    pub(crate) fn new(incremental: Option<Incremental>, limit: u64) -> Self {
        let incremental = incremental.map(Mutex::new);
        let (work, settling, freeing) = (Mutex::default(), Mutex::default(), Mutex::default());
        let began = Instant::now();
        Self(Arc::new(Shared { work, settling, freeing, incremental, limit, began }))
    }

    /// Returns whether there is work.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let work = self.work();
        let settled = work.total >= SETTLED_IN.0 || self.0.began.elapsed() >= SETTLED_IN.1;
        (self.has_block(&work) && (settled || work.share > 0))
            || !work.close.is_empty()
            || !work.sync.is_empty()
    }

    /// Returns whether so much work is waiting that the producer should wait, too. It has `more`
    /// bytes that are not in the log yet.
    #[must_use]
    pub fn is_behind(&self, more: u64) -> bool {
        let work = self.work();
        // Another process may have the private file, or a preparation be about others' content.
        let foreign =
            work.busy.is_some() || work.preparing && work.uncovered() - work.owed > MOST_OWED;
        let more = if foreign { 0 } else { more };
        let owed = self.0.incremental.is_some() && work.owed + more > MOST_OWED;
        owed || work.sync.len() > UNSYNCED
    }

    /// Returns whether this process must do a share of the work before it ends.
    #[must_use]
    pub fn has_share(&self) -> bool {
        let work = self.work();
        work.share > 0 && self.has_block(&work)
    }

    /// Does some of the work: a few milliseconds, not counting the disk. [`Background::is_due`]
    /// returns whether more is left.
    ///
    /// # Errors
    ///
    /// If a file cannot be synced.
    pub fn do_some(&self) -> Result<()> {
        let outcome = self.settle();
        self.cover(1);
        outcome
    }

    /// Frees and syncs all files that are waiting.
    ///
    /// # Errors
    ///
    /// The first one that occurred; the other files are synced nevertheless.
    pub fn settle(&self) -> Result<()> {
        // One thread at a time, so that another thread's work is done too when this returns.
        let _turn = locked(&self.0.settling);
        let sync = std::mem::take(&mut self.work().sync);
        self.free();
        let outcomes = sync.into_iter().map(|(file, path)| sync_if_there(&file, path));
        outcomes.fold(Ok(()), Result::and)
    }

    pub(crate) fn do_share(&self) {
        while self.has_share() {
            self.cover(1);
        }
    }

    /// Returns how many bytes may be appended before the process must compress what it owes.
    pub(crate) fn credit(&self) -> u64 {
        if self.0.incremental.is_none() {
            return u64::MAX;
        }
        let work = self.work();
        (2 * self.block(&work)).saturating_sub(work.owed)
    }

    /// Compresses the whole blocks that this process owes.
    pub(crate) fn pay(&self) {
        loop {
            let work = self.work();
            let (owed, has_block) = (work.owed, self.has_block(&work));
            if owed < self.block(&work) || !has_block {
                return;
            }
            drop(work);
            self.cover(owed);
        }
    }

    /// Prepares the rotation of a log that is full or due. Returns false after an error; the
    /// rotation tries again and reports it.
    pub(crate) fn prepare(&self, identity: u64, size: u64) -> bool {
        let Some(incremental) = &self.0.incremental else { return true };
        self.work().preparing = true;
        let waits = || self.work().busy = Some(Instant::now());
        let outcome = locked(incremental).prepare(identity, size, waits);
        let mut work = self.work();
        (work.preparing, work.busy) = (false, None);
        outcome.is_ok()
    }

    pub(crate) fn compresses(&self) -> bool {
        self.0.incremental.is_some()
    }

    /// Returns the compressor, unless it is busy.
    pub(crate) fn try_incremental(&self) -> Option<MutexGuard<'_, Incremental>> {
        self.0.incremental.as_ref().and_then(|incremental| incremental.try_lock().ok())
    }

    pub(crate) fn incremental(&self) -> Option<MutexGuard<'_, Incremental>> {
        self.0.incremental.as_ref().map(locked)
    }

    /// Returns whether so many files are open that some should be synced and freed.
    pub(crate) fn has_too_many_open(&self) -> bool {
        let work = self.work();
        work.close.len() + work.sync.len() >= MOST_OPEN
    }

    /// Frees small removed files: after a hold, because on a busy machine each takes milliseconds,
    /// and before a rotation. ext4 checks every inode that is about to become free before it assigns
    /// one to a new file: a rotation soon after another took nine times as long.
    pub(crate) fn close_small(&self) {
        let is_large = |file: &File| file.metadata().is_ok_and(|about| about.len() >= LARGE);
        self.work().close.retain(is_large);
    }

    /// Frees all removed files because the disk is full. Files that another thread is freeing are
    /// free, too, when this returns.
    pub(crate) fn free(&self) {
        let _freed = locked(&self.0.freeing);
        let close = std::mem::take(&mut self.work().close);
        drop(close);
    }

    /// Compresses `bytes` bytes, and the rest of the last block.
    fn cover(&self, bytes: u64) {
        let Some(incremental) = &self.0.incremental else { return };
        let mut incremental = locked(incremental);
        let (identity, size) = self.work().log;
        let outcome = incremental.catch_up(identity, size, bytes);
        let mut work = self.work();
        if work.log.0 != identity {
            return;
        }
        let (before, covered) = (work.covered, incremental.covered(identity));
        drop(incremental);
        work.covered = covered;
        work.owed = work.owed.saturating_sub(covered.saturating_sub(before));
        work.share = work.share.saturating_sub(covered.saturating_sub(before));
        let stuck = !matches!(outcome, Ok(true)) && self.has_block(&work);
        let since = work.busy.filter(|_| stuck);
        work.busy = stuck.then(|| since.unwrap_or_else(Instant::now));
        if outcome.is_err() || since.is_some_and(|since| since.elapsed() > STOPPED) {
            // The rotation tries again and reports it. Until then nothing should wait for it.
            work.covered = u64::MAX;
        }
        if stuck {
            // Another process compresses it.
            work.share = 0;
        }
        work.owed = work.owed.min(work.uncovered());
        drop(work);
        if stuck {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn close_later(&self, file: impl IntoIterator<Item = File>) {
        self.work().close.extend(file);
    }

    pub(crate) fn sync_later(&self, file: File, path: PathBuf) {
        let mut work = self.work();
        if work.sync.len() >= UNSYNCED {
            // Files that have left the chain need no fsync.
            work.sync.retain(|(file, _)| is_there(file));
        }
        work.sync.push((file, path));
    }

    /// Records that the log has grown to `size`; `own` bytes of it are ours.
    pub(crate) fn has_grown(&self, identity: u64, size: u64, own: u64) {
        if self.0.incremental.is_none() {
            return;
        }
        let mut work = self.work();
        if work.log.0 != identity || size < work.log.1 {
            (work.covered, work.owed, work.share, work.busy) = (0, 0, 0, None);
        }
        work.log = (identity, size);
        work.total += own;
        work.owed = (work.owed + own).min(work.uncovered());
        let block = block::length_at(size, self.0.limit);
        if size / block != size.saturating_sub(own) / block {
            work.share = work.share.max(own.saturating_add(SHARE));
        }
    }

    fn block(&self, work: &Work) -> u64 {
        block::length_at(work.covered, self.0.limit)
    }

    fn has_block(&self, work: &Work) -> bool {
        self.0.incremental.is_some() && work.uncovered() >= self.block(work)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        locked(&self.0.work)
    }
}

impl Work {
    fn uncovered(&self) -> u64 {
        self.log.1.saturating_sub(self.covered)
    }
}

/// A thread that panicked may leave anything here. It is compared with the files before it is used.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A removed file needs no fsync.
fn sync_if_there(file: &File, path: PathBuf) -> Result<()> {
    let outcome: io::Result<()> = if is_there(file) { sync_data(file) } else { Ok(()) };
    outcome.map_err(|error| Error::new("sync", path, error))
}

fn is_there(file: &File) -> bool {
    sys::about(file).is_ok_and(|metadata| sys::links(&metadata) > 0)
}
