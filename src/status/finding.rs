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

/// Something that was found. Sizes are in bytes, times in seconds since 1970, modes are
/// permission bits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Finding {
    /// The log is a symbolic link, which writers refuse.
    SymbolicLink { path: PathBuf },
    /// The log is a mount point: it cannot be renamed, and so not rotated.
    MountPoint { path: PathBuf },
    /// Something other than a regular file has a backup's name, so no rotation is possible.
    Blocked { path: PathBuf },
    /// The log has grown past its limit by more than one line.
    Overgrown { path: PathBuf, size: u64, limit: u64 },
    /// The limit is so low that writers do little else than rotate.
    SmallLimit { limit: u64 },
    /// A generation that a dead Python writer left outside the chain, and whether a writer with
    /// these options adopts it.
    Orphan { path: PathBuf, size: u64, adopted: bool },
    /// A private file that a dead maker left.
    Leftover { path: PathBuf, size: u64 },
    /// A compressed backup that cannot be decompressed. A `partial` one begins as a gzip file, and
    /// so was cut short or damaged.
    Broken { path: PathBuf, partial: bool },
    /// A plain and a compressed backup of the same slot or interval, which a writer would separate.
    Double { plain: PathBuf, compressed: PathBuf },
    /// Empty slots in the chain, from the first to the last, though older ones are used.
    Gap { first: u64, last: u64 },
    /// Backups beyond the last of the slots that are kept, the newest first.
    Strays { backups: u64, paths: Vec<PathBuf> },
    /// A timed handler writes the same log, which is not rotated by the clock here. It rotates
    /// next at this time.
    TimedWriter { next: u64 },
    /// The next rotation by the clock is at a time that the schedule does not give, such as one
    /// more than an interval ahead.
    OtherTime { next: u64 },
    /// The time of the next rotation by the clock is unknown, though the log is older than an
    /// interval.
    TimeLost { path: PathBuf },
    /// A file with a backup's name is a log of its own, with its own lock file. If it `blocks`, no
    /// rotation by number is possible.
    OtherLog { path: PathBuf, lock: PathBuf, blocks: bool },
    /// Files of one mode that everybody may write.
    Exposed { paths: Vec<PathBuf>, mode: u32 },
    /// A directory in which everybody may make files and, unless it is sticky, remove and rename
    /// them.
    OpenDirectory { path: PathBuf, sticky: bool },
    /// A user cannot append to the log, because of the log or the lock file at this path. The user
    /// owns files of it or has it open to write, or else is the one who looks.
    CannotAppend { user: u32, writes: bool, path: PathBuf },
    /// Group or others may append to the log, and cannot open its lock file.
    LockClosed { path: PathBuf, mode: u32 },
    /// Such a user cannot rotate the log, because of this directory.
    CannotRotate { user: u32, writes: bool, path: PathBuf },
    /// Processes that have the log open to write were given different values of this option.
    OtherSettings { option: &'static str, given: Vec<(u32, String)> },
    /// The lock file's directory is on this kind of file system, where a lock may not reach all
    /// writers.
    NetworkLock { path: PathBuf, kind: &'static str },
    /// The log is missing; the next line creates it.
    NoLog { path: PathBuf },
    /// The log is no regular file, and so never rotated.
    Special { path: PathBuf },
    /// The lock file is missing: nothing has used it, or it is elsewhere.
    NoLock { path: PathBuf },
    /// The log's last line has no newline. The next writer ends it with one.
    Torn { path: PathBuf },
    /// Another process held the lock, so what was seen may be a rotation under way.
    LockHeld { path: PathBuf },
    /// The lock file's file system has no locks, so writers refuse the log.
    NoLocking { path: PathBuf },
    /// Something cannot be read for lack of rights, or at all.
    Unreadable { path: PathBuf, reason: String },
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
            | Self::CannotAppend { writes: false, .. }
            | Self::CannotRotate { writes: false, .. }
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
            | Self::OtherSettings { .. }
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
