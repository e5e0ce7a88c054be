//! Mode, owner and access list of the files that we create.
//!
//! A new log gets the mode, the access list and, if permitted, the owner of the log that it
//! replaces; a compressed backup gets those of the log. No file ever has, even for an instant, a
//! wider mode than its final one. It is created with the final mode, which the umask can only
//! narrow, and widened once its owner is right. With an access list, the mode's group bits are a
//! mask, so the file is created with fewer rights and then gets the list.
//!
//! If mode or owner are configured, a log or lock file has both as soon as it is visible, because
//! another user may be about to open it. Where the system has no modes or owners, all files are
//! alike.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use crate::sys::{self, Acl, Rights};

/// The mode bits that a new file inherits.
const MODE_BITS: u32 = 0o777;

/// The permissions of a file, or those that it should get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// With an access list, the group bits are its mask.
    mode: u32,
    owner: (u32, u32),
    acl: Option<Acl>,
}

/// A new file, and why it lacks its access list, if it does.
pub(crate) type Made = (File, Option<io::Error>);

impl Ownership {
    pub(crate) fn of(file: &File, metadata: &Metadata) -> Self {
        Self::with_acl(metadata, Acl::of(file))
    }

    pub(crate) fn at(path: &Path, metadata: &Metadata) -> Self {
        Self::with_acl(metadata, Acl::at(path))
    }

    fn with_acl(metadata: &Metadata, acl: io::Result<Option<Acl>>) -> Self {
        let plain = Self::without_acl(metadata);
        match acl {
            Ok(acl) => Self { acl, ..plain },
            // The group's rights are unknown here, but at least those of all others.
            Err(_) => Self { mode: plain.mode & for_all(plain.mode), ..plain },
        }
    }

    fn without_acl(metadata: &Metadata) -> Self {
        let Rights { mode, user, group } = sys::rights(metadata);
        Self { mode: mode & MODE_BITS, owner: (user, group), acl: None }
    }

    /// Returns the widest mode that grants no more than the access list, except to users and groups
    /// that the list names.
    fn plain_mode(&self) -> u32 {
        self.mode & self.limit()
    }

    /// Returns the bits that a mode may have while the file lacks the access list.
    fn limit(&self) -> u32 {
        self.acl.as_ref().map_or(MODE_BITS, |acl| 0o707 | acl.group() << 3)
    }

    /// Returns whether an existing file may be used as one of this mode and owner: its owner is
    /// this one or ours, and its mode is no wider. In a directory that other users can write to, a
    /// stranger may have planted a file to read what we put into it.
    pub(crate) fn admits(&self, found: &Self) -> bool {
        let user = found.owner.0;
        let ours = user == self.owner.0 || user == sys::user();
        let mode = if found.acl == self.acl { self.mode } else { self.plain_mode() };
        let narrow = found.mode & !mode == 0 && (found.acl.is_none() || found.acl == self.acl);
        let same_for_all = found.mode & !for_all(found.mode) == 0;
        ours && narrow && (found.owner.1 == self.owner.1 || same_for_all)
    }

    /// Creates `path` for reading and appending with this mode, access list and, if permitted,
    /// owner. A refusal is not an error, because it must not cost a line.
    pub(crate) fn create(&self, path: &Path) -> io::Result<Made> {
        let mut options = sys::log_options();
        sys::with_mode(&mut options, self.plain_mode());
        let file = options.read(true).create_new(true).open(path)?;
        let refused = self.apply(&file).err();
        Ok((file, refused))
    }

