//! How a log is opened, in the manner of `File::options`.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::file::permissions::Asked;
use crate::log::RotatingLog;
use crate::time::schedule::Schedule;

/// What is forced to disk, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// Nothing; the system writes when it likes.
    None,
    /// A compressed backup before its plain file goes, and a rotated log once
    /// the lock has been let go.
    #[default]
    Rotate,
    /// In addition every batch, before its lines count as in.
    Batch,
}

/// How a log is opened. All writers of a log should use the same settings;
/// none loses a line if they do not.
#[derive(Debug, Clone)]
pub struct Options {
    /// See [`Options::max_bytes`].
    pub(crate) max_bytes: u64,
    /// See [`Options::backups`].
    pub(crate) backups: u64,
    /// See [`Options::gzip`].
    pub(crate) gzip: Option<u32>,
    /// See [`Options::schedule`].
    pub(crate) schedule: Option<Schedule>,
    /// See [`Options::sync`].
    pub(crate) sync: Sync,
    /// See [`Options::lock_dir`].
    pub(crate) lock_dir: Option<PathBuf>,
    /// See [`Options::create_dir`].
    pub(crate) create_dir: bool,
    /// See [`Options::tell_rotations`].
    pub(crate) tell_rotations: bool,
    /// Mode and owner of new files.
    pub(crate) asked: Asked,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_bytes: 0,
            backups: 5,
            gzip: None,
            schedule: None,
            sync: Sync::default(),
            lock_dir: None,
            create_dir: false,
            tell_rotations: false,
            asked: Asked::default(),
        }
    }
}

impl Options {
    /// Sets the size in bytes at which the log is full; 0, the default, means
    /// never. The line that reaches it still goes in (CLH's `maxBytes`).
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many backups are kept; 5 by default. With 0 the log is emptied
    /// when it is full, or, with a schedule, all are kept (CLH's `backupCount`).
    #[must_use]
    pub fn backups(mut self, count: u64) -> Self {
        self.backups = count;
        self
    }

    /// Has backups compressed at this level, 1 to 9 (CLH's `use_gzip`, whose
    /// level is 9). By default they are not.
    ///
    /// # Panics
    ///
    /// If the level is not from 1 to 9.
    #[must_use]
    pub fn gzip(mut self, level: Option<u32>) -> Self {
        assert!(level.is_none_or(|level| (1..=9).contains(&level)), "gzip's levels are 1 to 9");
        self.gzip = level;
        self
    }

    /// Has the log rotated by the clock too, and its backups named by it (CLH's
    /// `ConcurrentTimedRotatingFileHandler`). By default it is not.
    #[must_use]
    pub fn schedule(mut self, schedule: Option<Schedule>) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets what is forced to disk, and when.
    #[must_use]
    pub fn sync(mut self, sync: Sync) -> Self {
        self.sync = sync;
        self
    }

    /// Sets the directory of the lock file, made with its parents if missing
    /// (CLH's `lock_file_directory`). By default it is the log's.
    #[must_use]
    pub fn lock_dir(mut self, dir: Option<PathBuf>) -> Self {
        self.lock_dir = dir;
        self
    }

    /// Has the log's directory made, with its parents, if it is missing.
    #[must_use]
    pub fn create_dir(mut self, create: bool) -> Self {
        self.create_dir = create;
        self
    }

    /// Gives a log and a lock file that are made from now on this `mode`,
    /// permission bits of which the umask takes nothing away (CLH's `chmod`).
    /// By default a new log has the mode of the one that it replaces, and a
    /// backup always keeps that of its log. On Windows such a log cannot be
    /// opened.
    ///
    /// # Panics
    ///
    /// If there are bits above `0o777`.
    #[must_use]
    pub fn mode(mut self, mode: Option<u32>) -> Self {
        assert!(mode.is_none_or(|mode| mode <= 0o777), "these are no permission bits");
        self.asked.mode = mode;
        self
    }

    /// Gives a log and a lock file that are made from now on to this user and
    /// group (CLH's `owner`), as far as the system permits it. By default a new
    /// log belongs to whom the one belonged that it replaces. On Windows such a
    /// log cannot be opened.
    #[must_use]
    pub fn owner(mut self, user: Option<u32>, group: Option<u32>) -> Self {
        (self.asked.user, self.asked.group) = (user, group);
        self
    }

    /// Has each rotation of ours that makes a backup told, as a
    /// [`Notice::Rotated`](crate::Notice::Rotated).
    #[must_use]
    pub fn tell_rotations(mut self, tell: bool) -> Self {
        self.tell_rotations = tell;
        self
    }

    /// Opens the log at `path`. Neither it nor its lock file is made before
    /// the first line comes, but what would forbid that is found now as far as
    /// it can be. With a schedule, if nobody has the lock, the lock file is made
    /// now to hold the time of the next rotation, and one that is due is done.
    ///
    /// # Errors
    ///
    /// If the log is a directory or a symbolic link, or cannot be written; if
    /// its directory is missing or cannot be written; if its name is too long
    /// for those made from it; if the lock file cannot be opened; if mode or owner
    /// are asked for where there is neither.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RotatingLog> {
        RotatingLog::open(path.as_ref(), self)
    }

    /// Opens the log at `path` as [`Options::open`] does, but rotates nothing
    /// and makes no lock file yet, whatever the schedule says. It is meant for
    /// [`Hold::repair`](crate::Hold::repair).
    ///
    /// # Errors
    ///
    /// As [`Options::open`].
    pub fn open_to_repair(self, path: impl AsRef<Path>) -> Result<RotatingLog> {
        RotatingLog::open_to_repair(path.as_ref(), self)
    }
}
