//! What the first thread waits for, and how long.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use super::event_loop::{Event, EventLoop};
use super::source::Source;
use crate::messages::time;
use crate::sys::{self, Awaited};
use crate::writer::sink::Sink;

impl EventLoop<'_> {
    pub(super) fn wait(&mut self) -> io::Result<Vec<Event>> {
        let timeout = self.timeout();
        let sources = || self.sources.iter().enumerate();
        let inputs = sources()
            .filter(|_| self.wants_input())
            .filter_map(|(number, source)| Some((Event::Input(number), source.waits_for()?)));
        let outputs = sources()
            .filter_map(|(number, source)| Some((Event::Output(number), source.tee.waits_for()?)));
        let sinks = self.sinks.iter().enumerate();
        let news = sinks.map(|(number, sink)| (Event::News(number), sink.news.awaited()));
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
                // The pipe is empty, so nothing is left to drain.
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
        let record = self.sources.iter().filter_map(Source::record_until).min();
        let limits = [drain, self.lingers_until(), record].into_iter();
        let of_sinks = self.sinks.iter().flat_map(Sink::wakes_at);
        let until = limits.chain(of_sinks).flatten().min()?;
        let left = until.saturating_duration_since(Instant::now());
        // Rounded up, because otherwise the last millisecond would be spent polling.
        Some(left + Duration::from_millis(1))
    }

    /// Gives up the lines of each log whose time is over; returns whether there was one.
    pub(super) fn gives_up(&mut self) -> bool {
        let now = Instant::now();
        if self.drain.is_some_and(|drain| drain.reading <= now) {
            self.sources.iter_mut().for_each(Source::end);
            self.put();
        }
        let is_over = self.drain.is_some_and(|drain| drain.appending <= now) && !self.is_done();
        let why = |sink: &Sink| self.why_to_give_up(sink, now, is_over);
        let reasons: Vec<Option<String>> = self.sinks.iter().map(why).collect();
        let gives_up = is_over || reasons.iter().any(Option::is_some);
        if gives_up {
            self.give_up(&reasons);
        }
        gives_up
    }

    fn why_to_give_up(&self, sink: &Sink, now: Instant, is_over: bool) -> Option<String> {
        if sink.given_up.is_some() {
            return None;
        }
        let since = sink.locking_since();
        // Settling ends background work, and more lines may come until all have been put.
        let is_put = self.sources.iter().all(Source::is_put);
        let is_late = is_over && (!sink.is_idle() || is_put && !sink.is_settled());
        let reason = if is_late {
            match since {
                Some(_) => "its lock is held by another process".to_owned(),
                None => "the time after TERM is over".to_owned(),
            }
        } else if self.has_ended() && sink.is_hopeless() {
            "it may not grow".to_owned()
        } else {
            let limit = sink
                .lock_timeout
                .filter(|limit| since.is_some_and(|since| since + *limit <= now))?;
            format!("its lock has been held by others for {}", time(limit))
        };
        // What keeps lines out of the log is the more useful message.
        let log = self.report.path(sink.path());
        Some(sink.trouble().unwrap_or_else(|| format!("cannot append to '{log}': {reason}")))
    }
}
