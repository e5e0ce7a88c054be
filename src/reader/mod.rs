//! Reading a log with all its backups, oldest line first, and following it.
//!
//! A look under the lock finds and opens the files. Then the lock is released, and they are
//! read wherever they are shifted to. Following continues from there:
//!
//! ```text
//!          ┌──────────────── nothing more ───────────────┐
//!          ▼                                              │
//!  wait for the kernel ─▶ another log at the path? ─no─▶ read the open log,
//!          (or 100 ms)          │ yes                     whole lines only
//!                               ▼
//!                  look: what is newer than the open log?
//!                  the open log to its end ─▶ those, oldest first ─▶ the new log
//! ```
//!
//! Rotations happen under the lock, so once another log is at the path no writer appends to
//! the open one. In a plain chain its identity finds it. In a compressed one it is another
//! file now, the oldest new one, and is recognized by its content.

mod found;
mod item;
mod look;
mod news;
mod part;
mod since;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::found::Known;
use self::item::{Item, Live};
use self::look::Spot;
use self::since::Since;
use crate::error::{Error, Result};
use crate::names::Names;
use crate::sys::{self, Watch};

/// How many files are held open at most before others are looked for.
const AHEAD: usize = 256;

/// Options to read a log with, in the manner of `File::options`.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ReadOptions {
    follow: bool,
    since: Option<SystemTime>,
    utc: bool,
    whole_lines: bool,
    newest: Option<usize>,
    lock_dir: Option<PathBuf>,
}

impl ReadOptions {
    /// Follows the log: what is appended after it was opened is read too, over rotations, and
    /// only whole lines are returned.
    pub fn follow(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    /// Leaves out backups that were last changed before this time, and then the lines before the
    /// first that begins with this time or a later one. Lines that are appended to a followed log
    /// after it was opened are always read.
    pub fn since(mut self, since: Option<SystemTime>) -> Self {
        self.since = since;
        self
    }

    /// Takes times of lines that have no zone for UTC instead of local time.
    pub fn utc(mut self, utc: bool) -> Self {
        self.utc = utc;
        self
    }

    /// Returns only whole lines, as for a log that is followed; but a partial line at the end of
    /// a log that is not followed is returned too.
    pub fn whole_lines(mut self, whole: bool) -> Self {
        self.whole_lines = whole;
        self
    }

    /// Leaves out all backups but this many of the newest.
    pub fn newest(mut self, backups: Option<usize>) -> Self {
        self.newest = backups;
        self
    }

    /// Sets the directory of the lock file, as in
    /// [`Options::lock_dir`](crate::Options::lock_dir). It is not created.
    pub fn lock_dir(mut self, dir: Option<PathBuf>) -> Self {
        self.lock_dir = dir;
        self
    }

    /// Opens the log at `path` and all its backups. For this the lock is held for an instant, if
    /// it exists; nothing is created or changed.
    ///
    /// # Errors
    ///
    /// If the log is not a regular file, or its directory cannot be listed; if there is neither
    /// a log nor a backup, unless the log is followed.
    pub fn open(self, path: impl AsRef<Path>) -> Result<LogReader> {
        LogReader::open(path.as_ref(), &self)
    }
}

/// A log that is read with all its backups, oldest line first.
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("app.log");
/// use std::io::BufRead;
/// use clh_tee::{LogReader, RotatingLog};
///
/// let mut log = RotatingLog::options().max_bytes(4).gzip(Some(6)).open(&path)?;
/// log.append(b"one\ntwo\nthree\n")?;
/// let lines = LogReader::options().open(&path)?.lines();
/// assert_eq!(lines.collect::<Result<Vec<_>, _>>()?, ["one", "two", "three"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub struct LogReader {
    spot: Spot,
    /// If the log is followed.
    watch: Option<Watch>,
    /// The files yet to be read, oldest first.
    queue: VecDeque<Item>,
    live: Option<Live>,
    /// As long as lines are left out.
    since: Option<Since>,
    whole_lines: bool,
    /// Older backups were left out.
    older: bool,
    /// The identity at the log's path when last looked at.
    at_path: Option<u64>,
    known: Known,
    /// Generations that were read and had no slot yet.
    unplaced: Vec<(u64, Arc<File>)>,
    /// What was returned last.
    piece: Vec<u8>,
    consumed: usize,
    notices: Vec<ReadNotice>,
    /// The lock cannot be opened, and that was reported.
    unlocked: bool,
    /// The log cannot be followed now, and that was reported.
    lost: bool,
}

