//! What the queue holds, without the threads that share it.

use std::collections::VecDeque;
use std::time::{Instant, SystemTime};

use super::newlines;
use crate::messages::{counted, moment};
use crate::sys::READ;

/// What the queue holds, and who is doing what about it.
#[derive(Default)]
pub(super) struct State {
    /// Each of whole lines.
    pub(super) batches: VecDeque<Vec<u8>>,
    /// Memory for more batches.
    pub(super) spares: Vec<Vec<u8>>,
    /// The size of the batches, and of those that are being appended.
    pub(super) bytes: usize,
    pub(super) phase: Phase,
    /// At most two: the first keeps its position, so that it becomes due in a
    /// flood too; the second moves back with each further request.
    requests: VecDeque<Positioned>,
    /// All bytes that ever came in, and those that were taken.
    pushed: u64,
    taken: u64,
    pub(super) end: End,
    /// The reader waits for the next change.
    pub(super) reader_waits: bool,
    /// Lines whose loss is not in the log yet.
    dropped: Option<Dropped>,
}

/// Requests, due when everything before this position is in.
struct Positioned {
    position: u64,
    requests: Requests,
}

/// What the appender does next.
pub(crate) enum Work {
    Append(Vec<u8>),
    Do(Requests),
}

/// Lines for which there was no room.
#[derive(Debug, Clone, Copy)]
struct Dropped {
    lines: u64,
    first: SystemTime,
    last: SystemTime,
}

/// What the appender is doing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Idle,
    /// It has been waiting for the lock since then.
    Locking(Instant),
    /// It holds the lock.
    Appending,
    /// It waits before it tries again.
    Retrying,
}

/// What signals ask for: fsync the log, rotate it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requests {
    pub(crate) flush: bool,
    pub(crate) rotate: bool,
}

/// Whether the queue goes on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Open,
    /// No more lines will come.
    Closed,
    /// The lines that are left will not be appended.
    Abandoned,
}

impl State {
    /// Tells whether there is room for so many bytes. There always is in an
    /// empty queue, or else a long line would wait for ever.
    pub(super) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes == 0 || self.bytes.saturating_add(bytes) <= limit
    }

    /// Takes in whole lines. Small batches become one, but not across the
    /// position of a request.
    pub(super) fn push(&mut self, lines: &[u8]) {
        let joins = self.requests.back().is_none_or(|last| last.position < self.pushed);
        match self.batches.back_mut() {
            Some(last) if joins && last.len() + lines.len() <= READ => {
                last.extend_from_slice(lines);
                self.count(lines.len());
            }
            _ => self.push_whole(lines.to_vec()),
        }
    }

    /// Takes in a batch of whole lines as it is.
    pub(super) fn push_whole(&mut self, batch: Vec<u8>) {
        self.count(batch.len());
        self.batches.push_back(batch);
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.pushed += bytes as u64;
    }

    /// Notes requests, due when all lines before them are in.
    pub(super) fn ask(&mut self, Requests { flush, rotate }: Requests) {
        let (position, several) = (self.pushed, self.requests.len() > 1);
        match self.requests.back_mut() {
            Some(last) if several || last.position == position => {
                last.position = position;
                last.requests.flush |= flush;
                last.requests.rotate |= rotate;
            }
            _ => {
                let requests = Requests { flush, rotate };
                self.requests.push_back(Positioned { position, requests });
            }
        }
    }

    /// Returns the requests that are due, or else the oldest batch.
    pub(super) fn next(&mut self) -> Option<Work> {
        if self.requests.front().is_some_and(|first| first.position <= self.taken) {
            return self.requests.pop_front().map(|due| Work::Do(due.requests));
        }
        let batch = self.batches.pop_front()?;
        self.taken += batch.len() as u64;
        Some(Work::Append(batch))
    }

    /// Takes back lines that could not be appended.
    pub(super) fn put_back(&mut self, lines: Vec<u8>) {
        self.taken -= lines.len() as u64;
        self.batches.push_front(lines);
    }

    /// Takes in as many of the whole `lines` as there is room for, and notes
    /// the rest as dropped; returns how many lines that is.
    pub(super) fn push_or_drop(&mut self, lines: &[u8], limit: usize) -> u64 {
        self.report_dropped(limit);
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
    /// is none before a line about those dropped before is in.
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

    /// Takes in the line that reports dropped ones, if there is room for it.
    pub(super) fn report_dropped(&mut self, limit: usize) {
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

    /// Tells whether nothing waits and the appender does nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle && self.bytes == 0 && self.requests.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns everything that is in.
    fn content(state: &State) -> String {
        String::from_utf8(state.batches.iter().flatten().copied().collect()).unwrap()
    }

    /// Takes everything; a request is shown as a letter in brackets.
    fn taken(state: &mut State) -> String {
        std::iter::from_fn(|| match state.next()? {
            Work::Append(batch) => Some(String::from_utf8(batch).unwrap()),
            Work::Do(Requests { flush, rotate }) => Some(
                ["", "[f]", "[r]", "[fr]"][usize::from(flush) + 2 * usize::from(rotate)].into(),
            ),
        })
        .collect()
    }

    const FLUSH: Requests = Requests { flush: true, rotate: false };
    const ROTATE: Requests = Requests { flush: false, rotate: true };

    #[test]
    fn a_request_is_due_when_the_lines_before_it_are_in() {
        let mut state = State::default();
        state.push(b"a ");
        state.ask(ROTATE);
        state.ask(FLUSH);
        state.push(b"b ");
        state.ask(FLUSH);
        state.push(b"c ");
        assert_eq!(taken(&mut state), "a [fr]b [f]c ");
        state.ask(ROTATE);
        assert_eq!(taken(&mut state), "[r]");
    }

    #[test]
    fn requests_are_bounded_and_the_first_keeps_its_position() {
        let mut state = State::default();
        for _ in 0..4 {
            state.push(b"a ");
            state.ask(ROTATE);
        }
        assert_eq!(taken(&mut state), "a [r]a a a [r]");
        assert!(state.requests.is_empty());
    }

    #[test]
    fn lines_that_could_not_be_appended_come_before_the_request_again() {
        let mut state = State::default();
        state.push(b"ab");
        state.ask(ROTATE);
        let Some(Work::Append(batch)) = state.next() else { panic!("a batch") };
        state.put_back(batch[1..].to_vec());
        assert_eq!(taken(&mut state), "b[r]");
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
