//! A log that any number of processes append to and rotate in turns.
//!
//! One hold of the lock puts one batch of lines in:
//!
//! ```text
//! hold      take the lock; is the open log still the one at its path? how long is it?
//! append    mend what a dead writer left (once, and before each rotation)
//!           while lines are left: rotate if the log is full, write what fits
//! finish    let go; only then force to disk what is to be
//! ```
//!
//! The files are those that Python leaves, who looks at the size before every
//! single line.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::active::Active;
use crate::chain::Backup;
use crate::error::{Error, Result};
use crate::lock::{Held, Lock};
use crate::names::{Form, Names};
use crate::options::{Options, Sync};
use crate::owner::{self, Ownership};
use crate::recovery::{self, Leftovers};
use crate::rotation::{Backups, regular_file};

/// A log that any number of processes append to and rotate in turns.
///
/// It is no [`std::io::Write`] on purpose: `writeln!` may call `write` several
/// times for one line, and each call would be a batch of its own, between which
/// other processes append. Whole lines go to [`RotatingLog::append`].
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
    /// What is taken before anything is looked at.
    lock: Lock,
    /// What may be looked at and changed under the lock.
    log: Log,
}

/// The log and its backups.
#[derive(Debug)]
struct Log {
    /// The log now appended to.
    active: Active,
    /// Its backups, names and settings.
    backups: Backups,
    /// What was found to be mended, or that it is not known yet.
    leftovers: Option<Leftovers>,
    /// When to rotate again after it failed.
    patience: Patience,
    /// Whether the last backup could not be compressed.
    uncompressed: bool,
    /// Whether there is something that only a batch's end forces to disk.
    unsynced: bool,
    /// Troubles to be told.
    notices: Vec<Notice>,
    /// Counts.
    stats: Stats,
}

/// A trouble that costs no line, or its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The log cannot be rotated and grows past its limit. Told once.
    CannotRotate(Error),
    /// Rotation works again.
    RotatesAgain,
    /// A backup could not be compressed and stays plain. Told once.
    CannotCompress(Error),
    /// A generation that a dead writer had left outside the chain is now the
    /// backup in this slot.
    Adopted {
        /// The name that it was found under.
        orphan: std::path::PathBuf,
        /// The slot that it is in now.
        slot: u64,
    },
    /// Something that a dead writer left could not be mended, and stays.
    CannotMend(Error),
}

/// What a log has done so far in this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes appended.
    pub bytes: u64,
    /// Batches appended, each in one hold.
    pub batches: u64,
    /// Rotations done.
    pub rotations: u64,
    /// The longest wait for the lock.
    pub longest_wait: Duration,
}

/// Lines that could not be appended.
#[derive(Debug)]
pub struct Unappended {
    /// How many bytes of the batch, whole lines from its beginning, are in.
    pub appended: usize,
    /// Why the rest is not.
    pub error: Error,
}

impl std::fmt::Display for Unappended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Unappended {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<Error> for Unappended {
    fn from(error: Error) -> Self {
        Self { appended: 0, error }
    }
}

impl RotatingLog {
    /// Returns options to open a log with.
    #[must_use]
    pub fn options() -> Options {
        Options::default()
    }

    /// Opens the log at `path`; see [`Options::open`].
    pub(crate) fn open(path: &Path, options: Options) -> Result<Self> {
        let names = Names::new(path).map_err(|error| Error::new("open", path, error))?;
        if options.create_dir {
            let make = Error::on("create directory", names.dir());
            std::fs::create_dir_all(names.dir()).map_err(make)?;
        }
        let active = Active::new(names.log().to_owned())?;
        let lock = if active.is_device() {
            Lock::not_needed()
        } else {
            owner::name_fits(&names).map_err(Error::on("open", names.log()))?;
            lock_of(&names, options.lock_dir.as_deref())?
        };
        let log = Log {
            active,
            backups: Backups::new(names, options),
            leftovers: None,
            patience: Patience::default(),
            uncompressed: false,
            unsynced: false,
            notices: Vec::new(),
            stats: Stats::default(),
        };
        Ok(Self { lock, log })
    }

    /// Takes the lock, waiting for as long as others have it.
    ///
    /// # Errors
    ///
    /// If the lock file or the log cannot be opened.
    pub fn hold(&mut self) -> Result<Hold<'_>> {
        let began = Instant::now();
        let held = self.lock.acquire()?;
        let stats = &mut self.log.stats;
        stats.longest_wait = stats.longest_wait.max(began.elapsed());
        Hold::begin(held, &mut self.log)
    }

