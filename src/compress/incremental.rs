//! Compressing a log before it is rotated, block by block, as it grows.
//!
//! What is in a log below its present end does not change, so it can be
//! compressed early, by any writer, with the log's lock released. When the log
//! is full nothing, or one small block, is left to do under the lock.
//!
//! ```text
//!            ┌── block ──┬── block ──┬── block ──┬─ not yet ─┐
//!  app.log   │           │           │           │           │ ◀─ lines come in
//!            └───────────┴───────────┴───────────┴───────────┘
//!            ┌─ block ┬─ block ─┬─ block ┬ index ┐
//!  private   │        │         │        │       │    .__app.log.ID.gz
//!            └────────┴─────────┴────────┴───────┘
//! ```
//!
//! Any process may add the next block without reading what is there. But what
//! becomes a backup must be what the log holds, always, for the plain log is
//! removed: another process may have emptied it, and it may have grown again
//! over the same bytes. So whoever rotates [prepares](Incremental::prepare) that
//! first: it compares the whole log with the index, shortly before, and with no
//! lock held. Under the lock size, identity and samples are looked at.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::compress::block::{self, Deflater, SMALL, WINDOW};
use crate::compress::private_file::{Compressed, PrivateFile, Progress};
use crate::file::{file_id, open_to_read};
use crate::names::Names;
use crate::sys::{self, FileExt, Identity, Metadata};

/// A log of this size is compressed under the lock, if nothing of it has been
/// before: that takes half a millisecond, as letting go of the lock would.
const TINY: u64 = 16 * 1024;

/// How long another process may be at the private file, without a change to
/// it, before we think that it has been stopped.
const STOPPED: Duration = Duration::from_millis(250);

/// The same under the lock: as long as a block takes.
const ONE_BLOCK: Duration = Duration::from_millis(10);

/// How long a comparison of the whole log is good for.
const FRESH: Duration = Duration::from_secs(2);

/// The log's private file, and what is known of it.
#[derive(Debug)]
pub(crate) struct Incremental {
    names: Names,
    limit: u64,
    sync: bool,
    deflater: Deflater,
    /// A window and a block, and the latter's compressed form.
    buffers: (Vec<u8>, Vec<u8>),
    /// Which log the rest is about.
    identity: u64,
    /// How much of it is covered.
    covered: u64,
    /// Which private file is good up to where.
    trusted: Option<(Identity, Progress)>,
    /// When that was compared with the whole log.
    compared: Option<Instant>,
}

/// The log and its private file, which is claimed.
struct Files {
    log: File,
    private: PrivateFile,
}

impl Incremental {
    /// Returns what compresses the log of these `names`, which is full at
    /// `limit`, and forces it to disk if `sync`.
    pub(crate) fn new(names: &Names, level: u32, limit: u64, sync: bool) -> Self {
        Self {
            names: names.clone(),
            limit,
            sync,
            deflater: Deflater::new(level),
            buffers: (Vec::new(), Vec::new()),
            identity: 0,
            covered: 0,
            trusted: None,
            compared: None,
        }
    }

    /// Returns how much of the log of this `identity` is covered, as far as is
    /// known.
    pub(crate) fn covered(&self, identity: u64) -> u64 {
        if self.identity == identity { self.covered } else { 0 }
    }

    /// Compresses one block, if there is a whole one below `size`, to which the
    /// log of this `identity` has grown. Tells whether it did.
    ///
    /// # Errors
    ///
    /// If it cannot be done; nothing is lost by it.
    pub(crate) fn catch_up(&mut self, identity: u64, size: u64) -> io::Result<bool> {
        self.is_about(identity);
        if size < self.covered + block::length_at(self.covered, self.limit) {
            return Ok(false);
        }
        let Some(files) = self.files(size)? else { return Ok(false) };
        let progress = self.progress(&files)?;
        let length = block::length_at(progress.covered, self.limit);
        if size < progress.covered + length {
            return Ok(false);
        }
        let progress = self.add(&files, progress, length)?;
        let left = self.limit.saturating_sub(progress.covered);
        if left > 0 && left < self.limit / 16 && !self.is_fresh() {
            // Soon it is full, and then others wait for this.
            self.compare(&files, progress)?;
        }
        Ok(true)
    }

