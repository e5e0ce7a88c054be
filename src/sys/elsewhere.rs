//! Systems other than Linux, where less is known and less can be done.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{Identity, Metadata, WATCH_INTERVAL};

/// What reports changes of a log: nothing does, it is looked at.
#[derive(Debug)]
pub(crate) struct Watch;

impl Watch {
    /// Begins to watch for the log of this name in this directory.
    pub(crate) fn begin(_: &Path, _: &OsStr) -> Self {
        Self
    }

    /// Watches the directory that is at a path now: that is not known.
    #[expect(clippy::unused_self, reason = "elsewhere it is used")]
    pub(crate) fn renew(&mut self, _: &Path) -> bool {
        false
    }

    /// Watches this log, and no longer the one before.
    #[expect(clippy::unused_self, reason = "elsewhere it is used")]
    pub(crate) fn turn_to(&mut self, _: Option<&File>) {}

    /// Waits until something may have happened, and for no longer than `most`.
    #[expect(clippy::unused_self, reason = "elsewhere it is used")]
    pub(crate) fn wait(&mut self, most: Duration) {
        thread::sleep(WATCH_INTERVAL.min(most));
    }

    /// Returns how many logs have begun since the last call: it is not known.
    #[expect(clippy::unused_self, reason = "elsewhere it is used")]
    pub(crate) fn begun(&mut self) -> Option<u64> {
        None
    }
}

/// A file's access list: not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acl(std::convert::Infallible);

impl Acl {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn of(_: &File) -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Returns the list of what stands at this path.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn at(_: &Path) -> io::Result<Option<Self>> {
        Ok(None)
    }

    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn set(_: Option<&Self>, _: &File) -> io::Result<()> {
        Ok(())
    }

    /// Returns what the file's group may do.
    pub(crate) fn group(&self) -> u32 {
        match self.0 {}
    }

    /// Returns the same list with less for the file's group.
    pub(crate) fn with_group_within(self, _: u32) -> Self {
        match self.0 {}
    }
}

/// The locks that all processes have: not known.
#[derive(Debug)]
pub(crate) struct Locks;

impl Locks {
    pub(crate) fn read() -> Self {
        Self
    }

    /// Returns who has a file locked.
    #[expect(clippy::unused_self, reason = "elsewhere it is used")]
    pub(crate) fn holder(&self, _: &Metadata) -> Option<u32> {
        None
    }

    #[expect(clippy::unused_self, reason = "elsewhere it is used")]
    pub(crate) fn waiting(&self, _: &Metadata) -> u64 {
        0
    }
}

/// Returns which processes have one of two files open: not known.
pub(crate) fn openers(_: [(&Path, Option<Identity>); 2]) -> Vec<(u32, Option<[Option<bool>; 2]>)> {
    Vec::new()
}

/// Returns a process's command line: not known.
pub(crate) fn command(_: u32) -> Vec<u8> {
    Vec::new()
}

/// Returns the name of the network file system that a directory is on: not
/// known.
pub(crate) fn network(_: &Path) -> Option<&'static str> {
    None
}

/// Returns whether a file is mounted at a path: not known.
pub(crate) fn is_mount_point(_: &Path) -> bool {
    false
}

/// Makes a file that has no name yet: that cannot be done.
pub(crate) fn unnamed_file(_: &OpenOptions, _: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Gives an open file that has no name a name: that cannot be done.
pub(crate) fn name_file(_: &File, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Holds a file that is about to be removed: that cannot be done.
pub(crate) fn kept(_: &Path) -> Option<File> {
    None
}
