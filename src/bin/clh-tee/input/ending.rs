//! The end: lines that could not be appended, statistics, the exit status.

use std::time::Instant;

use super::event_loop::EventLoop;
use super::source::Source;
use crate::messages::{Status, counted};
use crate::sys::{Request, reap, stop};
use crate::writer::post_rotate::Counts;
use crate::writer::queue::newlines;
use crate::writer::sink::GivenUp;

impl EventLoop<'_> {
    /// Gives up the lines that are not in yet: says why and how many, and writes them
    /// to standard error.
    pub(super) fn give_up(mut self, why: &str) -> Status {
        self.replay_at_once();
        let GivenUp { mut lines, unsure } = self.sink.give_up();
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
            self.report
                .say(&format!("{lines} dropped, the buffer was full (--overflow, --buffer)"));
        }
        if self.cli.stats {
            self.report_stats();
        }
        self.status()
    }

    /// Returns the exit status, or what it would be at this point.
    pub(super) fn status(&self) -> Status {
        let lost = self.lost || self.sink.dropped() > 0 || !self.sink.is_safe();
        match &self.job {
            None if lost => Status::Lost,
            None => self.dies_of.map_or(Status::AllIn, Status::Killed),
            Some(_) if lost => Status::Failed,
            // It still runs if we gave up before its end.
            Some(job) => job.child.status().unwrap_or(Status::Failed),
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
                    Request::HangUp if self.job.is_none() => {}
                    Request::Stop if self.job.is_some() => signal.number.map_or((), stop),
                    request => ends |= request.ends() && !signal.ignored,
                }
            }
            if ends {
                return post_rotate.leave();
            }
        }
    }

    /// Returns the part of the statistics about --on-rotate.
    fn handed_on(&self) -> String {
        self.sink.post_rotate().map_or_else(String::new, |post_rotate| {
            let Counts { handed, failed } = post_rotate.counts();
            format!(", backups handed on: {handed}, failures of that: {failed}")
        })
    }

    fn report_stats(&self) {
        let stats = self.sink.stats().unwrap_or_default();
        let lines: u64 = self.sources.iter().map(Source::lines_read).sum();
        let (dropped, cuts) = (self.sink.dropped(), self.cuts());
        let wait = stats.longest_wait.as_secs_f64() * 1000.0;
        self.report.say(&format!(
            "lines: {lines}, bytes: {}, batches: {}, rotations: {}, \
             longest wait for the lock: {wait:.3} ms, lines dropped: {dropped}, cuts: {cuts}{}",
            stats.bytes,
            stats.batches,
            stats.rotations,
            self.handed_on()
        ));
    }
}
