//! Every Unix.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
pub(crate) use std::os::unix::fs::FileExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::unistd::{AccessFlags, PathconfVar, Uid, User, access, pathconf};

use super::{Identity, Rights};
pub(crate) use std::fs::Metadata;

pub(crate) const NO_SUCH_FILE: i32 = libc::ENOENT;
pub(crate) const IS_A_DIRECTORY: i32 = libc::EISDIR;
/// EACCES: the file's mode forbids it.
pub(crate) const FORBIDDEN: i32 = libc::EACCES;
/// EPERM: only the owner or root may do it.
pub(crate) const NOT_PERMITTED: i32 = libc::EPERM;
/// How often to try for a lock. Here the system waits instead, because a process that polls starves
/// among waiting ones.
pub(crate) const LOCK_POLL: Option<Duration> = None;
/// Whether the log stays open when the lock is released.
pub(crate) const LOG_STAYS_OPEN: bool = true;
/// Why mode and owner cannot be set.
pub(crate) const NO_OWNERS: Option<&str> = None;
pub(crate) const LOCAL_ZONE: Option<&str> = Some("/etc/localtime");

/// Returns the metadata of `path` itself, which may be a symbolic link.
pub(crate) fn look_at(path: &Path) -> io::Result<Metadata> {
    path.symlink_metadata()
}

pub(crate) fn about(file: &File) -> io::Result<Metadata> {
    file.metadata()
}

/// Returns device and inode.
pub(crate) fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// Returns the time of birth in nanoseconds since 1970, which tells apart files that got the same
/// inode; 0 if unknown.
pub(crate) fn born(metadata: &Metadata) -> u128 {
    let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    born.map_or(0, |age| age.as_nanos())
}

pub(crate) fn links(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Returns when the file was last written or renamed, in seconds since 1970.
pub(crate) fn changed(metadata: &Metadata) -> i64 {
    metadata.ctime()
}

pub(crate) fn is_device(metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    kind.is_char_device() || kind.is_block_device()
}

/// Returns whether it is a socket, which cannot be opened.
pub(crate) fn is_socket(metadata: &Metadata) -> bool {
    metadata.file_type().is_socket()
}

/// Returns whether a FIFO could not be opened because it has no reader.
pub(crate) fn is_unread(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENXIO)
}

/// Makes writes to `file`, which was opened without waiting, wait for room.
pub(crate) fn let_writes_wait(file: &File) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
    fcntl(file, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Returns the length of the locked `file`, which has this identity; `None` if it is no longer at
/// `path`.
pub(crate) fn length_at(path: &Path, _: &File, file: Identity) -> io::Result<Option<u64>> {
    match path.symlink_metadata() {
        Ok(metadata) if identity(&metadata) == file => Ok(Some(metadata.len())),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

/// Returns options that never follow a symbolic link or wait for a FIFO.
pub(crate) fn options() -> OpenOptions {
    OpenOptions::new().custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).clone()
}

pub(crate) fn lock_options() -> OpenOptions {
    options()
}

/// Returns options that never follow a symbolic link, wait for a FIFO's reader, or make a terminal
/// the controlling one. See also [`let_writes_wait`].
pub(crate) fn log_options() -> OpenOptions {
    let flags = libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_NONBLOCK;
    OpenOptions::new().append(true).custom_flags(flags).clone()
}

/// Sets the mode of a file to be created, from which the umask is subtracted.
pub(crate) fn with_mode(options: &mut OpenOptions, mode: u32) {
    options.mode(mode);
}

pub(crate) fn append(mut file: &File, bytes: &[u8]) -> io::Result<usize> {
    file.write(bytes)
}

/// Returns an error if the file cannot be renamed, as far as that is known beforehand. In a sticky
/// directory only root, the file's owner and the directory's owner may.
pub(crate) fn can_rename(path: &Path) -> io::Result<()> {
    if super::is_mount_point(path) {
        return Err(io::Error::other("it is a mount point; mount its directory instead"));
    }
    let dir = path.parent().unwrap_or(path);
    can_create_in(dir)?;
    let owns = |metadata: &Metadata| metadata.uid() == user();
    let about = dir.metadata()?;
    let sticky = about.mode() & 0o1000 != 0;
    if sticky && !owns(&about) && !owns(&look_at(path)?) && !may_act_as_owner() {
        return Err(io::Error::from_raw_os_error(NOT_PERMITTED));
    }
    Ok(())
}

/// Root may, and on Linux any process with the capability.
fn may_act_as_owner() -> bool {
    const FOWNER: u64 = 1 << 3;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let set = line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    set.map_or_else(|| user() == 0, |set| set & FOWNER != 0)
}

/// Returns an error if permissions forbid creating files in `dir`.
pub(crate) fn can_create_in(dir: &Path) -> io::Result<()> {
    Ok(access(dir, AccessFlags::W_OK | AccessFlags::X_OK)?)
}

pub(crate) fn can_write(path: &Path) -> io::Result<()> {
    Ok(access(path, AccessFlags::W_OK)?)
}

pub(crate) fn longest_name(dir: &Path) -> io::Result<usize> {
    let longest = pathconf(dir, PathconfVar::NAME_MAX)?.unwrap_or(255);
    Ok(usize::try_from(longest).unwrap_or(usize::MAX))
}

/// Counts bytes, like the file system.
pub(crate) fn name_length(name: &OsStr) -> usize {
    name.len()
}

pub(crate) fn rights(metadata: &Metadata) -> Rights {
    Rights { mode: metadata.mode(), user: metadata.uid(), group: metadata.gid() }
}

/// Returns our effective user.
pub(crate) fn user() -> u32 {
    Uid::effective().as_raw()
}

pub(crate) fn give(file: &File, user: Option<u32>, group: Option<u32>) -> io::Result<()> {
    fchown(file, user, group)
}

pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}

pub(crate) fn groups_of(user: u32) -> Vec<u32> {
    let Some((name, first)) = account(user) else { return Vec::new() };
    let text = fs::read_to_string("/etc/group").unwrap_or_default();
    let lists = |line: &&str| {
        line.rsplit(':').next().unwrap_or_default().split(',').any(|member| member == name)
    };
    let others = text.lines().filter(lists).filter_map(|line| line.split(':').nth(2)?.parse().ok());
    std::iter::once(first).chain(others).collect()
}

/// Returns a user's name and first group.
fn account(user: u32) -> Option<(String, u32)> {
    if !cfg!(target_feature = "crt-static") {
        let found = User::from_uid(Uid::from_raw(user)).ok()??;
        return Some((found.name, found.gid.as_raw()));
    }
    // A static libc would load libraries to look further, and crash.
    let text = fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let found = fields.get(2)?.parse() == Ok(user);
        found.then_some((fields[0].to_owned(), fields.get(3)?.parse().ok()?))
    })
}

pub(crate) fn is_refused_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

/// Returns whether the file system does not support the call at all (FUSE, 9p, gVisor).
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP))
}

pub(crate) fn is_too_many_open(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}
