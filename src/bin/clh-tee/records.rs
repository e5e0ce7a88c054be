//! Bytes in, whole lines out.
//!
//! The buffer holds whole lines, then a partial line. New bytes are searched from the end, once.

use std::io::{self, Read};

use memchr::memchr_iter;

use crate::sys::READ;

pub(crate) struct Lines {
    /// The first `filled` bytes count. The rest was zeroed once, not at every read.
    buffer: Vec<u8>,
    filled: usize,
    /// Where the whole lines end.
    whole: usize,
    /// Longer lines are cut; the newline does not count.
    max_line: usize,
    pub(crate) cuts: u64,
}

impl Lines {
    pub(crate) fn new(max_line: usize) -> Self {
        Self { buffer: vec![0; READ], filled: 0, whole: 0, max_line, cuts: 0 }
    }

    /// Reads once, and returns the new bytes; none at the end of the input.
    pub(crate) fn read(&mut self, input: &mut impl Read) -> io::Result<&[u8]> {
        self.make_room();
        let old = self.filled;
        let end = self.buffer.len().min(old + READ);
        let count = input.read(&mut self.buffer[old..end])?;
        self.filled += count;
        Ok(&self.buffer[old..self.filled])
    }

    /// Splits the last `count` bytes read into lines.
    pub(crate) fn split(&mut self, count: usize) {
        let fresh = self.filled - count;
        // Only the partial line can be too long, and it only grows.
        if self.filled - self.whole > self.max_line {
            self.cut_long_lines();
        }
        let fresh = fresh.max(self.whole);
        // Not memrchr, though faster over many bytes: the last newline is a line's
        // length away, and memrchr first asks for the features of the processor,
        // which in a virtual machine takes a fifteenth of a short run.
        if let Some(end) = self.buffer[fresh..self.filled].iter().rposition(|byte| *byte == b'\n') {
            self.whole = fresh + end + 1;
        }
    }

    pub(crate) fn whole(&self) -> &[u8] {
        &self.buffer[..self.whole]
    }

    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Lets `fill` append whole lines. There must be no partial line.
    pub(crate) fn add<T>(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.buffer.truncate(self.filled);
        let filled = fill(&mut self.buffer);
        (self.filled, self.whole) = (self.buffer.len(), self.buffer.len());
        filled
    }

    pub(crate) fn taken(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
        self.whole -= count;
    }

    /// Gives away the whole lines with their buffer, which saves a copy, and goes on
    /// with the partial line in `spare`, whatever that holds.
    pub(crate) fn give_away(&mut self, mut spare: Vec<u8>) -> Vec<u8> {
        let partial = self.filled - self.whole;
        // Bytes used before are not zeroed again.
        spare.resize(spare.len().max(READ.max(partial)), 0);
        spare[..partial].copy_from_slice(&self.buffer[self.whole..self.filled]);
        let mut lines = std::mem::replace(&mut self.buffer, spare);
        lines.truncate(self.whole);
        (self.filled, self.whole) = (partial, 0);
        lines
    }

    /// Ends a partial line with a newline; returns whether there was one.
    pub(crate) fn end_partial(&mut self) -> bool {
        let partial = self.whole < self.filled;
        if partial {
            self.make_room();
            self.buffer[self.filled] = b'\n';
            self.filled += 1;
            self.whole = self.filled;
        }
        partial
    }

    /// Makes room for a read; the partial line is bounded, so the buffer is, too.
    fn make_room(&mut self) {
        if self.buffer.len() - self.filled < READ / 2 {
            self.buffer.resize(self.filled + READ, 0);
        }
    }

