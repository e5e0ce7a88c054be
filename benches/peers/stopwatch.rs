//! How long a call takes, with and without the wait for a processor.
//!
//! On a machine with two processors, a thread that is ready to run may wait for one of them for
//! several milliseconds: another thread runs until the next tick. That is no wait for a pipe or for
//! a lock.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Where Linux reports how long the calling thread has run, and how long it was ready but did not
/// run, both in nanoseconds.
const SCHEDULED: &str = "/proc/thread-self/schedstat";

/// A running stopwatch. It belongs to the thread that has started it.
pub(crate) struct Stopwatch {
    ready: Duration,
    began: Instant,
}

/// What a stopwatch has measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Taken {
    /// The whole time.
    pub(crate) whole: Duration,
    /// The same without the time in which the thread was ready and waited for a processor.
    pub(crate) blocked: Duration,
}

impl Stopwatch {
    /// Starts one.
    pub(crate) fn start() -> Result<Self> {
        Ok(Self { ready: ready_time()?, began: Instant::now() })
    }

    /// Stops it.
    pub(crate) fn stop(self) -> Result<Taken> {
        let whole = self.began.elapsed();
        let ready = ready_time()?.saturating_sub(self.ready);
        Ok(Taken { whole, blocked: whole.saturating_sub(ready) })
    }
}

impl Taken {
    /// Returns the longer times of both.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { whole: self.whole.max(other.whole), blocked: self.blocked.max(other.blocked) }
    }
}

/// Returns how long this thread has been ready without running.
fn ready_time() -> Result<Duration> {
    let times =
        fs::read_to_string(SCHEDULED).with_context(|| format!("cannot read {SCHEDULED}"))?;
    let nanoseconds = times.split_whitespace().nth(1).and_then(|time| time.parse().ok());
    nanoseconds.map(Duration::from_nanos).with_context(|| format!("{SCHEDULED} says '{times}'"))
}
