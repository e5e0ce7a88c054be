//! Logs a program's `tracing` events into a log that others share.
//!
//! ```text
//! cargo run --example tracing -- app.log
//! ```
//!
//! A [`LogWriter`](clh_tee::LogWriter) appends only whole lines. In a `Mutex` it is a `MakeWriter`,
//! which the subscriber needs.

use std::path::Path;
use std::sync::Mutex;
use std::{env, thread};

use clh_tee::{Options, RotatingLog};
use tracing::{Dispatch, info, warn};

/// Returns a subscriber that appends events to the log at `path`, without colours.
fn events_to(options: Options, path: impl AsRef<Path>) -> clh_tee::Result<Dispatch> {
    let log = Mutex::new(options.open(path)?.into_writer());
    Ok(tracing_subscriber::fmt().with_writer(log).with_ansi(false).into())
}

/// Does some work and logs it.
fn work(worker: u32) {
    for item in 0..1000 {
        info!(worker, item, "done");
    }
    warn!(worker, "nothing left to do");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = env::args_os().nth(1).ok_or("give the path of a log")?;
    // All writers of a log should have the same settings.
    let options = RotatingLog::options().max_bytes(512 * 1024).backups(5).gzip(Some(7));
    tracing::dispatcher::set_global_default(events_to(options, path)?)?;
    thread::scope(|scope| {
        for worker in 0..4 {
            scope.spawn(move || work(worker));
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tracing::dispatcher;

    use super::*;

    /// Returns what stands after the time in each line of the log and its
    /// backups, sorted.
    fn messages(dir: &Path) -> Vec<String> {
        let mut messages = Vec::new();
        for entry in fs::read_dir(dir).expect("read the directory") {
            let path = entry.expect("read the directory").path();
            let text = fs::read_to_string(path).expect("read a file");
            assert!(text.is_empty() || text.ends_with('\n'), "a torn line");
            let message = |line: &str| line.split_once(' ').expect("a time").1.trim().to_owned();
            messages.extend(text.lines().map(message));
        }
        messages.sort();
        messages
    }

    #[test]
    fn every_event_of_two_programs_is_a_whole_line() {
        let dir = tempfile::tempdir().expect("make a directory");
        let program = || {
            let options = RotatingLog::options().max_bytes(64 * 1024).backups(100);
            events_to(options, dir.path().join("app.log")).expect("open the log")
        };
        let programs = [program(), program()];
        thread::scope(|scope| {
            for worker in 0..4 {
                let events = &programs[worker as usize % 2];
                scope.spawn(move || dispatcher::with_default(events, || work(worker)));
            }
        });
        let mut expected: Vec<String> = (0..4000)
            .map(|n| format!("INFO tracing: done worker={} item={}", n / 1000, n % 1000))
            .chain((0..4).map(|n| format!("WARN tracing: nothing left to do worker={n}")))
            .collect();
        expected.sort();
        assert_eq!(messages(dir.path()), expected);
        assert!(dir.path().join("app.log.2").exists(), "the log has rotated");
    }
}
