//! Modes and inodes of the files in a place, on Unix.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::Place;

impl Place {
    /// Lets every user create files here.
    pub(crate) fn open_to_all(&self) {
        self.set_mode(".", 0o777);
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).expect("set the mode");
    }
}

/// Returns the permission bits of the file at `path`.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("stat").mode() & 0o7777
}

/// Returns the inode number of the file at `path`.
pub(crate) fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("stat").ino()
}
