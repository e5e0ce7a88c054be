//! The options for opening a log, used like `File::options`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::file::permissions::Asked;
use crate::rotation::caps::Caps;
use crate::time::schedule::Schedule;

/// What to fsync, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Never; the system decides when data is written to disk.
    None,
    /// A compressed backup before its plain file is removed, and a rotated log after the lock is
    /// released.
    #[default]
    Rotate,
    /// In addition, every batch, before the append returns.
    Batch,
}

/// Options for opening a log with [`Options::open`].
///
/// All writers of a log should use the same settings. If they do not, no line is lost, but the
/// limit or the number of backups may not be as expected.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    pub(crate) max_bytes: u64,
    /// `None` if not given.
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
    /// Sets the size in bytes at which the log is full (CLH's `maxBytes`). The line that reaches it
    /// is still appended. 0, the default, means no limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many backups to keep (CLH's `backupCount`). With 0, a full log is truncated, or,
    /// with a schedule, all backups are kept.
    ///
    /// With `None`, the default, rotations keep as many backups as exist, and at least 5, so they
    /// never shorten a history that another writer keeps. With [`Options::max_total`] or
    /// [`Options::max_age`], `None` keeps all backups that these allow.
    pub fn backups(mut self, count: impl Into<Option<u64>>) -> Self {
        self.backups = count.into();
        self
    }

    /// Sets how many bytes the log and its backups may take up on disk; 0, the default, means no
    /// limit. Each rotation by this process removes the oldest backups until a log of
    /// [`Options::max_bytes`] has room. The log and its newest backup are never removed.
    pub fn max_total(mut self, bytes: u64) -> Self {
        self.caps.total = bytes;
        self
    }

    /// Sets how long to keep a backup after its last change; zero, the default, means forever. Each
    /// rotation by this process removes older ones, but never the newest backup.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.caps.age = age;
        self
    }

    /// Compresses backups at this level, 1 to 9 (CLH's `use_gzip`, which uses level 9). With
    /// `None`, the default, backups stay plain.
    pub fn gzip(mut self, level: Option<u32>) -> Self {
        self.gzip = level;
        self
    }

    /// Rotates by the clock too, and names backups by it (CLH's
    /// `ConcurrentTimedRotatingFileHandler`). With `None`, the default, the log is rotated by size
    /// only.
    pub fn schedule(mut self, schedule: Option<Schedule>) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets what to fsync, and when.
    pub fn sync(mut self, sync: SyncPolicy) -> Self {
        self.sync = sync;
        self
    }

    /// Sets the directory of the lock file (CLH's `lock_file_directory`). It is created with its
    /// parents if it does not exist. The default is the log's directory.
    pub fn lock_dir(mut self, dir: Option<PathBuf>) -> Self {
        self.lock_dir = dir;
        self
    }

    /// Sets whether to create the log's directory, with its parents, if it does not exist.
    pub fn create_dir(mut self, create: bool) -> Self {
        self.create_dir = create;
        self
    }

    /// Sets the permission bits of a new log or lock file, regardless of the umask (CLH's `chmod`).
    /// By default a new log gets the mode of the log that it replaces. A backup always keeps the
    /// mode of its log. With a mode, a log cannot be opened on Windows.
    pub fn mode(mut self, mode: Option<u32>) -> Self {
        self.asked.mode = mode;
        self
    }

    /// Sets the user and group id of a new log or lock file, as far as the system permits (CLH's
    /// `owner`). By default a new log keeps the owner of the log that it replaces. With an owner, a
    /// log cannot be opened on Windows.
    pub fn owner(mut self, user: Option<u32>, group: Option<u32>) -> Self {
        (self.asked.user, self.asked.group) = (user, group);
        self
    }

    /// Sets whether to report each backup that this process makes, as
    /// [`Notice::Rotated`](crate::Notice::Rotated).
    #[doc(hidden)]
    pub fn report_rotations(mut self, report: bool) -> Self {
        self.report_rotations = report;
        self
    }

    /// Sets how long records of several lines may be, in bytes. Other writers' backups may exceed
    /// the limit by this much.
    #[doc(hidden)]
    pub fn longest_record(mut self, length: u64) -> Self {
        self.longest_record = length;
        self
    }

    /// Returns whether a full log is truncated instead of rotated.
    pub(crate) fn truncates(&self) -> bool {
        self.backups == Some(0) && self.schedule.is_none()
    }

    /// Returns the maximum number of backups.
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
