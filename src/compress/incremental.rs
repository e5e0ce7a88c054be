//! Compresses a log before it is rotated, block by block, while it grows.
//!
//! A log's content does not change once written, so any writer can compress it early without
//! holding the lock. When the log is full, nothing is left to do under the lock, except for lines
//! that arrived meanwhile.
//!
//! ```text
//!            ┌── block ──┬── block ──┬── block ──┬─ not yet ─┐
//!  app.log   │           │           │           │           │ ◀─ lines come in
//!            └───────────┴───────────┴───────────┴───────────┘
//!            ┌─ index ┬─ block ┬─ block ─┬─ block ┐
//!  private   │        │        │         │        │   .__app.log.ID.gz
//!            └────────┴────────┴─────────┴────────┘
//! ```
//!
//! Any process may add the next block without reading the earlier ones. But the plain log is
//! removed after the rotation, so the backup must hold exactly what the log held. Another process
//! may have truncated the log, and it may have grown again to the same length. So a rotation is
//! [prepared](Incremental::prepare): shortly before it, without the lock, the whole log is compared
//! with the index, and the private file is made a complete `.gz` on disk. Under the lock only size,
//! identity and samples are compared.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::compress::block::{self, Deflater, WINDOW};
use crate::compress::pieces;
use crate::compress::private_file::{Compressed, PrivateFile, Progress};
use crate::file::sync::sync_all;
use crate::file::{file_id, open_to_read};
use crate::names::Names;
use crate::sys::{self, Identity, Metadata};

/// A log of up to this size without a compressed block is compressed under the lock. That takes
/// half a millisecond, no longer than releasing the lock and acquiring it again.
const TINY: u64 = 16 * 1024;

/// If another process has claimed the private file for this long without changing it, that process
/// is considered stopped.
const STOPPED: Duration = Duration::from_millis(250);

/// The same while the lock is held: the time for one block.
const ONE_BLOCK: Duration = Duration::from_millis(10);

/// How long a comparison of the whole log stays valid.
const FRESH: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Incremental {
    names: Names,
    limit: u64,
    sync: bool,
    deflater: Deflater,
    /// The private file that holds the deflater's last block, and its progress.
    deflated: Option<(Identity, Progress)>,
    /// The compressed bytes of the last block.
    compressed: Vec<u8>,
    /// The log that the following fields are about.
    identity: u64,
    covered: u64,
    /// A private file, and the progress up to which we trust it.
    trusted: Option<(Identity, Progress)>,
    /// When it was compared with the whole log.
    compared: Option<Instant>,
    /// The private file that is complete, and synced if configured.
    complete: Option<(Identity, Progress)>,
}

struct Files {
    log: File,
    private: PrivateFile,
}

impl Incremental {
    pub(crate) fn new(names: &Names, level: u32, limit: u64, sync: bool) -> Self {
        Self {
            names: names.clone(),
            limit,
            sync,
            deflater: Deflater::new(level),
            deflated: None,
            compressed: Vec::new(),
            identity: 0,
            covered: 0,
            trusted: None,
            compared: None,
            complete: None,
        }
    }

    pub(crate) fn covered(&self, identity: u64) -> u64 {
        if self.identity == identity { self.covered } else { 0 }
    }

    /// Compresses whole blocks up to `size`, to which the log has grown, until `bytes` bytes are
    /// done. Returns whether more of it is compressed now. An error loses nothing.
    pub(crate) fn catch_up(&mut self, identity: u64, size: u64, bytes: u64) -> io::Result<bool> {
        self.is_about(identity);
        if size < self.covered + block::length_at(self.covered, self.limit) {
            return Ok(false);
        }
        let before = self.covered;
        let Some(files) = self.files(size)? else {
            // What another process compresses counts, too.
            let private = self.names.private(identity);
            self.covered = PrivateFile::covered(&private, size).unwrap_or(before);
            return Ok(self.covered > before);
        };
        let begun = self.progress(&files)?;
        let mut progress = begun;
        loop {
            let length = block::length_at(progress.covered, self.limit);
            if size < progress.covered + length {
                break;
            }
            progress = self.add(&files, progress, length)?;
            if progress.covered - begun.covered >= bytes {
                break;
            }
        }
        let left = self.limit.saturating_sub(progress.covered);
        if left > 0 && left < self.limit / 16 && !self.is_fresh() {
            // The log is almost full; after that, other writers would wait for this. They can go on
            // compressing meanwhile. A difference is found again when the rotation is prepared.
            let Files { log, private } = files;
            self.is_good(&log, &private.release()?, progress)?;
        }
        Ok(progress.covered > begun.covered)
    }

