//! Faults of a log that show in the names around it.

use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::scan::{Backup, Scan, Which, is_old};
use crate::compress;
use crate::file::{began, open_to_read};
use crate::names::{Meaning, Names};
use crate::rotation::options::Options;
use crate::sys::{self, FileExt, Metadata};
use crate::time;

/// With a smaller limit, writers do little else than rotate.
const SMALL: u64 = 64 * 1024;

/// A single line may exceed the limit by this much: the default of `--max-line`.
const LONGEST_LINE: u64 = 1024 * 1024;

/// A single record of Python's with many lines may exceed it by this much.
const LONG_RECORD: u64 = 64 * 1024;

/// Finds the faults. If there are `writers`, the next rotation may remove an outdated private file:
/// the process that made it may have been too late for its log.
pub(super) fn look(
    names: &Names,
    options: &Options,
    scan: &Scan,
    writers: bool,
    findings: &mut Vec<Finding>,
) {
    log(names, options, scan, findings);
    lock(options, scan, findings);
    other_logs(names, options, scan, findings);
    let settled = |(path, metadata): &(PathBuf, Metadata)| {
        scan.is_settled(metadata).then(|| (path.clone(), metadata.len()))
    };
    let temps = scan.temps.iter().filter_map(settled);
    // By the clock there is no chain into which to adopt it.
    let adopted = options.schedule.is_none() && !options.truncates();
    findings.extend(temps.map(|(path, size)| Finding::Orphan { path, size, adopted }));
    let left = scan.leftovers.iter().filter(|(_, metadata)| !writers || is_old(metadata));
    let leftovers = left.filter_map(settled);
    findings.extend(leftovers.map(|(path, size)| Finding::Leftover { path, size }));
    backups(options, scan, findings);
}

fn log(names: &Names, options: &Options, scan: &Scan, findings: &mut Vec<Finding>) {
    let path = names.log().to_owned();
    let limit = options.max_bytes;
    if scan.log.is_some() && sys::is_mount_point(&path) {
        findings.push(Finding::MountPoint { path: path.clone() });
    }
    match scan.log.as_ref().map(|(_, metadata)| metadata) {
        None => findings.push(Finding::NoLog { path }),
        Some(log) if log.is_symlink() => findings.push(Finding::SymbolicLink { path }),
        Some(log) if !log.is_file() => findings.push(Finding::Special { path }),
        Some(log) if limit > 0 && is_overgrown(&path, log.len(), limit) => {
            findings.push(Finding::Overgrown { path, size: log.len(), limit });
        }
        Some(_) => {}
    }
    if (1..SMALL).contains(&limit) {
        findings.push(Finding::SmallLimit { limit });
    }
}

/// Returns whether more than one line or record was appended beyond the limit.
fn is_overgrown(path: &Path, size: u64, limit: u64) -> bool {
    let over = size.saturating_sub(limit).saturating_sub(LONG_RECORD);
    let ended = || {
        let mut past = vec![0; usize::try_from(over).ok()?];
        let count = open_to_read(path).ok()?.read_at(&mut past, limit).ok()?;
        memchr::memchr(b'\n', &past[..count])
    };
    over > LONGEST_LINE || over > 0 && ended().is_some()
}

fn lock(options: &Options, scan: &Scan, findings: &mut Vec<Finding>) {
    let path = scan.lock_path.clone();
    match &scan.lock {
        None => findings.push(Finding::NoLock { path }),
        Some(lock) if lock.is_symlink() => findings.push(Finding::SymbolicLink { path }),
        Some(_) if scan.no_locking => findings.push(Finding::NoLocking { path }),
        Some(_) if scan.held_by_others => findings.push(Finding::LockHeld { path }),
        Some(_) => {}
    }
    findings.extend(next_rotation(options, scan));
}

fn next_rotation(options: &Options, scan: &Scan) -> Option<Finding> {
    let Some(schedule) = options.schedule else {
        return scan.next_rotation.map(|next| Finding::TimedWriter { next });
    };
    let now = time::now();
    if let Some(next) = scan.next_rotation {
        let sound = schedule.could_give(next.try_into().ok()?, now, &schedule.zone());
        return (!sound).then_some(Finding::OtherTime { next });
    }
    let (path, log) = scan.log.as_ref().filter(|(_, log)| log.is_file() && log.len() > 0)?;
    // An unreadable lock file may contain a time.
    let none = scan.lock.as_ref().is_none_or(|lock| lock.len() == 0);
    let old = now.saturating_sub(began(log)?) > schedule.period();
    (none && old).then(|| Finding::TimeLost { path: path.clone() })
}

/// Reports other logs that have a backup's name.
fn other_logs(names: &Names, options: &Options, scan: &Scan, findings: &mut Vec<Finding>) {
    let timed = options.schedule.is_some();
    for (path, lock) in &scan.other_logs {
        let blocks = match path.file_name().and_then(|name| names.meaning(name)) {
            Some(Meaning::Backup(slot, _)) if !timed && slot <= options.most_backups() => true,
            Some(Meaning::Dated(..)) if timed => false,
            _ => continue,
        };
        findings.push(Finding::OtherLog { path: path.clone(), lock: lock.clone(), blocks });
    }
}

fn backups(options: &Options, scan: &Scan, findings: &mut Vec<Finding>) {
    let timed = options.schedule.is_some();
    let last = options.most_backups();
    let mut wanted = 1;
    let mut strays = Vec::new();
    for same in scan.backups.chunk_by(|one, other| one.which == other.which) {
        let settled = same.iter().all(|backup| scan.is_settled(&backup.metadata));
        let files: Vec<&Backup> = same.iter().filter(|backup| backup.metadata.is_file()).collect();
        match same[0].which {
            Which::Slot(slot) if slot > last || timed => {
                strays.extend(files.iter().map(|backup| backup.path.clone()));
                continue;
            }
            Which::Slot(slot) => {
                let blocking = same.iter().filter(|backup| !backup.metadata.is_file());
                findings.extend(blocking.map(|it| Finding::Blocked { path: it.path.clone() }));
                if files.is_empty() {
                    continue;
                }
                if slot > wanted && settled {
                    findings.push(Finding::Gap { first: wanted, last: slot - 1 });
                }
                wanted = slot.saturating_add(1);
            }
            Which::Dated(_) => {}
        }
        if let [plain, compressed] = files[..]
            && settled
            && is_to_be_parted(plain, compressed, timed)
        {
            let (plain, compressed) = (plain.path.clone(), compressed.path.clone());
            findings.push(Finding::Double { plain, compressed });
        }
    }
    if !strays.is_empty() {
        findings.push(Finding::Strays { backups: last, paths: strays });
    }
}

/// Returns whether a writer would separate the two forms. In a slot it always would. By the clock
/// it would if the two are one generation, or if the compressed one is incomplete; two generations
/// of one interval stay.
fn is_to_be_parted(plain: &Backup, compressed: &Backup, timed: bool) -> bool {
    if let Which::Slot(_) = plain.which {
        return true;
    }
    let (plain, compressed) = (&plain.path, &compressed.path);
    let same = || compress::same_generation(plain, &open_to_read(compressed)?);
    let half = || compress::is_half_of(compressed, plain);
    // Unreadable files are reported with the contents.
    timed && (same().is_ok_and(|same| same) || half().is_ok_and(|half| half))
}
