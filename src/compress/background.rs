//! What is done with the lock released: fsync of rotated logs, freeing of
//! removed ones, compressing the log as it grows.
//!
//! Who compresses, and when:
//!
//! - A thread, if there is one: whatever can be, from the start.
//! - A process that appends faster than it compresses **owes** what it has
//!   added. It compresses that itself before it appends more, with the lock
//!   released; see [`Background::must_pay`]. What was there before it, or comes
//!   from others, never counts against it.
//! - A short run, when its append has crossed the end of a block: it compresses
//!   that, and some of what is missing before it, before it ends. See
//!   [`Background::has_share`].

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

/// How much of what a process has added may wait to be compressed before its
/// producer is held up.
const MOST_OWED: u64 = 512 * 1024;

/// How much a short run compresses of what others have left: 6 ms.
const SHARE: u64 = 256 * 1024;

/// So large is a removed file, in bytes, that freeing it takes time, for which
/// nobody should wait: 0.4 ms.
const LARGE: u64 = 4 * 1024 * 1024;

/// How many files may wait for an fsync before their writer is behind.
const UNSYNCED: usize = 16;

/// How many files may be kept open for either reason.
const MOST_OPEN: usize = 64;

/// A process that has added so much, or has run so long, is no short run: its
/// thread compresses whatever there is.
const SETTLED_IN: (u64, Duration) = (16 * 1024, Duration::from_millis(100));

/// How long another process may be at the private file before we think that it
/// has been stopped, and leave it to the next rotation.
const STOPPED: Duration = Duration::from_secs(1);

/// What is to be done for a log with the lock released, by any thread.
#[derive(Debug, Clone)]
pub struct Background(Arc<Shared>);

/// What the log and its background work share.
#[derive(Debug)]
struct Shared {
    work: Mutex<Work>,
    /// The turn to fsync; taken before the work.
    settling: Mutex<()>,
    /// Held while removed files are closed; taken before the work.
    freeing: Mutex<()>,
    /// What compresses, if that is wanted. It may be at a block, so it is taken
    /// before the work and never while having that.
    incremental: Option<Mutex<Incremental>>,
    /// The size at which the log is full.
    limit: u64,
    began: Instant,
}

#[derive(Debug, Default)]
struct Work {
    /// Removed files, to be freed by closing them.
    close: Vec<File>,
    /// Files to be forced to disk, with their paths at the time.
    sync: Vec<(File, PathBuf)>,
    /// The log that grows: its identity, and the size that it has for sure.
    log: (u64, u64),
    /// How much of it is covered.
    covered: u64,
    /// How much this process has added that is not made up for by blocks.
    owed: u64,
    /// How much of its share a short run has yet to compress.
    share: u64,
    /// How much this process has put in altogether.
    total: u64,
    /// A rotation is being prepared.
    preparing: bool,
    /// Since when another process is at the private file.
    busy: Option<Instant>,
}

impl Background {
    /// Returns the background work of a log that is full at `limit`.
    pub(crate) fn new(incremental: Option<Incremental>, limit: u64) -> Self {
        let incremental = incremental.map(Mutex::new);
        let (work, settling, freeing) = (Mutex::default(), Mutex::default(), Mutex::default());
        let began = Instant::now();
        Self(Arc::new(Shared { work, settling, freeing, incremental, limit, began }))
    }

