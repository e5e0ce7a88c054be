//! The lock, taken by the test itself: another process as far as the program
//! can tell.

use std::fs::{File, OpenOptions};
use std::path::Path;

/// The lock file, locked until this is dropped.
pub(crate) struct HeldLock {
    /// The open lock file; closing it lets go.
    _file: File,
}

impl HeldLock {
    /// Takes the lock at `path`, making the file if it is missing.
    pub(crate) fn take(path: &Path) -> Self {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .expect("open the lock file");
        // Called by its full name: newer std has methods of like names.
        fs2::FileExt::lock_exclusive(&file).expect("take the lock");
        Self { _file: file }
    }
}