    /// Prepares the rotation of the log with this `identity` and `size`, without the lock:
    /// compresses what is left and compares the whole log with its compressed form. While another
    /// process has the private file, it calls `waits`. An error loses nothing.
    pub(crate) fn prepare(&mut self, identity: u64, size: u64, waits: impl Fn()) -> io::Result<()> {
        self.is_about(identity);
        let (mut since, mut seen) = (Instant::now(), None);
        let files = loop {
            if let Some(files) = self.files(size)? {
                break files;
            }
            // Another process has claimed it, or has rotated the log.
            let there = sys::look_at(self.names.log()).is_ok_and(|log| file_id(&log) == identity);
            let now = sys::look_at(&self.names.private(identity)).ok().map(|found| found.len());
            if now != seen {
                (since, seen) = (Instant::now(), now);
            }
            if !there || since.elapsed() > STOPPED {
                return Ok(());
            }
            waits();
            thread::sleep(Duration::from_millis(1));
        };
        let mut progress = self.progress(&files)?;
        loop {
            progress = self.add_all(&files, progress, size)?;
            if self.is_fresh() && self.trusts(&files, progress) {
                break;
            }
            progress = self.compare(&files, progress)?;
        }
        let known = Some((files.private.identity(), progress));
        let about = sys::about(&files.log)?;
        if files.private.complete(&progress, &about)? || self.complete != known {
            // Without the claim, because an fsync takes long, and a process that holds the lock may
            // want the private file. A complete one changes only if the log has grown, which the
            // index shows.
            let file = files.private.release()?;
            self.sync_if_asked(&file)?;
            self.complete = known;
        }
        Ok(())
    }

    fn sync_if_asked(&self, file: &File) -> io::Result<()> {
        if self.sync { sync_all(file) } else { Ok(()) }
    }

    /// Whether the log can be rotated with nothing left to compress or sync. The lock is held.
    pub(crate) fn is_ready(&mut self, about: &Metadata) -> bool {
        self.is_about(file_id(about));
        if self.covered == 0 && about.len() <= TINY {
            return true;
        }
        if self.covered != about.len() || !self.is_fresh() {
            return false;
        }
        let ready = |files: Files| {
            let progress = files.private.progress(&files.log)?;
            let known = Some((files.private.identity(), progress));
            Ok(about.len() == progress.covered && self.trusted == known && self.complete == known)
        };
        // After an error a preparation would fail, too.
        self.files(about.len()).and_then(|files| files.map_or(Ok(false), ready)).unwrap_or(true)
    }