    /// Gives `file` this owner, mode and access list, where they differ and as far as permitted.
    /// Only a refused access list is an error; the file then grants no more than it would have.
    fn apply(&self, file: &File) -> io::Result<()> {
        let Ok(now) = file.metadata().map(|metadata| Self::without_acl(&metadata)) else {
            return Ok(());
        };
        let (user, group) = self.owner;
        let (mut acl, mut mode) = (self.acl.clone(), self.plain_mode());
        if now.owner != self.owner
            && sys::give(file, Some(user), Some(group)).is_err()
            && now.owner.1 != group
            && sys::give(file, None, Some(group)).is_err()
        {
            // The file got another group, which must not get more rights than others.
            mode &= for_all(mode);
            acl = acl.map(|acl| acl.with_group_within(mode >> 3));
        }
        // Done even without a list, because a directory can have a default list for new files.
        let outcome = Acl::set(acl.as_ref(), file);
        // Setting the list also sets the mode.
        if (acl.is_none() || outcome.is_err()) && now.mode != mode {
            // If refused, the mode stays narrower than intended.
            drop(sys::set_mode(file, mode));
        }
        outcome
    }
}

/// The configured mode and owner of new files. Anything else comes from the file that is replaced,
/// or from the system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Permission bits (CLH's `chmod`).
    pub(crate) mode: Option<u32>,
    /// The owner's user id (CLH's `owner`).
    pub(crate) user: Option<u32>,
    pub(crate) group: Option<u32>,
}

impl Asked {
    /// Creates the log `path` for reading and appending; `like` are the permissions of the log that
    /// it replaces, if known. A refused owner or mode is not an error, because it must not cost a
    /// line.
    pub(crate) fn create_log(self, path: &Path, like: Option<&Ownership>) -> io::Result<Made> {
        match like {
            Some(like) if !self.is_anything() => like.create(path),
            _ => self.create(path, like, sys::log_options().read(true)),
        }
    }

    pub(crate) fn create_lock(self, path: &Path) -> io::Result<File> {
        self.create(path, None, sys::lock_options().read(true).write(true)).map(|(file, _)| file)
    }

    fn create(
        self,
        path: &Path,
        like: Option<&Ownership>,
        options: &mut OpenOptions,
    ) -> io::Result<Made> {
        sys::with_mode(options, self.mode.unwrap_or(0o666) & like.map_or(0o777, Ownership::limit));
        if self.is_anything()
            && let Ok(file) = sys::unnamed_file(options, path.parent().unwrap_or(path))
        {
            // The file gets its name only when it is complete. Not every file system supports that.
            let refused = self.apply(&file, like).err();
            match sys::name_file(&file, path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
                outcome => return outcome.map(|()| (file, refused)),
            }
        }
        let file = options.create_new(true).open(path)?;
        let refused = if self.is_anything() { self.apply(&file, like).err() } else { None };
        Ok((file, refused))
    }

    pub(crate) fn is_anything(self) -> bool {
        self.mode.is_some() || self.user.is_some() || self.group.is_some()
    }

    pub(crate) fn is_met_by(self, metadata: &Metadata) -> bool {
        let is = |asked: Option<u32>, found| asked.is_none_or(|asked| asked == found);
        let Ownership { mode, owner: (user, group), .. } = Ownership::without_acl(metadata);
        is(self.mode, mode) && is(self.user, user) && is(self.group, group)
    }

    /// Gives `file` the configured mode and owner, as far as permitted. The rest comes from the log
    /// that it replaces, or from the system.
    fn apply(self, file: &File, like: Option<&Ownership>) -> io::Result<()> {
        let now = match like {
            Some(like) => like.clone(),
            None => Ownership::of(file, &file.metadata()?),
        };
        let (user, group) = now.owner;
        let owner = (self.user.unwrap_or(user), self.group.unwrap_or(group));
        let mode = self.mode.filter(|_| now.acl.is_none()).unwrap_or(now.mode);
        let limit = now.limit();
        let outcome = Ownership { mode, owner, ..now }.apply(file);
        if let Some(mode) = self.mode {
            // The mode does not depend on the owner; with an access list, it works as in `chmod`.
            drop(sys::set_mode(file, if outcome.is_ok() { mode } else { mode & limit }));
        }
        outcome
    }
}

/// Returns the bits of `mode`, but to the group only those that all others have.
fn for_all(mode: u32) -> u32 {
    0o707 | (mode & 0o007) << 3
}
