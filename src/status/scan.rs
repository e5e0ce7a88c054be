//! The names around a log, read in one pass.
//!
//! A rotation changes many names, so the pass happens under the lock. But a mere look must not wait
//! for long, nor create a lock file. If the lock is not free soon, the pass happens without it, and
//! what may be a rotation in progress is not reported as a dead writer's.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::time::Duration;

use crate::compress::private_file::PrivateFile;
use crate::error::{Error, Result};
use crate::file::{file_id, look_at, open_to_read};
use crate::lock::Lock;
use crate::names::listing::Entry;
use crate::names::stamp::Dated;
use crate::names::{Form, Meaning, Names};
use crate::rotation::options::Options;
use crate::rotation::timetable::{time_at, time_in};
use crate::sys::{self, Locks, Metadata};
use crate::time;

const LOCK_WAIT: Duration = Duration::from_millis(250);

/// The longest time of a rotation in seconds: Python compresses 10 MB per second.
const LONGEST_ROTATION: i64 = 120;

#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) log: Option<(PathBuf, Metadata)>,
    /// Newest first, plain before compressed.
    pub(super) backups: Vec<Backup>,
    pub(super) temps: Vec<(PathBuf, Metadata)>,
    /// Private files of dead processes.
    pub(super) leftovers: Vec<(PathBuf, Metadata)>,
    /// Other names that begin with the log's name and a dot.
    pub(super) others: Vec<PathBuf>,
    /// Other logs with a backup's name, each with its lock file.
    pub(super) other_logs: Vec<(PathBuf, PathBuf)>,
    /// The path of the lock file, which may be missing.
    pub(super) lock_path: PathBuf,
    pub(super) lock: Option<Metadata>,
    pub(super) next_rotation: Option<u64>,
    pub(super) locks: Locks,
    pub(super) held_by_others: bool,
    /// Whether the lock's file system does not support locks.
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

/// Ordered by age: a newer backup is less than an older one, and a slot is less than a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    Slot(u64),
    Dated(Reverse<Dated>),
}

pub(super) fn scan(names: &Names, options: &Options) -> Result<Scan> {
    let lock_path = names.lock(options.lock_dir.as_deref());
    let file = open_to_read(&lock_path).ok();
    let mut scan = Scan {
        next_rotation: file.and_then(|file| time_at(&file)?.try_into().ok()),
        lock: sys::look_at(&lock_path).ok(),
        lock_path,
        // Read before we hold the lock ourselves, and evaluated later.
        locks: Locks::read(),
        ..Scan::default()
    };
    let mut lock = Lock::existing(scan.lock_path.clone());
    let held = lock.acquire_within(LOCK_WAIT);
    match &held {
        // On systems where no process can read a file that another has locked.
        Ok(Some(held)) => {
            let now = || time_in(held).ok()??.try_into().ok();
            scan.next_rotation = scan.next_rotation.or_else(now);
        }
        Ok(None) => scan.held_by_others = true,
        // A file that may not be opened cannot be locked either.
        Err(error) => scan.no_locking = error.is_locking_unsupported(),
    }
    // Not earlier, because the log may have been rotated while we waited.
    scan.log = look_at(names.log())?.map(|metadata| (names.log().to_owned(), metadata));
    let listing = names.list(options.lock_dir.as_deref());
    for entry in listing.map_err(Error::on("look into", names.dir()))?.entries {
        scan.take_in(entry)?;
    }
    drop(held);
    scan.backups.sort_by_key(|backup| (backup.which, backup.form));
    scan.temps.sort_by(|one, two| one.0.cmp(&two.0));
    scan.others.sort();
    scan.other_logs.sort();
    Ok(scan)
}

impl Scan {
    fn take_in(&mut self, Entry { path, meaning, .. }: Entry) -> Result<()> {
        // It may have been removed meanwhile.
        let Some(metadata) = look_at(&path)? else { return Ok(()) };
        match meaning {
            Meaning::Backup(slot, form) => {
                self.backups.push(Backup { which: Which::Slot(slot), form, path, metadata });
            }
            // Of any precision, because the schedule may have been different before.
            Meaning::Dated(it, form) => {
                self.backups.push(Backup {
                    which: Which::Dated(Reverse(it)),
                    form,
                    path,
                    metadata,
                });
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

    /// Returns whether a file cannot be part of a rotation in progress. While we hold the lock
    /// there is none.
    pub(super) fn is_settled(&self, metadata: &Metadata) -> bool {
        !(self.held_by_others || self.no_locking) || is_old(metadata)
    }

    pub(super) fn is_empty(&self) -> bool {
        let none = self.backups.is_empty() && self.temps.is_empty() && self.leftovers.is_empty();
        none && self.log.is_none() && self.lock.is_none()
    }

    pub(super) fn total(&self) -> u64 {
        let others = self.temps.iter().chain(&self.leftovers).chain(&self.log);
        let all =
            others.map(|(_, it)| it).chain(self.backups.iter().map(|backup| &backup.metadata));
        all.filter(|it| it.is_file()).fold(self.ahead, |total, it| total + it.len())
    }
}

/// Returns whether the file was neither written nor renamed for longer than a rotation takes.
pub(super) fn is_old(metadata: &Metadata) -> bool {
    time::now().saturating_sub(sys::changed(metadata)) > LONGEST_ROTATION
}
