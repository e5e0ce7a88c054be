//! What was kept back is shown, if the command has failed.

use std::io;
use std::time::{Duration, Instant};

use super::event_loop::EventLoop;
use crate::messages::{Status, reason};
use crate::sys::Stream;
use crate::sys::{Awaited, wait};

/// How long what was kept back is given to go out when lines are given up.
const LAST_TIME: Duration = Duration::from_secs(1);

impl EventLoop<'_> {
    /// Shows the next piece of what was kept back, if the command has failed
    /// and the last piece has been taken; tells whether it did.
    pub(super) fn replays(&mut self) -> bool {
        if self.spool.is_some() && self.is_done() && self.status() != Status::Command(0) {
            self.begin_replay();
        }
        if self.sources.iter().any(|source| source.tee.waits_for().is_some()) {
            return false;
        }
        let Some((stream, bytes)) = self.next_kept() else {
            return false;
        };
        let source = self.sources.iter_mut().find(|source| source.stream == stream);
        let outcome = source.map_or(Ok(()), |source| source.tee.write(&bytes));
        self.warn_of_tee(stream, outcome);
        true
    }

    /// Begins to show what was kept back, and keeps nothing back any more.
    fn begin_replay(&mut self) {
        if let Some(spool) = self.spool.take() {
            match spool.replay() {
                Ok(replay) => self.replay = Some(replay),
                Err(error) => self.cannot_replay(&error),
            }
        }
    }

    /// Returns the next piece of what was kept back, if it is to be shown.
    fn next_kept(&mut self) -> Option<(Stream, Vec<u8>)> {
        match self.replay.as_mut()?.next() {
            Ok(Some(piece)) => return Some(piece),
            Ok(None) => {}
            Err(error) => self.cannot_replay(&error),
        }
        self.replay = None;
        None
    }

    /// Shows what was kept back as far as that can be done in a short time.
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
            // If a signal cuts that short, there is a next time.
            wait(&mut awaited, Some(left)).unwrap_or_default();
            for source in &mut self.sources {
                // One that is broken has ended, and there is more to tell now.
                drop(source.tee.go_on());
            }
        }
    }

    /// Shows what was kept back if no more of it can be kept.
    pub(super) fn warn_of_spool(&mut self, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            let why = reason(&error);
            self.report.warn(&format!("cannot keep the output back: {why}; it is shown"));
            self.begin_replay();
        }
    }

    /// Tells that not all of what was kept back is shown.
    fn cannot_replay(&self, error: &io::Error) {
        self.report.warn(&format!("cannot show all that was kept back: {}", reason(error)));
    }
}
