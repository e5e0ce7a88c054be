//! The input lines: the same for all programs, made before the clock starts.
//!
//! A stream repeats one block forever. All its lines have the same length and begin with the
//! writer's number and the line's number within the block. So whatever is found in a log can be
//! located in the stream, byte by byte.

use std::io::{self, Write};
use std::ops::Range;

/// The approximate size of a block. It fits into the processor's cache, so making lines costs next
/// to nothing, and it is much larger than gzip's window.
const BLOCK: usize = 1024 * 1024;

/// How much one write contains.
const WRITE: usize = 256 * 1024;

/// What an ordinary program logs. A number replaces `#`.
const PHRASES: [&str; 8] = [
    "INFO app.web: GET /api/orders/# 200 in # ms, # bytes",
    "INFO app.web: POST /api/orders 201 in # ms, order #",
    "INFO app.auth: user # signed in from 10.3.#.#",
    "DEBUG app.cache: miss for session #, loaded from the store in # ms",
    "DEBUG app.db: select from orders where customer = # took # ms",
    "WARNING app.queue: # jobs wait, the oldest for # s",
    "WARNING app.upstream: timeout after # ms, retrying",
    "ERROR app.mail: cannot deliver message #: connection refused",
];

/// The lines of one writer.
pub(crate) struct Stream {
    /// The repeated bytes.
    block: Vec<u8>,
    /// The length of a line, including its newline.
    length: usize,
}

impl Stream {
    /// Returns the stream of writer number `writer`, with lines of `length` bytes.
    pub(crate) fn new(writer: usize, length: usize) -> Self {
        let mut dice = Dice(writer as u64 + 1);
        let mut block = Vec::with_capacity(BLOCK);
        for index in 0..BLOCK / length {
            let mut line = format!("{writer:02} {index:06} {} ", dice.stamp(7 * index));
            while line.len() < length {
                dice.say_something(&mut line);
            }
            block.extend_from_slice(&line.as_bytes()[..length - 1]);
            block.push(b'\n');
        }
        Self { block, length }
    }

    pub(crate) fn line(&self) -> u64 {
        self.length as u64
    }

    pub(crate) fn first_line(&self) -> &[u8] {
        &self.block[..self.length]
    }

    /// Rounds `bytes` to whole lines, at least two.
    pub(crate) fn whole(&self, bytes: u64) -> u64 {
        (bytes / self.line()).max(2) * self.line()
    }

    /// Writes a range of the stream.
    pub(crate) fn feed(&self, out: &mut impl Write, range: Range<u64>) -> io::Result<()> {
        self.pieces(range).try_for_each(|piece| out.write_all(piece))
    }

    /// Returns whether the stream has `bytes` at position `at`.
    pub(crate) fn has(&self, at: u64, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        self.pieces(at..at + bytes.len() as u64).all(|piece| {
            let (first, others) = rest.split_at(piece.len());
            rest = others;
            first == piece
        })
    }

    /// Returns the position of `bytes` in a block, from the first line that must be whole.
    pub(crate) fn place(&self, bytes: &[u8]) -> Option<u64> {
        let newline = memchr::memchr(b'\n', bytes)?;
        let begin = if newline + 1 < bytes.len() { newline + 1 } else { 0 };
        let index = std::str::from_utf8(bytes.get(begin + 3..begin + 9)?).ok()?;
        let at = index.parse::<u64>().ok()? * self.line() + self.size();
        Some((at - begin as u64 % self.size()) % self.size())
    }

    /// Returns whether two positions differ by whole blocks only.
    pub(crate) fn is_same(&self, one: u64, two: u64) -> bool {
        one % self.size() == two % self.size()
    }

    fn size(&self) -> u64 {
        self.block.len() as u64
    }

    /// Returns a range in pieces of the size of a write.
    fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> {
        let Range { start: mut at, end } = range;
        std::iter::from_fn(move || {
            let begin = usize::try_from(at % self.size()).expect("a block is in memory");
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let piece = &self.block[begin..];
            let piece = &piece[..piece.len().min(WRITE).min(left)];
            at += piece.len() as u64;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// A splitmix64 generator, for lines that compress like those of real logs.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 29)) % bound
    }

    /// Returns a time, `milliseconds` after noon, and a request's id.
    fn stamp(&mut self, milliseconds: usize) -> String {
        let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000);
        let (hours, minutes) = (12 + seconds / 3600, seconds / 60 % 60);
        let (seconds, id) = (seconds % 60, self.below(1 << 24));
        format!("2026-11-22 {hours:02}:{minutes:02}:{seconds:02},{fraction:03} [{id:06x}]")
    }

    /// Appends a phrase to `line`.
    fn say_something(&mut self, line: &mut String) {
        let phrase = usize::try_from(self.below(PHRASES.len() as u64)).unwrap_or(0);
        for letter in PHRASES[phrase].chars() {
            match letter {
                '#' => *line += &self.below(1000).to_string(),
                letter => line.push(letter),
            }
        }
        *line += "; ";
    }
}
