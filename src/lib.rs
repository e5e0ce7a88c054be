//! Rotating logs that any number of processes share.
//!
//! A [`RotatingLog`] appends whole lines to a file, in turns with other
//! processes, and makes backups of it when it is full. What stands on disk,
//! lock file, chain of backups and compressed backups, is what Python's
//! package *concurrent-log-handler* keeps, so programs in both languages may
//! append to and rotate one log at once.
//!
//! A [`LogReader`] reads all that is there of such a log, backups first, and
//! follows it over rotations.
//!
//! The library prints nothing, ends no process and reads no environment but `TZ`
//! and `TZDIR`, which say what local time is ([`Zone`]): a failure is an
//! [`Error`], a trouble that costs no line is a [`Notice`].
//!
//! # Example
//!
//! Two programs, here two values in one, append to one log. It rotates at 40
//! bytes; a program would take a megabyte or more.
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("app.log");
//! use clh_tee::RotatingLog;
//!
//! // All writers of a log should have the same settings.
//! let options = RotatingLog::options().max_bytes(40).backups(5);
//! let mut one = options.clone().open(&path)?;
//! let mut other = options.open(&path)?;
//!
//! one.append(b"what is appended are whole lines\n")?;
//! other.append(b"and many at once\nif you like\n")?;
//! one.append(b"this one finds the log full\n")?;
//!
//! let backup = std::fs::read_to_string(dir.path().join("app.log.1"))?;
//! assert_eq!(backup, "what is appended are whole lines\nand many at once\n");
//! let log = std::fs::read_to_string(&path)?;
//! assert_eq!(log, "if you like\nthis one finds the log full\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Adapters
//!
//! - [`LogWriter`] is a [`std::io::Write`] that appends whole lines only, however
//!   many pieces they are written in.
//! - In a [`Mutex`](std::sync::Mutex), it is a `MakeWriter` of
//!   `tracing_subscriber`: [see there](LogWriter#examples), and
//!   `examples/tracing.rs` for one with several threads.
//! - [`LogReader`] is a [`std::io::BufRead`], so its `lines()` are all lines of
//!   the log and its backups, the oldest first.
//!
//! # The protocol in short
//!
//! Whoever keeps to this may share the log, in any language.
//!
//! - **Names**: beside the log `app.log` stand its backups `app.log.1`, or
//!   `app.log.1.gz`, and so on, the newest first, and its lock file
//!   `.__app.lock`: the log's name, less one `.log` at its end.
//! - **The lock** is an exclusive `flock` on the lock file, which is never
//!   removed. Nothing is looked at or changed without it. On Windows it is the
//!   file's, locked by `LockFileEx`.
//! - **A hold**, from taking the lock to letting go, puts in one batch. It
//!   begins by looking whether the open log is still the one at the path; if
//!   not, that is opened.
//! - **The limit**: before a line goes in, the log is rotated if its size has
//!   reached the limit. So a backup passes it by less than one line.
//! - **Rotation**: the oldest backup goes, each other one moves up by one, the
//!   log is renamed to slot 1 and a new one made. Every step is a rename or
//!   comes before one, so that wherever a writer is killed, every line stands
//!   in one of the files.
//! - **A compressed backup** is whole before it has its name. What a dead
//!   writer has left outside the chain is moved into it by the next one.
//!
//! # Platforms
//!
//! Linux is where it is made and tried. On other systems nothing tells of a log
//! that is followed, so it is looked at ten times a second, and
//! [`status`] does not know who has the lock, nor who has the log open. On
//! Windows files have neither mode nor owner; a log that somebody has open and
//! does not let be renamed is [not rotated](Notice::CannotRotate) until it is
//! closed; and other writers' settings are [not compared](Notice::Mismatch).
//!
//! # Features
//!
//! - `cli`, on by default: what only the program `clh-tee` needs. Without it
//!   the crate is the library alone.

#![forbid(unsafe_code)]

// The floors on which the rooms stand: tests/rooms.rs.
mod active;
mod compress;
mod error;
mod event;
mod file;
mod lock;
mod log;
mod names;
mod reader;
mod rotation;
pub mod status;
mod sys;
mod time;

#[doc(hidden)]
pub use compress::background::Background;
pub use error::{Error, Escaped, Result, reason};
pub use event::rotated::Rotated;
pub use event::{Mismatch, Notice, Stats, Unappended};
pub use log::RotatingLog;
pub use log::hold::Hold;
pub use log::repair::{Change, Repair};
pub use log::writer::LogWriter;
pub use reader::{LogReader, ReadNotice, ReadOptions};
pub use rotation::options::{Options, SyncPolicy};
pub use time::schedule::{Schedule, Weekday, When};
pub use time::zone::Zone;

/// Any thread may have them.
const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<RotatingLog>();
    is_send::<LogWriter>();
    is_send::<LogReader>();
};