/// What a reader reports beside lines.
#[derive(Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum ReadNotice {
    /// A file of the chain cannot be read, or not to its end.
    CannotRead(Error),
    /// Backups, so many if it is known, were removed before they could be read.
    Removed { backups: Option<u64> },
    /// The followed log was truncated in place; reading starts over.
    Emptied,
    /// The lock file cannot be opened, and reading goes on without it. Reported once.
    CannotLock(Error),
    /// The followed log cannot be looked for: its directory is gone, perhaps. The reader waits
    /// for it. Reported once each time.
    CannotFollow(Error),
    /// It can be looked for again.
    FollowsAgain,
    /// Lines begin with no time that is known, so those before a time cannot be left out.
    NoTimes,
}

impl ReadNotice {
    /// Returns whether lines are missing that should have been read.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::CannotRead(_) | Self::Removed { .. })
    }
}

impl LogReader {
    /// Returns options to read a log with.
    pub fn options() -> ReadOptions {
        ReadOptions::default()
    }

    fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        let names = Names::new(path).map_err(|error| Error::new("open", path, error))?;
        let lock = names.lock(options.lock_dir.as_deref());
        let watch = options.follow.then(|| Watch::begin(names.dir(), names.name()));
        let mut reader = Self {
            spot: Spot { names, lock },
            watch,
            queue: VecDeque::new(),
            live: None,
            since: options.since.map(|since| Since::new(since, options.utc)),
            whole_lines: options.whole_lines || options.follow || options.since.is_some(),
            older: false,
            at_path: None,
            known: Known::default(),
            unplaced: Vec::new(),
            piece: Vec::new(),
            consumed: 0,
            notices: Vec::new(),
            unlocked: false,
            lost: false,
        };
        if !reader.begin(options)? && !options.follow {
            let missing = io::Error::from_raw_os_error(sys::NO_SUCH_FILE);
            return Err(Error::new("open", reader.spot.names.log(), missing));
        }
        Ok(reader)
    }

    /// Returns the bytes that come next, or nothing if there are no more now. If the log is
    /// followed they are whole lines, as far as a line fits into some megabytes of memory. A
    /// partial line at the end of a backup gets its newline.
    ///
    /// What was removed or could not be read is left out, and reported by
    /// [`LogReader::take_notices`].
    ///
    /// # Errors
    ///
    /// If a log that is not followed has a backup that can no longer be looked for.
    pub fn next_piece(&mut self) -> Result<Option<&[u8]>> {
        self.consumed = 0;
        loop {
            if self.watch.is_some() && self.queue.len() < AHEAD && self.is_stale() {
                self.catch_up();
            }
            let Some(mut item) = self.queue.pop_front() else { break };
            if let Err(error) = self.read_item(&mut item) {
                if self.watch.is_none() {
                    return Err(error);
                }
                self.notices.push(ReadNotice::CannotRead(error));
            }
            if self.piece.is_empty() {
                continue;
            }
            self.queue.push_front(item);
            self.leave_out_older();
            if !self.piece.is_empty() {
                return Ok(Some(&self.piece));
            }
        }
        while self.read_live() {
            self.leave_out_older();
            if !self.piece.is_empty() {
                return Ok(Some(&self.piece));
            }
        }
        // What comes later is new.
        self.since = None;
        Ok(None)
    }

    /// Returns whether [`ReadOptions::newest`] has left out backups.
    #[must_use]
    pub fn has_older(&self) -> bool {
        self.older
    }

    /// Waits until there may be more of a followed log, but no longer than `most`.
    pub fn wait(&mut self, most: Duration) {
        if let Some(watch) = &mut self.watch {
            watch.wait(most);
        }
    }

    /// Returns what there is to report since the last call.
    pub fn take_notices(&mut self) -> Vec<ReadNotice> {
        std::mem::take(&mut self.notices)
    }

    /// Another log is at the path than last time, or not even a directory.
    fn is_stale(&self) -> bool {
        let now = self.spot.log_now();
        let astray = || now.is_none() && !self.lost && !self.spot.names.dir().exists();
        now != self.at_path || astray()
    }
}

impl Read for LogReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// The end is where there are no more lines now. In a followed log there may be some later,
/// after [`LogReader::wait`].
impl BufRead for LogReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.consumed >= self.piece.len() {
            self.next_piece()?;
        }
        Ok(&self.piece[self.consumed..])
    }

    fn consume(&mut self, count: usize) {
        self.consumed += count;
    }
}
