//! The end: lines that could not be appended, kept output (--quiet-ok), statistics, and the exit
//! status.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::event_loop::{Drain, EventLoop};
use super::source::Source;
use crate::messages::{Status, counted, reason};
use crate::sys::{Awaited, Request, reap, stop, wait};
use crate::writer::post_rotate::Counts;
use crate::writer::queue::newlines;
use crate::writer::sink::{GivenUp, Sink};

/// How much time kept output and the other logs get after lines are given up.
const LAST_TIME: Duration = Duration::from_secs(1);

impl EventLoop<'_> {
    pub(super) fn give_up_all(&mut self, why: &str) {
        self.give_up(&vec![Some(why.to_owned()); self.sinks.len()]);
    }

    /// Gives up the lines of each log that has a reason. Nothing more is read, and the other logs
    /// get a little time for what has been read.
    pub(super) fn give_up(&mut self, reasons: &[Option<String>]) {
        if !self.stopped {
            self.replay_at_once();
            self.stopped = true;
            for source in &mut self.sources {
                source.tee.end();
                source.end();
            }
        }
        for (sink, why) in self.sinks.iter_mut().zip(reasons) {
            if let Some(why) = why {
                sink.give_up(why);
            }
        }
        if self.sinks.iter().any(|sink| sink.given_up.is_none()) {
            let now = Instant::now();
            self.drain = Some(Drain { reading: now, appending: now + LAST_TIME });
        }
    }

    pub(super) fn finish(mut self) -> Status {
        for sink in &self.sinks {
            self.report_lost(sink);
        }
        self.wait_for_post_rotate();
        for sink in &self.sinks {
            let dropped = sink.dropped();
            if dropped > 0 {
                let (log, lines) = (self.named(sink), counted(dropped, "line"));
                let what = "dropped, the buffer was full (--overflow, --buffer)";
                self.report.say(&format!("{log}{lines} {what}"));
            }
        }
        if self.cli.stats {
            self.sinks.iter().enumerate().for_each(|(log, sink)| self.report_stats(log, sink));
        }
        self.status()
    }

    /// Reports why lines were given up, and writes them to standard error.
    fn report_lost(&self, sink: &Sink) {
        let Some(GivenUp { why, lines, records, unsure }) = &sink.given_up else { return };
        let count = newlines(lines) + records.iter().map(|record| record.lines).sum::<u64>();
        if *unsure {
            let log = self.report.path(sink.path());
            self.report.say(&format!("cannot tell whether the last lines are in '{log}'"));
        }
        if count > 0 {
            let lost = counted(count, "line");
            self.report.say(&format!("{why}; {lost} lost, as follows"));
            let records = records.iter().cloned().map(|record| Box::new(record) as Box<dyn Read>);
            let records = records.fold(Box::new(&**lines) as Box<dyn Read>, |all, record| {
                Box::new(all.chain(record))
            });
            self.report.rescue(records);
        }
    }

    /// Returns the beginning of a message that is about one of several logs.
    fn named(&self, sink: &Sink) -> String {
        match self.sinks.len() {
            1 => String::new(),
            _ => format!("'{}': ", self.report.path(sink.path())),
        }
    }

    /// Returns the exit status, or what it would be at this point.
    pub(super) fn status(&self) -> Status {
        let lost = self.lost || self.sinks.iter().any(Sink::has_lost);
        match &self.child {
            None if lost => Status::Lost,
            None => self.dies_of.map_or(Status::AllIn, Status::Killed),
            Some(_) if lost => Status::Failed,
            // If we gave up early, it still runs.
            Some(child) => child.status().unwrap_or(Status::Failed),
        }
    }

    /// Waits until the programs after rotations have ended, but at most for the drain timeout, and
    /// not after a signal that ends us.
    fn wait_for_post_rotate(&mut self) {
        let until = self.drain.map(|drain| drain.appending);
        let until = until.unwrap_or_else(|| Instant::now() + self.cli.drain_timeout);
        let mut ends = false;
        for post_rotate in self.sinks.iter().filter_map(Sink::post_rotate) {
            while !post_rotate.is_done_by(until, self.signals.awaited()) {
                ends |= Instant::now() >= until;
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
                    post_rotate.leave();
                    break;
                }
            }
        }
    }

    fn report_stats(&self, log: usize, sink: &Sink) {
        let stats = sink.stats().unwrap_or_default();
        let lines = |source: &Source| match self.sinks.len() {
            1 => source.lines_read,
            _ => source.lines_for(log),
        };
        let lines: u64 = self.sources.iter().map(lines).sum();
        let (log, dropped, cuts) =
            (self.named(sink), sink.dropped(), self.cuts().iter().sum::<u64>());
        let handed_on = sink.post_rotate().map_or_else(String::new, |post_rotate| {
            let Counts { handed, failed } = post_rotate.counts();
            format!(", backups handed on: {handed}, failures of that: {failed}")
        });
        let wait = stats.longest_wait.as_secs_f64() * 1000.0;
        self.report.say(&format!(
            "{log}lines: {lines}, bytes: {}, batches: {}, rotations: {}, \
             longest wait for the lock: {wait:.3} ms, lines dropped: {dropped}, cuts: {cuts}{handed_on}",
            stats.bytes, stats.batches, stats.rotations
        ));
    }

    /// Shows a failed command's next piece once the last one has been taken; returns whether it
    /// did.
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

    /// Begins to show the kept output; no more output is kept.
    fn begin_replay(&mut self) {
        if let Some(spool) = self.spool.take() {
            self.replay = Some(spool.replay());
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
                // A broken copy has ended. Lost lines matter more than a warning about it.
                drop(source.tee.go_on());
            }
        }
    }

    /// If no more output can be kept, shows what was kept.
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
