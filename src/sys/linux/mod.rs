//! Linux, in addition to what every Unix has.

mod acl;
mod processes;
mod watch;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::libc;
use nix::sys::statfs::{
    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, FUSE_SUPER_MAGIC, FsType,
    NFS_SUPER_MAGIC, PROC_SUPER_MAGIC, SMB_SUPER_MAGIC, SYSFS_MAGIC, statfs,
};
use nix::unistd::linkat;
use rustix::fs::{CWD, StatxAttributes, StatxFlags, statx};

pub(crate) use self::acl::Acl;
pub(crate) use self::processes::{Locks, command, openers, user_of};
pub(crate) use self::watch::Watch;

/// Creates a file without a name, which not every file system supports.
pub(crate) fn unnamed_file(options: &OpenOptions, dir: &Path) -> io::Result<File> {
    options.clone().custom_flags(libc::O_TMPFILE).open(dir)
}

/// Gives the file the name `path`, which must be free.
pub(crate) fn name_file(file: &File, path: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(AT_FDCWD, open.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW)?)
}

/// Opens a file that is about to be removed, so that its inode is not reused. If that fails, it is
/// removed anyway.
pub(crate) fn kept(path: &Path) -> Option<File> {
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags).open(path).ok()
}

/// Returns whether it is a mount point, which can be neither renamed nor removed.
pub(crate) fn is_mount_point(path: &Path) -> bool {
    let (flags, none) = (rustix::fs::AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    statx(CWD, path, flags, none)
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Returns the name of `dir`'s file system if a lock on it may not reach all writers. An unreadable
/// directory has been reported already.
pub(crate) fn network(dir: &Path) -> Option<&'static str> {
    kind(statfs(dir).ok()?.filesystem_type())
}

/// Returns whether `dir` shows the kernel's state and stores no files, like /proc.
pub(crate) fn is_kernels(dir: &Path) -> bool {
    const KINDS: [FsType; 5] =
        [PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC];
    statfs(dir).is_ok_and(|found| KINDS.contains(&found.filesystem_type()))
}

fn kind(found: FsType) -> Option<&'static str> {
    // Numbers without a constant are from the kernel's `magic.h` and from cifs's sources.
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
