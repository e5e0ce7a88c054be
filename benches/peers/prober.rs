//! Measures how long another process waits for the lock that it wants now and then.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::fcntl::{Flock, FlockArg};

use crate::quiet::Delays;

/// Acquires the lock now and then.
pub(crate) struct Prober {
    thread: JoinHandle<Result<Vec<Duration>>>,
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
                let began = Instant::now();
                let held = Flock::lock(file, FlockArg::LockExclusive);
                let held = held.map_err(|(_, errno)| errno).context("cannot take the lock")?;
                waits.push(began.elapsed());
                let unlocked = held.unlock();
                file = unlocked.map_err(|(_, errno)| errno).context("cannot let go")?;
                thread::sleep(pause);
            }
            Ok(waits)
        });
        Ok(Self { thread, stop })
    }

    /// Returns how long each acquisition took.
    pub(crate) fn end(self) -> Result<Delays> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().ok().context("the prober panicked")?.map(Delays::new)
    }
}
