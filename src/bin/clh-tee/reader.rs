//! The first thread: it takes in the input, hears signals, and never waits for
//! anything but to be told that one of its affairs can go on.
//!
//! ```text
//!             ┌── signals     INT TERM HUP USR1 ALRM USR2
//!   poll ─────┼── input       if the lines before it have been taken
//!             ┼── output      if it has not taken all of the copy
//!             └── news        if the queue had no room, or at the end
//! ```
//!
//! Backpressure is not polling the input: the pipe fills, the producer waits.

mod ending;
mod waiting;

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::cli::Cli;
use crate::echo::{Echo, enlarge_pipe};
use crate::lines::Lines;
use crate::queue::{Errands, newlines};
use crate::report::{Report, Status, counted};
use crate::signals::{Request, Signals};
use crate::sink::Sink;

/// What goes on in the first thread.
pub(crate) struct Reader<'a> {
    /// The settings.
    cli: &'a Cli,
    /// Where troubles are told.
    report: &'a Report,
    /// Signals that come in.
    signals: Signals,
    /// The copy to standard output.
    echo: Echo,
    /// Where whole lines go.
    sink: Sink,
    /// Standard input, until it ends.
    input: Option<File>,
    /// What was read from it.
    lines: Lines,
    /// What is to be done once the lines that were read are in.
    errands: Errands,
    /// An INT has come in.
    interrupted: bool,
    /// A TERM has come in: when to stop, first reading, then altogether.
    drain: Option<Drain>,
    /// How many lines were read, if that is counted.
    read: u64,
    /// The input could not be read to its end.
    broken: bool,
}

/// When to stop after a TERM.
#[derive(Clone, Copy)]
struct Drain {
    /// When to stop reading, so that there is time to put in what was read.
    reading: Instant,
    /// When to give up what is not in.
    putting_in: Instant,
}

/// An affair of the first thread's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affair {
    /// A signal has come in.
    Signals,
    /// The queue has news.
    News,
    /// The input can be read.
    Input,
    /// The output takes more.
    Output,
}

impl<'a> Reader<'a> {
    /// Returns a reader that has not begun.
    pub(crate) fn new(
        cli: &'a Cli,
        report: &'a Report,
        signals: Signals,
        echo: Echo,
        sink: Sink,
    ) -> Self {
        let input = io::stdin().as_fd().try_clone_to_owned().map(File::from).ok();
        if let Some(input) = &input {
            enlarge_pipe(input.as_fd());
        }
        Self {
            cli,
            report,
            signals,
            echo,
            sink,
            input,
            lines: Lines::new(cli.max_line),
            errands: Errands::default(),
            interrupted: false,
            drain: None,
            read: 0,
            broken: false,
        }
    }

    /// Reads the input to its end, and sees that all of it is in.
    pub(crate) fn run(mut self) -> Status {
        loop {
            self.put();
            if self.is_done() {
                break;
            }
            if let Some(reason) = self.time_is_up() {
                return self.give_up(&reason);
            }
            match self.wait() {
                Ok(affairs) => affairs.into_iter().for_each(|affair| self.go_on(affair)),
                Err(error) => return self.give_up(&format!("cannot poll: {error}")),
            }
        }
        self.finish(Status::AllIn)
    }

    /// Does what can be done about an affair. The input comes before signals:
    /// what was there before a signal belongs to what it asks for.
    fn go_on(&mut self, affair: Affair) {
        match affair {
            Affair::Input => self.read(),
            Affair::Output => {
                let outcome = self.echo.go_on();
                self.tell_of_echo(outcome);
            }
            Affair::News => self.sink.noted(),
            Affair::Signals => {
                self.signals.requests().into_iter().for_each(|request| self.hear(request));
            }
        }
    }

    /// Passes on whole lines, and then what else is to be done.
    fn put(&mut self) {
        self.sink.put(&mut self.lines, self.drain.is_none());
        if self.lines.whole().is_empty() {
            self.sink.ask(std::mem::take(&mut self.errands));
            if self.input.is_none() {
                self.sink.close();
            }
        }
    }

    /// Tells whether everything has been read, copied and put in.
    fn is_done(&self) -> bool {
        let copied = self.echo.waits_for().is_none();
        self.input.is_none() && self.lines.rest().is_empty() && copied && self.sink.is_settled()
    }

    /// Tells whether the input may be read: the bounds on memory rest on it.
    fn wants_input(&self) -> bool {
        self.lines.whole().is_empty() && self.echo.waits_for().is_none()
    }

    /// Reads what is there, and copies it.
    fn read(&mut self) {
        let Some(input) = &mut self.input else { return };
        match self.lines.read(input) {
            Ok([]) => self.end_input(),
            Ok(bytes) => {
                let (count, outcome) = (bytes.len(), self.echo.write(bytes));
                self.tell_of_echo(outcome);
                self.split(count);
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => {
                self.report.say(&format!("cannot read standard input: {}", reason(&error)));
                self.broken = true;
                self.end_input();
            }
        }
    }

    /// Takes what was read into lines, and tells of the first one that is cut.
    fn split(&mut self, count: usize) {
        let (before, old) = (self.lines.cuts(), self.lines.whole().len());
        self.lines.split(count);
        if self.cli.stats {
            self.read += newlines(&self.lines.whole()[old..]);
        }
        if before == 0 && self.lines.cuts() > 0 {
            let longest = counted(self.cli.max_line as u64, "byte");
            self.report.warn(&format!("a line is longer than {longest}; it is cut (--max-line)"));
        }
    }

    /// Takes the input to have ended; what is torn is a line then.
    fn end_input(&mut self) {
        self.input = None;
        self.end_torn();
    }

    /// Makes the torn line, if there is one, a whole one.
    fn end_torn(&mut self) {
        self.read += u64::from(self.lines.end_torn());
    }

    /// Does what a signal asks for.
    fn hear(&mut self, request: Request) {
        match request {
            Request::Interrupt if self.interrupted || io::stdin().is_terminal() => self.terminate(),
            // In a pipeline the producer gets it too, and may have last words.
            Request::Interrupt => self.interrupted = true,
            Request::Terminate => self.terminate(),
            Request::Flush => {
                self.end_torn();
                self.errands.flush = true;
            }
            Request::Rotate => self.errands.rotate = true,
        }
    }

    /// Begins to drain; if that has begun already, ends at once.
    fn terminate(&mut self) {
        let now = Instant::now();
        let time = if self.drain.is_some() { Duration::ZERO } else { self.cli.drain_timeout };
        // A producer that never pauses would take all the time there is, and
        // none would be left to put in what was read last.
        self.drain = Some(Drain { reading: now + time * 3 / 4, putting_in: now + time });
    }

    /// Tells of a copy that ended because standard output is broken.
    fn tell_of_echo(&self, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            let why = reason(&error);
            self.report.warn(&format!(
                "cannot write to standard output: {why}; the copy ends, the log goes on"
            ));
        }
    }
}

/// Returns the system's reason without its number.
fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    }
}
