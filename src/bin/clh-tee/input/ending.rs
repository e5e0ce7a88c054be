//! How it ends: what could not be put in, what was done, the exit status.

use std::time::Instant;

use super::event_loop::EventLoop;
use super::source::Source;
use crate::messages::{Status, counted};
use crate::sys::{Request, reap, stop};
use crate::writer::post_rotate::{Counts, PostRotate};
use crate::writer::queue::newlines;
use crate::writer::sink::GivenUp;

impl EventLoop<'_> {
    /// Gives up what is not in yet: tells why and how much that is, and sends
    /// it to standard error.
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

    /// Tells what was done, and how it ended.
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

    /// Returns how it has ended, or would if this were the end.
    pub(super) fn status(&self) -> Status {
        let lost = self.lost || self.sink.dropped() > 0 || !self.sink.is_safe();
        match &self.job {
            None if lost => Status::Lost,
            None => self.dies_of.map_or(Status::AllIn, Status::Killed),
            Some(_) if lost => Status::Failed,
            // It still runs if we had to give up before its end.
            Some(job) => job.child.status().unwrap_or(Status::Failed),
        }
    }

    /// Waits until what is run after rotations is done, as long as there is
    /// time. A signal that asks for the end ends that.
    fn wait_for_post_rotate(&mut self) {
        let Some(post_rotate) = self.sink.post_rotate() else { return };
        let until = match self.drain {
            Some(drain) => drain.appending,
            None => Instant::now() + self.cli.drain_timeout,
        };
        loop {
            if post_rotate.is_done_by(until, self.signals.awaited()) {
                return;
            }
            if Instant::now() >= until {
                break;
            }
            let mut ends = false;
            for signal in self.signals.caught() {
                match signal.request {
                    Request::Child => reap(),
                    Request::HangUp if self.job.is_none() => {}
                    Request::Stop if self.job.is_some() => signal.number.map_or((), stop),
                    request => ends |= request.ends() && !signal.ignored,
                }
            }
            if ends {
                break;
            }
        }
        post_rotate.leave();
    }

    /// Shows, for the counts, what has been done with backups, if anything is.
    fn handed_on(&self) -> String {
        let counts = self.sink.post_rotate().map(PostRotate::counts);
        let shown = counts.map(|Counts { handed, failed }| {
            format!(", backups handed on: {handed}, failures of that: {failed}")
        });
        shown.unwrap_or_default()
    }

    /// Tells what was done.
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
