//! What is done beside the flow of lines, with no lock held: forcing rotated
//! logs to disk, freeing removed ones, compressing ahead.
//!
//! Nobody waits for it, within bounds: a writer that appends faster than can be
//! compressed is [behind](Background::is_behind) some time, and should do its
//! background before it goes on. It is the flooder who waits then, not another.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::compress::incremental::{Incremental, PIECE};
use crate::error::{Error, Result};
use crate::file::sync::sync_data;
use crate::sys;

/// How much of a log may wait to be compressed before its writer is behind. Two
/// pieces are enough to keep the compression busy, and whatever waits when the
/// log is full is compressed under the lock.
const UNCOVERED: u64 = 2 * PIECE;

/// So large is a removed file, in bytes, that freeing it takes time, for which
/// nobody should wait: 0.4 ms.
const LARGE: u64 = 4 * 1024 * 1024;

/// How many files may wait to be forced to disk before their writer is behind.
const UNSYNCED: usize = 16;

/// How much a process must have put in before it compresses ahead. One that
/// has a few lines to add would spend more on that than on them.
const SETTLED_IN: u64 = 16 * 1024;

/// How long somebody else may be at the private file before we think that he
/// has been stopped, and leave it to the next rotation.
const STOPPED: Duration = Duration::from_secs(1);

/// What is to be done for a log beside the flow of lines.
///
/// Any thread may do it; without one, it is done by
/// [`Hold::finish`](crate::Hold::finish), and what could have been compressed
/// ahead is compressed when the log is rotated.
#[derive(Debug, Clone)]
pub struct Background(Arc<Shared>);

/// What the log and its background share.
#[derive(Debug)]
struct Shared {
    /// What is to be done.
    chores: Mutex<Chores>,
    /// The turn to force to disk; taken before the chores.
    settling: Mutex<()>,
    /// What compresses ahead, if that is wanted. Whoever has it may be at a
    /// piece, so it is taken before the chores and never while having them.
    ahead: Option<Mutex<Incremental>>,
}

/// What is to be done.
#[derive(Debug, Default)]
struct Chores {
    /// Removed files, to be freed by closing them.
    close: Vec<File>,
    /// Files to be forced to disk, with their paths at the time.
    sync: Vec<(File, PathBuf)>,
    /// The log that grows: its identity, and the size that it has for sure.
    log: (u64, u64),
    /// How much of it is covered.
    covered: u64,
    /// How much this process has put in since it was not behind.
    own: u64,
    /// How much this process has put in altogether.
    total: u64,
    /// Since when somebody else is at the private file.
    busy: Option<Instant>,
}

impl Background {
    /// Returns the background of a log, which is compressed by `ahead`.
    pub(crate) fn new(ahead: Option<Incremental>) -> Self {
        let chores = Mutex::new(Chores::default());
        Self(Arc::new(Shared { chores, settling: Mutex::new(()), ahead: ahead.map(Mutex::new) }))
    }

    /// Tells whether there is something to do.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let chores = self.chores();
        let uncovered = chores.uncovered() >= PIECE && chores.total >= SETTLED_IN;
        (uncovered && self.0.ahead.is_some()) || !chores.close.is_empty() || !chores.sync.is_empty()
    }

    /// Tells whether so much is to be done that its writer should wait, who has
    /// `more` bytes that are not in the log yet.
    #[must_use]
    pub fn is_behind(&self, more: u64) -> bool {
        let chores = self.chores();
        let uncovered = self.0.ahead.is_some() && chores.uncovered() + more > UNCOVERED;
        (uncovered && chores.own + more > UNCOVERED) || chores.sync.len() > UNSYNCED
    }

    /// Does a part of it, of a few milliseconds but for the disk. Whether more
    /// is to do tells [`Background::is_due`].
    ///
    /// # Errors
    ///
    /// If something cannot be forced to disk.
    pub fn do_some(&self) -> Result<()> {
        let outcome = self.settle();
        if let Some(ahead) = &self.0.ahead {
            self.cover(&mut locked(ahead));
        }
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
        let mut chores = self.chores();
        let (close, sync) = (std::mem::take(&mut chores.close), std::mem::take(&mut chores.sync));
        drop(chores);
        drop(close);
        let outcomes = sync.into_iter().map(|(file, path)| sync_if_there(&file, path));
        outcomes.fold(Ok(()), Result::and)
    }

    /// Frees removed files that are freed at once, now that the new log has not
    /// got the number of one of them. Were they kept longer, ext4 would look at
    /// each number that is about to become free before it gives a new file one:
    /// a rotation without a pause before the next took nine times as long.
    pub(crate) fn close_small(&self) {
        let is_large = |file: &File| file.metadata().is_ok_and(|about| about.len() >= LARGE);
        self.chores().close.retain(is_large);
    }

    /// Frees removed files, for the disk is full; tells whether there were any.
    pub(crate) fn free(&self) -> bool {
        let close = std::mem::take(&mut self.chores().close);
        !close.is_empty()
    }

    /// Compresses a piece.
    fn cover(&self, ahead: &mut Incremental) {
        let (identity, size) = self.chores().log;
        let before = ahead.covered(identity);
        let outcome = ahead.catch_up(identity, size);
        let mut chores = self.chores();
        if chores.log.0 != identity {
            return;
        }
        chores.covered = ahead.covered(identity);
        let stuck = chores.covered == before && chores.uncovered() >= PIECE;
        let since = chores.busy.filter(|_| stuck);
        chores.busy = stuck.then(|| since.unwrap_or_else(Instant::now));
        if outcome.is_err() || since.is_some_and(|since| since.elapsed() > STOPPED) {
            // The rotation tries again, and tells of it. Until then there is
            // nothing to wait for.
            chores.covered = u64::MAX;
        }
        if chores.uncovered() <= UNCOVERED {
            chores.own = 0;
        }
        drop(chores);
        if stuck {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Notes a removed file, to be freed.
    pub(crate) fn close_later(&self, file: impl IntoIterator<Item = File>) {
        self.chores().close.extend(file);
    }

    /// Notes a file to be forced to disk.
    pub(crate) fn sync_later(&self, file: File, path: PathBuf) {
        let mut chores = self.chores();
        if chores.sync.len() >= UNSYNCED {
            // What has left the chain meanwhile needs no disk.
            chores.sync.retain(|(file, _)| is_there(file));
        }
        chores.sync.push((file, path));
    }

    /// Notes that the log of this identity has grown to `size`, by `own` bytes
    /// of ours.
    pub(crate) fn has_grown(&self, identity: u64, size: u64, own: u64) {
        if self.0.ahead.is_some() {
            let mut chores = self.chores();
            if chores.log.0 != identity {
                (chores.covered, chores.own, chores.busy) = (0, 0, None);
            }
            chores.log = (identity, size);
            chores.own += own;
            chores.total += own;
        }
    }

    /// Returns what compresses ahead, when it has nothing to do.
    pub(crate) fn ahead(&self) -> Option<MutexGuard<'_, Incremental>> {
        self.0.ahead.as_ref().map(locked)
    }

    /// Returns what is to be done.
    fn chores(&self) -> MutexGuard<'_, Chores> {
        locked(&self.0.chores)
    }
}

impl Chores {
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
