//! What a log reports: problems that lose no line, what it has done, and what it could not
//! append.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::file::file_id;
use crate::names::{self, Form, Names};
use crate::sys;

/// How many empty slots in a row end the chain.
const GAP: u64 = 8;

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

/// A rotation of ours, and the backup it made.
#[derive(Debug, Clone)]
pub struct Rotated {
    pub(crate) identity: u64,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In one of so many slots. Any writer's rotation moves it up, so it is found by its identity,
    /// not its name. No lock is needed: a chain shifts from its end, so a search from slot 1
    /// upwards meets every backup, though a slot or two may be empty for a moment.
    Slots(Names, u64),
    /// At this path, or compressed beside it.
    Plain(PathBuf),
}

impl Rotated {
    /// Returns where the backup is now; `None` if it was removed or has a name that no backup
    /// has. It may move at any moment.
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

    /// Returns the path at which the backup is, or how many others exist.
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
    /// How many bytes of the batch, whole records from its beginning, were appended.
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
