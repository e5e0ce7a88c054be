//! A lasting identity of a file.

use crate::sys::{self, Metadata};

/// Returns a number that identifies the file for good. Where the file system keeps
/// no birth time and reuses inodes it is weaker, so callers compare contents too.
pub(crate) fn file_id(metadata: &Metadata) -> u64 {
    let (device, inode) = sys::identity(metadata);
    let born = sys::born(metadata).to_le_bytes();
    // Private files of another format have other names than with this "2", so that no writer
    // takes one for its own.
    let parts: [&[u8]; 4] = [b"2", &device.to_le_bytes(), &inode.to_le_bytes(), &born];
    // FNV-1a. Std's hasher may change between releases, and this number is part of a file name
    // that writers of any release share.
    let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    parts.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325, add)
}
