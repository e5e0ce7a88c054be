//! A look at a log: what its chain holds, who uses it, and what is wrong.
//!
//! ```text
//! scan        the names around the log, under the lock if it is free soon
//! content     what each file holds, from its ends; or all of it
//! processes   who holds the lock, who has the log open
//! finding     what is wrong, and what is only worth knowing
//! ```
//!
//! Nothing is changed: no file is made, written, renamed or removed. The lock is held only
//! while the directory is read. A file read after that counts only if it is still the same.

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

/// How closely a log is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// The ends of each file. What a compressed one holds is taken from its headers and trailer;
    /// if these cannot be right, it is decompressed.
    #[default]
    Ends,
    /// All of each file: lines are counted, compressed files decompressed.
    Whole,
}

/// What there is of a log, and what is wrong with it.
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
    /// The log's path, absolute.
    pub path: PathBuf,
    /// The log, if it is there.
    pub log: Option<LogFile>,
    /// Its backups, newest first. A slot that holds two comes twice.
    pub backups: Vec<LogFile>,
    /// The bytes that log, backups and leftovers take.
    pub total: u64,
    /// The size at which the log is full, as the options have it; 0: never.
    pub limit: u64,
    /// How many backups are kept, if the options say so.
    pub kept: Option<u64>,
    /// How many bytes log and backups may take, as the options have it; 0: any number.
    pub max_total: u64,
    /// How long backups are kept, as the options have it; zero: for ever.
    pub max_age: Duration,
    /// The lock file.
    pub lock: LockFile,
    /// The processes with the log or its lock file open, as far as we may see.
    pub openers: Vec<Opener>,
    /// How many processes we may not look into.
    pub hidden: u64,
    /// Files whose names begin like those of backups, and that are none.
    pub others: Vec<PathBuf>,
    /// What is wrong, and what is only worth knowing, the former first.
    pub findings: Vec<Finding>,
}

/// A log or a backup.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// The slot of a backup by number.
    pub slot: Option<u64>,
    /// The start of the interval of a backup by the clock, as in its name, with its number if
    /// the interval has several.
    pub stamp: Option<String>,
    /// Whether it is compressed.
    pub compressed: bool,
    /// Its size on disk, in bytes.
    pub size: u64,
    /// How many bytes of lines it holds, if that is known.
    pub content: Option<u64>,
    /// How many lines it holds, if they were counted.
    pub lines: Option<u64>,
    /// When it was last changed.
    pub modified: SystemTime,
    /// The time at the beginning of its first line, as it stands there.
    pub first: Option<String>,
    /// The time at the beginning of its last line, as it stands there.
    pub last: Option<String>,
    /// Its permission bits; none on Windows.
    pub mode: u32,
    /// Its user and group; 0 on Windows.
    pub owner: (u32, u32),
}

/// The lock file.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LockFile {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Who held it when we looked.
    pub holder: Option<Process>,
    /// How many waited for it.
    pub waiting: u64,
    /// When the log rotates next by the clock, in seconds since 1970, if the file says so.
    pub next_rotation: Option<u64>,
}

impl Status {
    /// Looks at the log at `path`, as its writers' `options` have it.
    ///
    /// # Errors
    ///
    /// If its directory cannot be read, or if there is neither a log nor anything that one has
    /// left.
    pub fn of(path: impl AsRef<Path>, options: &Options, depth: Depth) -> Result<Self> {
        Self::beside(path, options, depth, |_| options.clone())
    }

    /// The same, but with the options that `settle` returns for the processes that have the log
    /// open. Their lock directory does not count any more.
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
        // One that has rotated the log since has only the lock file that we know open.
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

    /// Returns whether nothing is wrong.
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
            // Every file system keeps it.
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            first: None,
            last: None,
            mode: mode & 0o7777,
            owner: (user, group),
        }
    }
}
