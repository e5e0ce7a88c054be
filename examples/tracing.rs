//! Logs a program's `tracing` events into a log that others share.
//!
//! ```text
//! cargo run --example tracing -- app.log
//! ```
//!
//! A log is no [`Write`], for whoever formats into it may call `write` several
//! times for one line, and another process may append between two calls. So
//! each event gets an [`Event`] to be written into, a piece of memory, and
//! goes to the log whole when that is dropped.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, thread};

use clh_tee::{Notice, Options, RotatingLog};
use tracing::{Dispatch, info, warn};
use tracing_subscriber::fmt::MakeWriter;

/// A log that all threads of this program append to.
#[derive(Clone)]
struct SharedLog(Arc<Mutex<RotatingLog>>);

impl SharedLog {
    /// Opens the log at `path`, as `options` say.
    fn open(options: Options, path: impl AsRef<Path>) -> clh_tee::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(options.open(path)?))))
    }

    /// Appends whole lines, and tells what went wrong: a program that logs
    /// goes on if it cannot.
    fn append(&self, lines: &[u8]) {
        // A thread that has panicked leaves the log as fit as it was.
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = log.append(lines) {
            let lost = lines.len() - error.appended;
            eprintln!("{error}; {lost} bytes are lost");
        }
        for notice in log.take_notices() {
            if let Notice::CannotRotate(error) | Notice::CannotCompress(error) = notice {
                eprintln!("warning: {error}");
            }
        }
    }
}

impl<'a> MakeWriter<'a> for SharedLog {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event { log: self, text: Vec::with_capacity(256) }
    }
}

/// One event on its way to the log.
struct Event<'a> {
    /// Where it goes.
    log: &'a SharedLog,
    /// What has been written of it.
    text: Vec<u8>,
}

impl Write for Event<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            // What is appended are lines, each with its newline.
            if !self.text.ends_with(b"\n") {
                self.text.push(b'\n');
            }
            self.log.append(&self.text);
        }
    }
}

/// Returns where events go: into the log, without colours.
fn events_to(log: SharedLog) -> Dispatch {
    tracing_subscriber::fmt().with_writer(log).with_ansi(false).into()
}

/// Does some work, and logs it.
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
    tracing::dispatcher::set_global_default(events_to(SharedLog::open(options, path)?))?;
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
            events_to(SharedLog::open(options, dir.path().join("app.log")).expect("open the log"))
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