    /// Tells whether there is something to do.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let work = self.work();
        let settled = work.total >= SETTLED_IN.0 || self.0.began.elapsed() >= SETTLED_IN.1;
        (self.has_block(&work) && (settled || work.share > 0))
            || !work.close.is_empty()
            || !work.sync.is_empty()
    }

    /// Tells whether so much is to be done that the producer should wait, who
    /// has `more` bytes that are not in the log yet.
    #[must_use]
    pub fn is_behind(&self, more: u64) -> bool {
        let work = self.work();
        // What waits for a preparation may wait for what others have left.
        let more = if work.preparing { 0 } else { more };
        let owed = self.0.incremental.is_some() && work.owed + more > MOST_OWED;
        owed || work.sync.len() > UNSYNCED
    }

    /// Tells whether a share of the work has yet to be done before the process
    /// ends.
    #[must_use]
    pub fn has_share(&self) -> bool {
        let work = self.work();
        work.share > 0 && self.has_block(&work)
    }

    /// Does a part of it, of a few milliseconds but for the disk. Whether more
    /// is to do tells [`Background::is_due`].
    ///
    /// # Errors
    ///
    /// If something cannot be forced to disk.
    pub fn do_some(&self) -> Result<()> {
        let outcome = self.settle();
        self.cover();
        outcome
    }

    /// Frees and forces to disk what waits for it.
    ///
    /// # Errors
    ///
    /// The first that occurred, after everything was tried.
    pub fn settle(&self) -> Result<()> {
        // One after another, so that what another thread has taken on is done
        // too when this returns.
        let _turn = locked(&self.0.settling);
        let sync = std::mem::take(&mut self.work().sync);
        self.free();
        let outcomes = sync.into_iter().map(|(file, path)| sync_if_there(&file, path));
        outcomes.fold(Ok(()), Result::and)
    }

    /// Compresses the share of a short run.
    pub(crate) fn do_share(&self) {
        while self.has_share() {
            self.cover();
        }
    }

    /// Returns how many bytes may be appended before what is owed must be paid;
    /// 0 if that is so now.
    pub(crate) fn credit(&self) -> u64 {
        if self.0.incremental.is_none() {
            return u64::MAX;
        }
        let work = self.work();
        (2 * self.block(&work)).saturating_sub(work.owed)
    }

    /// Compresses what is owed, but for what is no whole block.
    pub(crate) fn pay(&self) {
        loop {
            let work = self.work();
            let owes = work.owed >= self.block(&work) && self.has_block(&work);
            drop(work);
            if !owes {
                return;
            }
            self.cover();
        }
    }

    /// Prepares the rotation of the log of this `identity` and `size`, which is
    /// full or due.
    pub(crate) fn prepare(&self, identity: u64, size: u64) {
        if let Some(incremental) = &self.0.incremental {
            self.work().preparing = true;
            // What cannot be done is tried again by the rotation, and reported.
            drop(locked(incremental).prepare(identity, size));
            self.work().preparing = false;
        }
    }

    /// Tells whether the log is compressed as it grows.
    pub(crate) fn compresses(&self) -> bool {
        self.0.incremental.is_some()
    }

    /// Returns what compresses, unless it is at it.
    pub(crate) fn try_incremental(&self) -> Option<MutexGuard<'_, Incremental>> {
        self.0.incremental.as_ref().and_then(|incremental| incremental.try_lock().ok())
    }

    /// Returns what compresses, when it has nothing to do.
    pub(crate) fn incremental(&self) -> Option<MutexGuard<'_, Incremental>> {
        self.0.incremental.as_ref().map(locked)
    }

    /// Tells whether so many files are kept open that they should be seen to.
    pub(crate) fn has_too_many_open(&self) -> bool {
        let work = self.work();
        work.close.len() + work.sync.len() >= MOST_OPEN
    }

    /// Frees removed files that are freed at once, now that the new log has not
    /// got the number of one of them. Were they kept longer, ext4 would look at
    /// each number that is about to become free before it gives a new file one:
    /// a rotation without a pause before the next took nine times as long.
    pub(crate) fn close_small(&self) {
        let is_large = |file: &File| file.metadata().is_ok_and(|about| about.len() >= LARGE);
        self.work().close.retain(is_large);
    }

    /// Frees removed files, for the disk is full. What another thread is freeing
    /// is free when this returns.
    pub(crate) fn free(&self) {
        let _freed = locked(&self.0.freeing);
        let close = std::mem::take(&mut self.work().close);
        drop(close);
    }

    /// Compresses a block.
    fn cover(&self) {
        let Some(incremental) = &self.0.incremental else { return };
        let mut incremental = locked(incremental);
        let (identity, size) = self.work().log;
        let outcome = incremental.catch_up(identity, size);
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
            // The rotation tries again, and tells of it. Until then there is
            // nothing to wait for.
            work.covered = u64::MAX;
        }
        if stuck {
            // Another process does it.
            work.share = 0;
        }
        work.owed = work.owed.min(work.uncovered());
        drop(work);
        if stuck {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Notes a removed file, to be freed.
    pub(crate) fn close_later(&self, file: impl IntoIterator<Item = File>) {
        self.work().close.extend(file);
    }

    /// Notes a file to be forced to disk.
    pub(crate) fn sync_later(&self, file: File, path: PathBuf) {
        let mut work = self.work();
        if work.sync.len() >= UNSYNCED {
            // What has left the chain meanwhile needs no disk.
            work.sync.retain(|(file, _)| is_there(file));
        }
        work.sync.push((file, path));
    }

    /// Notes that the log of this identity has grown to `size`, by `own` bytes
    /// of ours.
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

    /// Returns the length of the next block.
    fn block(&self, work: &Work) -> u64 {
        block::length_at(work.covered, self.0.limit)
    }

    /// Tells whether there is a whole block that is not covered.
    fn has_block(&self, work: &Work) -> bool {
        self.0.incremental.is_some() && work.uncovered() >= self.block(work)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        locked(&self.0.work)
    }
}

impl Work {
    /// Returns how much of the log is not covered.
    fn uncovered(&self) -> u64 {
        self.log.1.saturating_sub(self.covered)
    }
}

/// Locks a mutex; what a thread that panicked left is as good as anything, for
/// it is compared with the files before it is used.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forces a file to disk, unless it has been removed.
fn sync_if_there(file: &File, path: PathBuf) -> Result<()> {
    let outcome: io::Result<()> = if is_there(file) { sync_data(file) } else { Ok(()) };
    outcome.map_err(|error| Error::new("sync", path, error))
}

/// Tells whether a file still has a name.
fn is_there(file: &File) -> bool {
    sys::about(file).is_ok_and(|metadata| sys::links(&metadata) > 0)
}
