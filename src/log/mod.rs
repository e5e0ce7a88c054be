//! The public front: opening a log, holding its lock, and appending. [`hold`] has what happens
//! under the lock.

pub(crate) mod hold;
pub(crate) mod mismatch;
pub(crate) mod repair;
mod rotating;
pub(crate) mod state;
pub(crate) mod writer;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use self::hold::Hold;
use self::state::Log;
use crate::active::Active;
use crate::compress::background::Background;
use crate::error::{Error, Result};
use crate::event::{Notice, Stats, Unappended};
use crate::lock::Lock;
use crate::names::Names;
use crate::rotation::Backups;
use crate::rotation::options::Options;
use crate::rotation::timetable;
use crate::sys;

/// A log that any number of processes append to and rotate in turns.
///
/// It does not implement [`std::io::Write`]: `writeln!` may call `write` several times for one
/// line, and other processes could append between the calls. Pass whole lines to
/// [`RotatingLog::append`], or let [`RotatingLog::into_writer`] collect them.
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("app.log");
/// use clh_tee::RotatingLog;
///
/// let mut log = RotatingLog::options().max_bytes(512 * 1024).gzip(Some(6)).open(&path)?;
/// log.append(b"one line\nand another\n")?;
/// assert_eq!(std::fs::read(&path).unwrap(), b"one line\nand another\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RotatingLog {
    lock: Lock,
    log: Log,
}

impl RotatingLog {
    /// Returns the default options for opening a log.
    pub fn options() -> Options {
        Options::default()
    }

    fn open(path: &Path, options: Options) -> Result<Self> {
        options.fault().map_or(Ok(()), Err).map_err(Error::on("open", path))?;
        let names = Names::new(path).map_err(Error::on("open", path))?;
        if let Some(reason) = sys::NO_OWNERS.filter(|_| options.asked.is_anything()) {
            return Err(Error::new("set mode or owner of", path, io::Error::other(reason)));
        }
        if options.create_dir {
            let make = Error::on("create directory", names.dir());
            std::fs::create_dir_all(names.dir()).map_err(make)?;
        }
        let active = Active::new(names.log().to_owned(), options.asked)?;
        let lock = if active.is_device() {
            Lock::not_needed()
        } else {
            name_fits(&names).map_err(Error::on("open", names.log()))?;
            lock_of(&names, &options)?
        };
        Ok(Self { lock, log: Log::new(active, Backups::new(names, options)) })
    }

    /// Reopens the lock and the log in a forked child, because parent and child would share one
    /// lock.
    fn notice_fork(&mut self) -> Result<()> {
        if self.lock.notice_fork() {
            let Backups { names, options, .. } = &self.log.backups;
            let active = Active::new(names.log().to_owned(), options.asked)?;
            self.log = Log::new(active, Backups::new(names.clone(), options.clone()));
        }
        Ok(())
    }

    /// Makes sure that the lock file has a time for the next rotation, in the future, as Python
    /// does before there is a line. If the lock is busy, the first line does it.
    fn begin_by_the_clock(&mut self) -> Result<()> {
        let Some(mut hold) = self.try_hold()? else { return Ok(()) };
        hold.rotate_if_due()?;
        // Released instead of finished: the replaced file stays open, so the new log cannot get its
        // inode.
        hold.release()
    }

