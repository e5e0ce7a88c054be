//! The first thread: it reads the input, handles signals, and waits only in `poll`.
//!
//! ```text
//!             ┌── signals     with a command all of them, to be passed on
//!   poll ─────┼── inputs      if the lines before have been taken
//!             ├── outputs     if they have not taken all of the copy
//!             └── news        if a queue had no room, or at the end
//! ```
//!
//! There is one input and one output, or two of each with a command. For backpressure, the input is
//! not polled: the pipe fills up, and the producer waits.

use std::io::{self, ErrorKind, IsTerminal};
use std::time::{Duration, Instant, SystemTime};

use super::child::Child;
use super::group::Group;
use super::source::Source;
use super::spool::{Replay, Spool};
use crate::args::Cli;
use crate::messages::{Report, Status, counted, reason};
use crate::sys::{Caught, Request, Sender, Signals, Stream, reap, stop};
use crate::writer::queue::Requests;
use crate::writer::sink::Sink;

pub(crate) struct EventLoop<'a> {
    pub(super) cli: &'a Cli,
    pub(super) report: &'a Report,
    pub(super) signals: Signals,
    pub(super) sources: Vec<Source>,
    pub(super) child: Option<Child>,
    pub(super) group: Option<Group>,
    pub(super) spool: Option<Spool>,
    pub(super) replay: Option<Replay>,
    /// One for each log.
    pub(super) sinks: Vec<Sink>,
    /// To be carried out once the lines read so far are in the log.
    pub(super) requests: Requests,
    pub(super) interrupted: bool,
    /// The INT from the terminal, of which we die at the end.
    pub(super) dies_of: Option<i32>,
    /// Set by TERM, or when the lines of a log are given up.
    pub(super) drain: Option<Drain>,
    /// Lines have been given up, so nothing more is read or copied.
    pub(super) stopped: bool,
    /// Whether cut lines, and cut records, have been reported.
    warned_of_cuts: [bool; 2],
    /// Lines were lost, or an input could not be read to its end.
    pub(super) lost: bool,
}

/// When to stop.
#[derive(Clone, Copy)]
pub(super) struct Drain {
    /// When to stop reading, which leaves time to append what was read.
    pub(super) reading: Instant,
    pub(super) appending: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Signals,
    /// The queue of this log has room again, or is empty.
    News(usize),
    Input(usize),
    /// The output for the copy of this source accepts more.
    Output(usize),
}

impl<'a> EventLoop<'a> {
    /// With a `child`, the sources are its output.
    pub(crate) fn new(
        cli: &'a Cli,
        report: &'a Report,
        signals: Signals,
        sources: Vec<Source>,
        sinks: Vec<Sink>,
        child: Option<Child>,
    ) -> Self {
        let spool = (child.is_some() && cli.running.quiet_ok).then(Spool::new);
        Self {
            cli,
            report,
            signals,
            sources,
            child,
            group: cli.running.group.then(|| Group::new(cli.max_record())),
            spool,
            replay: None,
            sinks,
            requests: Requests::default(),
            interrupted: false,
            dies_of: None,
            drain: None,
            stopped: false,
            warned_of_cuts: [false; 2],
            lost: false,
        }
    }

    pub(crate) fn run(mut self) -> Status {
        self.note_beginning();
        // We may have inherited children from a shell that became us with `exec`.
        reap();
        loop {
            self.put();
            if self.replays() {
                continue;
            }
            if self.is_done() {
                break;
            }
            if self.gives_up() {
                continue;
            }
            match self.wait() {
                Ok(events) => events.into_iter().for_each(|event| self.go_on(event)),
                Err(error) => self.give_up_all(&format!("cannot poll: {}", reason(&error))),
            }
        }
        self.finish()
    }

    /// Handles an event. Input comes before signals, because a signal is about what was written
    /// before it.
    pub(super) fn go_on(&mut self, event: Event) {
        match event {
            // Kept output is shown before anything else is read.
            Event::Input(source) if self.replay.is_none() => self.read(source),
            Event::Input(_) => {}
            Event::Output(source) => {
                let Source { tee, stream, .. } = &mut self.sources[source];
                let (stream, outcome) = (*stream, tee.go_on());
                self.warn_of_tee(stream, outcome);
            }
            Event::News(log) => self.sinks[log].news.noted(),
            Event::Signals => {
                self.signals.caught().into_iter().for_each(|signal| self.hear(signal));
            }
        }
    }

    pub(super) fn put(&mut self) {
        self.sources.iter_mut().for_each(Source::end_record_in_time);
        self.warn_of_cuts();
        if self.put_lines() && (!self.notes_ending() || self.put_lines()) {
            let (requests, ended) = (std::mem::take(&mut self.requests), self.has_ended());
            if ended {
                self.pass_group_on();
            }
            for sink in &mut self.sinks {
                sink.ask(requests);
                if ended {
                    sink.close();
                }
            }
        }
        self.sinks.iter_mut().for_each(Sink::go_on);
    }