    /// Prepares the rotation of the log of this `identity` and `size`, the lock
    /// not being held: compresses all of it, and compares all of it with what
    /// was compressed before.
    ///
    /// # Errors
    ///
    /// If it cannot be done; nothing is lost by it.
    pub(crate) fn prepare(&mut self, identity: u64, size: u64) -> io::Result<()> {
        self.is_about(identity);
        let (mut since, mut seen) = (Instant::now(), None);
        let files = loop {
            if let Some(files) = self.files(size)? {
                break files;
            }
            // Another process is at it, or has rotated the log.
            let there = sys::look_at(self.names.log()).is_ok_and(|log| file_id(&log) == identity);
            let now = sys::look_at(&self.names.private(identity)).ok().map(|found| found.len());
            if now != seen {
                (since, seen) = (Instant::now(), now);
            }
            if !there || since.elapsed() > STOPPED {
                return Ok(());
            }
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
        if self.sync { files.private.sync() } else { Ok(()) }
    }

    /// Tells whether the log that `about` is about can be rotated with no more
    /// than a small block to compress. The lock is held.
    pub(crate) fn is_ready(&mut self, about: &Metadata) -> bool {
        self.is_about(file_id(about));
        if self.covered == 0 && about.len() <= TINY {
            return true;
        }
        let ready = |files: Files| {
            let progress = files.private.progress(&files.log)?;
            let known = self.is_fresh() && self.trusts(&files, progress);
            Ok(known && about.len() - progress.covered <= SMALL)
        };
        // Where there is an error, nothing can be prepared either.
        self.files(about.len()).and_then(|files| files.map_or(Ok(false), ready)).unwrap_or(true)
    }

    /// Covers the whole log that `about` is about, and which nobody appends to
    /// now, and closes the private file. Returns it, or nothing if the log is
    /// better compressed as a whole.
    ///
    /// # Errors
    ///
    /// If it cannot be done; then the private file is of no use.
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
            // Between the preparation and now another process has added to it.
            progress = self.compare(&files, progress)?;
        }
        progress = self.add_all(&files, progress, size)?;
        files.private.close(progress, about, self.sync).map(Some)
    }

    fn trusts(&self, files: &Files, progress: Progress) -> bool {
        self.trusted == Some((files.private.identity(), progress))
    }

    fn is_fresh(&self) -> bool {
        self.compared.is_some_and(|at| at.elapsed() < FRESH)
    }

    /// Forgets what is known of another log.
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

    /// Returns how far the private file has come.
    fn progress(&mut self, files: &Files) -> io::Result<Progress> {
        let progress = files.private.progress(&files.log)?;
        self.covered = progress.covered;
        if progress.covered == 0 {
            // Of nothing everything is known.
            self.trusted = Some((files.private.identity(), progress));
        }
        Ok(progress)
    }

    /// Compares the whole log with what the private file says, and that with
    /// itself if others have written it. If there is a difference, it is thrown
    /// away.
    fn compare(&mut self, files: &Files, progress: Progress) -> io::Result<Progress> {
        let known = Some((files.private.identity(), progress));
        let good = progress.covered == 0
            || (progress.is_of(&files.log)?
                && (self.trusted == known || files.private.is_sound(&progress)?));
        self.compared = Some(Instant::now());
        if good {
            self.trusted = known;
            return Ok(progress);
        }
        files.private.throw_away()?;
        self.progress(files)
    }

    /// Covers the log up to `size`.
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

    /// Compresses the next `length` bytes of the log.
    fn add(&mut self, files: &Files, before: Progress, length: u64) -> io::Result<Progress> {
        let (bytes, compressed) = &mut self.buffers;
        let window = WINDOW.min(before.covered);
        bytes.resize(usize::try_from(window + length).map_err(io::Error::other)?, 0);
        files.log.read_exact_at(bytes, before.covered - window)?;
        let (window, block) = bytes.split_at(usize::try_from(window).map_err(io::Error::other)?);
        PrivateFile::begin(&before, compressed);
        self.deflater.deflate(window, block, compressed)?;
        let after = files.private.extend(before, &files.log, block, compressed)?;
        let which = files.private.identity();
        if self.trusted == Some((which, before)) {
            self.trusted = Some((which, after));
        }
        self.covered = after.covered;
        Ok(after)
    }
}
