//! Rotating logs that any number of processes share.
//!
//! A [`RotatingLog`] appends whole lines to a file, in turns with other processes, and makes
//! backups of it when it is full. The files on disk (lock file, chain of backups, compressed
//! backups) are those of Python's package *concurrent-log-handler*, so programs in both
//! languages may append to and rotate one log at once.
//!
//! A [`LogReader`] reads such a log, backups first, and follows it over rotations.
//!
//! The library prints nothing, ends no process and reads no environment variables but `TZ` and
//! `TZDIR`, which set local time ([`Zone`]). A failure is an [`Error`], a problem that loses no
//! line is a [`Notice`].
//!
//! # Example
//!
//! Two programs, here two values in one, append to one log. It rotates at 40 bytes; a real
//! program would use a megabyte or more.
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
//! - [`LogWriter`] is a [`std::io::Write`] that appends whole lines only, in however many pieces
//!   they are written.
//! - In a [`Mutex`](std::sync::Mutex), it is a `MakeWriter` of `tracing_subscriber`:
//!   [see there](LogWriter#examples), and `examples/tracing.rs` for one with several threads.
//! - [`LogReader`] is a [`std::io::BufRead`], so its `lines()` are all lines of the log and its
//!   backups, the oldest first.
//!
//! # The protocol in short
//!
//! Any program that keeps to this may share the log, in any language.
//!
//! - **Names**: beside the log `app.log` are its backups `app.log.1` or `app.log.1.gz` and so on,
//!   the newest first, and its lock file `.__app.lock`: the log's name, less one `.log` at its end.
//! - **The lock** is an exclusive `flock` on the lock file, which is never removed. Nothing is read
//!   or changed without it. On Windows the file is locked by `LockFileEx`.
//! - **A hold**, from acquiring the lock to releasing it, appends one batch. First it checks
//!   whether the open log is still the one at the path, and opens that one if not.
//! - **The limit**: before a line is appended, the log is rotated if its size has reached the
//!   limit. So a backup exceeds it by less than one line.
//! - **Rotation**: the oldest backup is removed, each other one moves up by one, the log is renamed
//!   to slot 1 and a new one created. Every step is a rename or comes before one, so wherever a
//!   writer is killed, every line is in one of the files.
//! - **A compressed backup** is complete before it gets its name. The next writer moves what a dead
//!   writer left outside the chain into it.
//!
//! # Platforms
//!
//! Developed and tested on Linux. Other systems do not report changes of a followed log, so it
//! is polled ten times a second, and [`status`] does not know which processes hold the lock or
//! have the log open. On Windows files have neither mode nor owner; a log that another process
//! has open and does not let be renamed is [not rotated](Notice::CannotRotate) until it is
//! closed; and other writers' settings are [not compared](Notice::Mismatch).
//!
//! # Features
//!
//! - `cli`, on by default: what only the program `clh-tee` needs. Without it
//!   the crate is the library alone.

#![forbid(unsafe_code)]

// Imports run down only: see tests/plain/rooms.rs.
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
pub use active::records::Records;
#[doc(hidden)]
pub use compress::background::Background;
pub use error::{Error, Escaped, Result, reason};
pub use event::{Mismatch, Notice, Rotated, Stats, Unappended};
pub use log::RotatingLog;
pub use log::hold::Hold;
pub use log::repair::{Change, Repair};
pub use log::writer::LogWriter;
pub use reader::{LogReader, ReadNotice, ReadOptions};
pub use rotation::options::{Options, SyncPolicy};
pub use time::schedule::{Schedule, Weekday, When};
pub use time::zone::Zone;

const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<RotatingLog>();
    is_send::<LogWriter>();
    is_send::<LogReader>();
};
