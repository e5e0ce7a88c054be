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
//!
//! Where there is neither, all files are alike, and nothing is to be done.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use crate::sys::{self, Rights};

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
        let Rights { mode, user, group } = sys::rights(metadata);
        Self { mode: mode & MODE_BITS, owner: (user, group) }
    }

    /// Tells whether a file that was found may stand for one of this mode and
    /// owner: it belongs to this owner or to us, and is no wider. In a directory
    /// that others can write, a file could have been put there to be filled.
    pub(crate) fn admits(self, found: &Metadata) -> bool {
        let found = Self::of(found);
        let user = found.owner.0;
        let ours = user == self.owner.0 || user == sys::user();
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
        let mut options = sys::log_options();
        sys::with_mode(&mut options, self.mode);
        let file = options.read(true).create_new(true).open(path)?;
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
            && sys::give(file, Some(user), Some(group)).is_err()
            && now.owner.1 != group
            && sys::give(file, None, Some(group)).is_err()
        {
            // The file's group is another one now, and may do no more than
            // everybody may.
            mode &= 0o707 | (mode & 0o007) << 3;
        }
        if now.mode != mode {
            // Refused, it stays narrower than asked for.
            drop(sys::set_mode(file, mode));
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
            _ => self.create(path, like, sys::log_options().read(true)),
        }
    }

    /// Makes the lock file `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// As [`Asked::create_log`].
    pub(crate) fn create_lock(self, path: &Path) -> io::Result<File> {
        self.create(path, None, sys::lock_options().read(true).write(true))
    }

    /// Makes a file, and opens it with these `options`.
    fn create(
        self,
        path: &Path,
        like: Option<Ownership>,
        options: &mut OpenOptions,
    ) -> io::Result<File> {
        sys::with_mode(options, self.mode.unwrap_or(0o666));
        if self.is_anything()
            && let Ok(file) = sys::unnamed_file(options, path.parent().unwrap_or(path))
        {
            // It has no name yet, and gets one when all is right with it. Not
            // every file system can do that.
            self.apply(&file, like);
            match sys::name_file(&file, path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
                outcome => return outcome.map(|()| file),
            }
        }
        let file = options.create_new(true).open(path)?;
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
            drop(sys::set_mode(file, mode));
        }
    }
}

/// Tells whether a file's group may do no more with it than everybody.
fn same_for_all(mode: u32) -> bool {
    (mode & 0o070) >> 3 & !(mode & 0o007) == 0
}