    /// Passes on whole lines; returns whether all have been taken.
    pub(super) fn put_lines(&mut self) -> bool {
        let patient = self.drain.is_none();
        // Sources are handled in the order of reading: none is read before all lines of the last
        // round have been taken.
        loop {
            let Self { sources, sinks, group, .. } = self;
            let all = sources.iter_mut().all(|source| {
                source.put(|log, lines| match group {
                    Some(group) => group.take(lines),
                    None => sinks[log].put(lines, patient),
                })
            });
            if all || !self.passes_full_group_on() {
                return all;
            }
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        let runs = !self.stopped && self.child.as_ref().is_some_and(Child::is_running);
        !runs && self.sources.iter().all(Source::has_ended)
    }

    pub(super) fn is_done(&self) -> bool {
        let is_copied = |source: &Source| source.tee.waits_for().is_none();
        self.has_ended()
            && self.sources.iter().all(|source| source.is_put() && is_copied(source))
            // `count` asks every sink, so that each one that is not settled will have news.
            && self.sinks.iter().filter(|sink| !sink.is_settled()).count() == 0
    }

    /// Returns whether input may be read. The limit on memory depends on it.
    pub(super) fn wants_input(&self) -> bool {
        self.sources.iter().all(Source::is_put) && self.replay.is_none()
    }

    pub(super) fn read(&mut self, source: usize) {
        let stream = self.sources[source].stream;
        match self.sources[source].read() {
            Ok(([], _)) => self.sources[source].end(),
            Ok((bytes, tee)) => {
                let count = bytes.len();
                if let Some(spool) = &mut self.spool {
                    let outcome = spool.keep(stream, bytes);
                    self.warn_of_spool(outcome);
                } else {
                    let outcome = tee.write(bytes);
                    self.warn_of_tee(stream, outcome);
                }
                self.sources[source].split(count);
                if let Some(group) = &mut self.group {
                    let began = *group.began.get_or_insert_with(SystemTime::now);
                    self.sources[source].belongs_to(began);
                }
                // Another process has it open, but everything that the command wrote has been read.
                if self.child.is_some() && self.ends_empty() && self.sources[source].owed == 0 {
                    self.leave(source);
                }
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => {
                let what = if self.child.is_some() { "the command" } else { "standard input" };
                self.report.say(&format!("cannot read {what}: {}", reason(&error)));
                self.lost = true;
                self.sources[source].end();
            }
        }
    }

    /// Returns how often lines, and how often records, were cut.
    pub(super) fn cuts(&self) -> [u64; 2] {
        let grouped = self.group.iter().map(|group| [0, group.cuts]);
        let cuts = self.sources.iter().map(Source::cuts).chain(grouped);
        cuts.fold([0, 0], |[a, b], [c, d]| [a + c, b + d])
    }

    /// Warns once about a line, and once about a record, that is too long.
    fn warn_of_cuts(&mut self) {
        let longest = [self.cli.max_line, self.cli.max_record()];
        for (what, cuts) in self.cuts().into_iter().enumerate() {
            if cuts > 0 && !std::mem::replace(&mut self.warned_of_cuts[what], true) {
                let name = ["line", "record"][what];
                let longest = counted(longest[what] as u64, "byte");
                self.report
                    .warn(&format!("a {name} is longer than {longest}; it is cut (--max-{name})"));
            }
        }
    }

    pub(super) fn hear(&mut self, signal: Caught) {
        // The system keeps one pending CHLD, so one from another process may hide its own.
        if signal.request == Request::Child {
            self.look_after_command();
        }
        if self.passes_on(signal) || signal.ignored {
            return;
        }
        match signal.request {
            // These have a meaning after the command has ended, too.
            Request::Stop if self.child.is_some() => signal.number.map_or((), stop),
            request if self.child.is_some() && request.ends() => self.terminate(),
            _ if self.child.is_some() => {}
            Request::Interrupt => {
                if signal.sender == Sender::Terminal {
                    self.dies_of = signal.number;
                }
                // In a pipeline the producer gets it too, and may print last lines.
                if self.interrupted || io::stdin().is_terminal() {
                    self.terminate();
                }
                self.interrupted = true;
            }
            Request::Terminate | Request::Quit => self.terminate(),
            Request::HangUp | Request::Flush => {
                // A program that waits for the newline has the rest of a partial line in the pipe.
                if !self.cli.acknowledge {
                    self.sources.iter_mut().for_each(Source::end_partial);
                }
                self.requests.flush = true;
            }
            Request::Rotate => self.requests.rotate = true,
            Request::Stop | Request::Continue | Request::Child | Request::Other => {}
        }
    }

    /// Begins to drain; the second time, ends at once.
    pub(super) fn terminate(&mut self) {
        let now = Instant::now();
        let time = if self.drain.is_some() { Duration::ZERO } else { self.cli.drain_timeout };
        // A producer that never pauses would use up all the time, and leave none to append what was
        // read last.
        self.drain = Some(Drain { reading: now + time * 3 / 4, appending: now + time });
    }

    pub(super) fn warn_of_tee(&self, stream: Stream, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            let (name, why) = (stream.name(), reason(&error));
            self.report
                .warn(&format!("cannot write to {name}: {why}; the copy ends, the log goes on"));
        }
    }
}
