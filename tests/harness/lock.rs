//! The lock, held by the test itself. The program sees another process.

use std::fs::{File, OpenOptions};
use std::path::Path;

/// The lock file, locked until this is dropped.
pub(crate) struct HeldLock {
    /// Closing it releases the lock.
    _file: File,
}

impl HeldLock {
    /// Acquires the lock at `path`; creates the file if it is missing.
    pub(crate) fn take(path: &Path) -> Self {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .expect("open the lock file");
        // Called by its full name, because newer versions of std have methods with similar names.
        fs2::FileExt::lock_exclusive(&file).expect("take the lock");
        Self { _file: file }
    }
}