    /// Compresses the rest of the log, to which no process appends now, and completes the private
    /// file. Returns nothing if the log is better compressed as a whole.
    pub(crate) fn finish(&mut self, about: &Metadata) -> io::Result<Option<Compressed>> {
        let (identity, size) = (file_id(about), about.len());
        self.is_about(identity);
        let path = self.names.private(identity);
        if size == 0 || (size <= TINY && sys::look_at(&path).is_err()) {
            return Ok(None);
        }
        let began = Instant::now();
        let files = loop {
            match self.files(size)? {
                Some(files) => break files,
                None if began.elapsed() > ONE_BLOCK => return Ok(None),
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let mut progress = self.progress(&files)?;
        if !self.trusts(&files, progress) {
            // Another process added blocks after the preparation.
            progress = self.compare(&files, progress)?;
        }
        progress = self.add_all(&files, progress, size)?;
        let known = Some((files.private.identity(), progress));
        if files.private.complete(&progress, about)? || self.complete != known {
            self.sync_if_asked(files.private.file())?;
            self.complete = known;
        }
        Ok(Some(files.private.into_backup()))
    }

    fn trusts(&self, files: &Files, progress: Progress) -> bool {
        self.trusted == Some((files.private.identity(), progress))
    }

    fn is_fresh(&self) -> bool {
        self.compared.is_some_and(|at| at.elapsed() < FRESH)
    }

    fn is_about(&mut self, identity: u64) {
        if self.identity != identity {
            (self.identity, self.covered) = (identity, 0);
            (self.trusted, self.compared) = (None, None);
        }
    }

    /// Opens the log, if it is long enough, and claims its private file.
    fn files(&self, size: u64) -> io::Result<Option<Files>> {
        let log = open_to_read(self.names.log())?;
        let about = sys::about(&log)?;
        if file_id(&about) != self.identity || about.len() < size {
            return Ok(None);
        }
        let private = PrivateFile::claim(&self.names, &about)?;
        Ok(private.map(|private| Files { log, private }))
    }

    fn progress(&mut self, files: &Files) -> io::Result<Progress> {
        let progress = files.private.progress(&files.log)?;
        self.covered = progress.covered;
        if progress.covered == 0 {
            // An empty private file needs no comparison.
            self.trusted = Some((files.private.identity(), progress));
        }
        Ok(progress)
    }

    /// Compares the log and the private file with the index. If they differ, the private file is
    /// emptied.
    fn compare(&mut self, files: &Files, progress: Progress) -> io::Result<Progress> {
        if self.is_good(&files.log, files.private.file(), progress)? {
            return Ok(progress);
        }
        files.private.throw_away()?;
        self.progress(files)
    }

    /// Compares the log with the index, whole unless that was done recently, and the part of the
    /// private file that other processes wrote with its checksum. Returns whether it is trusted.
    fn is_good(&mut self, log: &File, private: &File, progress: Progress) -> io::Result<bool> {
        let identity = sys::identity(&sys::about(private)?);
        let earlier = self
            .trusted
            .filter(|(which, earlier)| *which == identity && earlier.covered <= progress.covered);
        let earlier = earlier.map_or(Progress::NONE, |(_, earlier)| earlier);
        let begin = if self.is_fresh() { earlier } else { Progress::NONE };
        let good = progress.is_of(log, &begin)? && progress.is_in(private, &earlier)?;
        if begin == Progress::NONE || !good {
            self.compared = good.then(Instant::now);
        }
        self.trusted = good.then_some((identity, progress));
        Ok(good)
    }

    fn add_all(
        &mut self,
        files: &Files,
        mut progress: Progress,
        size: u64,
    ) -> io::Result<Progress> {
        while progress.covered < size {
            let length = block::length_at(progress.covered, self.limit);
            progress = self.add(files, progress, length.min(size - progress.covered))?;
        }
        Ok(progress)
    }

    /// Compresses the next `length` bytes of the log into a block.
    fn add(&mut self, files: &Files, before: Progress, length: u64) -> io::Result<Progress> {
        let (which, log, at) = (files.private.identity(), &files.log, before.covered);
        let Self { deflater, compressed, .. } = self;
        if self.deflated.take() != Some((which, before)) {
            deflater.reset();
            pieces(log, at.saturating_sub(WINDOW), at, |window, _| deflater.prime(window))?;
        }
        compressed.clear();
        let mut after = before;
        pieces(log, at, at + length, |piece, last| {
            after.covers(piece);
            deflater.deflate(piece, last, compressed)
        })?;
        let after = files.private.extend(&before, after, log, compressed)?;
        self.deflated = Some((which, after));
        if self.trusted == Some((which, before)) {
            self.trusted = self.deflated;
        }
        self.covered = after.covered;
        Ok(after)
    }
}
