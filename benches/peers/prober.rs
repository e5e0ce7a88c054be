//! Somebody else who wants the lock now and then: how long he has to wait.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::fcntl::{Flock, FlockArg};

/// How long he waits before he wants it again.
const PAUSE: Duration = Duration::from_micros(200);

/// Somebody else who wants the lock.
pub(crate) struct Prober {
    /// Takes it again and again.
    thread: JoinHandle<Result<Duration>>,
    /// Says that it is enough.
    stop: Arc<AtomicBool>,
}

impl Prober {
    /// Begins to take the lock at `path`.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        let mut file =
            File::open(path).with_context(|| format!("cannot open '{}'", path.display()))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                let held = Flock::lock(file, FlockArg::LockExclusive);
                let held = held.map_err(|(_, errno)| errno).context("cannot take the lock")?;
                longest = longest.max(began.elapsed());
                let unlocked = held.unlock();
                file = unlocked.map_err(|(_, errno)| errno).context("cannot let go")?;
                thread::sleep(PAUSE);
            }
            Ok(longest)
        });
        Ok(Self { thread, stop })
    }

    /// Returns the longest that he had to wait.
    pub(crate) fn end(self) -> Result<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().ok().context("the prober panicked")?
    }
}
