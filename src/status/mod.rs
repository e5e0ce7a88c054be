//! The state of a log: what its chain holds, which processes use it, and what is wrong.
//!
//! ```text
//! scan        the names around the log, under the lock if it is free soon
//! content     what each file holds, from its ends; or all of it
//! processes   which hold the lock or have the log open
//! finding     what is wrong, and what is only worth knowing
//! ```
//!
//! Nothing is changed: no file is created, written, renamed or removed. The lock is held only while
//! the directory is read. A file that is read after that counts only if it is still the same.

mod content;
mod faults;
mod finding;
mod processes;
mod rights;
mod scan;

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use self::finding::{Finding, Harm};
pub use self::processes::{Opener, Process};
use self::scan::Which;
use crate::error::{Error, Result};
use crate::names::{Form, Names};
use crate::rotation::options::Options;
use crate::sys::{self, Metadata, Rights};

/// How closely to examine a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Reads the ends of each file. The length of a compressed file's content comes from its
    /// headers and trailer; if they cannot be right, the file is decompressed.
    #[default]
    Ends,
    /// Reads each file completely: counts lines and decompresses compressed files.
    Whole,
}

/// The state of a log, and what is wrong with it.
///
/// Numbers of bytes are as on disk unless a field says otherwise.
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("app.log");
/// use clh_tee::{Options, RotatingLog};
/// use clh_tee::status::{Depth, Status};
///
/// RotatingLog::options().open(&path)?.append(b"one line\n")?;
/// let status = Status::of(&path, &Options::default(), Depth::Whole)?;
/// assert_eq!(status.log.as_ref().and_then(|log| log.lines), Some(1));
/// assert!(status.is_healthy());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Status {
    /// The log's absolute path.
    pub path: PathBuf,
    /// The log, if it exists.
    pub log: Option<LogFile>,
    /// The backups, newest first. A slot with both forms appears twice.
    pub backups: Vec<LogFile>,
    /// How many bytes the log, its backups and leftovers take up.
    pub total: u64,
    /// The configured limit in bytes; 0 means none.
    pub limit: u64,
    /// The configured number of backups, if any.
    pub kept: Option<u64>,
    /// The configured cap in bytes on the log and its backups together; 0 means none.
    pub max_total: u64,
    /// The configured maximum age of backups; zero means none.
    pub max_age: Duration,
    /// The lock file.
    pub lock: LockFile,
    /// The processes that have the log or its lock file open, as far as we may see them.
    pub openers: Vec<Opener>,
    /// How many processes we may not examine.
    pub hidden: u64,
    /// Files that are named like backups but are not.
    pub others: Vec<PathBuf>,
    /// The findings: faults first, then what is only worth knowing.
    pub findings: Vec<Finding>,
}

/// A log or a backup.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// The slot, for a backup by number.
    pub slot: Option<u64>,
    /// For a backup by the clock, the start of its interval as in its name, with its number if the
    /// interval has several.
    pub stamp: Option<String>,
    /// Whether it is compressed.
    pub compressed: bool,
    /// Its size on disk, in bytes.
    pub size: u64,
    /// The length in bytes of its (decompressed) content, if known.
    pub content: Option<u64>,
    /// How many lines it holds, if they were counted.
    pub lines: Option<u64>,
    /// When it was last changed.
    pub modified: SystemTime,
    /// The time at the beginning of its first line, unchanged.
    pub first: Option<String>,
    /// The time at the beginning of its last line, unchanged.
    pub last: Option<String>,
    /// Its permission bits; 0 on Windows.
    pub mode: u32,
    /// Its user and group id; 0 on Windows.
    pub owner: (u32, u32),
}

/// The lock file.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LockFile {
    /// The path, whether or not the file exists.
    pub path: PathBuf,
    /// Whether it exists.
    pub exists: bool,
    /// The process that held the lock at that moment, if known.
    pub holder: Option<Process>,
    /// How many processes waited for the lock.
    pub waiting: u64,
    /// The time of the next rotation by the clock, in seconds since 1970, if the file has one.
    pub next_rotation: Option<u64>,
}

impl Status {
    /// Examines the log at `path`, whose writers use these `options`. It changes nothing.
    ///
    /// # Errors
    ///
    /// If the log's directory cannot be read, or if there is neither a log nor anything that a log
    /// leaves behind.
    pub fn of(path: impl AsRef<Path>, options: &Options, depth: Depth) -> Result<Self> {
        Self::beside(path, options, depth, |_| options.clone())
    }

    /// Does the same with the options that `settle` returns, given the processes that have the log
    /// open. Their lock directory is ignored.
    ///
    /// # Errors
    ///
    /// As [`Status::of`].
    pub fn beside(
        path: impl AsRef<Path>,
        options: &Options,
        depth: Depth,
        settle: impl FnOnce(&[Opener]) -> Options,
    ) -> Result<Self> {
        let path = path.as_ref();
        options.fault().map_or(Ok(()), Err).map_err(Error::on("look at", path))?;
        let names = Names::new(path).map_err(Error::on("look at", path))?;
        let scan = scan::scan(&names, options)?;
        if scan.is_empty() {
            let none = io::Error::from_raw_os_error(sys::NO_SUCH_FILE);
            return Err(Error::new("look at", names.log(), none));
        }
        let (lock, openers, hidden) = processes::look(&names, &scan);
        let options = &settle(&openers);
        let (log, backups, mut findings) = content::of(&scan, depth);
        // A writer that has not noticed a rotation yet has an older log open, but the lock file.
        let writers: Vec<_> =
            openers.iter().filter(|opener| opener.writes || opener.lock).collect();
        faults::look(&names, options, &scan, !writers.is_empty(), &mut findings);
        let known = log.iter().chain(&backups);
        let users = writers.iter().filter_map(|opener| opener.process.user);
        rights::look(&names, options, &scan, known, users, &mut findings);
        findings.sort_by_key(|finding| Reverse(finding.harm()));
        Ok(Self {
            path: names.log().to_owned(),
            log,
            backups,
            total: scan.total(),
            limit: options.max_bytes,
            kept: options.backups,
            max_total: options.caps.total,
            max_age: options.caps.age,
            lock,
            openers,
            hidden,
            others: scan.others,
            findings,
        })
    }

    /// Returns whether there is no fault.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.findings.iter().all(|finding| finding.harm() == Harm::None)
    }
}

impl LogFile {
    fn new(path: PathBuf, which: Option<Which>, form: Form, metadata: &Metadata) -> Self {
        let (slot, stamp) = match which {
            None => (None, None),
            Some(Which::Slot(slot)) => (Some(slot), None),
            Some(Which::Dated(Reverse(dated))) => (None, Some(dated.text())),
        };
        let Rights { mode, user, group } = sys::rights(metadata);
        Self {
            path,
            slot,
            stamp,
            compressed: form == Form::Gzip,
            size: metadata.len(),
            content: (form == Form::Plain).then_some(metadata.len()),
            lines: None,
            // Every file system stores it.
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            first: None,
            last: None,
            mode: mode & 0o7777,
            owner: (user, group),
        }
    }
}
