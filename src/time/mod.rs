//! Rotation by the clock, the names of the backups that it makes, and times at the beginning of
//! lines.

pub(crate) mod leading;
pub(crate) mod schedule;
pub(crate) mod zone;

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
