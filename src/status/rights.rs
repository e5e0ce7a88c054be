//! Who may do what to a log, and who should not.
//!
//! Whose log it is, its files tell: whoever owns one of them has written. Such
//! a user must be able to append and to rotate; anybody else need not. Access
//! lists and the like are not looked at, only owner, group and mode.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statfs::{FUSE_SUPER_MAGIC, FsType, NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, statfs};
use nix::unistd::{Group, Uid, User};

use super::LogFile;
use super::content::unreadable;
use super::finding::Finding;
use super::scan::Scan;
use crate::names::Names;
use crate::options::Options;

/// The bits of a mode by which others may write.
const OTHERS_WRITE: u32 = 0o002;

/// The bit of a directory's mode that lets only owners remove and rename.
const STICKY: u32 = 0o1000;

/// Adds what is wrong to the `findings`.
pub(super) fn look<'a>(
    names: &Names,
    options: &Options,
    scan: &Scan,
    files: impl Iterator<Item = &'a LogFile>,
    findings: &mut Vec<Finding>,
) {
    let lock = scan.lock.iter().filter(|lock| lock.is_file());
    let lock = lock.map(|lock| (&*scan.lock_path, lock.mode() & 0o7777, lock.uid()));
    let all: Vec<_> =
        files.map(|file| (&*file.path, file.mode, file.owner.0)).chain(lock).collect();
    for (path, mode, _) in &all {
        if mode & OTHERS_WRITE != 0 {
            findings.push(Finding::Exposed { path: (*path).to_owned(), mode: *mode });
        }
    }
    let users: BTreeSet<u32> = all.iter().map(|(.., user)| *user).collect();
    let dirs: BTreeSet<&Path> =
        [names.dir()].into_iter().chain(options.lock_dir.as_deref()).collect();
    for dir in dirs {
        match dir.metadata() {
            Ok(metadata) if metadata.mode() & OTHERS_WRITE != 0 => {
                let sticky = metadata.mode() & STICKY != 0;
                findings.push(Finding::OpenDirectory { path: dir.to_owned(), sticky });
            }
            Ok(_) => {}
            Err(error) => findings.push(unreadable(dir, error)),
        }
    }
    findings.extend(users.into_iter().filter_map(|user| hindrance(names, scan, user)));
    findings.extend(closed_lock(scan));
    network(&scan.lock_path, findings);
}

/// Tells what keeps a user of the log from appending or rotating.
fn hindrance(names: &Names, scan: &Scan, user: u32) -> Option<Finding> {
    let who = Who::of(user);
    let log = scan.log.as_ref().filter(|(_, log)| log.is_file());
    if let Some((path, _)) = log.filter(|(_, log)| !who.may(log, Right::Write)) {
        return Some(Finding::CannotAppend { user, path: path.clone() });
    }
    let lock = scan.lock.as_ref().filter(|lock| !who.may(lock, Right::Read));
    if lock.is_some() {
        return Some(Finding::CannotAppend { user, path: scan.lock_path.clone() });
    }
    let dir = names.dir().metadata().ok()?;
    let owns = |file: &Metadata| file.uid() == user || dir.uid() == user || user == 0;
    let sticky = dir.mode() & STICKY != 0;
    let stuck = sticky && log.is_some_and(|(_, log)| !owns(log));
    let cannot = stuck || !who.may(&dir, Right::Write);
    cannot.then(|| Finding::CannotRotate { user, path: names.dir().to_owned() })
}

/// Tells whether those who may append to the log cannot open its lock file.
fn closed_lock(scan: &Scan) -> Option<Finding> {
    let (_, log) = scan.log.as_ref().filter(|(_, log)| log.is_file())?;
    let lock = scan.lock.as_ref()?;
    // Who may write the log: group, and others. Who may read the lock: the same.
    let writers = (log.mode() & 0o022) << 1;
    let closed = writers & !lock.mode() & 0o044 != 0;
    let (path, mode) = (scan.lock_path.clone(), lock.mode() & 0o7777);
    closed.then_some(Finding::LockClosed { path, mode })
}

/// What may be done to a file.
#[derive(Debug, Clone, Copy)]
enum Right {
    /// It may be read.
    Read,
    /// It may be written; in a directory, files can be made and removed.
    Write,
}

/// A user, and the groups that he is in.
struct Who {
    /// The user.
    user: u32,
    /// The groups.
    groups: Vec<u32>,
}

impl Who {
    /// Returns the user of this number.
    fn of(user: u32) -> Self {
        let known = User::from_uid(Uid::from_raw(user)).ok().flatten();
        let mut groups: Vec<u32> = known.iter().map(|user| user.gid.as_raw()).collect();
        if let Some(user) = known {
            groups.extend(member_of(&user.name));
        }
        Self { user, groups }
    }

    /// Tells whether he has this right to the file, as its mode has it.
    fn may(&self, file: &Metadata, right: Right) -> bool {
        let class = if file.uid() == self.user {
            6
        } else if self.groups.contains(&file.gid()) {
            3
        } else {
            0
        };
        let bits = match right {
            Right::Read => 0o4,
            // To make a file in a directory one must get into it, too.
            Right::Write if file.is_dir() => 0o3,
            Right::Write => 0o2,
        };
        self.user == 0 || file.mode() >> class & bits == bits
    }
}

/// Returns the groups that list the user of this `name`.
fn member_of(name: &str) -> Vec<u32> {
    let text = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let lists = |line: &&str| {
        let members = line.rsplit(':').next().unwrap_or_default();
        members.split(',').any(|member| member == name)
    };
    let group = |line: &str| Group::from_name(line.split(':').next()?).ok().flatten();
    text.lines().filter(lists).filter_map(group).map(|group| group.gid.as_raw()).collect()
}

/// Adds that the lock file's directory is on a network file system. A directory
/// that cannot be looked at has been told of already.
fn network(lock: &Path, findings: &mut Vec<Finding>) {
    let path = lock.parent().unwrap_or(lock).to_owned();
    let kind = statfs(&path).ok().and_then(|found| kind(found.filesystem_type()));
    findings.extend(kind.map(|kind| Finding::NetworkLock { path, kind }));
}

/// Returns the name of a file system on which a lock may not reach everybody.
fn kind(found: FsType) -> Option<&'static str> {
    // Those without a name are from the kernel's `magic.h`, and cifs's sources.
    const KINDS: [(FsType, &str); 8] = [
        (NFS_SUPER_MAGIC, "NFS"),
        (SMB_SUPER_MAGIC, "SMB"),
        (FsType(0xff53_4d42), "CIFS"),
        (FsType(0xfe53_4d42), "SMB2"),
        (FUSE_SUPER_MAGIC, "FUSE"),
        (FsType(0x0102_1997), "9P"),
        (FsType(0x00c3_6400), "Ceph"),
        (FsType(0x5346_414f), "AFS"),
    ];
    KINDS.iter().find(|(known, _)| *known == found).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known() {
        for (number, name) in [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0x6573_5546, "FUSE")] {
            assert_eq!(kind(FsType(number)), Some(name));
        }
        assert_eq!(kind(FsType(0xef53)), None, "ext4");
    }
}
