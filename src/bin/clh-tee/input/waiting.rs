//! What the first thread waits for, and for how long.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use super::event_loop::{Event, EventLoop};
use super::source::Source;
use crate::messages::time;
use crate::sys::{self, Awaited};

impl EventLoop<'_> {
    pub(super) fn wait(&mut self) -> io::Result<Vec<Event>> {
        let timeout = self.timeout();
        let sources = || self.sources.iter().enumerate();
        let inputs = sources()
            .filter(|_| self.wants_input())
            .filter_map(|(number, source)| Some((Event::Input(number), source.waits_for()?)));
        let outputs = sources()
            .filter_map(|(number, source)| Some((Event::Output(number), source.tee.waits_for()?)));
        let news = [(Event::News, self.sink.news.awaited())];
        let signals = self.signals.awaited().map(|signal| (Event::Signals, signal));
        let all = inputs.chain(outputs).chain(news).chain(signals);
        let (events, mut awaited): (Vec<Event>, Vec<Awaited>) = all.unzip();
        match sys::wait(&mut awaited, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Vec::new()),
            outcome => outcome?,
        }
        let is_ready: Vec<bool> = awaited.iter().map(sys::is_ready).collect();
        let ends_empty = self.ends_empty();
        let mut ready = Vec::new();
        for (event, is_ready) in events.into_iter().zip(is_ready) {
            match event {
                _ if is_ready => ready.push(event),
                // The pipe is empty, so it has been drained.
                Event::Input(number) if ends_empty => self.leave(number),
                _ => {}
            }
        }
        Ok(ready)
    }

    fn timeout(&self) -> Option<Duration> {
        let can_read = || self.sources.iter().any(|source| source.waits_for().is_some());
        if self.ends_empty() && self.wants_input() && can_read() {
            return Some(Duration::ZERO);
        }
        let drain = self.drain.map(|drain| drain.appending);
        let lock = self.cli.lock_timeout.map(|limit| {
            // A wait for the lock that has not begun can begin now.
            self.sink.locking_since().unwrap_or_else(Instant::now) + limit
        });
        let limits = [drain, lock, self.lingers_until(), self.sink.turn_by(), self.sink.next_try()];
        let until = limits.into_iter().flatten().min()?;
        let left = until.saturating_duration_since(Instant::now());
        // Rounded up: otherwise the last millisecond would be spent polling.
        Some(left + Duration::from_millis(1))
    }

    /// Returns why to give up, if the time is over.
    pub(super) fn time_is_up(&mut self) -> Option<String> {
        let now = Instant::now();
        if self.drain.is_some_and(|drain| drain.reading <= now) {
            self.sources.iter_mut().for_each(Source::end);
            self.put();
        }
        if self.drain.is_some_and(|drain| drain.appending <= now) {
            return (!self.is_done()).then(|| match self.sink.locking_since() {
                Some(_) => self.cannot_append("its lock is held by another process"),
                None => self.cannot_append("the time after TERM is over"),
            });
        }
        if self.has_ended() && self.sink.is_hopeless() {
            return Some(self.cannot_append("it may not grow"));
        }
        let (limit, since) = (self.cli.lock_timeout?, self.sink.locking_since()?);
        let waited = time(limit);
        let reason = format!("its lock has been held by others for {waited}");
        (since + limit <= now).then(|| self.cannot_append(&reason))
    }

    /// Returns the trouble that keeps lines from going in, or else this `reason`.
    fn cannot_append(&self, reason: &str) -> String {
        let log = self.report.path(&self.cli.log);
        self.sink.trouble().unwrap_or_else(|| format!("cannot append to '{log}': {reason}"))
    }
}