    /// Takes the lock if it is free, and returns nothing if it is not.
    ///
    /// # Errors
    ///
    /// As [`RotatingLog::hold`].
    pub fn try_hold(&mut self) -> Result<Option<Hold<'_>>> {
        let held = self.lock.try_acquire()?;
        held.map(|held| Hold::begin(held, &mut self.log))
            .transpose()
    }

    /// Appends `lines`, each with its newline, in one hold.
    ///
    /// # Errors
    ///
    /// If the lock cannot be had or not all lines can be written; the error
    /// says how many bytes are in.
    pub fn append(&mut self, lines: &[u8]) -> std::result::Result<(), Unappended> {
        let mut hold = self.hold()?;
        hold.append(lines)?;
        hold.finish().map_err(|error| Unappended {
            appended: lines.len(),
            error,
        })
    }

    /// Forces what was appended last to disk.
    ///
    /// # Errors
    ///
    /// If the system cannot.
    pub fn sync(&mut self) -> Result<()> {
        self.log.backups.settle().and(self.log.active.sync())
    }

    /// Returns the troubles since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.log.notices)
    }

    /// Returns what was done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.log.stats
    }
}

/// Returns the log's lock, having made its directory if one is given.
fn lock_of(names: &Names, dir: Option<&Path>) -> Result<Lock> {
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir).map_err(Error::on("create directory", dir))?;
    }
    let lock = Lock::new(names.lock(dir))?;
    if !lock.exists() {
        let dir = dir.unwrap_or(names.dir());
        owner::can_create_in(dir).map_err(Error::on("create lock file", lock.path()))?;
    }
    Ok(lock)
}

/// The time between taking the lock and letting go.
///
/// Dropping it lets go too, but leaves to the next one what
/// [`Hold::finish`] does.
#[derive(Debug)]
pub struct Hold<'a> {
    /// The lock.
    held: Held<'a>,
    /// What it is held for.
    log: &'a mut Log,
}

impl<'a> Hold<'a> {
    /// Looks at the log, now that nobody else changes it.
    fn begin(mut held: Held<'a>, log: &'a mut Log) -> Result<Self> {
        log.active.refresh(&mut held)?;
        if log.leftovers.is_none() {
            log.look_for_leftovers();
        }
        Ok(Self { held, log })
    }

    /// Tells whether appending `lines` takes no more than a few system calls:
    /// nothing has to be mended or compressed for it.
    #[must_use]
    pub fn is_quick(&self, lines: &[u8]) -> bool {
        let compresses = self.log.backups.options.gzip.is_some();
        !self.log.must_mend() && (!compresses || self.log.fitting(lines) == lines.len())
    }

    /// Appends `lines`, each with its newline, rotating where the log is full.
    ///
    /// # Errors
    ///
    /// If not all lines can be written; the error says how many bytes are in.
    pub fn append(&mut self, lines: &[u8]) -> std::result::Result<(), Unappended> {
        self.log.mend(&mut self.held);
        let mut appended = 0;
        while appended < lines.len() {
            let rest = &lines[appended..];
            let fitting = self.log.make_room(&mut self.held, rest);
            let outcome = self.log.append(&mut self.held, &rest[..fitting]);
            outcome.map_err(|mut failure| {
                failure.appended += appended;
                failure
            })?;
            appended += fitting;
        }
        self.log.stats.batches += 1;
        Ok(())
    }

    /// Rotates now, unless the log is empty or no regular file.
    ///
    /// # Errors
    ///
    /// If it cannot be done. Nothing is lost by it.
    pub fn rotate(&mut self) -> Result<()> {
        self.log.mend(&mut self.held);
        if self.log.active.size() == 0 {
            Ok(())
        } else {
            self.log.rotate(&mut self.held)
        }
    }

    /// Lets go of the lock, and then forces to disk what is to be.
    ///
    /// # Errors
    ///
    /// If the system cannot force it to disk.
    pub fn finish(self) -> Result<()> {
        let Self { held, log } = self;
        drop(held);
        log.settle()
    }
}

impl Log {
    /// Looks for what dead writers left. Where the directory may be written
    /// and not read, nothing is found, and that is told. Beside a FIFO nothing
    /// is ours.
    fn look_for_leftovers(&mut self) {
        let found = if self.active.is_special() {
            Ok(Leftovers::default())
        } else {
            Leftovers::find(&self.backups.names)
        };
        self.leftovers = Some(found.unwrap_or_else(|error| {
            self.notices.push(Notice::CannotMend(error));
            Leftovers::default()
        }));
    }

    /// Tells whether something was found that has to be mended.
    fn must_mend(&self) -> bool {
        self.leftovers
            .as_ref()
            .is_some_and(|found| !found.is_empty())
    }

    /// Mends what was found.
    fn mend(&mut self, held: &mut Held<'_>) {
        if self.must_mend() {
            let found = self
                .leftovers
                .replace(Leftovers::default())
                .unwrap_or_default();
            let notices = recovery::mend(&found, held, &mut self.backups);
            self.notices.extend(notices);
        }
    }

    /// Returns how many bytes of `lines` go in before the log must rotate.
    fn fitting(&self, lines: &[u8]) -> usize {
        match self.backups.options.max_bytes {
            0 => lines.len(),
            limit => fitting(lines, self.active.room(limit)),
        }
    }

