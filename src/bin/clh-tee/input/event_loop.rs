//! The first thread: it takes in the input, hears signals, and never waits for
//! anything but to be told that one of its affairs can go on.
//!
//! ```text
//!             ┌── signals     INT TERM HUP USR1 ALRM USR2, or a command's end
//!   poll ─────┼── inputs      if the lines before have been taken
//!             ├── outputs     if they have not taken all of the copy
//!             └── news        if the queue had no room, or at the end
//! ```
//!
//! There is one input and one output, or two of each if a command is run.
//! Backpressure is not polling the input: the pipe fills, the producer waits.

use std::io::{self, ErrorKind, IsTerminal};
use std::time::{Duration, Instant};

use super::command::Job;
use super::source::Source;
use crate::args::Cli;
use crate::input::child::Child;
use crate::input::spool::{Replay, Spool};
use crate::messages::{Report, Status, counted, reason};
use crate::sys::Signals;
use crate::sys::{Caught, Request, Sender, Stream, reap};
use crate::writer::queue::Errands;
use crate::writer::sink::Sink;

/// What goes on in the first thread.
pub(crate) struct Reader<'a> {
    /// The settings.
    pub(super) cli: &'a Cli,
    /// Where troubles are told.
    pub(super) report: &'a Report,
    /// Signals that come in.
    pub(super) signals: Signals,
    /// What is read.
    pub(super) sources: Vec<Source>,
    /// The command whose output that is, if it is a command's.
    pub(super) job: Option<Job>,
    /// What is kept back instead of being copied, if that is asked for.
    pub(super) spool: Option<Spool>,
    /// The same on its way out.
    pub(super) replay: Option<Replay>,
    /// Where whole lines go.
    pub(super) sink: Sink,
    /// What is to be done once the lines that were read are in.
    pub(super) errands: Errands,
    /// An INT has come in.
    pub(super) interrupted: bool,
    /// The INT that the terminal has sent, of which we die in the end.
    pub(super) dies_of: Option<i32>,
    /// A TERM has come in: when to stop, first reading, then altogether.
    pub(super) drain: Option<Drain>,
    /// Lines were lost, or an input could not be read to its end.
    pub(super) lost: bool,
}

/// When to stop after a TERM.
#[derive(Clone, Copy)]
pub(super) struct Drain {
    /// When to stop reading, so that there is time to put in what was read.
    pub(super) reading: Instant,
    /// When to give up what is not in.
    pub(super) putting_in: Instant,
}

/// An affair of the first thread's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affair {
    /// A signal has come in.
    Signals,
    /// The queue has news.
    News,
    /// The source of this number can be read.
    Input(usize),
    /// The output for its copy takes more.
    Output(usize),
}

impl<'a> Reader<'a> {
    /// Returns a reader that has not begun.
    pub(crate) fn new(
        cli: &'a Cli,
        report: &'a Report,
        signals: Signals,
        sources: Vec<Source>,
        sink: Sink,
    ) -> Self {
        Self {
            cli,
            report,
            signals,
            sources,
            job: None,
            spool: None,
            replay: None,
            sink,
            errands: Errands::default(),
            interrupted: false,
            dies_of: None,
            drain: None,
            lost: false,
        }
    }

    /// Makes it read the output of a command, which the sources are.
    pub(crate) fn with_command(mut self, child: Child) -> Self {
        self.job = Some(Job::new(child));
        self.spool = self.cli.running.quiet_ok.then(Spool::default);
        self
    }

    /// Reads all input to its end, and sees that all of it is in.
    pub(crate) fn run(mut self) -> Status {
        self.note_beginning();
        // What a shell that became us has left behind.
        reap();
        loop {
            self.put();
            if self.replays() {
                continue;
            }
            if self.is_done() {
                break;
            }
            if let Some(reason) = self.time_is_up() {
                return self.give_up(&reason);
            }
            match self.wait() {
                Ok(affairs) => affairs.into_iter().for_each(|affair| self.go_on(affair)),
                Err(error) => return self.give_up(&format!("cannot poll: {}", reason(&error))),
            }
        }
        self.finish()
    }

    /// Does what can be done about an affair. The input comes before signals:
    /// what was there before a signal belongs to what it asks for.
    pub(super) fn go_on(&mut self, affair: Affair) {
        match affair {
            // What is on its way out comes before what could be read now.
            Affair::Input(source) if self.replay.is_none() => self.read(source),
            Affair::Input(_) => {}
            Affair::Output(source) => {
                let Source { echo, stream, .. } = &mut self.sources[source];
                let (stream, outcome) = (*stream, echo.go_on());
                self.tell_of_echo(stream, outcome);
            }
            Affair::News => self.sink.noted(),
            Affair::Signals => {
                self.signals.caught().into_iter().for_each(|signal| self.hear(signal));
            }
        }
    }

