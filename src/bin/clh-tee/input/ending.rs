//! The end: lines that were not appended, output kept back (--quiet-ok), statistics, exit status.

use std::io;
use std::time::{Duration, Instant};

use super::event_loop::EventLoop;
use crate::messages::{Status, counted, reason};
use crate::sys::{Awaited, Request, reap, stop, wait};
use crate::writer::post_rotate::Counts;
use crate::writer::queue::newlines;

/// How much time kept output gets when lines are given up.
const LAST_TIME: Duration = Duration::from_secs(1);

impl EventLoop<'_> {
    /// Gives up the lines that are not in yet: says why, and writes them to standard error.
    pub(super) fn give_up(mut self, why: &str) -> Status {
        self.replay_at_once();
        let (mut lines, unsure) = self.sink.give_up();
        for source in &mut self.sources {
            source.tee.end();
            source.give_up(&mut lines);
        }
        let count = newlines(&lines);
        if unsure {
            let log = self.report.path(&self.cli.log);
            self.report.say(&format!("cannot tell whether the last lines are in '{log}'"));
        }
        if count > 0 {
            let lost = counted(count, "line");
            self.report.say(&format!("{why}; {lost} lost, as follows"));
            self.report.rescue(&lines);
        }
        self.lost |= unsure || count > 0;
        self.finish()
    }

    pub(super) fn finish(mut self) -> Status {
        self.wait_for_post_rotate();
        let dropped = self.sink.dropped();
        if dropped > 0 {
            let lines = counted(dropped, "line");
            let what = format!("{lines} dropped, the buffer was full (--overflow, --buffer)");
            self.report.say(&what);
        }
        if self.cli.stats {
            self.report_stats();
        }
        self.status()
    }

    /// Returns the exit status, or what it would be at this point.
    pub(super) fn status(&self) -> Status {
        let lost = self.lost || self.sink.dropped() > 0 || !self.sink.is_safe();
        match &self.child {
            None if lost => Status::Lost,
            None => self.dies_of.map_or(Status::AllIn, Status::Killed),
            Some(_) if lost => Status::Failed,
            // It still runs if we gave up before its end.
            Some(child) => child.status().unwrap_or(Status::Failed),
        }
    }

    /// Waits until the programs run after rotations are done, but no longer than the
    /// drain timeout, nor after a signal that ends us.
    fn wait_for_post_rotate(&mut self) {
        let Some(post_rotate) = self.sink.post_rotate() else { return };
        let until = self.drain.map(|drain| drain.appending);
        let until = until.unwrap_or_else(|| Instant::now() + self.cli.drain_timeout);
        while !post_rotate.is_done_by(until, self.signals.awaited()) {
            let mut ends = Instant::now() >= until;
            let signals = if ends { Vec::new() } else { self.signals.caught() };
            for signal in signals {
                match signal.request {
                    Request::Child => reap(),
                    Request::HangUp if self.child.is_none() => {}
                    Request::Stop if self.child.is_some() => signal.number.map_or((), stop),
                    request => ends |= request.ends() && !signal.ignored,
                }
            }
            if ends {
                return post_rotate.leave();
            }
        }
    }

    fn report_stats(&self) {
        let stats = self.sink.stats().unwrap_or_default();
        let lines: u64 = self.sources.iter().map(|source| source.lines_read).sum();
        let (dropped, cuts) = (self.sink.dropped(), self.cuts());
        let handed_on = self.sink.post_rotate().map_or_else(String::new, |post_rotate| {
            let Counts { handed, failed } = post_rotate.counts();
            format!(", backups handed on: {handed}, failures of that: {failed}")
        });
        let wait = stats.longest_wait.as_secs_f64() * 1000.0;
        self.report.say(&format!(
            "lines: {lines}, bytes: {}, batches: {}, rotations: {}, \
             longest wait for the lock: {wait:.3} ms, lines dropped: {dropped}, cuts: {cuts}{handed_on}",
            stats.bytes, stats.batches, stats.rotations
        ));
    }

    /// Shows a failed command's next piece once the last has been taken; returns whether it did.
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