    /// Returns how many bytes of `lines` go in now. If the log is full it is
    /// rotated; if that fails it grows, for lines matter more than the limit.
    fn make_room(&mut self, held: &mut Held<'_>, lines: &[u8]) -> usize {
        match self.fitting(lines) {
            0 if !self.patience.is_over() => lines.len(),
            0 => match self.rotate(held) {
                Ok(()) => {
                    self.notices
                        .extend(self.patience.restore().then_some(Notice::RotatesAgain));
                    self.fitting(lines)
                }
                Err(error) => {
                    let news = self.patience.lose().then_some(Notice::CannotRotate(error));
                    self.notices.extend(news);
                    lines.len()
                }
            },
            fitting => fitting,
        }
    }

    /// Rotates.
    fn rotate(&mut self, held: &mut Held<'_>) -> Result<()> {
        self.look_for_leftovers();
        self.mend(held);
        let trouble = self.backups.rotate(held, &mut self.active)?;
        self.stats.rotations += 1;
        let news = trouble.is_some() && !self.uncompressed;
        self.uncompressed = trouble.is_some();
        self.notices
            .extend(trouble.filter(|_| news).map(Notice::CannotCompress));
        Ok(())
    }

    /// Appends lines that fit.
    fn append(&mut self, held: &mut Held<'_>, lines: &[u8]) -> std::result::Result<(), Unappended> {
        if self.active.is_missing() {
            let like = self.newest_backup();
            self.active.create(held, like)?;
        }
        let outcome = self.active.append(held, lines);
        let appended = outcome
            .as_ref()
            .map_or_else(|failure| failure.kept, |()| lines.len());
        self.stats.bytes += appended as u64;
        self.unsynced = true;
        outcome.map_err(|failure| Unappended {
            appended,
            error: failure.error,
        })
    }

    /// Returns mode and owner of the newest backup. If the log is missing
    /// beside it, its writer died between the two steps of a rotation.
    fn newest_backup(&self) -> Option<Ownership> {
        for form in [Form::Plain, Form::Gzip] {
            let path = self.backups.path(Backup { slot: 1, form });
            if let Ok(Some(metadata)) = regular_file(&path) {
                return Some(Ownership::of(&metadata));
            }
        }
        None
    }

    /// Does what is left when the lock has been let go.
    fn settle(&mut self) -> Result<()> {
        let unsynced = std::mem::take(&mut self.unsynced);
        let outcome = self.backups.settle();
        match self.backups.options.sync {
            Sync::Batch if unsynced => outcome.and(self.active.sync()),
            _ => outcome,
        }
    }
}

/// When to rotate again after it failed: not at every line, and ever later.
#[derive(Debug, Default)]
struct Patience {
    /// The time to try again, and how long the wait for it is.
    until: Option<(Instant, Duration)>,
}

impl Patience {
    /// The first wait.
    const SHORTEST: Duration = Duration::from_secs(1);
    /// The longest wait.
    const LONGEST: Duration = Duration::from_secs(60);

    /// Tells whether it is time to try.
    fn is_over(&self) -> bool {
        self.until.is_none_or(|(until, _)| Instant::now() >= until)
    }

    /// Waits longer; tells whether this is news.
    fn lose(&mut self) -> bool {
        let news = self.until.is_none();
        let wait = self
            .until
            .map_or(Self::SHORTEST, |(_, wait)| (wait * 2).min(Self::LONGEST));
        self.until = Some((Instant::now() + wait, wait));
        news
    }

    /// Waits no more; tells whether this is news.
    fn restore(&mut self) -> bool {
        self.until.take().is_some()
    }
}

/// Returns how many bytes of `lines` go in before the log must rotate, if there
/// is `room` for so many up to its limit.
///
/// A line goes in if the log is below its limit where the line begins, so the
/// log may pass its limit, but by one line only. The answer always lies at a
/// line's end; it is 0 if the log is full already.
fn fitting(lines: &[u8], room: u64) -> usize {
    let Some(last) = room.checked_sub(1) else {
        return 0;
    };
    let last = usize::try_from(last).unwrap_or(usize::MAX);
    let tail = lines.get(last..).unwrap_or_default();
    memchr::memchr(b'\n', tail).map_or(lines.len(), |end| last + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Python does it: one line after the other.
    fn slowly(lines: &[u8], room: u64) -> usize {
        let mut taken = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if taken as u64 >= room {
                break;
            }
            taken += line.len();
        }
        taken
    }

    proptest! {
        #[test]
        fn fits_as_line_by_line(lines in "([a-c]{0,5}\n){0,12}", room in 0u64..50) {
            prop_assert_eq!(fitting(lines.as_bytes(), room), slowly(lines.as_bytes(), room));
        }
    }

    #[test]
    fn patience_is_lost_once_and_restored_once() {
        let mut patience = Patience::default();
        assert!(patience.is_over() && !patience.restore());
        assert!(patience.lose() && !patience.lose());
        assert!(!patience.is_over());
        assert!(patience.restore() && patience.is_over());
    }
}
