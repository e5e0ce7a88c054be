//! Mode and owner of the files we make.
//!
//! A new log takes over mode, and where that is permitted owner, of the log it
//! replaces, and so does a compressed backup. No file ever has, for an
//! instant, a wider mode than it ends with: it is made with the final mode,
//! from which the umask can only take away, and widened when its owner is
//! right.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use nix::libc;
use nix::unistd::{AccessFlags, PathconfVar, Uid, access, pathconf};

use crate::error::{Error, Result};
use crate::names::Names;

/// The bits of a mode that are inherited: who may read, write and execute.
const MODE_BITS: u32 = 0o777;

/// Mode and owner that a file is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// Permission bits.
    mode: u32,
    /// User and group.
    owner: (u32, u32),
}

impl Ownership {
    /// Returns mode and owner of the file that `metadata` is about.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { mode: metadata.mode() & MODE_BITS, owner: (metadata.uid(), metadata.gid()) }
    }

    /// Tells whether a file that was found may stand for one of this mode and
    /// owner: it belongs to this owner or to us, and is no wider. In a directory
    /// that others can write, a file could have been put there to be filled.
    pub(crate) fn admits(self, found: &Metadata) -> bool {
        let found = Self::of(found);
        let user = found.owner.0;
        let ours = user == self.owner.0 || user == Uid::effective().as_raw();
        let narrow = found.mode & !self.mode == 0;
        ours && narrow && (found.owner.1 == self.owner.1 || same_for_all(found.mode))
    }

    /// Makes the file `path`, which must not exist, to be read and appended
    /// to, with this mode and as far as permitted this owner.
    ///
    /// # Errors
    ///
    /// If it cannot be made. An owner or a mode that is refused is no error:
    /// it must not cost a line.
    pub(crate) fn create(self, path: &Path) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(self.mode)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?;
        self.apply(&file);
        Ok(file)
    }

    /// Gives `file` this owner and mode, where they differ and as far as that
    /// is permitted. What is refused must not cost a line.
    fn apply(self, file: &File) {
        let Ok(now) = file.metadata().map(|metadata| Self::of(&metadata)) else { return };
        let (user, group) = self.owner;
        let mut mode = self.mode;
        if now.owner != self.owner
            && fchown(file, Some(user), Some(group)).is_err()
            && now.owner.1 != group
            && fchown(file, None, Some(group)).is_err()
        {
            // The file's group is another one now, and may do no more than
            // everybody may.
            mode &= 0o707 | (mode & 0o007) << 3;
        }
        if now.mode != mode {
            // Refused, it stays narrower than asked for.
            drop(file.set_permissions(Permissions::from_mode(mode)));
        }
    }
}

/// Tells whether a file's group may do no more with it than everybody.
fn same_for_all(mode: u32) -> bool {
    (mode & 0o070) >> 3 & !(mode & 0o007) == 0
}

/// Tells whether every name that a rotation makes from these is short enough
/// for the file system.
pub(crate) fn name_fits(names: &Names) -> io::Result<()> {
    let longest = pathconf(names.dir(), PathconfVar::NAME_MAX)?.unwrap_or(255);
    match names.excess(usize::try_from(longest).unwrap_or(usize::MAX)) {
        0 => Ok(()),
        excess => Err(io::Error::other(format!(
            "its name is too long for those of its backups by {excess} bytes; use a shorter one"
        ))),
    }
}

/// Forces the names in `dir` to disk. Where it may be written and not read, the
/// system offers no way to do that.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    match File::open(dir) {
        Ok(open) => open.sync_all().map_err(Error::on("sync", dir)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(Error::new("sync", dir, error)),
    }
}

/// Tells whether files can be made in `dir`, as far as permissions go.
pub(crate) fn can_create_in(dir: &Path) -> io::Result<()> {
    Ok(access(dir, AccessFlags::W_OK | AccessFlags::X_OK)?)
}

/// Tells whether `path` can be written, as far as permissions go.
pub(crate) fn can_write(path: &Path) -> io::Result<()> {
    Ok(access(path, AccessFlags::W_OK)?)
}
