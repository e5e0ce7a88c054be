//! What a look at a log can find.

use std::path::{Path, PathBuf};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Worth knowing; nothing has to be done about it.
    None,
    /// Something is wrong, or will go wrong.
    Fault,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The log is a symbolic link, which writers refuse.
    SymbolicLink {
        /// The link.
        path: PathBuf,
    },
    /// The log is a mount point: it cannot be renamed, and so not rotated.
    MountPoint {
        /// The log.
        path: PathBuf,
    },
    /// Something other than a regular file has a backup's name, so no rotation is possible.
    Blocked {
        /// What stands there.
        path: PathBuf,
    },
    /// The log has grown past its limit by more than one line.
    Overgrown {
        /// The log.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The limit is so low that writers do little else than rotate.
    SmallLimit {
        /// The limit.
        limit: u64,
    },
    /// A generation that a dead writer of Python's left outside the chain.
    Orphan {
        /// Where it is.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// Whether a writer with these options adopts it.
        adopted: bool,
    },
    /// A private file that a dead maker left.
    Leftover {
        /// Where it is.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// A compressed backup that cannot be decompressed.
    Broken {
        /// Where it is.
        path: PathBuf,
        /// Whether it begins as a gzip file, and so was cut short or damaged.
        partial: bool,
    },
    /// A plain and a compressed backup of the same slot or interval, which a writer would separate.
    Double {
        /// The plain one.
        plain: PathBuf,
        /// The compressed one.
        compressed: PathBuf,
    },
    /// Empty slots in the chain, though older ones are used.
    Gap {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// Backups beyond the last slot that is kept.
    Strays {
        /// How many backups are kept.
        backups: u64,
        /// Where the strays are, the newest first.
        paths: Vec<PathBuf>,
    },
    /// A timed handler writes the same log, which is not rotated by the clock here.
    TimedWriter {
        /// When it rotates next, in seconds since 1970.
        next: u64,
    },
    /// The next rotation by the clock is at a time that the schedule does not give, such as one
    /// more than an interval ahead.
    OtherTime {
        /// When it is, in seconds since 1970.
        next: u64,
    },
    /// The time of the next rotation by the clock is unknown, though the log is older than an
    /// interval.
    TimeLost {
        /// The log.
        path: PathBuf,
    },
    /// A file with a backup's name is a log of its own, so no rotation by number is possible.
    OtherLog {
        /// That log.
        path: PathBuf,
        /// Its lock file.
        lock: PathBuf,
        /// Whether it is in the way of rotations.
        blocks: bool,
    },
    /// Files of one mode that everybody may write.
    Exposed {
        /// The files.
        paths: Vec<PathBuf>,
        /// Their permission bits.
        mode: u32,
    },
    /// A directory in which everybody may make files and, unless it is sticky, remove and rename
    /// them.
    OpenDirectory {
        /// The directory.
        path: PathBuf,
        /// Whether only their owners can remove and rename files.
        sticky: bool,
    },
    /// A user of the log, who owns files of it, cannot append to it.
    CannotAppend {
        /// The user.
        user: u32,
        /// What is in the way: the log or the lock file.
        path: PathBuf,
    },
    /// Group or others may append to the log, and cannot open its lock file.
    LockClosed {
        /// The lock file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A user of the log, who owns files of it, cannot rotate it.
    CannotRotate {
        /// The user.
        user: u32,
        /// The directory that is in the way.
        path: PathBuf,
    },
    /// The lock file's directory is on a file system where a lock may not reach all writers.
    NetworkLock {
        /// The directory.
        path: PathBuf,
        /// The kind of file system.
        kind: &'static str,
    },
    /// The log is missing; the next line creates it.
    NoLog {
        /// Where it would be.
        path: PathBuf,
    },
    /// The log is no regular file, and so never rotated.
    Special {
        /// The log.
        path: PathBuf,
    },
    /// The lock file is missing: nothing has used it, or it is elsewhere.
    NoLock {
        /// Where it would be.
        path: PathBuf,
    },
    /// The log's last line has no newline. The next writer ends it with one.
    Torn {
        /// The log.
        path: PathBuf,
    },
    /// Another process held the lock, so what was seen may be a rotation under way.
    LockHeld {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file's file system has no locks, so writers refuse the log.
    NoLocking {
        /// The lock file.
        path: PathBuf,
    },
    /// Something cannot be read for lack of rights, or at all.
    Unreadable {
        /// What it is.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

impl Finding {
    /// Returns how much it matters.
    #[must_use]
    pub fn harm(&self) -> Harm {
        match self {
            Self::NoLog { .. }
            | Self::Special { .. }
            | Self::NoLock { .. }
            | Self::Torn { .. }
            | Self::LockHeld { .. }
            | Self::OpenDirectory { sticky: true, .. }
            | Self::Unreadable { .. } => Harm::None,
            _ => Harm::Fault,
        }
    }

    /// Returns the files and directories that it is about.
    #[must_use]
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::SmallLimit { .. }
            | Self::Gap { .. }
            | Self::OtherTime { .. }
            | Self::TimedWriter { .. } => Vec::new(),
            Self::Double { plain, compressed, .. } => vec![plain, compressed],
            Self::OtherLog { path, lock, .. } => vec![path, lock],
            Self::Strays { paths, .. } | Self::Exposed { paths, .. } => {
                paths.iter().map(PathBuf::as_path).collect()
            }
            Self::SymbolicLink { path }
            | Self::MountPoint { path }
            | Self::Blocked { path }
            | Self::Overgrown { path, .. }
            | Self::Orphan { path, .. }
            | Self::Leftover { path, .. }
            | Self::Broken { path, .. }
            | Self::OpenDirectory { path, .. }
            | Self::CannotAppend { path, .. }
            | Self::LockClosed { path, .. }
            | Self::CannotRotate { path, .. }
            | Self::NetworkLock { path, .. }
            | Self::NoLog { path }
            | Self::TimeLost { path }
            | Self::Special { path }
            | Self::NoLock { path }
            | Self::Torn { path }
            | Self::LockHeld { path }
            | Self::NoLocking { path }
            | Self::Unreadable { path, .. } => vec![path],
        }
    }
}
