//! Measures how long another process waits for the lock that it wants now and then.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::fcntl::{Flock, FlockArg};

use crate::measure::Quantity::{Held, Hold, HoldLate};
use crate::measure::Sample;
use crate::quiet::Delays;
use crate::stopwatch::{Stopwatch, Taken};

/// Acquires the lock now and then.
pub(crate) struct Prober {
    thread: JoinHandle<Result<Vec<Taken>>>,
    stop: Arc<AtomicBool>,
}

impl Prober {
    /// Begins to acquire the lock at `path`, with this `pause` after each time.
    pub(crate) fn begin(path: &Path, pause: Duration) -> Result<Self> {
        let mut file =
            File::open(path).with_context(|| format!("cannot open '{}'", path.display()))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut waits = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let stopwatch = Stopwatch::start()?;
                let held = Flock::lock(file, FlockArg::LockExclusive);
                let held = held.map_err(|(_, errno)| errno).context("cannot take the lock")?;
                waits.push(stopwatch.stop()?);
                let unlocked = held.unlock();
                file = unlocked.map_err(|(_, errno)| errno).context("cannot let go")?;
                thread::sleep(pause);
            }
            Ok(waits)
        });
        Ok(Self { thread, stop })
    }

    /// Returns how long it waited.
    pub(crate) fn end(self) -> Result<Sample> {
        self.stop.store(true, Ordering::Relaxed);
        let waits = self.thread.join().ok().context("the prober panicked")??;
        let whole = Delays::new(waits.iter().map(|wait| wait.whole).collect());
        let held = Delays::new(waits.iter().map(|wait| wait.blocked).collect());
        Ok(Sample::from([
            (Hold, whole.percentile(100) / 1000.0),
            (HoldLate, whole.percentile(99) / 1000.0),
            (Held, held.percentile(100) / 1000.0),
        ]))
    }
}