    fn cut_long_lines(&mut self) {
        let fresh = &self.buffer[self.whole..self.filled];
        let mut cut = Vec::new();
        let (mut copied, mut begin) = (0, 0);
        for end in memchr_iter(b'\n', fresh).chain([fresh.len()]) {
            while end - begin > self.max_line {
                begin += self.max_line;
                cut.extend_from_slice(&fresh[copied..begin]);
                cut.push(b'\n');
                copied = begin;
            }
            begin = end + 1;
        }
        if cut.is_empty() {
            return;
        }
        self.cuts += (cut.len() - copied) as u64;
        // The caller searches what follows the last cut.
        let sure = self.whole + cut.len();
        cut.extend_from_slice(&fresh[copied..]);
        self.filled = self.whole + cut.len();
        self.buffer.resize(self.buffer.len().max(self.filled), 0);
        self.buffer[self.whole..self.filled].copy_from_slice(&cut);
        self.whole = sure;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[Vec<u8>], max_line: usize) -> Vec<u8> {
        let mut lines = Lines::new(max_line);
        let mut out = Vec::new();
        for mut piece in pieces.iter().map(Vec::as_slice) {
            while !piece.is_empty() {
                let count = lines.read(&mut piece).unwrap().len();
                lines.split(count);
                assert!(lines.whole().is_empty() || lines.whole().ends_with(b"\n"));
                out.extend_from_slice(lines.whole());
                lines.taken(lines.whole().len());
            }
        }
        lines.end_partial();
        out.extend_from_slice(lines.whole());
        out
    }

    fn slowly(input: &[u8], max_line: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for line in input.split_inclusive(|byte| *byte == b'\n') {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            for piece in content.chunks(max_line).chain(content.is_empty().then_some(content)) {
                out.extend_from_slice(piece);
                out.push(b'\n');
            }
        }
        out
    }

    proptest! {
        #[test]
        fn splits_as_the_obvious_way(
            pieces in prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 1..9), 0..20),
            max_line in 1usize..7,
        ) {
            prop_assert_eq!(lines(&pieces, max_line), slowly(&pieces.concat(), max_line));
            prop_assert_eq!(lines(&pieces, 1000), slowly(&pieces.concat(), 1000));
        }
    }

    #[test]
    fn giving_lines_away_keeps_the_partial_one() {
        for spare in [Vec::new(), vec![7; 3], vec![7; 2 * READ]] {
            let mut lines = Lines::new(READ);
            let count = lines.read(&mut &b"one\ntwo\nthr"[..]).unwrap().len();
            lines.split(count);
            assert_eq!(lines.give_away(spare), b"one\ntwo\n");
            assert_eq!((lines.whole(), lines.rest()), (&b""[..], &b"thr"[..]));
            let count = lines.read(&mut &b"ee\n"[..]).unwrap().len();
            lines.split(count);
            assert_eq!(lines.whole(), b"three\n");
        }
    }

    #[test]
    fn lines_can_be_added_whole() {
        let mut lines = Lines::new(READ);
        for text in [&b"one\n"[..], b"", b"two\n"] {
            let length = lines.add(|buffer| {
                buffer.extend_from_slice(text);
                text.len()
            });
            assert_eq!(length, text.len());
        }
        assert_eq!((lines.whole(), lines.rest()), (&b"one\ntwo\n"[..], &b"one\ntwo\n"[..]));
        lines.taken(4);
        assert_eq!(lines.give_away(Vec::new()), b"two\n");
        lines.add(|buffer| buffer.extend_from_slice(b"three\n"));
        assert_eq!(lines.whole(), b"three\n");
    }

    #[test]
    fn long_lines_and_large_reads_keep_memory_bounded() {
        let input = b"x".repeat(5 * READ);
        let mut lines = Lines::new(READ);
        let mut rest = input.as_slice();
        let mut out = 0;
        while !rest.is_empty() {
            let count = lines.read(&mut rest).unwrap().len();
            lines.split(count);
            out += lines.whole().len();
            lines.taken(lines.whole().len());
            assert!(lines.buffer.len() <= 3 * READ + 16);
        }
        assert!(out >= 4 * READ);
        assert_eq!(lines.cuts, 4);
    }
}
