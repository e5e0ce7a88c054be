//! One file on disk: its identity, and the rights of new ones.

pub(crate) mod identity;
pub(crate) mod permissions;
pub(crate) mod sync;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use self::identity::file_id;
use crate::error::{Error, Escaped, Result};
use crate::sys::{self, Metadata};

/// Opens a file to be read, never through a symbolic link.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    sys::options().read(true).open(path)
}

/// Returns when the file was begun, in seconds since 1970: when it was created, or last changed
/// if creation is unknown or later, as it is for a copy.
pub(crate) fn began(metadata: &Metadata) -> Option<i64> {
    let changed = changed(metadata)?;
    let made = i64::try_from(sys::born(metadata) / 1_000_000_000).ok().filter(|made| *made > 0);
    Some(made.map_or(changed, |made| made.min(changed)))
}

/// Returns nothing if there is no such file.
pub(crate) fn look_at(path: &Path) -> Result<Option<Metadata>> {
    match sys::look_at(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some).map_err(Error::on("look at", path)),
    }
}

/// Returns when the content was last changed, in seconds since 1970.
pub(crate) fn changed(metadata: &Metadata) -> Option<i64> {
    seconds(metadata.modified().ok()?)
}

pub(crate) fn seconds(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Anything but a regular file is an error.
pub(crate) fn regular_file(path: &Path) -> Result<Option<Metadata>> {
    match look_at(path)? {
        Some(found) if !found.is_file() => {
            Err(Error::new("use", path, io::Error::other("it is not a regular file")))
        }
        found => Ok(found),
    }
}

/// Explains that `path` is a symbolic link, and what to use instead.
pub(crate) fn symbolic_link(path: &Path) -> io::Error {
    // A log with two names would have two locks, and so none.
    let mut target = path.to_owned();
    // The system follows as many links.
    for _ in 0..40 {
        let stream = match target.to_str() {
            Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => "output",
            Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => "error",
            _ => match std::fs::read_link(&target) {
                // Relative to where the link is.
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
