//! Mode, owner and access list of the files we make.
//!
//! A new log takes over mode, access list, and where permitted owner, of the log it replaces,
//! and so does a compressed backup. No file ever has, for an instant, a wider mode than it ends
//! with: it is made with the final mode, from which the umask can only take away, and widened
//! when its owner is right. With an access list the mode's group bits are a mask, so the file is
//! made with less and then gets the list.
//!
//! Where mode or owner were asked for, a log or lock file has both from the instant it is
//! visible: another user may be about to open it. On systems without them all files are alike.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use crate::sys::{self, Acl, Rights};

/// The inherited bits of a mode.
const MODE_BITS: u32 = 0o777;

/// What a file has or is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// Its group bits are the mask of the access list, if there is one.
    mode: u32,
    owner: (u32, u32),
    acl: Option<Acl>,
}

/// A new file, and why it lacks its access list.
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
            // The group's rights are unknown, but are at least those of others.
            Err(_) => Self { mode: plain.mode & for_all(plain.mode), ..plain },
        }
    }

    fn without_acl(metadata: &Metadata) -> Self {
        let Rights { mode, user, group } = sys::rights(metadata);
        Self { mode: mode & MODE_BITS, owner: (user, group), acl: None }
    }

    /// Gives as much without the access list, except to those named in it.
    fn plain_mode(&self) -> u32 {
        self.mode & self.limit()
    }

    /// The bits that a mode may have while the file lacks the access list.
    fn limit(&self) -> u32 {
        self.acl.as_ref().map_or(MODE_BITS, |acl| 0o707 | acl.group() << 3)
    }

    /// Returns whether an existing file may stand for one of this mode and owner: its owner is
    /// this one or us, and its mode is no wider. In a directory that others can write, a file
    /// could have been put there to be filled.
    pub(crate) fn admits(&self, found: &Self) -> bool {
        let user = found.owner.0;
        let ours = user == self.owner.0 || user == sys::user();
        let mode = if found.acl == self.acl { self.mode } else { self.plain_mode() };
        let narrow = found.mode & !mode == 0 && (found.acl.is_none() || found.acl == self.acl);
        let same_for_all = found.mode & !for_all(found.mode) == 0;
        ours && narrow && (found.owner.1 == self.owner.1 || same_for_all)
    }

    /// Creates `path`, to be read and appended to, with this mode, access list, and as far as
    /// permitted owner. If one of them is refused, that is no error: it must not cost a line.
    pub(crate) fn create(&self, path: &Path) -> io::Result<Made> {
        let mut options = sys::log_options();
        sys::with_mode(&mut options, self.plain_mode());
        let file = options.read(true).create_new(true).open(path)?;
        let refused = self.apply(&file).err();
        Ok((file, refused))
    }

    /// Gives `file` this owner, mode and access list, where they differ and as far as permitted.
    /// Only a refused access list is an error; the file then grants no more.
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
            // The file has another group now, which may do no more than everybody.
            mode &= for_all(mode);
            acl = acl.map(|acl| acl.with_group_within(mode >> 3));
        }
        // Also without a list: a directory can have one for new files.
        let outcome = Acl::set(acl.as_ref(), file);
        // The list sets the mode, too.
        if (acl.is_none() || outcome.is_err()) && now.mode != mode {
            // Refused, it stays narrower than asked for.
            drop(sys::set_mode(file, mode));
        }
        outcome
    }
}

/// What was asked for of new files; the rest comes from the file that is replaced, or else from
/// the system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Permission bits (CLH's `chmod`).
    pub(crate) mode: Option<u32>,
    /// CLH's `owner`.
    pub(crate) user: Option<u32>,
    pub(crate) group: Option<u32>,
}

impl Asked {
    /// Creates the log `path`, to be read and appended to; it replaces one that was `like` this,
    /// if known. A refused owner or mode is no error: it must not cost a line.
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
            // It gets its name when all is right with it. Not every file system can do that.
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

    /// Gives `file` mode and owner, as far as permitted; the rest is that of the log it
    /// replaces, or as the system made it.
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
            // Independent of the owner; with a list, as `chmod` does it.
            drop(sys::set_mode(file, if outcome.is_ok() { mode } else { mode & limit }));
        }
        outcome
    }
}

/// The bits of a `mode` if the group may do no more than everybody.
fn for_all(mode: u32) -> u32 {
    0o707 | (mode & 0o007) << 3
}
