//! What a log reports: problems that lose no line, its actions, and lines that it could not append.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::file::file_id;
use crate::names::{self, Form, Names};
use crate::sys;

/// How many consecutive empty slots mark the end of the chain.
const GAP: u64 = 8;

/// A setting of another writer that differs from this writer's, deduced from the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Mismatch {
    /// The other writers rotate at about this size, and this one at another; both in bytes.
    Size { theirs: u64, ours: u64 },
    /// The other writers compress backups and this one does not, or the reverse.
    Compression { theirs: bool },
    /// The other writers keep more backups than this one.
    Backups { ours: u64 },
}

/// A problem that loses no line, the end of such a problem, or other news. Times are in seconds
/// since 1970, sizes in bytes.
#[derive(Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Notice {
    /// The log cannot be rotated and grows past its limit. Reported once until it works again.
    CannotRotate(Error),
    /// Rotation works again.
    RotatesAgain,
    /// A backup cannot be compressed and stays plain. Reported once.
    CannotCompress(Error),
    /// Recovery of a generation that a dead writer left outside the chain: it is now the backup in
    /// this slot. `orphan` is the path at which it was found.
    Adopted { orphan: PathBuf, slot: u64 },
    /// The system refused the configured mode or owner for a new log. Reported once.
    CannotOwn(Error),
    /// The process's file size limit (`ulimit -f`) is below the log's limit; the log was rotated at
    /// this size instead. Reported once.
    FileSizeLimit { size: u64 },
    /// The log is a mount point whose file was removed elsewhere. Its lines are lost when the last
    /// process closes it. Reported once.
    Nameless { path: PathBuf },
    /// The log's file system does not support fsync, so the system decides when lines are on disk.
    /// Reported once.
    CannotSync(Error),
    /// The system refused to give a new log the access list of the one that it replaces. The group
    /// keeps its rights, but users and groups named in the list get only those of others. Reported
    /// once.
    CannotKeepAcl(Error),
    /// A file that a dead writer left cannot be repaired, or a surplus backup cannot be removed. It
    /// stays.
    CannotMend(Error),
    /// This writer rotates the log by size only, but the content of the lock file shows that
    /// another one rotates it by the clock. Reported once.
    TimedElsewhere { lock: PathBuf },
    /// The lock file's time for the next rotation does not fit this writer's schedule. Reported
    /// once.
    OtherTime { lock: PathBuf, next: u64 },
    /// The lock file had no time for the next rotation, though the log is older than an interval.
    /// The schedule starts again with this time. Reported once.
    TimeLost { lock: PathBuf, next: u64 },
    /// More backups exist than this writer keeps, so its rotations remove backups that another
    /// writer kept. Reported once, before the first such rotation if there is time.
    FewerBackups { there: u64, kept: u64 },
    /// Another process made the log shorter, as Python does with a `backupCount` of 0. Reported
    /// once.
    Shortened { from: u64, to: u64 },
    /// Another writer's settings differ from this one's. Reported once per setting.
    Mismatch(Mismatch),
    /// This process made a backup. Reported only on request.
    Rotated(Rotated),
}

/// A rotation by this process, and the backup that it made.
#[derive(Debug, Clone)]
pub struct Rotated {
    pub(crate) identity: u64,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In one of this many slots. Every writer's rotations move it up, so it is found by its
    /// identity instead of its name. This needs no lock: a chain shifts from its end, so a search
    /// from slot 1 upwards meets every backup, though a slot or two may be empty for a moment.
    Slots(Names, u64),
    /// At this path, or compressed beside it.
    Plain(PathBuf),
}

impl Rotated {
    /// Returns the present path of the backup; `None` if it was removed, or renamed to something
    /// that is no backup's name. It may move at any moment.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Plain(plain) => self.among(&[names::compressed(plain), plain.clone()]).ok(),
            Place::Slots(names, backups) => {
                let mut empty = 0;
                for slot in 1..=*backups {
                    let forms = [Form::Gzip, Form::Plain];
                    match self.among(&forms.map(|form| names.backup(slot, form))) {
                        Ok(path) => return Some(path),
                        Err(0) => empty += 1,
                        Err(_) => empty = 0,
                    }
                    if empty > GAP {
                        break;
                    }
                }
                None
            }
        }
    }

    /// Returns the path of the backup, or the number of other files at these paths.
    fn among(&self, paths: &[PathBuf]) -> Result<PathBuf, usize> {
        let mut others = 0;
        for path in paths {
            if let Ok(metadata) = sys::look_at(path) {
                if metadata.is_file() && file_id(&metadata) == self.identity {
                    return Ok(path.clone());
                }
                others += 1;
            }
        }
        Err(others)
    }
}

/// What a log has done in this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How many bytes were appended.
    pub bytes: u64,
    /// How many batches were appended, each in one hold.
    pub batches: u64,
    /// How many rotations this process carried out.
    pub rotations: u64,
    /// The longest wait for the lock.
    pub longest_wait: Duration,
}

/// The error of an append: which lines are not in the log, and why.
#[derive(Debug)]
pub struct Unappended {
    /// How many bytes at the beginning of the batch were appended. They are whole records.
    pub appended: usize,
    /// Why the rest could not be appended.
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
    use std::fs;
    use std::io;

    use super::*;

    #[test]
    fn a_backup_is_found_wherever_it_has_moved() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let names = Names::new(&path("app.log")).unwrap();
        fs::write(path("app.log.1"), "one").unwrap();
        let identity = file_id(&sys::look_at(&path("app.log.1")).unwrap());
        let rotated = Rotated { identity, place: Place::Slots(names, 5) };
        assert_eq!(rotated.path(), Some(path("app.log.1")));
        // A gap, as in the middle of a shift.
        fs::rename(path("app.log.1"), path("app.log.4")).unwrap();
        fs::write(path("app.log.2.gz"), "two").unwrap();
        assert_eq!(rotated.path(), Some(path("app.log.4")));
        fs::rename(path("app.log.4"), path("app.log.6")).unwrap();
        assert_eq!(rotated.path(), None, "it has left the chain");
    }

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
