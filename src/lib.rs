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
//! The library prints nothing, ends no process and reads no environment: a
//! failure is an [`Error`], a trouble that costs no line is a [`Notice`].
//!
//! Without its default feature `cli`, the crate is the library alone.

mod active;
mod ahead;
mod chain;
mod dated;
mod error;
mod gzip;
mod hold;
mod lock;
mod log;
mod member;
mod names;
mod numbered;
mod open;
mod options;
mod owner;
mod patience;
mod reading;
mod recovery;
mod repair;
mod rotation;
mod schedule;
mod scheme;
mod stamp;
pub mod status;
mod timetable;
mod upkeep;
mod zone;

pub use error::{Error, Escaped, Result};
pub use hold::Hold;
pub use log::{Notice, RotatingLog, Stats, Unappended};
pub use options::{Options, Sync};
pub use reading::{LogReader, ReadNotice, ReadOptions};
pub use repair::{Change, Repair};
pub use schedule::{Schedule, When};
pub use upkeep::Upkeep;
