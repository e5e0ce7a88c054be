//! A lasting identity of a file.

use crate::sys::{self, Metadata};

/// Returns a number that identifies the file for good. Where the file system keeps
/// no birth time and reuses inodes it is weaker, so callers compare contents too.
pub(crate) fn file_id(metadata: &Metadata) -> u64 {
    let (device, inode) = sys::identity(metadata);
    let mut hash = Fnv::new();
    // Private files of another format have other names, so that no writer takes
    // one for its own.
    hash.add(b"2");
    hash.add(&device.to_le_bytes());
    hash.add(&inode.to_le_bytes());
    hash.add(&sys::born(metadata).to_le_bytes());
    hash.0
}

/// FNV-1a. Std's hasher may change between releases, and this number is part of a
/// file name that writers of any release share.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
