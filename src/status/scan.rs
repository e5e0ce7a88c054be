//! The names around a log, read in one pass.
//!
//! A rotation changes many names, so the pass is made under the lock. But a mere look must
//! neither wait for long nor create a lock file: if the lock is not free soon, the pass is made
//! without it, and what may be a rotation under way is not reported as a dead writer's.

use std::cmp::Reverse;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::compress::private_file::PrivateFile;
use crate::error::{Error, Result};
use crate::file::{file_id, open_to_read};
use crate::lock::Lock;
use crate::names::listing::Entry;
use crate::names::stamp::Dated;
use crate::names::{Form, Meaning, Names};
use crate::rotation::options::Options;
use crate::rotation::timetable::{time_at, time_in};
use crate::sys::{self, Locks, Metadata};

const LOCK_WAIT: Duration = Duration::from_millis(250);

/// In seconds; no rotation takes longer: Python compresses 10 MB a second.
const LONGEST_ROTATION: u64 = 120;

#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) log: Option<(PathBuf, Metadata)>,
    /// Newest first, plain before compressed.
    pub(super) backups: Vec<Backup>,
    pub(super) temps: Vec<(PathBuf, Metadata)>,
    /// Private files of dead makers.
    pub(super) leftovers: Vec<(PathBuf, Metadata)>,
    /// Other names that begin with the log's and a dot.
    pub(super) others: Vec<PathBuf>,
    /// Other logs with a backup's name, each with its lock file.
    pub(super) other_logs: Vec<(PathBuf, PathBuf)>,
    /// The lock file need not exist.
    pub(super) lock_path: PathBuf,
    pub(super) lock: Option<Metadata>,
    pub(super) next_rotation: Option<u64>,
    pub(super) locks: Locks,
    pub(super) held_by_others: bool,
    /// The lock's file system has no locks.
    pub(super) no_locking: bool,
    /// Bytes in private files that are in use.
    ahead: u64,
}

#[derive(Debug)]
pub(super) struct Backup {
    pub(super) which: Which,
    pub(super) form: Form,
    pub(super) path: PathBuf,
    pub(super) metadata: Metadata,
}

/// A newer backup is less than an older one, and a slot less than a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    Slot(u64),
    Dated(Reverse<Dated>),
}

pub(super) fn scan(names: &Names, options: &Options) -> Result<Scan> {
    let lock_path = names.lock(options.lock_dir.as_deref());
    // Read before we may hold the lock ourselves, and evaluated later.
    let locks = Locks::read();
    let file = open_to_read(&lock_path).ok();
    let lock = sys::look_at(&lock_path).ok();
    let mut scan = Scan {
        lock_path,
        next_rotation: file.and_then(|file| time_at(&file)?.try_into().ok()),
        lock,
        locks,
        ..Scan::default()
    };
    let mut lock = Lock::existing(scan.lock_path.clone());
    let held = lock.acquire_within(LOCK_WAIT);
    match &held {
        // Where no other process may read what one has locked.
        Ok(Some(held)) => {
            let now = || time_in(held).ok()??.try_into().ok();
            scan.next_rotation = scan.next_rotation.or_else(now);
        }
        Ok(None) => scan.held_by_others = true,
        // A file that may not be opened cannot be locked either.
        Err(error) => scan.no_locking = error.is_locking_unsupported(),
    }
    // Read only now: the log may have been rotated while we waited.
    scan.log = metadata(names.log())?.map(|metadata| (names.log().to_owned(), metadata));
    scan.read_names(names, options.lock_dir.as_deref())?;
    drop(held);
    scan.backups.sort_by_key(|backup| (backup.which, backup.form));
    scan.temps.sort_by(|one, two| one.0.cmp(&two.0));
    scan.others.sort();
    scan.other_logs.sort();
    Ok(scan)
}

impl Scan {
    fn read_names(&mut self, names: &Names, lock_dir: Option<&Path>) -> Result<()> {
        let listing = names.list(lock_dir).map_err(Error::on("look into", names.dir()))?;
        listing.entries.into_iter().try_for_each(|entry| self.take_in(entry))
    }

    fn take_in(&mut self, Entry { path, meaning, .. }: Entry) -> Result<()> {
        // It may be gone meanwhile.
        let Some(metadata) = metadata(&path)? else { return Ok(()) };
        match meaning {
            Meaning::Backup(slot, form) => {
                self.backups.push(Backup { which: Which::Slot(slot), form, path, metadata });
            }
            // The precision is not compared: the schedule may have been another one before.
            Meaning::Dated(dated, form) => {
                let which = Which::Dated(Reverse(dated));
                self.backups.push(Backup { which, form, path, metadata });
            }
            Meaning::RotationTemp(..) if metadata.is_file() => self.temps.push((path, metadata)),
            Meaning::Private(identity) if metadata.is_file() => {
                let in_use = self.log.as_ref().is_some_and(|(_, log)| {
                    file_id(log) == identity && PrivateFile::is_growing(&path, log.len())
                });
                if in_use || Locks::read().holder(&metadata).is_some() {
                    self.ahead += metadata.len();
                } else {
                    self.leftovers.push((path, metadata));
                }
            }
            Meaning::OtherLog(lock) => self.other_logs.push((path, lock)),
            _ => self.others.push(path),
        }
        Ok(())
    }

    /// Whether a file cannot be part of a rotation under way. Under the lock there is none.
    pub(super) fn is_settled(&self, metadata: &Metadata) -> bool {
        !(self.held_by_others || self.no_locking) || is_old(metadata)
    }

    pub(super) fn is_empty(&self) -> bool {
        let none = self.backups.is_empty() && self.temps.is_empty() && self.leftovers.is_empty();
        none && self.log.is_none() && self.lock.is_none()
    }

    pub(super) fn total(&self) -> u64 {
        let backups = self.backups.iter().map(|backup| &backup.metadata);
        let left = self.temps.iter().chain(&self.leftovers).map(|(_, metadata)| metadata);
        let all = backups.chain(left).chain(self.log.iter().map(|(_, metadata)| metadata));
        let files = all.filter(|metadata| metadata.is_file());
        files.fold(self.ahead, |total, metadata| total + metadata.len())
    }
}

/// The file was neither written nor renamed for longer than a rotation takes.
pub(super) fn is_old(metadata: &Metadata) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    now.saturating_sub(sys::changed(metadata)) > LONGEST_ROTATION
}

fn metadata(path: &Path) -> Result<Option<Metadata>> {
    match sys::look_at(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::new("look at", path, error)),
    }
}
