//! A stream that is read: bytes in, whole lines and a copy out.
//!
//! Standard input is the only one, unless a command is run, which has two. Bytes
//! become lines only in [`Source::split`] and [`Source::end_partial`]; lines leave by
//! [`Source::put`], or [`Source::give_up`].

use std::io;
use std::time::SystemTime;

use crate::args::Cli;
use crate::records::Lines;
use crate::sys::{Awaited, Input, READ, Stream};
use crate::tee::Tee;
use crate::transform::Transform;
use crate::writer::queue::newlines;
use crate::writer::sink::Sink;

pub(crate) struct Source {
    /// None once it has ended.
    input: Option<Input>,
    lines: Lines,
    transformed: Option<Transformed>,
    pub(super) tee: Tee,
    pub(super) stream: Stream,
    pub(super) lines_read: u64,
    /// Lines read are counted.
    counts: bool,
    /// Once the command has ended: how many unread bytes may be from it.
    pub(super) owed: usize,
}

impl Source {
    pub(crate) fn new(input: Option<Input>, stream: Stream, tee: Tee, cli: &Cli) -> Self {
        let (lines, counts) = (Lines::new(cli.max_line), cli.stats);
        Self { input, lines, transformed: None, tee, stream, lines_read: 0, counts, owed: 0 }
    }

    /// Adds the transforms that the options ask for; tags name process `pid`.
    pub(crate) fn transformed(self, cli: &Cli, pid: u32) -> anyhow::Result<Self> {
        let stream = if cli.running.is_asked_for() { self.stream.tag() } else { "in" };
        let transform = Transform::new(&cli.transforming, pid, stream)?;
        Ok(Self { transformed: transform.map(Transformed::new), ..self })
    }

    /// Reads once. Returns the bytes, none at the end, and the tee for their copy.
    pub(super) fn read(&mut self) -> io::Result<(&[u8], &mut Tee)> {
        let first = self.lines.rest().is_empty();
        let bytes = match &mut self.input {
            Some(input) => self.lines.read(input)?,
            None => &[],
        };
        if let Some(transformed) = &mut self.transformed {
            transformed.note_read(first);
        }
        self.owed = self.owed.saturating_sub(bytes.len());
        Ok((bytes, &mut self.tee))
    }

    /// Adds a line of our own, which is not copied. All lines read before must have been taken.
    pub(super) fn note(&mut self, line: &str) {
        if let Some(transformed) = &mut self.transformed {
            transformed.note(line.trim_end().as_bytes());
            self.lines_read += u64::from(self.counts);
            return;
        }
        let mut line = line.as_bytes();
        while let Ok(count @ 1..) = self.lines.read(&mut line).map(<[u8]>::len) {
            self.split(count);
        }
    }

    /// The command has ended: what it wrote last is in the pipe, and no more than that can hold.
    pub(super) fn command_has_ended(&mut self) {
        self.owed = self.input.as_ref().map_or(0, |input| input.capacity().unwrap_or(READ));
    }

    pub(super) fn split(&mut self, count: usize) {
        let old = self.lines.whole().len();
        self.lines.split(count);
        if self.counts {
            self.lines_read += newlines(&self.lines.whole()[old..]);
        }
    }

    pub(super) fn end_partial(&mut self) {
        self.lines_read += u64::from(self.lines.end_partial());
    }

    pub(super) fn end(&mut self) {
        self.input = None;
        self.end_partial();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.input.is_none()
    }

    /// Passes on whole lines; returns whether all have been taken.
    pub(super) fn put(&mut self, sink: &mut Sink, patient: bool) -> bool {
        match &mut self.transformed {
            Some(transformed) => transformed.put(&mut self.lines, sink, patient),
            None => sink.put(&mut self.lines, patient),
        }
        self.is_put()
    }

    pub(super) fn is_put(&self) -> bool {
        self.lines.whole().is_empty() && self.transformed.as_ref().is_none_or(Transformed::is_put)
    }

    /// Appends to `lost` all lines that have not been taken, the partial one too.
    pub(super) fn give_up(&mut self, lost: &mut Vec<u8>) {
        self.end_partial();
        match &mut self.transformed {
            Some(transformed) => transformed.give_up(&mut self.lines, lost),
            None => lost.extend_from_slice(self.lines.whole()),
        }
    }

    /// Returns the input, if the copy of what was read has been taken: the bound on
    /// memory rests on it.
    pub(super) fn waits_for(&self) -> Option<Awaited<'_>> {
        self.input.as_ref().filter(|_| self.tee.waits_for().is_none()).map(Input::awaited)
    }

    pub(super) fn cuts(&self) -> u64 {
        self.lines.cuts()
    }
}

/// The lines of a source, transformed on their way into the log.
///
/// Memory stays bounded: one batch is transformed at a time, once the sink has taken the one
/// before, and nothing more is read until only a partial line is left.
struct Transformed {
    transform: Transform,
    lines: Lines,
    /// When the first byte that is not yet transformed was read.
    began: SystemTime,
    /// When the last bytes were read.
    last: SystemTime,
}

impl Transformed {
    fn new(transform: Transform) -> Self {
        let never = SystemTime::UNIX_EPOCH;
        Self { transform, lines: Lines::new(usize::MAX), began: never, last: never }
    }

    /// Notes the time of a read; `first` if nothing was left of earlier ones.
    fn note_read(&mut self, first: bool) {
        if self.transform.needs_time() {
            self.last = SystemTime::now();
            if first {
                self.began = self.last;
            }
        }
    }

    /// Adds a line of our own, without its newline. All lines read before must have been
    /// transformed.
    fn note(&mut self, text: &[u8]) {
        self.lines.add(|out| self.transform.note(text, SystemTime::now(), out));
    }

    fn is_put(&self) -> bool {
        self.lines.whole().is_empty()
    }

    /// Transforms the lines of `plain` and passes them on, as far as the sink takes them.
    fn put(&mut self, plain: &mut Lines, sink: &mut Sink, patient: bool) {
        loop {
            sink.put(&mut self.lines, patient);
            if !self.is_put() || plain.whole().is_empty() {
                return;
            }
            self.transform(plain);
        }
    }

    /// Appends to `lost` the lines not taken, and those of `plain`, transformed.
    fn give_up(&mut self, plain: &mut Lines, lost: &mut Vec<u8>) {
        loop {
            lost.extend_from_slice(self.lines.whole());
            self.lines.taken(self.lines.whole().len());
            if plain.whole().is_empty() {
                return;
            }
            self.transform(plain);
        }
    }

    fn transform(&mut self, plain: &mut Lines) {
        let Self { transform, lines, began, last } = self;
        let taken = lines.add(|out| transform.apply(plain.whole(), *began, *last, out));
        plain.taken(taken);
        // Whatever is left came with the last read.
        *began = *last;
    }
}
