//! The lines of a source, transformed on their way into the log.
//!
//! Memory stays bounded: one batch is transformed at a time, once the sink has taken
//! the one before, and nothing more is read until only a partial line is left.

use std::time::SystemTime;

use crate::records::Lines;
use crate::transform::Transform;
use crate::writer::sink::Sink;

pub(super) struct Transformed {
    transform: Transform,
    lines: Lines,
    /// When the first byte that is not yet transformed was read.
    began: SystemTime,
    /// When the last bytes were read.
    last: SystemTime,
}

impl Transformed {
    pub(super) fn new(transform: Transform) -> Self {
        let never = SystemTime::UNIX_EPOCH;
        Self { transform, lines: Lines::new(usize::MAX), began: never, last: never }
    }

    /// Notes the time of a read; `first` if nothing was left of earlier ones.
    pub(super) fn note_read(&mut self, first: bool) {
        if self.transform.needs_time() {
            self.last = SystemTime::now();
            if first {
                self.began = self.last;
            }
        }
    }

    /// Adds a line of our own, without its newline. All lines read before must have been
    /// transformed.
    pub(super) fn note(&mut self, text: &[u8]) {
        self.lines.add(|out| self.transform.note(text, SystemTime::now(), out));
    }

    pub(super) fn is_put(&self) -> bool {
        self.lines.whole().is_empty()
    }

    /// Transforms the lines of `plain` and passes them on, as far as the sink takes them.
    pub(super) fn put(&mut self, plain: &mut Lines, sink: &mut Sink, patient: bool) {
        loop {
            sink.put(&mut self.lines, patient);
            if !self.is_put() || plain.whole().is_empty() {
                return;
            }
            self.transform(plain);
        }
    }

    /// Appends to `lost` the lines not taken, and those of `plain`, transformed.
    pub(super) fn give_up(&mut self, plain: &mut Lines, lost: &mut Vec<u8>) {
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
