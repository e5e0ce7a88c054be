//! One file on disk: its identity and times, and the permissions of new ones.

pub(crate) mod permissions;
pub(crate) mod sync;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::error::{Error, Escaped, Result};
use crate::sys::{self, Metadata};

/// Returns a number that identifies the file permanently. It is weaker where the file system stores
/// no birth time and reuses inodes, so callers also compare contents.
pub(crate) fn file_id(metadata: &Metadata) -> u64 {
    let (device, inode) = sys::identity(metadata);
    let born = sys::born(metadata).to_le_bytes();
    // Private files of another format have another number here and so other names; no writer
    // mistakes one for its own.
    let parts: [&[u8]; 4] = [b"2", &device.to_le_bytes(), &inode.to_le_bytes(), &born];
    // FNV-1a. Std's hasher may change between releases, but this number is part of a file name that
    // writers of all releases share.
    let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    parts.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325, add)
}

/// Opens a file for reading, but never through a symbolic link.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    sys::options().read(true).open(path)
}

/// Returns when the file was begun, in seconds since 1970: its time of creation; or its last
/// change, if creation is unknown or later, as with a copy.
pub(crate) fn began(metadata: &Metadata) -> Option<i64> {
    let changed = changed(metadata)?;
    let made = i64::try_from(sys::born(metadata) / 1_000_000_000).ok().filter(|made| *made > 0);
    Some(made.map_or(changed, |made| made.min(changed)))
}

/// Returns the metadata, or nothing if there is no such file.
pub(crate) fn look_at(path: &Path) -> Result<Option<Metadata>> {
    match sys::look_at(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some).map_err(Error::on("look at", path)),
    }
}

/// Returns when the content last changed, in seconds since 1970.
pub(crate) fn changed(metadata: &Metadata) -> Option<i64> {
    i64::try_from(metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Returns the metadata, or nothing if there is no such file; anything but a regular file is an
/// error.
pub(crate) fn regular_file(path: &Path) -> Result<Option<Metadata>> {
    match look_at(path)? {
        Some(found) if !found.is_file() => {
            Err(Error::new("use", path, io::Error::other("it is not a regular file")))
        }
        found => Ok(found),
    }
}

/// Returns an error which explains that `path` is a symbolic link, and what to use instead.
pub(crate) fn symbolic_link(path: &Path) -> io::Error {
    // A log with two names would have two locks, which protect nothing.
    let mut target = path.to_owned();
    // The system follows this many links, too.
    for _ in 0..40 {
        let stream = match target.to_str() {
            Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => "output",
            Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => "error",
            _ => match std::fs::read_link(&target) {
                // Relative to the link's directory.
                Ok(text) => {
                    target = target.parent().unwrap_or(&target).join(text);
                    continue;
                }
                Err(_) => break,
            },
        };
        return io::Error::other(format!(
            "it is a symbolic link to standard {stream}; give a file, for standard output gets a \
             copy of all lines anyway"
        ));
    }
    if path.exists() && !target.exists() {
        return io::Error::other(
            "it leads to something without a name, such as a pipe; give a file, and pipe \
             standard output, which gets a copy of all lines",
        );
    }
    let target = std::fs::canonicalize(path).unwrap_or(target);
    let target = Escaped::path(&target).to_string();
    io::Error::other(format!("it is a symbolic link; use its target '{target}'"))
}
