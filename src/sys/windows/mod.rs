//! Windows.
//!
//! Files are opened as std opens them: others may read, write, rename and
//! remove what we have open. What others have open they may keep from that, as
//! Python does.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{FileExt as Positioned, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::{Identity, Rights};

/// There is no file of that name: `ERROR_FILE_NOT_FOUND`.
pub(crate) const NO_SUCH_FILE: i32 = 2;
/// It is a directory: `ERROR_DIRECTORY_NOT_SUPPORTED`.
pub(crate) const IS_A_DIRECTORY: i32 = 336;
/// It is forbidden: `ERROR_ACCESS_DENIED`.
pub(crate) const FORBIDDEN: i32 = 5;
/// Only others may do it: the same.
pub(crate) const NOT_PERMITTED: i32 = FORBIDDEN;
/// `ERROR_TOO_MANY_OPEN_FILES`.
const TOO_MANY_OPEN: i32 = 4;

/// How often to try for a lock: the system's own wait cannot be ended. Python
/// tries again and again too, so there is no queue to be overtaken in.
pub(crate) const LOCK_POLL: Option<Duration> = Some(Duration::from_millis(2));

/// Whether the log stays open when the lock is let go: a Python peer who wants
/// to rename it is not to find it in use.
pub(crate) const LOG_STAYS_OPEN: bool = false;

/// Why mode and owner cannot be asked for.
pub(crate) const NO_OWNERS: Option<&str> = Some("Windows has neither");

/// Where the system's time zone stands: in no file.
pub(crate) const LOCAL_ZONE: Option<&str> = None;

/// The right to remove and rename.
const DELETE: u32 = 0x0001_0000;
const SHARE_READ: u32 = 1;
const SHARE_WRITE: u32 = 2;
/// A directory may be opened too.
const BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// A symbolic link is opened itself.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
/// The offset that stands for a file's end.
const AT_END: u64 = u64::MAX;

/// What std knows of a file, and which file it is.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    known: fs::Metadata,
    /// The volume's number, and the file's in it.
    identity: Identity,
    links: u64,
}

impl Deref for Metadata {
    type Target = fs::Metadata;

    fn deref(&self) -> &fs::Metadata {
        &self.known
    }
}

/// Reading and writing at an offset, as on Unix, but that the file's own
/// position is behind it then.
pub(crate) trait FileExt {
    /// Reads from `offset` on; returns how many bytes there were.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Fills `bytes` from `offset` on.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all `bytes` from `offset` on.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
}

impl FileExt for File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.seek_read(bytes, offset)
    }

    fn read_exact_at(&self, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.seek_read(bytes, offset)?;
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            bytes = &mut bytes[count..];
            offset += count as u64;
        }
        Ok(())
    }

    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.seek_write(bytes, offset)?;
            if count == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            bytes = &bytes[count..];
            offset += count as u64;
        }
        Ok(())
    }
}

/// Returns what stands at `path`, which may be a symbolic link or a directory.
pub(crate) fn look_at(path: &Path) -> io::Result<Metadata> {
    let flags = BACKUP_SEMANTICS | OPEN_REPARSE_POINT;
    // Without any right to its content, it can be opened whoever has it open.
    about(&OpenOptions::new().access_mode(0).custom_flags(flags).open(path)?)
}

pub(crate) fn about(file: &File) -> io::Result<Metadata> {
    let (known, more) = (file.metadata()?, winapi_util::file::information(file)?);
    let identity = (more.volume_serial_number(), more.file_index());
    Ok(Metadata { known, identity, links: more.number_of_links() })
}

/// Returns which file `metadata` is about: the volume's number, and the file's
/// in it.
pub(crate) fn identity(metadata: &Metadata) -> Identity {
    metadata.identity
}

/// Returns when the file was made, in nanoseconds since 1970: it is not asked
/// for. NTFS counts in the file's number how often it was given, and a file
/// that gets the name of one removed a moment ago inherits its time.
pub(crate) fn born(_: &Metadata) -> u128 {
    0
}

pub(crate) fn links(metadata: &Metadata) -> u64 {
    metadata.links
}

/// Returns when the file was written last, in seconds since 1970. When it was
/// renamed, std does not tell.
pub(crate) fn changed(metadata: &Metadata) -> u64 {
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    changed.map_or(0, |since| since.as_secs())
}

