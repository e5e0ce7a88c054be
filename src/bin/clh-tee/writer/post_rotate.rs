//! `--on-rotate` runs a program after each of our rotations.
//!
//! A thread, started with the first backup, runs the program for one backup after another, with the
//! backup's path as its only argument. The appender only queues backups, and the end of the program
//! waits at most `--drain-timeout`. If no thread can be created, the program runs before the next
//! lines are appended.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clh_tee::{Escaped, Rotated};

use crate::args::Cli;
use crate::messages::{Report, counted, reason};
use crate::sys::{
    Awaited, Umask, Waker, Woken, is_program, is_ready, killed_by, run_apart, start_thread, wait,
    waker,
};

/// How many backups may wait, however many the log keeps.
const MOST: usize = 4096;

pub(crate) struct PostRotate {
    shared: Arc<Shared>,
    started: Mutex<bool>,
    /// Ready when the thread has ended.
    done: Woken,
}

struct Shared {
    command: OsString,
    /// The umask before ours, if we changed it.
    umask: Option<Umask>,
    report: Report,
    /// How many backups may wait; with more, some would be removed before their turn.
    limit: usize,
    state: Mutex<State>,
    news: Condvar,
    /// Dropped when the thread ends.
    ends: Mutex<Option<Waker>>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Rotated>,
    running: Option<PathBuf>,
    /// Set when no more backups will come.
    ended: bool,
    counts: Counts,
    /// How many backups were removed before their turn.
    missed: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) handed: u64,
    /// Includes backups that were removed and programs that could not be run.
    pub(crate) failed: u64,
}

impl PostRotate {
    /// Refuses a missing program at the start instead of at the first rotation. The program gets
    /// `umask`, the one before ours.
    pub(crate) fn of(cli: &Cli, umask: Option<Umask>, report: &Report) -> Result<Option<Self>> {
        let Some(command) = cli.timed.on_rotate.clone() else { return Ok(None) };
        if !is_program(&command) {
            let spaced = command.as_encoded_bytes().contains(&b' ');
            let advice = if spaced { "; give a program without arguments" } else { "" };
            let program = Escaped::text(&command);
            bail!("cannot run '{program}' for --on-rotate: there is no such program{advice}");
        }
        let (ends, done) = waker().context("cannot make a pipe")?;
        // 0 keeps all backups, but memory is limited.
        let limit = match cli.backups.map(usize::try_from) {
            Some(Ok(limit @ 1..=MOST)) => limit,
            _ => MOST,
        };
        let shared = Shared {
            command,
            umask,
            report: report.clone(),
            limit,
            state: Mutex::default(),
            news: Condvar::new(),
            ends: Mutex::new(Some(ends)),
        };
        Ok(Some(Self { shared: Arc::new(shared), started: Mutex::new(false), done }))
    }

    pub(crate) fn add(&self, rotated: Rotated) {
        self.shared.add(rotated);
        let mut started = self.started();
        if !*started {
            let shared = Arc::clone(&self.shared);
            *started = start_thread(move || shared.run()).is_ok();
        }
        if !*started {
            while let Some(rotated) = self.shared.oldest() {
                self.shared.hand_on(&rotated);
            }
        }
    }

    /// Waits until everything is done, the time is over, or one of `others` is ready; returns
    /// whether everything is done. No more backups may come.
    pub(crate) fn is_done_by<'a>(
        &'a self,
        until: Instant,
        others: impl Iterator<Item = Awaited<'a>>,
    ) -> bool {
        self.shared.state().ended = true;
        self.shared.news.notify_one();
        if !*self.started() {
            self.shared.report_missed();
            return true;
        }
        let mut awaited: Vec<_> = iter::once(self.done.awaited()).chain(others).collect();
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        // A signal may end the wait early; the caller asks again.
        wait(&mut awaited, Some(left)).is_ok() && is_ready(&awaited[0])
    }

    pub(crate) fn leave(&self) {
        self.shared.report_missed();
        let mut state = self.shared.state();
        let left = std::mem::take(&mut state.waiting).len() as u64;
        let backups = counted(left, "backup");
        let was = if left == 1 { "was" } else { "were" };
        let command = Escaped::text(&self.shared.command);
        let report = &self.shared.report;
        match &state.running {
            Some(path) => report.warn(&format!(
                "'{command}' still runs for '{}'; {backups} {was} not handed on (--drain-timeout)",
                report.path(path)
            )),
            None if left > 0 => {
                report.warn(&format!("{backups} {was} not handed on to '{command}'"));
            }
            None => {}
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.shared.state().counts
    }

    fn started(&self) -> MutexGuard<'_, bool> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// If too many wait, the oldest one has been removed already.
    fn add(&self, rotated: Rotated) {
        let mut state = self.state();
        state.waiting.push_back(rotated);
        let over = state.waiting.len() > self.limit;
        if over {
            state.waiting.pop_front();
        }
        drop(state);
        self.news.notify_one();
        if over {
            self.misses();
        }
    }

    fn run(&self) {
        while let Some(rotated) = self.next() {
            self.hand_on(&rotated);
        }
        self.report_missed();
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Runs the program. The backup's path is looked up only now, because the backup may have moved
    /// while it waited.
    fn hand_on(&self, rotated: &Rotated) {
        let Some(path) = rotated.path() else { return self.misses() };
        self.state().running = Some(path.clone());
        let outcome = self.run_with(&path);
        let mut state = self.state();
        state.running = None;
        state.counts.handed += 1;
        state.counts.failed += u64::from(outcome.is_err());
        drop(state);
        if let Err(trouble) = outcome {
            self.report.warn(&trouble);
        }
    }

    /// Counts a backup that was removed before its turn, and reports the first one.
    fn misses(&self) {
        let mut state = self.state();
        state.counts.failed += 1;
        state.missed += 1;
        let first = state.missed == 1;
        drop(state);
        if first {
            self.report.warn(&format!(
                "a backup is gone or has been moved away; '{}' did not get it",
                Escaped::text(&self.command)
            ));
        }
    }

    /// Reports how many backups were removed before their turn, if there were several.
    fn report_missed(&self) {
        let missed = std::mem::take(&mut self.state().missed);
        if missed > 1 {
            self.report.warn(&format!(
                "'{}' did not get {} in all: they were gone before their turn",
                Escaped::text(&self.command),
                counted(missed, "backup")
            ));
        }
    }

    fn next(&self) -> Option<Rotated> {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.ended;
        let state = self.news.wait_while(self.state(), idle);
        state.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    fn oldest(&self) -> Option<Rotated> {
        self.state().waiting.pop_front()
    }

    fn run_with(&self, path: &Path) -> Result<(), String> {
        let mut command = Command::new(&self.command);
        command.arg(path).stdin(Stdio::null()).stdout(io::stderr());
        let (shown, backup) = (Escaped::text(&self.command), self.report.path(path));
        let status = run_apart(&mut command, self.umask)
            .map_err(|error| format!("cannot run '{shown}' for '{backup}': {}", reason(&error)))?;
        let how = match (status.code(), killed_by(status)) {
            (Some(0), _) => return Ok(()),
            (Some(code), _) => format!("ended with status {code}"),
            (None, Some(signal)) => format!("was killed by signal {signal}"),
            (None, None) => format!("ended with {status}"),
        };
        Err(format!("'{shown}' {how} for '{backup}'"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
