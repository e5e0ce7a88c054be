//! Who holds which lock, and who has which file open, as `/proc` tells.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

use nix::sys::stat::{major, minor};

use crate::sys::{Identity, identity};

/// Returns, for each process but ours, which of these two files it has open, and
/// whether for writing; nothing for a process that we may not look at.
pub(crate) fn openers(
    files: [(&Path, Option<Identity>); 2],
) -> Vec<(u32, Option<[Option<bool>; 2]>)> {
    pids().into_iter().map(|pid| (pid, open_files(pid, files))).collect()
}

/// Returns a process's command line, arguments with blanks between them.
pub(crate) fn command(pid: u32) -> Vec<u8> {
    // One that has ended, or may not be looked at, has none.
    let mut command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    command.truncate(command.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    command.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    command
}

/// Returns the numbers of all processes but ours.
fn pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let mut pids: Vec<u32> = entries.filter_map(number).collect();
    pids.retain(|pid| *pid != process::id());
    pids.sort_unstable();
    pids
}

/// Returns, for each of these two files, whether the process has it open for
/// writing; nothing if we may not look at it.
fn open_files(pid: u32, files: [(&Path, Option<Identity>); 2]) -> Option<[Option<bool>; 2]> {
    let mut found = [None, None];
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten() {
        let link = entry.path();
        // Closed meanwhile, it is no matter.
        let Ok(target) = fs::read_link(&link) else { continue };
        for (found, (path, wanted)) in found.iter_mut().zip(files) {
            if wanted.is_some() && may_be(&target, path) && is(&link) == wanted {
                // The link's own mode says how the file was opened.
                let mode = link.symlink_metadata().map_or(0, |link| link.permissions().mode());
                *found = Some(*found == Some(true) || mode & 0o200 != 0);
            }
        }
    }
    Some(found)
}

/// Returns whether the open file called `target` may be `path`. Only then do we look
/// at it: on a network that can block.
fn may_be(target: &Path, path: &Path) -> bool {
    let names = (target.file_name(), path.file_name());
    let begins = |target: &OsStr, name: &OsStr| {
        target.as_encoded_bytes().starts_with(name.as_encoded_bytes())
    };
    matches!(names, (Some(target), Some(name)) if begins(target, name))
}

/// Returns which file an open file is.
fn is(link: &PathBuf) -> Option<Identity> {
    fs::metadata(link).ok().map(|metadata| identity(&metadata))
}

/// The locks of all processes, as the system lists them.
#[derive(Debug, Default)]
pub(crate) struct Locks(Vec<Listed>);

#[derive(Debug, PartialEq, Eq)]
struct Listed {
    /// The process that has it or waits for it.
    pid: u32,
    /// The device of the file, in two numbers.
    device: (u64, u64),
    inode: u64,
    /// Whether it is only waited for.
    waiting: bool,
}

impl Locks {
    /// Reads the list, which is empty where the system has none.
    pub(crate) fn read() -> Self {
        Self::listed_in(&fs::read_to_string("/proc/locks").unwrap_or_default())
    }

    fn listed_in(text: &str) -> Self {
        Self(text.lines().filter_map(Listed::read).collect())
    }

    /// Returns the process that has the file locked.
    pub(crate) fn holder(&self, metadata: &Metadata) -> Option<u32> {
        self.on(metadata).find(|lock| !lock.waiting).map(|lock| lock.pid)
    }

    pub(crate) fn waiting(&self, metadata: &Metadata) -> u64 {
        self.on(metadata).filter(|lock| lock.waiting).count() as u64
    }

    /// Returns the locks on a file. On some file systems the list has another
    /// device than the file tells; if none matches, its inode decides.
    fn on(&self, metadata: &Metadata) -> impl Iterator<Item = &Listed> {
        let device = (major(metadata.dev()), minor(metadata.dev()));
        let inode = metadata.ino();
        let exact = move |lock: &Listed| lock.inode == inode && lock.device == device;
        let any = self.0.iter().any(exact);
        self.0.iter().filter(move |lock| if any { exact(lock) } else { lock.inode == inode })
    }
}

impl Listed {
    /// Reads a line such as `1: FLOCK  ADVISORY  WRITE 29388 fe:00:10010645 0 EOF`,
    /// where `->` follows the number if the lock is waited for.
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
