//! Rotating logs that any number of processes share.
//!
//! A [`RotatingLog`] appends whole lines to a log, in turns with other processes, and rotates it
//! when it is full. All files on disk (the log, its lock file, and its plain or compressed backups)
//! have the names and formats of Python's package *concurrent-log-handler*. So programs in both
//! languages may append to one log and rotate it at the same time.
//!
//! A [`LogReader`] reads such a log with its backups, oldest line first, and can follow it across
//! rotations. [`status`] examines a log and finds faults.
//!
//! The library prints nothing and never ends the process. It reads no environment variables except
//! `TZ` and `TZDIR`, which set local time ([`Zone`]). An operation that fails returns an
//! [`Error`]. A problem that loses no line is a [`Notice`], which [`RotatingLog::take_notices`]
//! returns.
//!
//! # Example
//!
//! Two writers append to one log. Here they are in one program; usually they are in different
//! processes. The limit is 40 bytes; a real program would use a megabyte or more.
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
//! one.append(b"the first writer appends a line\n")?;
//! other.append(b"the second one appends two lines\nin one call\n")?;
//! one.append(b"the first one continues in the new log\n")?;
//!
//! let backup = std::fs::read_to_string(dir.path().join("app.log.1"))?;
//! assert_eq!(backup, "the first writer appends a line\nthe second one appends two lines\n");
//! let log = std::fs::read_to_string(&path)?;
//! assert_eq!(log, "in one call\nthe first one continues in the new log\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Adapters
//!
//! - [`LogWriter`] implements [`std::io::Write`]. It appends only whole lines, even if they are
//!   written in several pieces.
//! - In a [`Mutex`](std::sync::Mutex), it is a `MakeWriter` of `tracing_subscriber`: see
//!   [its examples](LogWriter#examples), and `examples/tracing.rs` for one with several threads.
//! - [`LogReader`] implements [`std::io::BufRead`], so `lines()` returns all lines of the backups
//!   and the log, oldest first.
//!
//! # The protocol in short
//!
//! A program in any language may share the log if it follows these rules.
//!
//! - **Names**: beside the log `app.log` are its backups `app.log.1` or `app.log.1.gz` and so on,
//!   newest first, and its lock file `.__app.lock`. That name contains the log's name without one
//!   `.log` at its end.
//! - **The lock** is an exclusive `flock` on the lock file, which is never removed. A writer looks at
//!   the log and changes it only while it holds the lock. On Windows the lock is `LockFileEx`.
//! - **A hold**, from acquiring the lock to releasing it, appends one batch. First the writer checks
//!   whether its open log is still the one at the path; if not, it opens the new one.
//! - **The limit**: before each line, the writer rotates the log if its size has reached the limit.
//!   So a backup exceeds the limit by less than one line.
//! - **Rotation**: the writer removes the oldest backup, moves every other one up by one, renames
//!   the log to slot 1 and creates a new log. If it is killed at any point, every line is still in
//!   one of the files.
//! - **A compressed backup** is complete before it gets its name. If a dead writer left a file
//!   outside the chain, the next writer moves it into the chain.
//!
//! # Platforms
//!
//! The crate is developed and tested on Linux. On other systems, a followed log is polled ten times
//! a second, and [`status`] does not know which processes hold the lock or have the log open.
//!
//! On Windows, files have neither mode nor owner. A log is [not rotated](Notice::CannotRotate) while
//! another process has it open and does not allow renaming it. Other writers' settings are [not
//! compared](Notice::Mismatch).
//!
//! # Features
//!
//! - `cli`, on by default: everything that only the program `clh-tee` needs. Without it, the crate
//!   is only the library.

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