    /// Passes on whole lines, and then what else is to be done.
    pub(super) fn put(&mut self) {
        let mut all = self.put_lines();
        if all && self.notes_ending() {
            all = self.put_lines();
        }
        if all {
            self.sink.ask(std::mem::take(&mut self.errands));
            if self.has_ended() {
                self.sink.close();
            }
        }
    }

    /// Passes on whole lines; tells whether all have been taken.
    pub(super) fn put_lines(&mut self) -> bool {
        let patient = self.drain.is_none();
        // In the order in which they were read, which is that of the sources:
        // none is read before all lines of the last round have been taken.
        self.sources.iter_mut().all(|source| source.put(&mut self.sink, patient))
    }

    /// Tells whether all input has ended, and the command, if there is one.
    pub(super) fn has_ended(&self) -> bool {
        let runs = self.job.as_ref().is_some_and(Job::is_running);
        !runs && self.sources.iter().all(Source::has_ended)
    }

    /// Tells whether everything has been read, copied and put in.
    pub(super) fn is_done(&self) -> bool {
        let is_copied = |source: &Source| source.echo.waits_for().is_none();
        self.has_ended()
            && self.sources.iter().all(|source| source.is_put() && is_copied(source))
            && self.sink.is_settled()
    }

    /// Tells whether input may be read: the bound on memory rests on it.
    pub(super) fn wants_input(&self) -> bool {
        self.sources.iter().all(Source::is_put) && self.replay.is_none()
    }

    /// Reads what is there from a source, and copies it.
    pub(super) fn read(&mut self, source: usize) {
        let stream = self.sources[source].stream;
        match self.sources[source].read() {
            Ok(([], _)) => self.sources[source].end(),
            Ok((bytes, echo)) => {
                let count = bytes.len();
                if let Some(spool) = &mut self.spool {
                    let outcome = spool.keep(stream, bytes);
                    self.tell_of_spool(outcome);
                } else {
                    let outcome = echo.write(bytes);
                    self.tell_of_echo(stream, outcome);
                }
                self.split(source, count);
                self.leave_if_enough(source);
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => {
                let what = if self.job.is_some() { "the command" } else { "standard input" };
                self.report.say(&format!("cannot read {what}: {}", reason(&error)));
                self.lost = true;
                self.sources[source].end();
            }
        }
    }

    /// Takes what was read into lines, and tells of the first one that is cut.
    pub(super) fn split(&mut self, source: usize, count: usize) {
        let before = self.cuts();
        self.sources[source].split(count);
        if before == 0 && self.cuts() > 0 {
            let longest = counted(self.cli.max_line as u64, "byte");
            self.report.warn(&format!("a line is longer than {longest}; it is cut (--max-line)"));
        }
    }

    /// Returns how many times a line was cut.
    pub(super) fn cuts(&self) -> u64 {
        self.sources.iter().map(Source::cuts).sum()
    }

    /// Takes all input to have ended.
    pub(super) fn end_input(&mut self) {
        self.sources.iter_mut().for_each(Source::end);
    }

    /// Does what a signal asks for.
    pub(super) fn hear(&mut self, signal: Caught) {
        if self.passes_on(signal) || signal.ignored {
            return;
        }
        match signal.request {
            Request::Child => self.look_after_command(),
            request if self.job.is_some() => self.hear_without_command(request, signal.number),
            Request::Interrupt => {
                if signal.sender == Sender::Terminal {
                    self.dies_of = signal.number;
                }
                // In a pipeline the producer gets it too, and may have last words.
                if self.interrupted || io::stdin().is_terminal() {
                    self.terminate();
                }
                self.interrupted = true;
            }
            Request::Terminate | Request::Quit => self.terminate(),
            Request::HangUp | Request::Flush => {
                self.sources.iter_mut().for_each(Source::end_torn);
                self.errands.flush = true;
            }
            Request::Rotate => self.errands.rotate = true,
            Request::Stop | Request::Continue | Request::Other => {}
        }
    }

    /// Begins to drain; if that has begun already, ends at once.
    pub(super) fn terminate(&mut self) {
        let now = Instant::now();
        let time = if self.drain.is_some() { Duration::ZERO } else { self.cli.drain_timeout };
        // A producer that never pauses would take all the time there is, and
        // none would be left to put in what was read last.
        self.drain = Some(Drain { reading: now + time * 3 / 4, putting_in: now + time });
    }

    /// Tells of a copy that ended because where it goes is broken.
    pub(super) fn tell_of_echo(&self, stream: Stream, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            let (name, why) = (stream.name(), reason(&error));
            self.report
                .warn(&format!("cannot write to {name}: {why}; the copy ends, the log goes on"));
        }
    }
}