/// Returns whether it is a device: none has a path with a directory and a name.
pub(crate) fn is_device(_: &Metadata) -> bool {
    false
}

/// Returns whether it is a socket: none has a path.
pub(crate) fn is_socket(_: &Metadata) -> bool {
    false
}

/// Returns whether a FIFO was not opened because no process reads it: there is none.
pub(crate) fn is_unread(_: &io::Error) -> bool {
    false
}

/// Makes writes to `file` wait for room: they do.
pub(crate) fn let_writes_wait(_: &File) -> io::Result<()> {
    Ok(())
}

/// Returns the length of the locked `file`. It is at its path, since no process can
/// remove it while we have it open; see [`lock_options`].
pub(crate) fn length_at(_: &Path, file: &File, _: Identity) -> io::Result<Option<u64>> {
    file.metadata().map(|metadata| Some(metadata.len()))
}

/// Returns options for what has been looked at and is no symbolic link.
pub(crate) fn options() -> OpenOptions {
    OpenOptions::new()
}

/// Returns options for a lock file: no process can remove or rename it while we
/// have it open, and a symbolic link is opened itself.
pub(crate) fn lock_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.share_mode(SHARE_READ | SHARE_WRITE).custom_flags(OPEN_REPARSE_POINT);
    options
}

/// Returns options to append to a log: to write, since with the right to append
/// alone we could not cut back.
pub(crate) fn log_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}

/// Has the file that is made with these `options` get this mode: there is none.
pub(crate) fn with_mode(_: &mut OpenOptions, _: u32) {}

/// Appends; returns how many bytes were written.
pub(crate) fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    file.seek_write(bytes, AT_END)
}

/// Returns whether the file at `path` can be renamed: not if a process that does not
/// allow it has it open.
pub(crate) fn can_rename(path: &Path) -> io::Result<()> {
    OpenOptions::new().access_mode(DELETE).custom_flags(OPEN_REPARSE_POINT).open(path).map(drop)
}

/// Returns whether files can be made in `dir`: whether there is such a directory.
pub(crate) fn can_create_in(dir: &Path) -> io::Result<()> {
    let is_dir = dir.metadata()?.is_dir();
    if is_dir { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}

/// Returns whether `path` can be written: that shows when it is opened.
pub(crate) fn can_write(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns how long a name in `dir` may be: every file system of Windows has
/// the same limit.
pub(crate) fn longest_name(_: &Path) -> io::Result<usize> {
    Ok(255)
}

/// Returns the length of a name, as the file system counts it: in UTF-16.
pub(crate) fn name_length(name: &OsStr) -> usize {
    name.encode_wide().count()
}

/// Returns who may do what to a file: access lists are not looked at.
pub(crate) fn rights(_: &fs::Metadata) -> Rights {
    Rights { mode: 0, user: user(), group: 0 }
}

/// Returns our user; see [`rights`].
pub(crate) fn user() -> u32 {
    0
}

/// Gives `file` to another user or group: there is only one.
pub(crate) fn give(_: &File, _: Option<u32>, _: Option<u32>) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Gives `file` this mode: there is none.
pub(crate) fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Returns the groups that a user is in: none.
pub(crate) fn groups_of(_: u32) -> Vec<u32> {
    Vec::new()
}

/// Returns the system's words for an error of this number.
pub(crate) fn reason(number: i32) -> String {
    let words = io::Error::from_raw_os_error(number).to_string();
    let words = words.strip_suffix(&format!(" (os error {number})")).unwrap_or(&words);
    words.trim_end_matches('.').to_owned()
}

/// Returns whether a file was not opened for being a symbolic link: it is opened
/// itself then.
pub(crate) fn is_refused_link(_: &io::Error) -> bool {
    false
}

/// Returns whether a file system has no such call at all:
/// `ERROR_INVALID_FUNCTION` or `ERROR_NOT_SUPPORTED`.
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(1 | 50))
}

/// Returns whether a file was not opened because too many are.
pub(crate) fn is_too_many_open(error: &io::Error) -> bool {
    error.raw_os_error() == Some(TOO_MANY_OPEN)
}
