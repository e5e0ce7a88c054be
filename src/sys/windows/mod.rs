//! Windows.
//!
//! Files are opened as std opens them: other processes may read, write, rename and remove a file
//! that we have open. They may refuse us the same, as Python does. What has no comment here is
//! documented in `unix`.

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

/// `ERROR_FILE_NOT_FOUND`
pub(crate) const NO_SUCH_FILE: i32 = 2;
/// `ERROR_DIRECTORY_NOT_SUPPORTED`
pub(crate) const IS_A_DIRECTORY: i32 = 336;
/// `ERROR_ACCESS_DENIED`
pub(crate) const FORBIDDEN: i32 = 5;
pub(crate) const NOT_PERMITTED: i32 = FORBIDDEN;
/// `ERROR_TOO_MANY_OPEN_FILES`
const TOO_MANY_OPEN: i32 = 4;

/// How often to try for a lock, because a wait by the system cannot be ended. Python polls too, so
/// there is no queue to overtake.
pub(crate) const LOCK_POLL: Option<Duration> = Some(Duration::from_millis(2));
/// A Python peer must not find the log in use when it renames it.
pub(crate) const LOG_STAYS_OPEN: bool = false;
pub(crate) const NO_OWNERS: Option<&str> = Some("Windows has neither");
pub(crate) const LOCAL_ZONE: Option<&str> = None;
/// The right to remove and rename.
const DELETE: u32 = 0x0001_0000;
const SHARE_READ: u32 = 1;
const SHARE_WRITE: u32 = 2;
/// Also allows opening directories.
const BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// Opens a symbolic link itself.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
/// The offset that means the file's end.
const AT_END: u64 = u64::MAX;

#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    known: fs::Metadata,
    /// Volume number and file index.
    identity: Identity,
    links: u64,
}

impl Deref for Metadata {
    type Target = fs::Metadata;

    fn deref(&self) -> &fs::Metadata {
        &self.known
    }
}

/// As on Unix, except that reads and writes move the file's position.
pub(crate) trait FileExt: Positioned {
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

impl FileExt for File {}

pub(crate) fn look_at(path: &Path) -> io::Result<Metadata> {
    let flags = BACKUP_SEMANTICS | OPEN_REPARSE_POINT;
    // Without access to the content, a file can be opened even if another process has it open.
    about(&OpenOptions::new().access_mode(0).custom_flags(flags).open(path)?)
}

pub(crate) fn about(file: &File) -> io::Result<Metadata> {
    let (known, more) = (file.metadata()?, winapi_util::file::information(file)?);
    let identity = (more.volume_serial_number(), more.file_index());
    Ok(Metadata { known, identity, links: more.number_of_links() })
}

pub(crate) fn identity(metadata: &Metadata) -> Identity {
    metadata.identity
}

/// Not needed: NTFS counts in the file index how often it was assigned. Besides, a file that gets
/// the name of one just removed inherits its time.
pub(crate) fn born(_: &Metadata) -> u128 {
    0
}

pub(crate) fn links(metadata: &Metadata) -> u64 {
    metadata.links
}

/// Returns when the file was last written, in seconds since 1970; std does not report renames.
pub(crate) fn changed(metadata: &Metadata) -> i64 {
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    changed.map_or(0, |since| since.as_secs().cast_signed())
}

/// No device has a path with a directory and a name.
pub(crate) fn is_device(_: &Metadata) -> bool {
    false
}

/// No socket has a path.
pub(crate) fn is_socket(_: &Metadata) -> bool {
    false
}

pub(crate) fn is_unread(_: &io::Error) -> bool {
    false
}

pub(crate) fn let_writes_wait(_: &File) -> io::Result<()> {
    Ok(())
}

/// Returns the length. The file is still at its path, because no process can remove it while we
/// have it open; see [`lock_options`].
pub(crate) fn length_at(_: &Path, file: &File, _: Identity) -> io::Result<Option<u64>> {
    file.metadata().map(|metadata| Some(metadata.len()))
}

pub(crate) fn options() -> OpenOptions {
    OpenOptions::new()
}

/// No process can remove or rename the lock file while we have it open, and a symbolic link is
/// opened itself.
pub(crate) fn lock_options() -> OpenOptions {
    let (sharing, flags) = (SHARE_READ | SHARE_WRITE, OPEN_REPARSE_POINT);
    OpenOptions::new().share_mode(sharing).custom_flags(flags).clone()
}

/// For writing, because the right to append does not allow truncating.
pub(crate) fn log_options() -> OpenOptions {
    OpenOptions::new().write(true).clone()
}

pub(crate) fn with_mode(_: &mut OpenOptions, _: u32) {}

pub(crate) fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    file.seek_write(bytes, AT_END)
}

/// A process that has the file open may not allow it.
pub(crate) fn can_rename(path: &Path) -> io::Result<()> {
    OpenOptions::new().access_mode(DELETE).custom_flags(OPEN_REPARSE_POINT).open(path).map(drop)
}

pub(crate) fn can_create_in(dir: &Path) -> io::Result<()> {
    let is_dir = dir.metadata()?.is_dir();
    if is_dir { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}

/// Opening the file shows that.
pub(crate) fn can_write(_: &Path) -> io::Result<()> {
    Ok(())
}

/// All file systems of Windows have the same limit.
pub(crate) fn longest_name(_: &Path) -> io::Result<usize> {
    Ok(255)
}

/// Counts UTF-16 code units.
pub(crate) fn name_length(name: &OsStr) -> usize {
    name.encode_wide().count()
}

/// Access lists are not read.
pub(crate) fn rights(_: &fs::Metadata) -> Rights {
    Rights { mode: 0, user: user(), group: 0 }
}

pub(crate) fn user() -> u32 {
    0
}

pub(crate) fn give(_: &File, _: Option<u32>, _: Option<u32>) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn groups_of(_: u32) -> Vec<u32> {
    Vec::new()
}

/// A symbolic link is opened itself; see [`OPEN_REPARSE_POINT`].
pub(crate) fn is_refused_link(_: &io::Error) -> bool {
    false
}

/// `ERROR_INVALID_FUNCTION` or `ERROR_NOT_SUPPORTED`
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(1 | 50))
}

pub(crate) fn is_too_many_open(error: &io::Error) -> bool {
    error.raw_os_error() == Some(TOO_MANY_OPEN)
}
