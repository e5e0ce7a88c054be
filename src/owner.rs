//! Mode and owner of the files we make.
//!
//! A new log takes over mode, and where that is permitted owner, of the log it
//! replaces, and so does a compressed backup. No file ever has, for an
//! instant, a wider mode than it ends with: it is made with the final mode,
//! from which the umask can only take away, and widened when its owner is
//! right.
//!
//! Where mode or owner were asked for, a log or lock file has both from the
//! instant it can be seen: another user may be about to open it.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::libc;
use nix::unistd::{AccessFlags, PathconfVar, Uid, access, linkat, pathconf};

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

/// What was asked for of new files; what was not is left to the file that is
/// replaced, and else to the system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Permission bits (CLH's `chmod`).
    pub(crate) mode: Option<u32>,
    /// Whom they belong to (CLH's `owner`).
    pub(crate) user: Option<u32>,
    /// And to which group.
    pub(crate) group: Option<u32>,
}

impl Asked {
    /// Makes the log `path`, which must not exist, to be read and appended to;
    /// it replaces one that was `like` this, if that is known.
    ///
    /// # Errors
    ///
    /// If it cannot be made. An owner or a mode that is refused is no error:
    /// it must not cost a line.
    pub(crate) fn create_log(self, path: &Path, like: Option<Ownership>) -> io::Result<File> {
        match like {
            Some(like) if !self.is_anything() => like.create(path),
            _ => self.create(path, like, OpenOptions::new().read(true).append(true)),
        }
    }

    /// Makes the lock file `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// As [`Asked::create_log`].
    pub(crate) fn create_lock(self, path: &Path) -> io::Result<File> {
        self.create(path, None, OpenOptions::new().read(true).write(true))
    }

    /// Makes a file, and opens it with these `options`.
    fn create(
        self,
        path: &Path,
        like: Option<Ownership>,
        options: &mut OpenOptions,
    ) -> io::Result<File> {
        options.mode(self.mode.unwrap_or(0o666));
        if self.is_anything()
            && let Ok(file) =
                options.custom_flags(libc::O_TMPFILE).open(path.parent().unwrap_or(path))
        {
            // It has no name yet, and gets one when all is right with it. Not
            // every file system can do that.
            self.apply(&file, like);
            match name(&file, path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
                outcome => return outcome.map(|()| file),
            }
        }
        let flags = libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_NONBLOCK;
        let file = options.custom_flags(flags).create_new(true).open(path)?;
        if self.is_anything() {
            self.apply(&file, like);
        }
        Ok(file)
    }

    /// Tells whether anything was asked for.
    pub(crate) fn is_anything(self) -> bool {
        self.mode.is_some() || self.user.is_some() || self.group.is_some()
    }

    /// Tells whether the file that `metadata` is about is as was asked for.
    pub(crate) fn is_met_by(self, metadata: &Metadata) -> bool {
        let is = |asked: Option<u32>, found| asked.is_none_or(|asked| asked == found);
        let Ownership { mode, owner: (user, group) } = Ownership::of(metadata);
        is(self.mode, mode) && is(self.user, user) && is(self.group, group)
    }

    /// Gives `file` mode and owner, as far as that is permitted.
    fn apply(self, file: &File, like: Option<Ownership>) {
        let Ok(metadata) = file.metadata() else { return };
        let Ownership { mode, owner: (user, group) } = like.unwrap_or(Ownership::of(&metadata));
        let owner = (self.user.unwrap_or(user), self.group.unwrap_or(group));
        Ownership { mode: self.mode.unwrap_or(mode), owner }.apply(file);
        if let Some(mode) = self.mode {
            // It was asked for whatever the owner is.
            drop(file.set_permissions(Permissions::from_mode(mode)));
        }
    }
}

/// Gives an open file that has no name this one, which must be free.
fn name(file: &File, path: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(AT_FDCWD, open.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW)?)
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
