//! The processor time and memory of processes.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::measure::float;

/// How often memory is sampled. The peak never falls, so only growth between the last sample and
/// the end is missed.
const LOOK: Duration = Duration::from_millis(1);

/// Returns the processor time in seconds of all children that have ended.
pub(crate) fn children_cpu() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| {
        Duration::from_secs(time.tv_sec().unsigned_abs())
            + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    Ok((seconds(usage.user_time()) + seconds(usage.system_time())).as_secs_f64())
}

/// Watches the memory of a process.
///
/// What the system reports for a child that has ended (`ru_maxrss`) is useless: it includes the
/// time before the exec, when the child was a copy of this process.
pub(crate) struct Watch {
    /// The sampling thread.
    watcher: JoinHandle<u64>,
    /// Stops it.
    stop: Arc<AtomicBool>,
}

impl Watch {
    /// Begins to watch the process `pid`.
    pub(crate) fn begin(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watcher = thread::spawn(move || {
            let mut peak = 0;
            while !stopped.load(Ordering::Relaxed) {
                peak = peak_now(pid).unwrap_or(peak);
                thread::sleep(LOOK);
            }
            peak
        });
        Self { watcher, stop }
    }

    /// Returns the peak in MiB.
    pub(crate) fn end(self) -> Result<f64> {
        self.stop.store(true, Ordering::Relaxed);
        let kibibytes = self.watcher.join().ok().context("cannot watch a process")?;
        Ok(float(kibibytes) / 1024.0)
    }
}

/// Returns the peak so far in KiB. A process that has ended has none.
fn peak_now(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix("kB")?.trim().parse().ok()
}
