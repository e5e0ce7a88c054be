//! Which file a file is, for good.

use crate::sys::{self, Metadata};

/// Returns a number that stands for the file that `metadata` is about, for
/// good. Where the file system keeps no time of birth and gives the numbers of
/// files anew it is weaker, and whoever relies on it compares contents too.
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

/// The hash FNV-1a. Std's hasher may change between releases, and the number
/// stands in a file's name, where writers of any release meet.
struct Fnv(u64);

impl Fnv {
    /// Begins a hash.
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes in `bytes`.
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
