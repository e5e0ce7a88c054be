//! The lines of a source, transformed on their way into the log.
//!
//! One batch is transformed at a time, once the sink has taken the one before. The
//! rest stays in the source's own buffer, and nothing more is read until only a
//! partial line is left there: memory stays bounded, however much lines grow.

use std::time::SystemTime;

use crate::records::Lines;
use crate::transform::Transform;
use crate::writer::sink::Sink;

/// Transformed lines, and what transforms more of them.
pub(super) struct Transformed {
    transform: Transform,
    lines: Lines,
    /// When the first byte was read that has not been transformed.
    began: SystemTime,
    /// When the last bytes were read.
    last: SystemTime,
}

impl Transformed {
    pub(super) fn new(transform: Transform) -> Self {
        let never = SystemTime::UNIX_EPOCH;
        Self { transform, lines: Lines::new(usize::MAX), began: never, last: never }
    }

    /// Notes that something was read just now; `first` if nothing was left of
    /// what was read before.
    pub(super) fn note_read(&mut self, first: bool) {
        if self.transform.needs_time() {
            self.last = SystemTime::now();
            if first {
                self.began = self.last;
            }
        }
    }

    /// Takes in a line of our own, given without its newline. All that was read
    /// before must have been transformed.
    pub(super) fn note(&mut self, text: &[u8]) {
        self.lines.add(|out| self.transform.note(text, SystemTime::now(), out));
    }

    /// Tells whether all that was transformed has been taken.
    pub(super) fn is_put(&self) -> bool {
        self.lines.whole().is_empty()
    }

    /// Transforms the whole lines of `plain` and passes them on, as far as they
    /// are taken.
    pub(super) fn put(&mut self, plain: &mut Lines, sink: &mut Sink, patient: bool) {
        loop {
            sink.put(&mut self.lines, patient);
            if !self.is_put() || plain.whole().is_empty() {
                return;
            }
            self.transform(plain);
        }
    }

    /// Appends to `lost` what was not taken, and the whole lines of `plain`,
    /// transformed.
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

    /// Transforms some of the whole lines of `plain`.
    fn transform(&mut self, plain: &mut Lines) {
        let Self { transform, lines, began, last } = self;
        let taken = lines.add(|out| transform.apply(plain.whole(), *began, *last, out));
        plain.taken(taken);
        // Nothing that is left was there before the last read.
        *began = *last;
    }
}
