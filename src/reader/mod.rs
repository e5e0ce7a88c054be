//! Reads a log with all its backups, oldest line first, and follows it.
//!
//! A look under the lock finds and opens the files. Then the lock is released, and the open files
//! are read, wherever rotations move them. Following continues from there:
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
//! Rotations happen under the lock, so once another log is at the path, no writer appends to the
//! open one. In a plain chain it is found by its identity. In a compressed chain it is another file
//! now: the oldest new one, recognized by its content.

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

/// How many files may be open ahead of the one being read.
const AHEAD: usize = 256;

/// Options for reading a log, used like `File::options`.
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
    /// Sets whether to follow the log: lines appended after it was opened are read too, across
    /// rotations, and only whole lines are returned.
    pub fn follow(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    /// Skips backups last changed before this time, and then all lines before the first one that
    /// begins with this time or a later one. Lines that are appended to a followed log after it was
    /// opened are always returned.
    pub fn since(mut self, since: Option<SystemTime>) -> Self {
        self.since = since;
        self
    }

    /// Sets whether times without a zone at the beginning of lines are UTC instead of local time.
    pub fn utc(mut self, utc: bool) -> Self {
        self.utc = utc;
        self
    }

    /// Sets whether to return only whole lines, as in a followed log. A partial line at the end of
    /// a log that is not followed is still returned.
    pub fn whole_lines(mut self, whole: bool) -> Self {
        self.whole_lines = whole;
        self
    }

    /// Skips all but this many of the newest backups.
    pub fn newest(mut self, backups: Option<usize>) -> Self {
        self.newest = backups;
        self
    }

    /// Sets the directory of the lock file, as [`Options::lock_dir`](crate::Options::lock_dir)
    /// does, but never creates it.
    pub fn lock_dir(mut self, dir: Option<PathBuf>) -> Self {
        self.lock_dir = dir;
        self
    }

    /// Opens the log at `path` and all its backups. While they are opened, the lock is held if the
    /// lock file exists. Nothing is created or changed.
    ///
    /// # Errors
    ///
    /// If the log is not a regular file, or its directory cannot be listed. If the log is not
    /// followed, also if there is neither a log nor a backup.
    pub fn open(self, path: impl AsRef<Path>) -> Result<LogReader> {
        LogReader::open(path.as_ref(), &self)
    }
}

/// Reads a log with all its backups, oldest line first.
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
    /// Set if the log is followed.
    watch: Option<Watch>,
    /// The files yet to be read, oldest first.
    queue: VecDeque<Item>,
    live: Option<Live>,
    /// Set as long as lines are to be skipped.
    since: Option<Since>,
    whole_lines: bool,
    /// Whether older backups were skipped.
    older: bool,
    /// The identity of the file at the log's path when last checked.
    at_path: Option<u64>,
    known: Known,
    /// Generations that were read before they had a slot.
    unplaced: Vec<(u64, Arc<File>)>,
    /// The bytes that were returned last.
    piece: Vec<u8>,
    consumed: usize,
    notices: Vec<ReadNotice>,
    /// Whether it was reported that the lock cannot be opened.
    unlocked: bool,
    /// Whether it was reported that the log cannot be followed now.
    lost: bool,
}

/// What a reader reports besides the lines.
#[derive(Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum ReadNotice {
    /// A file of the chain cannot be read, or only its beginning.
    CannotRead(Error),
    /// Backups were removed before they could be read; their number, if known.
    Removed { backups: Option<u64> },
    /// Another process truncated the followed log; reading starts again at its beginning.
    Emptied,
    /// The lock file cannot be opened; reading continues without the lock. Reported once.
    CannotLock(Error),
    /// The followed log cannot be found, for instance because its directory is gone. The reader
    /// waits for it. Reported once each time.
    CannotFollow(Error),
    /// The followed log can be found again.
    FollowsAgain,
    /// No line begins with a time in a known format, so [`ReadOptions::since`] cannot skip lines.
    NoTimes,
}

impl ReadNotice {
    /// Returns whether the notice means that lines are missing.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::CannotRead(_) | Self::Removed { .. })
    }
}

impl LogReader {
    /// Returns the default options for reading a log.
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

    /// Returns the next bytes, or `None` if there are no more at the moment. If the log is
    /// followed, they are whole lines, unless a line is longer than several megabytes. A partial
    /// line at the end of a backup gets its newline.
    ///
    /// Files that were removed or cannot be read are skipped and reported by
    /// [`LogReader::take_notices`].
    ///
    /// # Errors
    ///
    /// If the remaining backups of a log that is not followed cannot be found any more.
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
        // All later lines are new.
        self.since = None;
        Ok(None)
    }

    /// Returns whether [`ReadOptions::newest`] skipped backups.
    #[must_use]
    pub fn has_older(&self) -> bool {
        self.older
    }

    /// Waits until a followed log may have more bytes, but at most `most`.
    pub fn wait(&mut self, most: Duration) {
        if let Some(watch) = &mut self.watch {
            watch.wait(most);
        }
    }

    /// Returns the notices since the last call.
    pub fn take_notices(&mut self) -> Vec<ReadNotice> {
        std::mem::take(&mut self.notices)
    }

    /// Returns whether another log is at the path, or the path no longer leads anywhere.
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

/// End of file means that there are no more lines now. In a followed log there may be more later,
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