    /// Acquires the lock, and waits as long as others hold it.
    ///
    /// # Errors
    ///
    /// If the lock file or the log cannot be opened.
    pub fn hold(&mut self) -> Result<Hold<'_>> {
        self.notice_fork()?;
        let began = Instant::now();
        let held = self.lock.acquire()?;
        let stats = &mut self.log.stats;
        stats.longest_wait = stats.longest_wait.max(began.elapsed());
        Hold::begin(held, &mut self.log)
    }

    /// Acquires the lock, and waits for it at most `limit`; returns `None` if others held it for
    /// that long.
    ///
    /// # Errors
    ///
    /// As for [`RotatingLog::hold`].
    pub fn hold_within(&mut self, limit: Duration) -> Result<Option<Hold<'_>>> {
        self.notice_fork()?;
        let held = self.lock.acquire_within(limit)?;
        held.map(|held| Hold::begin(held, &mut self.log)).transpose()
    }

    /// Acquires the lock if it is free. Returns `None` if it is not, or if appending might block
    /// for another reason, such as a FIFO without a reader.
    ///
    /// # Errors
    ///
    /// As for [`RotatingLog::hold`].
    pub fn try_hold(&mut self) -> Result<Option<Hold<'_>>> {
        self.notice_fork()?;
        if self.log.active.is_special() {
            return Ok(None);
        }
        let held = self.lock.try_acquire()?;
        held.map(|held| Hold::begin(held, &mut self.log)).transpose()
    }

    /// Appends `lines` in one hold, waiting for the lock as long as others hold it. A last line
    /// without a newline gets one.
    ///
    /// # Errors
    ///
    /// If the lock cannot be acquired, or not all lines can be written. The error says how many
    /// bytes were appended.
    pub fn append(&mut self, lines: &[u8]) -> std::result::Result<(), Unappended> {
        let mut hold = self.hold()?;
        hold.append(lines)?;
        hold.finish().map_err(|error| Unappended { appended: lines.len(), error })
    }

    /// Appends `record` in one hold, as one record; see [`Hold::append_record`].
    ///
    /// # Errors
    ///
    /// If the lock cannot be acquired or the record cannot be written.
    pub fn append_record(&mut self, record: &[u8]) -> std::result::Result<(), Unappended> {
        let mut hold = self.hold()?;
        hold.append_record(record)?;
        hold.finish().map_err(|error| Unappended { appended: record.len(), error })
    }

    /// Syncs everything that this process has appended.
    ///
    /// # Errors
    ///
    /// If a file cannot be synced.
    pub fn sync(&mut self) -> Result<()> {
        self.log.backups.background.settle().and(self.log.active.sync())
    }

    /// Returns the background work, which any thread can do without the lock.
    #[doc(hidden)]
    #[must_use]
    pub fn background(&self) -> Background {
        self.log.backups.background.clone()
    }

    /// Returns the notices since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.log.note_refusals();
        std::mem::take(&mut self.log.notices)
    }

    /// Returns the log's absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.log.active.path()
    }

    /// Returns what this process has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.log.stats
    }
}

impl Options {
    /// Opens the log at `path`.
    ///
    /// Neither the log nor its lock file is created before the first line. But as far as possible,
    /// anything that would prevent that is found now. With a schedule, if the lock is free, this
    /// creates the lock file for the time of the next rotation, and rotates a log that is due.
    ///
    /// # Errors
    ///
    /// - An option has an invalid value, such as gzip level 10.
    /// - The log is a directory or a symbolic link, or cannot be written to.
    /// - Its directory does not exist or cannot be written to.
    /// - Its name is too long for the names that are made from it.
    /// - The lock file cannot be opened, or its file system does not support locks.
    /// - Mode or owner are set on a system without them.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RotatingLog> {
        let timed = self.schedule.is_some();
        let mut log = self.open_to_repair(path)?;
        if timed {
            log.begin_by_the_clock()?;
        }
        Ok(log)
    }

    /// Opens the log at `path` like [`Options::open`], but never rotates it and does not create the
    /// lock file yet, even with a schedule.
    ///
    /// # Errors
    ///
    /// As for [`Options::open`].
    #[doc(hidden)]
    pub fn open_to_repair(self, path: impl AsRef<Path>) -> Result<RotatingLog> {
        RotatingLog::open(path.as_ref(), self)
    }

    /// Opens the log at `path` to rotate it once. Without a schedule, it is deduced from the
    /// backups' names, whose dates are read as UTC if `utc`, or else as local time.
    ///
    /// # Errors
    ///
    /// As for [`Options::open`].
    #[doc(hidden)]
    pub fn open_to_rotate(mut self, path: impl AsRef<Path>, utc: bool) -> Result<RotatingLog> {
        if let (None, Ok(names)) = (self.schedule, Names::new(path.as_ref())) {
            self.schedule = timetable::shown(&names, self.lock_dir.as_deref(), utc);
        }
        self.open_to_repair(path)
    }
}

fn name_fits(names: &Names) -> io::Result<()> {
    match names.excess(sys::longest_name(names.dir())?) {
        0 => Ok(()),
        excess => Err(io::Error::other(format!(
            "its name is too long for those of its backups by {excess} bytes; use a shorter one"
        ))),
    }
}

fn lock_of(names: &Names, options: &Options) -> Result<Lock> {
    let dir = options.lock_dir.as_deref();
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir).map_err(Error::on("create directory", dir))?;
    }
    let makes_dir = dir.is_some() || options.create_dir;
    let mut lock = Lock::new(names.lock(dir), options.asked, makes_dir)?;
    if !lock.exists() {
        if sys::is_kernels(names.dir()) {
            let reason = "its directory shows the kernel's state and keeps no files";
            return Err(Error::new("open", names.log(), io::Error::other(reason)));
        }
        lock.check_dir(dir.unwrap_or(names.dir()))?;
    }
    Ok(lock)
}
