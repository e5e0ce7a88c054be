//! What the queue holds, without the threads that share it.

use std::collections::VecDeque;
use std::time::{Instant, SystemTime};

use super::newlines;
use crate::messages::{counted, moment};
use crate::sys::READ;

/// What the queue holds, and who is doing what about it.
#[derive(Default)]
pub(super) struct State {
    /// Batches, each of whole lines.
    pub(super) batches: VecDeque<Vec<u8>>,
    /// Memory for more.
    pub(super) spares: Vec<Vec<u8>>,
    /// How many bytes they are, and those that the appender is putting in.
    pub(super) bytes: usize,
    /// What the appender is about.
    pub(super) phase: Phase,
    /// Besides appending: what has been asked for.
    pub(super) requests: Requests,
    /// Whether the queue goes on.
    pub(super) end: End,
    /// The reader wants to be roused at the next change.
    pub(super) reader_waits: bool,
    /// Lines that were dropped and of which the log does not tell yet.
    dropped: Option<Dropped>,
}

/// Lines for which there was no room.
#[derive(Debug, Clone, Copy)]
struct Dropped {
    /// How many.
    lines: u64,
    /// When the first of them came.
    first: SystemTime,
    /// When the last of them came.
    last: SystemTime,
}

/// What the appender is about.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has nothing to do.
    #[default]
    Idle,
    /// It waits for the lock since then.
    Locking(Instant),
    /// It has the lock and puts lines in.
    Appending,
    /// It waits before it tries again.
    Retrying,
}

/// What is to be done besides appending, once all that waits is in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requests {
    /// Force the log to disk.
    pub(crate) flush: bool,
    /// Rotate the log.
    pub(crate) rotate: bool,
}

/// Whether the queue goes on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// More may come.
    #[default]
    Open,
    /// What is here is the last.
    Closed,
    /// Nothing that is here will be put in any more.
    Abandoned,
}

impl State {
    /// Tells whether there is room for so many bytes. There always is in an
    /// empty queue, or else a long line would wait for ever.
    pub(super) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes == 0 || self.bytes.saturating_add(bytes) <= limit
    }

    /// Takes in whole lines; small batches become one.
    pub(super) fn push(&mut self, lines: &[u8]) {
        self.bytes += lines.len();
        match self.batches.back_mut() {
            Some(last) if last.len() + lines.len() <= READ => last.extend_from_slice(lines),
            _ => self.batches.push_back(lines.to_vec()),
        }
    }

    /// Takes in a batch of whole lines as it is.
    pub(super) fn push_whole(&mut self, batch: Vec<u8>) {
        self.bytes += batch.len();
        self.batches.push_back(batch);
    }

    /// Takes in as many of the whole `lines` as there is room for, and notes
    /// the rest as dropped; returns how many lines that is.
    pub(super) fn push_or_drop(&mut self, lines: &[u8], limit: usize) -> u64 {
        self.tell_dropped(limit);
        let kept = self.keepable(lines, limit);
        if kept > 0 {
            self.push(&lines[..kept]);
        }
        let dropped = newlines(&lines[kept..]);
        if dropped > 0 {
            let now = SystemTime::now();
            let before = self.dropped.unwrap_or(Dropped { lines: 0, first: now, last: now });
            self.dropped = Some(Dropped { lines: before.lines + dropped, last: now, ..before });
        }
        dropped
    }

    /// Returns how many bytes of `lines`, whole lines, there is room for. There
    /// is none before the log has been told of lines that were dropped before.
    fn keepable(&self, lines: &[u8], limit: usize) -> usize {
        if self.dropped.is_some() {
            0
        } else if self.has_room(lines.len(), limit) {
            lines.len()
        } else {
            let room = &lines[..limit.saturating_sub(self.bytes).min(lines.len())];
            memchr::memrchr(b'\n', room).map_or(0, |end| end + 1)
        }
    }

    /// Takes in the line that tells of dropped ones, if there is room for it.
    pub(super) fn tell_dropped(&mut self, limit: usize) {
        if let Some(Dropped { lines, first, last }) = self.dropped {
            let [first, last] = [first, last].map(moment);
            let lines = counted(lines, "line");
            let marker =
                format!("clh-tee: {lines} dropped from {first} to {last}, the buffer was full\n");
            if self.has_room(marker.len(), limit) {
                self.dropped = None;
                self.push(marker.as_bytes());
            }
        }
    }

    /// Tells whether nothing waits and nobody is about anything.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle && self.bytes == 0 && self.requests == Requests::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns everything that is in.
    fn content(state: &State) -> String {
        String::from_utf8(state.batches.iter().flatten().copied().collect()).unwrap()
    }

    #[test]
    fn a_long_line_finds_room_in_an_empty_queue_only() {
        let mut state = State::default();
        assert!(state.has_room(100, 10));
        state.push(b"a\n");
        assert!(state.has_room(8, 10) && !state.has_room(9, 10));
    }

    #[test]
    fn whole_lines_are_dropped_and_told_of_before_the_next_are_kept() {
        let mut state = State::default();
        assert_eq!(state.push_or_drop(b"one\ntwo\n", 10), 0);
        assert_eq!(state.push_or_drop(b"a\nb\nc\n", 10), 2);
        assert_eq!(state.push_or_drop(b"d\n", 10), 1);
        assert_eq!(content(&state), "one\ntwo\na\n");
        // Everything has gone in.
        (state.batches, state.bytes) = (VecDeque::new(), 0);
        assert_eq!(state.push_or_drop(b"e\n", 1000), 0);
        let content = content(&state);
        assert!(content.starts_with("clh-tee: 3 lines dropped from 20"), "{content}");
        assert!(content.ends_with("the buffer was full\ne\n"), "{content}");
    }
}
