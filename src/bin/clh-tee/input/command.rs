//! The command in the event loop: markers in the log for its start and end, signals passed on, and
//! a limited wait for processes that outlive it.

use std::time::Instant;

use super::child::Child;
use super::event_loop::EventLoop;
use super::source::Source;
use crate::sys::{Caught, Request, Sender, reap};

impl EventLoop<'_> {
    /// Passes a signal on to the running command; returns false if the signal is not for the
    /// command.
    pub(super) fn passes_on(&mut self, signal: Caught) -> bool {
        let is_ours = signal.request == Request::Child && signal.sender == Sender::Ourselves;
        let Some(child) = self.child.as_mut().filter(|child| child.is_running() && !is_ours) else {
            return false;
        };
        if let Err(trouble) = child.pass_on(signal) {
            self.report.warn(&trouble);
        }
        true
    }

    /// Reaps our children and notices the command's end. Its last output is still read; other
    /// processes that have it open get some time.
    pub(super) fn look_after_command(&mut self) {
        reap();
        let Some(child) = &mut self.child else { return };
        child.stop_us_too();
        if !child.notes_end() {
            return;
        }
        child.lingers_until = Some(Instant::now() + self.cli.drain_timeout);
        let terminated = child.terminated;
        self.sources.iter_mut().for_each(Source::command_has_ended);
        if terminated {
            self.terminate();
        }
    }

    /// Returns until when other processes may keep the command's output open, if in the future.
    pub(super) fn lingers_until(&self) -> Option<Instant> {
        let until = self.child.as_ref()?.lingers_until?;
        (until > Instant::now() && !self.has_ended()).then_some(until)
    }

    /// Returns whether an empty input counts as ended.
    pub(super) fn ends_empty(&self) -> bool {
        let until = self.child.as_ref().and_then(|child| child.lingers_until);
        self.drain.is_some() || until.is_some_and(|until| until <= Instant::now())
    }

    /// Treats a source as ended though another process has it open. Warns once, but not after TERM.
    pub(super) fn leave(&mut self, source: usize) {
        self.sources[source].end();
        if let Some(child) = self.child.as_mut().filter(|child| self.drain.is_none() && !child.left)
        {
            child.left = true;
            self.report.warn(
                "the command has ended, but something else holds its output open; \
                 that is not read any longer (--drain-timeout)",
            );
        }
    }

    pub(super) fn note_beginning(&mut self) {
        let child = self.child.as_ref().filter(|_| self.cli.running.markers);
        if let Some(words) = child.and_then(Child::beginning) {
            self.sources[0].note(&format!("clh-tee: {words}\n"));
        }
    }

    /// Appends the marker for the end once all input has ended; returns whether it did.
    pub(super) fn notes_ending(&mut self) -> bool {
        if !self.cli.running.markers || !self.has_ended() {
            return false;
        }
        let Some(child) = self.child.as_mut().filter(|child| !child.noted) else { return false };
        child.noted = true;
        let Some(words) = child.ending() else { return false };
        self.sources[0].note(&format!("clh-tee: {words}\n"));
        true
    }
}
