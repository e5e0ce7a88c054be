//! What an examination of a log can find.

use std::path::{Path, PathBuf};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Only worth knowing; there is nothing to do.
    None,
    /// Something is wrong or will go wrong.
    Fault,
}

/// Something found about a log. Sizes are in bytes, times in seconds since 1970, and modes are
/// permission bits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Finding {
    /// The log is a symbolic link, which writers refuse.
    SymbolicLink { path: PathBuf },
    /// The log is a mount point, so it cannot be renamed and not be rotated.
    MountPoint { path: PathBuf },
    /// Something that is not a regular file has a backup's name, so no rotation is possible.
    Blocked { path: PathBuf },
    /// The log is larger than its limit by more than one line.
    Overgrown { path: PathBuf, size: u64, limit: u64 },
    /// The limit is so small that writers do little else than rotate.
    SmallLimit { limit: u64 },
    /// A generation that a dead Python writer left outside the chain; `adopted` says whether a
    /// writer with these options adopts it.
    Orphan { path: PathBuf, size: u64, adopted: bool },
    /// A private file left by a dead process.
    Leftover { path: PathBuf, size: u64 },
    /// A compressed backup that cannot be decompressed. A `partial` one begins like a gzip file, so
    /// it was cut short or damaged.
    Broken { path: PathBuf, partial: bool },
    /// A plain and a compressed backup in the same slot or interval, which a writer would separate.
    Double { plain: PathBuf, compressed: PathBuf },
    /// Empty slots in the chain, from the `first` to the `last`, before used ones.
    Gap { first: u64, last: u64 },
    /// Backups beyond the configured number of slots, newest first.
    Strays { backups: u64, paths: Vec<PathBuf> },
    /// Another writer rotates the same log by the clock, which these options do not. Its next
    /// rotation is at this time.
    TimedWriter { next: u64 },
    /// The lock file's time for the next rotation does not fit the schedule; for instance, it is
    /// more than an interval ahead.
    OtherTime { next: u64 },
    /// The time of the next rotation by the clock is unknown, though the log is older than an
    /// interval.
    TimeLost { path: PathBuf },
    /// A file with a backup's name is itself a log, with its own lock file. If it `blocks`, no
    /// rotation by number is possible.
    OtherLog { path: PathBuf, lock: PathBuf, blocks: bool },
    /// Files of one mode that every user may write to.
    Exposed { paths: Vec<PathBuf>, mode: u32 },
    /// A directory in which every user may create files and, unless it is sticky, remove and rename
    /// them.
    OpenDirectory { path: PathBuf, sticky: bool },
    /// A user cannot append to the log, because of the log or the lock file at this path. He owns
    /// files of the log or has it open for writing (`writes`), or is the user who asks.
    CannotAppend { user: u32, writes: bool, path: PathBuf },
    /// The group or others may append to the log but cannot open its lock file.
    LockClosed { path: PathBuf, mode: u32 },
    /// Such a user cannot rotate the log because of this directory.
    CannotRotate { user: u32, writes: bool, path: PathBuf },
    /// Processes that have the log open for writing were started with different values of this
    /// option. Each is given by its process id and its value.
    OtherSettings { option: &'static str, given: Vec<(u32, String)> },
    /// The lock file's directory is on this kind of file system, where a lock may not reach all
    /// writers.
    NetworkLock { path: PathBuf, kind: &'static str },
    /// The log does not exist; the next line creates it.
    NoLog { path: PathBuf },
    /// The log is not a regular file, so it is never rotated.
    Special { path: PathBuf },
    /// The lock file does not exist: nothing has used the log yet, or the lock file is elsewhere.
    NoLock { path: PathBuf },
    /// The log ends in a partial line. The next writer adds a newline.
    Torn { path: PathBuf },
    /// Another process held the lock, so a rotation may be in progress.
    LockHeld { path: PathBuf },
    /// The lock file's file system does not support locks, so writers refuse the log.
    NoLocking { path: PathBuf },
    /// Something cannot be read, for this reason.
    Unreadable { path: PathBuf, reason: String },
}

impl Finding {
    /// Returns whether the finding is a fault.
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

    /// Returns the paths of the files and directories that it is about.
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
