//! What a log reports: problems that lose no line, what it has done, and what it could not
//! append.

pub(crate) mod rotated;

use std::path::PathBuf;
use std::time::Duration;

use self::rotated::Rotated;
use crate::error::Error;

/// A setting of another writer that differs from ours, as far as can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Mismatch {
    /// They rotate at about another size, in bytes.
    Size { theirs: u64, ours: u64 },
    /// They compress backups and we do not, or the other way round.
    Compression { theirs: bool },
    /// They keep more backups than we do.
    Backups { ours: u64 },
}

/// A problem that loses no line, its end, or other news. Times are in seconds since 1970.
#[derive(Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Notice {
    /// The log cannot be rotated and grows past its limit. Reported once.
    CannotRotate(Error),
    /// Rotation works again.
    RotatesAgain,
    /// A backup could not be compressed and stays plain. Reported once.
    CannotCompress(Error),
    /// A generation that a dead writer left outside the chain, under this name, is now the backup
    /// in this slot.
    Adopted { orphan: PathBuf, slot: u64 },
    /// The system refused the mode or owner asked for a new log. Reported once.
    CannotOwn(Error),
    /// The process's file size limit (`ulimit -f`) is below the log's; the log was rotated there,
    /// at this size in bytes. Reported once.
    FileSizeLimit { size: u64 },
    /// The log is mounted from a removed file: what is appended is lost when no process has it
    /// open. Reported once.
    Nameless { path: PathBuf },
    /// The log's file system has no fsync, so it decides when lines are on disk. Reported once.
    CannotSync(Error),
    /// The system refused a new log the access list of the one it replaces. Its group keeps its
    /// rights; users and groups named in the list have only those of others. Reported once.
    CannotKeepAcl(Error),
    /// Something a dead writer left could not be mended, or a surplus backup could not be
    /// removed, and stays.
    CannotMend(Error),
    /// The log is rotated by size only, but this lock file says that another writer rotates it
    /// by the clock. Reported once.
    TimedElsewhere { lock: PathBuf },
    /// The lock file has a time for the next rotation that this schedule does not give.
    /// Reported once.
    OtherTime { lock: PathBuf, next: u64 },
    /// The lock file had no time for the next rotation, though the log is older than an
    /// interval; its rotations start afresh, with this one. Reported once.
    TimeLost { lock: PathBuf, next: u64 },
    /// There are more backups than are to be kept, so rotations remove some that another
    /// writer kept. Reported once, before the first such rotation if there is time.
    FewerBackups { there: u64, kept: u64 },
    /// Another process has made the log shorter, from one size in bytes to another, as Python
    /// does with a `backupCount` of 0. Reported once.
    Shortened { from: u64, to: u64 },
    /// Another writer's settings differ from ours. Reported once for each setting.
    Mismatch(Mismatch),
    /// This process has made a backup. Reported only on request.
    Rotated(Rotated),
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
    /// How many bytes of the batch, whole lines from its beginning, were appended.
    pub appended: usize,
    /// Why the rest was not.
    pub error: Error,
}

impl std::fmt::Display for Unappended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Unappended {}

impl From<Unappended> for std::io::Error {
    fn from(unappended: Unappended) -> Self {
        Self::new(unappended.error.kind(), unappended)
    }
}

impl From<Error> for Unappended {
    fn from(error: Error) -> Self {
        Self { appended: 0, error }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::*;
    use crate::sys;

    #[test]
    fn the_reason_is_shown_once_by_every_type() {
        let error = || Error::new("open", "a", io::Error::from_raw_os_error(sys::FORBIDDEN));
        let text = error().to_string();
        assert_eq!(io::Error::from(error()).to_string(), text);
        assert_eq!(io::Error::from(error()).kind(), io::ErrorKind::PermissionDenied);
        let lines = Unappended { appended: 0, error: error() };
        assert_eq!(lines.to_string(), text);
        assert!(error().source().is_none() && lines.source().is_none());
    }
}
