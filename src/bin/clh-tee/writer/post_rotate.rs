//! What is run after each rotation of ours (`--on-rotate`).
//!
//! A thread of its own runs one program after the other, each with the path of
//! a backup as its only argument. It is started when there is a backup. Whoever
//! appends only hands over which backup that is, and the end waits no longer
//! than it is told to.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clh_tee::{Escaped, Rotated};

use crate::args::Cli;
use crate::messages::{Report, counted, reason};
use crate::sys::{
    Apart, Awaited, Umask, Waker, Woken, is_program, is_ready, killed_by, wait, waker,
};

/// What is run with each backup.
pub(crate) struct PostRotate {
    /// What is shared with the thread that runs it.
    shared: Arc<Shared>,
    /// What the thread needs to begin, until it does.
    start: Mutex<Option<Waker>>,
    /// Is ready when the thread has ended.
    done: Woken,
}

/// What everybody knows of it.
struct Shared {
    /// The program.
    command: OsString,
    /// How it is started.
    apart: Apart,
    /// Where troubles are told.
    report: Report,
    /// What is to be done, and what has been.
    state: Mutex<State>,
    /// Wakes the thread.
    news: Condvar,
}

/// What is to be done, and what has been.
#[derive(Default)]
struct State {
    /// Backups that wait for their turn.
    waiting: VecDeque<Rotated>,
    /// The backup that the program runs with.
    running: Option<PathBuf>,
    /// No more will come.
    ended: bool,
    /// What has been done.
    counts: Counts,
}

/// What has been done with backups.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// How many were handed on.
    pub(crate) handed: u64,
    /// With how many of them that failed, or could not be tried.
    pub(crate) failed: u64,
}

impl PostRotate {
    /// Returns what runs --on-rotate's program, if there is one, with the umask
    /// that was in force `before` ours.
    pub(crate) fn of(
        cli: &Cli,
        before: Option<Umask>,
        report: &Report,
    ) -> anyhow::Result<Option<Self>> {
        let command = cli.rotating.on_rotate.clone();
        Self::check(cli)?;
        let new = |command| Self::new(command, before, report).context("cannot make a pipe");
        command.map(new).transpose()
    }

    /// Refuses a program that is not there, before there is a backup for it.
    pub(crate) fn check(cli: &Cli) -> anyhow::Result<()> {
        let missing = cli.rotating.on_rotate.as_ref().filter(|program| !is_program(program));
        let Some(program) = missing else { return Ok(()) };
        let spaced = program.as_encoded_bytes().contains(&b' ');
        let advice = if spaced { "; give a program without arguments" } else { "" };
        let program = Escaped::text(program);
        bail!("cannot run '{program}' for --on-rotate: there is no such program{advice}");
    }

    fn new(command: OsString, before: Option<Umask>, report: &Report) -> io::Result<Self> {
        let (ends, done) = waker()?;
        let shared = Shared {
            command,
            apart: Apart::new(before),
            report: report.clone(),
            state: Mutex::default(),
            news: Condvar::new(),
        };
        Ok(Self { shared: Arc::new(shared), start: Mutex::new(Some(ends)), done })
    }

    /// Has it run with a backup when those before it are done.
    pub(crate) fn add(&self, rotated: Rotated) {
        self.shared.state().waiting.push_back(rotated);
        self.shared.news.notify_one();
        let start = self.start.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ends) = start {
            let shared = Arc::clone(&self.shared);
            thread::spawn(move || shared.run(&ends));
        }
    }

    /// Says that no more backups will come, and waits until all is done, or
    /// until then, or until one of `others` is ready; tells whether all is done.
    pub(crate) fn is_done_by<'a>(
        &'a self,
        until: Instant,
        others: impl Iterator<Item = Awaited<'a>>,
    ) -> bool {
        self.shared.state().ended = true;
        self.shared.news.notify_one();
        if self.start.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            // There has never been a backup.
            return true;
        }
        let mut awaited: Vec<_> = iter::once(self.done.awaited()).chain(others).collect();
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        // Cut short by a signal, it is not done; whoever asks can ask again.
        wait(&mut awaited, Some(left)).is_ok() && is_ready(&awaited[0])
    }

    /// Leaves it alone, and tells what is left undone.
    pub(crate) fn leave(&self) {
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

    /// Returns what has been done so far.
    pub(crate) fn counts(&self) -> Counts {
        self.shared.state().counts
    }
}

impl Shared {
    /// Runs the program with each backup, until no more come.
    fn run(&self, _ends: &Waker) {
        while let Some(rotated) = self.next() {
            // Looked for only now, for by now it may have moved.
            let path = rotated.path();
            self.state().running.clone_from(&path);
            let trouble = match &path {
                Some(path) => self.run_with(path),
                None => Some(format!(
                    "a backup is gone or has been moved away; '{}' did not get it",
                    Escaped::text(&self.command)
                )),
            };
            let mut state = self.state();
            state.running = None;
            state.counts.handed += u64::from(path.is_some());
            state.counts.failed += u64::from(trouble.is_some());
            drop(state);
            if let Some(trouble) = trouble {
                self.report.warn(&trouble);
            }
        }
    }

    /// Returns the next backup, when there is one.
    fn next(&self) -> Option<Rotated> {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.ended;
        let state = self.news.wait_while(self.state(), idle);
        state.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    /// Runs the program with the backup at `path`, to its end; returns what
    /// went wrong.
    fn run_with(&self, path: &Path) -> Option<String> {
        let mut command = Command::new(&self.command);
        command.arg(path).stdin(Stdio::null()).stdout(io::stderr());
        let (shown, backup) = (Escaped::text(&self.command), self.report.path(path));
        match self.apart.run(&mut command) {
            Err(error) => Some(format!("cannot run '{shown}' for '{backup}': {}", reason(&error))),
            Ok(status) => fault(status).map(|how| format!("'{shown}' {how} for '{backup}'")),
        }
    }

    /// Returns what is to be done, and what has been.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says what is wrong with how a program has ended, if anything is.
fn fault(status: ExitStatus) -> Option<String> {
    match (status.code(), killed_by(status)) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("ended with status {code}")),
        (None, Some(signal)) => Some(format!("was killed by signal {signal}")),
        (None, None) => Some(format!("ended with {status}")),
    }
}
