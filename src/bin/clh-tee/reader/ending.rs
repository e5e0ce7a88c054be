//! How it ends: what could not be put in, what was done, the exit status.

use super::Reader;
use crate::queue::newlines;
use crate::report::{Status, counted};
use crate::sink::GivenUp;

impl Reader<'_> {
    /// Gives up what is not in yet: tells why and how much that is, and sends
    /// it to standard error.
    pub(super) fn give_up(mut self, why: &str) -> Status {
        self.echo.end();
        self.lines.end_torn();
        let GivenUp { mut lines, unsure } = self.sink.give_up();
        lines.extend_from_slice(self.lines.rest());
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
        self.finish(if unsure || count > 0 { Status::Lost } else { Status::AllIn })
    }

    /// Tells what was done, and how it ended.
    pub(super) fn finish(self, status: Status) -> Status {
        let dropped = self.sink.dropped();
        if dropped > 0 {
            let lines = counted(dropped, "line");
            self.report
                .say(&format!("{lines} dropped, the buffer was full (--overflow, --buffer)"));
        }
        if self.cli.stats {
            self.tell_stats();
        }
        let lost = self.broken || dropped > 0 || !self.sink.is_safe();
        if lost { Status::Lost } else { status }
    }

    /// Tells what was done.
    fn tell_stats(&self) {
        let stats = self.sink.stats().unwrap_or_default();
        let (lines, dropped, cuts) = (self.read, self.sink.dropped(), self.lines.cuts());
        let wait = stats.longest_wait.as_secs_f64() * 1000.0;
        self.report.say(&format!(
            "lines: {lines}, bytes: {}, batches: {}, rotations: {}, \
             longest wait for the lock: {wait:.3} ms, lines dropped: {dropped}, cuts: {cuts}",
            stats.bytes, stats.batches, stats.rotations
        ));
    }
}
