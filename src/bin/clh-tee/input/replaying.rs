//! Showing the output that was kept back, if the command has failed (--quiet-ok).

use std::io;
use std::time::{Duration, Instant};

use super::event_loop::EventLoop;
use crate::messages::{Status, reason};
use crate::sys::{Awaited, wait};

/// How much time kept output gets when lines are given up.
const LAST_TIME: Duration = Duration::from_secs(1);

impl EventLoop<'_> {
    /// Shows the next piece, if the command has failed and the last piece has been taken;
    /// returns whether it did.
    pub(super) fn replays(&mut self) -> bool {
        if self.spool.is_some() && self.is_done() && self.status() != Status::Command(0) {
            self.begin_replay();
        }
        if self.sources.iter().any(|source| source.tee.waits_for().is_some()) {
            return false;
        }
        let Some(replay) = &mut self.replay else { return false };
        match replay.next() {
            Ok(Some((stream, bytes))) => {
                let source = self.sources.iter_mut().find(|source| source.stream == stream);
                let outcome = source.map_or(Ok(()), |source| source.tee.write(&bytes));
                self.warn_of_tee(stream, outcome);
                return true;
            }
            Ok(None) => {}
            Err(error) => self.cannot_replay(&error),
        }
        self.replay = None;
        false
    }

    /// Begins to show what was kept; nothing is kept back any more.
    fn begin_replay(&mut self) {
        if let Some(spool) = self.spool.take() {
            match spool.replay() {
                Ok(replay) => self.replay = Some(replay),
                Err(error) => self.cannot_replay(&error),
            }
        }
    }

    /// Shows as much of it as [`LAST_TIME`] allows.
    pub(super) fn replay_at_once(&mut self) {
        self.begin_replay();
        let deadline = Instant::now() + LAST_TIME;
        loop {
            while self.replays() {}
            let waits_for = self.sources.iter().filter_map(|source| source.tee.waits_for());
            let mut awaited: Vec<Awaited> = waits_for.collect();
            let left = deadline.saturating_duration_since(Instant::now());
            if awaited.is_empty() || left.is_zero() {
                return;
            }
            // A wait that a signal interrupts is repeated.
            wait(&mut awaited, Some(left)).unwrap_or_default();
            for source in &mut self.sources {
                // A broken one has ended; lost lines matter more than a warning of it.
                drop(source.tee.go_on());
            }
        }
    }

    /// Shows what was kept, if no more can be kept.
    pub(super) fn warn_of_spool(&mut self, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            let why = reason(&error);
            self.report.warn(&format!("cannot keep the output back: {why}; it is shown"));
            self.begin_replay();
        }
    }

    fn cannot_replay(&self, error: &io::Error) {
        self.report.warn(&format!("cannot show all that was kept back: {}", reason(error)));
    }
}
