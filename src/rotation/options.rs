//! How a log is opened, in the manner of `File::options`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::file::permissions::Asked;
use crate::rotation::caps::Caps;
use crate::time::schedule::Schedule;

/// What is fsynced, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Nothing; the system writes when it likes.
    None,
    /// A compressed backup before its plain file is removed, and a rotated log after the lock
    /// is released.
    #[default]
    Rotate,
    /// Also every batch, before its lines count as appended.
    Batch,
}

/// How a log is opened. All its writers should use the same settings; none loses a line
/// otherwise.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    pub(crate) max_bytes: u64,
    /// `None`: not given.
    pub(crate) backups: Option<u64>,
    pub(crate) caps: Caps,
    pub(crate) gzip: Option<u32>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) sync: SyncPolicy,
    pub(crate) lock_dir: Option<PathBuf>,
    pub(crate) create_dir: bool,
    pub(crate) report_rotations: bool,
    pub(crate) longest_record: u64,
    /// Mode and owner of new files.
    pub(crate) asked: Asked,
}

impl Options {
    /// Sets the size in bytes at which the log is full; 0, the default, means never. The line
    /// that reaches it is still appended (CLH's `maxBytes`).
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many backups are kept. With 0 a full log is truncated or, with a schedule, all
    /// backups are kept (CLH's `backupCount`). `None`, the default, keeps as many as there are,
    /// and at least 5: it never shortens a history that another writer asked for. With
    /// [`Options::max_total`] or [`Options::max_age`], it keeps all that these leave.
    pub fn backups(mut self, count: impl Into<Option<u64>>) -> Self {
        self.backups = count.into();
        self
    }

    /// Sets how many bytes the log and its backups may take on disk; 0, the default, means any
    /// number. At each rotation of this process the oldest backups are removed until there is
    /// room for a log that is full at [`Options::max_bytes`]. Neither the log nor its newest
    /// backup is ever removed.
    pub fn max_total(mut self, bytes: u64) -> Self {
        self.caps.total = bytes;
        self
    }

    /// Sets how long backups are kept after they were written last; zero, the default, means
    /// for ever. They are removed at a rotation of this process. The newest backup stays,
    /// whatever its age.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.caps.age = age;
        self
    }

    /// Compresses backups at this level, 1 to 9 (CLH's `use_gzip`, whose level is 9). By
    /// default backups stay plain.
    pub fn gzip(mut self, level: Option<u32>) -> Self {
        self.gzip = level;
        self
    }

    /// Rotates by the clock too, and names backups by it (CLH's
    /// `ConcurrentTimedRotatingFileHandler`). By default the log does not.
    pub fn schedule(mut self, schedule: Option<Schedule>) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets what is fsynced, and when.
    pub fn sync(mut self, sync: SyncPolicy) -> Self {
        self.sync = sync;
        self
    }

    /// Sets the directory of the lock file, created with its parents if missing (CLH's
    /// `lock_file_directory`). By default it is the log's.
    pub fn lock_dir(mut self, dir: Option<PathBuf>) -> Self {
        self.lock_dir = dir;
        self
    }

    /// Creates the log's directory, with its parents, if it is missing.
    pub fn create_dir(mut self, create: bool) -> Self {
        self.create_dir = create;
        self
    }

    /// Sets the permission bits of a new log or lock file, regardless of the umask (CLH's
    /// `chmod`). By default a new log has the mode of the one it replaces, and a backup always
    /// keeps its log's. On Windows such a log cannot be opened.
    pub fn mode(mut self, mode: Option<u32>) -> Self {
        self.asked.mode = mode;
        self
    }

    /// Sets the user and group of a new log or lock file, as far as the system permits (CLH's
    /// `owner`). By default a new log keeps the owner of the one it replaces. On Windows such a
    /// log cannot be opened.
    pub fn owner(mut self, user: Option<u32>, group: Option<u32>) -> Self {
        (self.asked.user, self.asked.group) = (user, group);
        self
    }

    /// Reports each backup made by this process as a
    /// [`Notice::Rotated`](crate::Notice::Rotated).
    #[doc(hidden)]
    pub fn report_rotations(mut self, report: bool) -> Self {
        self.report_rotations = report;
        self
    }

    /// Says how long records of several lines may be, in bytes. By so much other writers' backups may
    /// exceed the limit.
    #[doc(hidden)]
    pub fn longest_record(mut self, length: u64) -> Self {
        self.longest_record = length;
        self
    }

    /// Returns whether a full log is truncated instead of rotated.
    pub(crate) fn truncates(&self) -> bool {
        self.backups == Some(0) && self.schedule.is_none()
    }

    /// Returns how many backups there may be at most.
    pub(crate) fn most_backups(&self) -> u64 {
        self.backups.unwrap_or(u64::MAX)
    }

    pub(crate) fn fault(&self) -> Option<io::Error> {
        let why = match self {
            Self { gzip: Some(level), .. } if !(1..=9).contains(level) => {
                "gzip's levels are 1 to 9"
            }
            Self { asked: Asked { mode: Some(0o1000..), .. }, .. } => {
                "permission bits end at 0o777"
            }
            Self { schedule: Some(schedule), .. } => schedule.fault()?,
            _ => return None,
        };
        Some(io::Error::new(io::ErrorKind::InvalidInput, why))
    }
}
