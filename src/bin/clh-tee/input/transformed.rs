//! The lines of a source on their way into the log, where they are dressed.
//!
//! Whole lines are dressed when those before them have been taken, and so many
//! in one go as make a batch. The source's own buffer then holds what has not
//! been dressed, and nothing more is read into it until that is the torn line
//! alone: memory stays bounded, however much a line may grow.

use std::time::SystemTime;

use crate::records::Lines;
use crate::transform::Transform;
use crate::writer::sink::Sink;

/// Transformed lines, and what dresses more of them.
pub(super) struct Transformed {
    /// What dresses them.
    dress: Transform,
    /// Those that are not in the sink yet.
    lines: Lines,
    /// When the first byte was read that has not been dressed.
    began: SystemTime,
    /// When the last bytes were read.
    last: SystemTime,
}

impl Transformed {
    /// Returns an empty buffer for what `dress` makes.
    pub(super) fn new(dress: Transform) -> Self {
        let never = SystemTime::UNIX_EPOCH;
        Self { dress, lines: Lines::new(usize::MAX), began: never, last: never }
    }

    /// Notes that something was read just now; `first` if nothing was left of
    /// what was read before.
    pub(super) fn note_read(&mut self, first: bool) {
        if self.dress.needs_time() {
            self.last = SystemTime::now();
            if first {
                self.began = self.last;
            }
        }
    }

    /// Takes in a line of our own, given without its newline. All that was read
    /// before must have been dressed.
    pub(super) fn note(&mut self, text: &[u8]) {
        self.lines.add(|out| self.dress.note(text, SystemTime::now(), out));
    }

    /// Tells whether all that was dressed has been taken.
    pub(super) fn is_put(&self) -> bool {
        self.lines.whole().is_empty()
    }

    /// Dresses the whole lines of `plain` and passes them on, as far as they
    /// are taken.
    pub(super) fn put(&mut self, plain: &mut Lines, sink: &mut Sink, patient: bool) {
        loop {
            sink.put(&mut self.lines, patient);
            if !self.is_put() || plain.whole().is_empty() {
                return;
            }
            self.dress(plain);
        }
    }

    /// Appends to `lost` what was not taken, and the whole lines of `plain`,
    /// dressed.
    pub(super) fn give_up(&mut self, plain: &mut Lines, lost: &mut Vec<u8>) {
        loop {
            lost.extend_from_slice(self.lines.whole());
            self.lines.taken(self.lines.whole().len());
            if plain.whole().is_empty() {
                return;
            }
            self.dress(plain);
        }
    }

    /// Dresses some of the whole lines of `plain`.
    fn dress(&mut self, plain: &mut Lines) {
        let Self { dress, lines, began, last } = self;
        let taken = lines.add(|out| dress.apply(plain.whole(), *began, *last, out));
        plain.taken(taken);
        // Nothing that is left was there before the last read.
        *began = *last;
    }
}
