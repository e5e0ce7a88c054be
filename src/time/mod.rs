//! When a log is rotated by the clock, and what its backups are called then.

pub(crate) mod schedule;
pub(crate) mod zone;
