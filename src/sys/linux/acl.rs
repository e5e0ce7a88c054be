//! POSIX access lists, in the kernel's format (acl(5), `posix_acl_xattr.h`).
//!
//! If a file has one, the group bits of its mode are the list's mask, and the group's rights are in
//! the list. The list is copied unchanged; only the group's entry is ever read or narrowed.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr, lgetxattr};
use rustix::io::Errno;

const NAME: &str = "system.posix_acl_access";
/// The kernel's limit for any extended attribute.
const LONGEST: usize = 64 * 1024;
/// A version in 4 bytes, then entries: tag and permissions in 2 bytes each, an id in 4.
const HEADER: usize = 4;
const ENTRY: usize = 8;
const OWNING_GROUP: u16 = 0x04;
const MASK: u16 = 0x10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acl(Vec<u8>);

impl Acl {
    pub(crate) fn of(file: &File) -> io::Result<Option<Self>> {
        Self::read(|list| fgetxattr(file, NAME, list))
    }

    pub(crate) fn at(path: &Path) -> io::Result<Option<Self>> {
        Self::read(|list| lgetxattr(path, NAME, list))
    }

    fn read(mut read: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> io::Result<Option<Self>> {
        let mut list = vec![0; 256];
        loop {
            match read(&mut list) {
                Ok(length) => {
                    list.truncate(length);
                    return Ok(Some(Self(list)));
                }
                Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(None),
                Err(Errno::RANGE) if list.len() < LONGEST => list.resize(LONGEST, 0),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sets the list; `None` removes it.
    pub(crate) fn set(list: Option<&Self>, file: &File) -> io::Result<()> {
        let Some(Self(list)) = list else {
            return match fremovexattr(file, NAME) {
                Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
                Err(error) => Err(error.into()),
            };
        };
        Ok(fsetxattr(file, NAME, list, XattrFlags::empty())?)
    }

    /// Returns the group's rights as the three bits of a mode.
    pub(crate) fn group(&self) -> u32 {
        let bits = |wanted| {
            let mut entries = self.0.get(HEADER..).unwrap_or_default().chunks_exact(ENTRY);
            entries.find(|entry| tag(entry) == wanted).map(|entry| u32::from(entry[2]))
        };
        bits(OWNING_GROUP).unwrap_or(0) & bits(MASK).unwrap_or(7)
    }

    /// Returns the list with at most these `bits` of a mode for the group.
    pub(crate) fn with_group_within(mut self, bits: u32) -> Self {
        let entries = self.0.get_mut(HEADER..).unwrap_or_default().chunks_exact_mut(ENTRY);
        for entry in entries.filter(|entry| tag(entry) == OWNING_GROUP) {
            entry[2] &= u8::try_from(bits & 7).unwrap_or(0);
        }
        self
    }
}

fn tag(entry: &[u8]) -> u16 {
    u16::from_le_bytes([entry[0], entry[1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes `u::rw-, u:61234:rw-, g::GROUP, m::MASK, o::---`.
    fn list(group: u8, mask: u8) -> Acl {
        let entry =
            |tag: u8, bits: u8, id: u32| [&[tag, 0, bits, 0][..], &id.to_le_bytes()].concat();
        let (all, none) = (6, u32::MAX);
        let entries = [
            entry(1, all, none),
            entry(2, all, 61234),
            entry(4, group, none),
            entry(0x10, mask, none),
            entry(0x20, 0, none),
        ];
        Acl([vec![2, 0, 0, 0], entries.concat()].concat())
    }

    #[test]
    fn the_group_has_what_its_entry_and_the_mask_allow() {
        assert_eq!(list(4, 6).group(), 4);
        assert_eq!(list(6, 4).group(), 4);
        assert_eq!(list(0, 6).group(), 0);
        assert_eq!(list(6, 6).with_group_within(4), list(4, 6));
        assert_eq!(list(4, 6).with_group_within(2), list(0, 6));
        assert_eq!(Acl(vec![2, 0, 0, 0, 4]).group(), 0, "cut short");
    }
}
