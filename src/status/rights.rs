//! Which users may append to a log and rotate it, and which should not be able to.
//!
//! A user who owns one of the log's files has written to it, so he must be able to append and to
//! rotate. The same holds for one who has it open for writing. If the user who asks cannot, that is
//! only worth knowing. Only owner, group and mode count here, not access lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::LogFile;
use super::content::unreadable;
use super::finding::Finding;
use super::scan::Scan;
use crate::names::Names;
use crate::rotation::options::Options;
use crate::sys::{self, Rights, rights};

const READ: u32 = 4;
const WRITE: u32 = 2;
/// Creating a file in a directory also needs the right to enter it.
const CHANGE: u32 = 3;
const OTHERS_WRITE: u32 = 0o002;

/// In a sticky directory only owners may remove and rename files.
const STICKY: u32 = 0o1000;

pub(super) fn look<'a>(
    names: &Names,
    options: &Options,
    scan: &Scan,
    files: impl Iterator<Item = &'a LogFile>,
    writers: impl Iterator<Item = u32>,
    findings: &mut Vec<Finding>,
) {
    let lock = scan.lock.iter().filter(|lock| lock.is_file());
    let lock = lock.map(|lock| {
        let Rights { mode, user, .. } = rights(lock);
        (&*scan.lock_path, mode & 0o7777, user)
    });
    let all: Vec<_> =
        files.map(|file| (&*file.path, file.mode, file.owner.0)).chain(lock).collect();
    // A file system without modes shows this for every file, so files of one mode are reported
    // together.
    let mut exposed: BTreeMap<u32, Vec<PathBuf>> = BTreeMap::new();
    for (path, mode, _) in all.iter().filter(|(_, mode, _)| mode & OTHERS_WRITE != 0) {
        exposed.entry(*mode).or_default().push((*path).to_owned());
    }
    findings.extend(exposed.into_iter().map(|(mode, paths)| Finding::Exposed { paths, mode }));
    let mut users: BTreeMap<u32, bool> = BTreeMap::from([(sys::user(), false)]);
    users.extend(all.iter().map(|(.., user)| *user).chain(writers).map(|user| (user, true)));
    let dirs: BTreeSet<&Path> =
        [names.dir()].into_iter().chain(options.lock_dir.as_deref()).collect();
    for dir in dirs {
        match dir.metadata() {
            Ok(metadata) => {
                let mode = rights(&metadata).mode;
                let (path, sticky) = (dir.to_owned(), mode & STICKY != 0);
                let open = Finding::OpenDirectory { path, sticky };
                findings.extend((mode & OTHERS_WRITE != 0).then_some(open));
            }
            Err(error) => findings.push(unreadable(dir, error)),
        }
    }
    let users = users.into_iter();
    findings.extend(users.filter_map(|(user, writes)| hindrance(names, scan, user, writes)));
    findings.extend(closed_lock(scan));
    let dir = scan.lock_path.parent().unwrap_or(&scan.lock_path);
    let network = |kind| Finding::NetworkLock { path: dir.to_owned(), kind };
    findings.extend(sys::network(dir).map(network));
}

/// Returns what prevents a user from appending or rotating.
fn hindrance(names: &Names, scan: &Scan, user: u32, writes: bool) -> Option<Finding> {
    let groups = sys::groups_of(user);
    // Whether the mode of `file` gives the user all of these bits.
    let may = |file: &Metadata, bits: u32| {
        let Rights { mode, user: owner, group } = rights(file);
        let class = match (owner == user, groups.contains(&group)) {
            (true, _) => 6,
            (false, true) => 3,
            _ => 0,
        };
        user == 0 || mode >> class & bits == bits
    };
    let log = scan.log.as_ref().filter(|(_, log)| log.is_file());
    if let Some((path, _)) = log.filter(|(_, log)| !may(log, WRITE)) {
        return Some(Finding::CannotAppend { user, writes, path: path.clone() });
    }
    if scan.lock.as_ref().is_some_and(|lock| !may(lock, READ)) {
        return Some(Finding::CannotAppend { user, writes, path: scan.lock_path.clone() });
    }
    let dir = names.dir().metadata().ok()?;
    let owner = rights(&dir).user;
    let owns = |file: &Metadata| rights(file).user == user || owner == user || user == 0;
    let sticky = rights(&dir).mode & STICKY != 0;
    let stuck = sticky && log.is_some_and(|(_, log)| !owns(log));
    let cannot = stuck || !may(&dir, CHANGE);
    cannot.then(|| Finding::CannotRotate { user, writes, path: names.dir().to_owned() })
}

/// Reports a lock file that users who may append to the log cannot open.
fn closed_lock(scan: &Scan) -> Option<Finding> {
    let (_, log) = scan.log.as_ref().filter(|(_, log)| log.is_file())?;
    let (log, lock) = (rights(log), rights(scan.lock.as_ref()?));
    // The group or others may write to the log; the same must be able to read the lock file.
    let writers = (log.mode & 0o022) << 1;
    let closed = writers & !lock.mode & 0o044 != 0;
    let (path, mode) = (scan.lock_path.clone(), lock.mode & 0o7777);
    closed.then_some(Finding::LockClosed { path, mode })
}
