//! Opening and creating the lock file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::file::permissions::Asked;
use crate::sys;

/// Opens or creates the lock file; returns whether it is open for writing, too. With `makes_dir` it
/// also creates the directory, which a cleaner may have removed.
pub(super) fn open(path: &Path, asked: Asked, makes_dir: bool) -> io::Result<(File, bool)> {
    loop {
        match open_existing(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            other => return other,
        }
        // Created exclusively, like Python: with a plain O_CREAT, Linux may refuse to open another
        // user's file in a sticky directory.
        match asked.create_lock(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::NotFound && makes_dir => {
                std::fs::create_dir_all(path.parent().unwrap_or(path))?;
            }
            made => return made.map(|file| (file, true)),
        }
    }
}

/// Opens an existing lock file. `flock` needs no write permission, so read permission is enough if
/// another user created the file with mode 0755. Returns whether it is open for writing, too.
pub(super) fn open_existing(path: &Path) -> io::Result<(File, bool)> {
    use ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let mut options = sys::lock_options();
    match options.read(true).write(true).open(path) {
        Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem) => {
            options.write(false).open(path).map(|file| (file, false))
        }
        opened => opened.map(|file| (file, true)),
    }
}
