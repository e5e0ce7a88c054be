//! Which process holds a lock or has a file open, from `/proc`.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process;

use nix::sys::stat::{major, minor};

use crate::sys::{Identity, identity};

/// Returns for each process except ours which of these two files it has open, and whether for
/// writing; `None` if we may not look.
pub(crate) fn openers(
    files: [(&Path, Option<Identity>); 2],
) -> Vec<(u32, Option<[Option<bool>; 2]>)> {
    pids().into_iter().map(|pid| (pid, open_files(pid, files))).collect()
}

/// Returns its arguments, separated by NUL.
pub(crate) fn command(pid: u32) -> Vec<u8> {
    // Empty if the process has ended or may not be read.
    let mut command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    command.truncate(command.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    command
}

/// Returns its effective user.
pub(crate) fn user_of(pid: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|metadata| metadata.uid())
}

fn pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let mut pids: Vec<u32> = entries.filter_map(number).collect();
    pids.retain(|pid| *pid != process::id());
    pids.sort_unstable();
    pids
}

fn open_files(pid: u32, files: [(&Path, Option<Identity>); 2]) -> Option<[Option<bool>; 2]> {
    let mut found = [None, None];
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten() {
        let link = entry.path();
        // It has been closed meanwhile.
        let Ok(target) = fs::read_link(&link) else { continue };
        for (found, (path, wanted)) in found.iter_mut().zip(files) {
            if let Some(wanted) = wanted
                && may_be(&target, path)
                && fs::metadata(&link).is_ok_and(|open| identity(&open) == wanted)
            {
                // The link's own mode shows how the file was opened.
                let mode = link.symlink_metadata().map_or(0, |link| link.permissions().mode());
                *found = Some(*found == Some(true) || mode & 0o200 != 0);
            }
        }
    }
    Some(found)
}

/// Returns whether the open file may be `path`, by its name. Only then is it examined, because on a
/// network file system that can block.
fn may_be(target: &Path, path: &Path) -> bool {
    let [target, name] = [target, path].map(|it| it.file_name().map(OsStr::as_encoded_bytes));
    target.zip(name).is_some_and(|(target, name)| target.starts_with(name))
}

#[derive(Debug, Default)]
pub(crate) struct Locks(Vec<Listed>);

#[derive(Debug, PartialEq, Eq)]
struct Listed {
    /// The process that holds the lock or waits for it.
    pid: u32,
    /// Major and minor number.
    device: (u64, u64),
    inode: u64,
    waiting: bool,
}

impl Locks {
    pub(crate) fn read() -> Self {
        Self::listed_in(&fs::read_to_string("/proc/locks").unwrap_or_default())
    }

    fn listed_in(text: &str) -> Self {
        Self(text.lines().filter_map(Listed::read).collect())
    }

    pub(crate) fn holder(&self, metadata: &Metadata) -> Option<u32> {
        self.on(metadata).find(|lock| !lock.waiting).map(|lock| lock.pid)
    }

    pub(crate) fn waiting(&self, metadata: &Metadata) -> u64 {
        self.on(metadata).filter(|lock| lock.waiting).count() as u64
    }

    /// Returns the locks on this file. Some file systems are listed with another device than `stat`
    /// reports; if no device matches, the inode decides.
    fn on(&self, metadata: &Metadata) -> impl Iterator<Item = &Listed> {
        let device = (major(metadata.dev()), minor(metadata.dev()));
        let inode = metadata.ino();
        let exact = move |lock: &Listed| lock.inode == inode && lock.device == device;
        let any = self.0.iter().any(exact);
        self.0.iter().filter(move |lock| if any { exact(lock) } else { lock.inode == inode })
    }
}

impl Listed {
    /// Parses a line such as `1: FLOCK ADVISORY WRITE 29388 fe:00:10010645 0 EOF`, which has `->`
    /// after the number if the process waits.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1).peekable();
        let waiting = words.next_if_eq(&"->").is_some();
        let [kind, _, _, pid, file] = [(); 5].map(|()| words.next());
        if kind? != "FLOCK" {
            return None;
        }
        let mut file = file?.split(':');
        let [major, minor, inode] = [(); 3].map(|()| file.next());
        let hexadecimal = |text: Option<&str>| u64::from_str_radix(text?, 16).ok();
        let device = (hexadecimal(major)?, hexadecimal(minor)?);
        Some(Self { pid: pid?.parse().ok()?, device, inode: inode?.parse().ok()?, waiting })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_those_who_wait_are_read() {
        let text = "1: FLOCK  ADVISORY  WRITE 29388 fe:00:10010645 0 EOF\n\
                    1: -> FLOCK  ADVISORY  WRITE 29390 fe:00:10010645 0 EOF\n\
                    2: POSIX  ADVISORY  WRITE 7 fe:00:12 0 EOF\nnonsense\n\n";
        let lock = |pid, waiting| Listed { pid, device: (254, 0), inode: 10_010_645, waiting };
        assert_eq!(Locks::listed_in(text).0, [lock(29388, false), lock(29390, true)]);
    }
}
