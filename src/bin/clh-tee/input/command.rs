//! The command in the event loop: markers for its start and end in the log,
//! signals passed on, and a bounded wait for processes that outlive it.

use std::time::Instant;

use super::event_loop::EventLoop;
use super::source::Source;
use crate::input::child::Child;
use crate::sys::{Caught, Request, Sender, reap};

pub(super) struct Job {
    pub(super) child: Child,
    /// TERM was passed on to it.
    terminated: bool,
    stop: Stop,
    /// Set at its end: until when other processes may hold its output open.
    lingers_until: Option<Instant>,
    /// A warning said that they did.
    left: bool,
    /// Its end is in the log.
    noted: bool,
}

/// A stop by a shell's job control.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    None,
    /// The signal has arrived.
    Asked,
    /// We stopped with the command; CONT is still to be read.
    Done,
}

impl Job {
    pub(super) fn new(child: Child) -> Self {
        let (stop, lingers_until) = (Stop::None, None);
        Self { child, terminated: false, stop, lingers_until, left: false, noted: false }
    }

    /// Stops us, if the command has stopped as a job does.
    fn stop_if_it_has(&mut self) {
        if self.child.stops_us(self.stop == Stop::Asked) {
            self.stop = Stop::Done;
        }
    }
}

impl EventLoop<'_> {
    /// Passes a signal on to the running command; returns false if it is not for that.
    pub(super) fn passes_on(&mut self, signal: Caught) -> bool {
        let is_ours = signal.request == Request::Child && signal.sender == Sender::Ourselves;
        let Some(job) = self.job.as_mut().filter(|job| job.child.is_running() && !is_ours) else {
            return false;
        };
        job.terminated |= signal.request == Request::Terminate;
        if let Err(trouble) = job.child.pass_on(signal, job.stop == Stop::Done) {
            self.report.warn(&trouble);
        }
        match signal.request {
            Request::Stop => {
                job.stop = Stop::Asked;
                job.stop_if_it_has();
            }
            Request::Continue => job.stop = Stop::None,
            _ => {}
        }
        true
    }

    /// Reaps our children, and notices the command's end. What it wrote last is still
    /// read; other processes that hold its output open get some time.
    pub(super) fn look_after_command(&mut self) {
        reap();
        let Some(job) = &mut self.job else { return };
        job.stop_if_it_has();
        if !job.child.notes_end() {
            return;
        }
        job.lingers_until = Some(Instant::now() + self.cli.drain_timeout);
        let terminated = job.terminated;
        self.sources.iter_mut().for_each(Source::command_has_ended);
        if terminated {
            self.terminate();
        }
    }

    /// Returns until when others may hold the command's output open, if in the future.
    pub(super) fn lingers_until(&self) -> Option<Instant> {
        let until = self.job.as_ref()?.lingers_until?;
        (until > Instant::now() && !self.has_ended()).then_some(until)
    }

    /// Returns true if an empty input counts as ended.
    pub(super) fn ends_empty(&self) -> bool {
        let until = self.job.as_ref().and_then(|job| job.lingers_until);
        self.drain.is_some() || until.is_some_and(|until| until <= Instant::now())
    }

    /// Treats a source as ended though another process has it open. Warns once, but not after TERM.
    pub(super) fn leave(&mut self, source: usize) {
        self.sources[source].end();
        if let Some(job) = self.job.as_mut().filter(|job| self.drain.is_none() && !job.left) {
            job.left = true;
            self.report.warn(
                "the command has ended, but something else holds its output open; \
                 that is not read any longer (--drain-timeout)",
            );
        }
    }

    /// Writes the marker for the start (--markers).
    pub(super) fn note_beginning(&mut self) {
        if let Some(job) = self.job.as_ref().filter(|_| self.cli.running.markers)
            && let Some(words) = job.child.beginning()
        {
            self.sources[0].note(&format!("clh-tee: {words}\n"));
        }
    }

    /// Writes the marker for the end once all input has ended; returns whether it did.
    pub(super) fn notes_ending(&mut self) -> bool {
        if !self.cli.running.markers || !self.has_ended() {
            return false;
        }
        let Some(job) = self.job.as_mut().filter(|job| !job.noted) else { return false };
        job.noted = true;
        let Some(words) = job.child.ending() else { return false };
        self.sources[0].note(&format!("clh-tee: {words}\n"));
        true
    }
}
