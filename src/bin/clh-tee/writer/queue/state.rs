//! The content of the queue, without the threads that share it.

use std::collections::VecDeque;
use std::time::{Instant, SystemTime};

use clh_tee::Records;

use super::newlines;
use crate::messages::{counted, moment};
use crate::records::Batch;
use crate::sys::READ;
use crate::transform::json_note;
use crate::writer::spooled::Spooled;

#[derive(Default)]
pub(super) struct State {
    /// Whole records each.
    pub(super) batches: VecDeque<Batch>,
    /// Records that are too long for memory. While there are any, there are no batches.
    pub(super) spooled: VecDeque<Spooled>,
    pub(super) spares: Vec<Batch>,
    /// Including the batches that are being appended.
    pub(super) bytes: usize,
    pub(super) phase: Phase,
    /// At most two. The first keeps its position, so that it becomes due even in a flood; the
    /// second moves back with each further request.
    requests: VecDeque<Positioned>,
    /// In bytes since the start, like positions.
    pushed: u64,
    taken: u64,
    pub(super) end: End,
    pub(super) reader_waits: bool,
    /// How many threads wait for the appender or its work.
    pub(super) waiting: usize,
    /// Dropped lines that no line in the log has reported yet.
    dropped: Option<Dropped>,
    /// Whether a line in the log is a JSON object.
    pub(super) json: bool,
}

/// Requests that are due when everything before this position is in the log.
struct Positioned {
    position: u64,
    requests: Requests,
}

pub(crate) enum Work {
    Append(Batch),
    Spooled(Spooled),
    Do(Requests),
}

#[derive(Debug, Clone, Copy)]
struct Dropped {
    lines: u64,
    first: SystemTime,
    last: SystemTime,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Idle,
    /// Waiting for the lock since then.
    Locking(Instant),
    Appending,
    Retrying,
}

/// What signals request; `flush` means fsync.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requests {
    pub(crate) flush: bool,
    pub(crate) rotate: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Open,
    /// No more lines come.
    Closed,
    /// The remaining lines are not appended.
    Abandoned,
}

impl State {
    /// Returns whether there is room. An empty queue has room for any batch; otherwise a long line
    /// would wait forever.
    pub(super) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes == 0 || self.bytes.saturating_add(bytes) <= limit
    }

    /// Adds records. Small batches are merged, but not across a request's position.
    pub(super) fn push(&mut self, records: Records<'_>) {
        let joins = self.requests.back().is_none_or(|last| last.position < self.pushed);
        match self.batches.back_mut() {
            Some(last) if joins && last.bytes.len() + records.len() <= READ => {
                last.push(records);
                self.count(records.len());
            }
            _ => {
                let mut batch = self.spares.pop().unwrap_or_default();
                batch.clear();
                batch.bytes.reserve_exact(records.len().max(READ));
                batch.push(records);
                self.push_whole(batch);
            }
        }
    }

    pub(super) fn push_whole(&mut self, batch: Batch) {
        self.count(batch.bytes.len());
        self.batches.push_back(batch);
    }

    pub(super) fn push_spooled(&mut self, record: Spooled) {
        self.count(left(&record));
        self.spooled.push_back(record);
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.pushed += bytes as u64;
    }

    pub(super) fn ask(&mut self, requests: Requests) {
        let (position, several) = (self.pushed, self.requests.len() > 1);
        match self.requests.back_mut() {
            Some(last) if several || last.position == position => {
                last.position = position;
                last.requests.flush |= requests.flush;
                last.requests.rotate |= requests.rotate;
            }
            _ => self.requests.push_back(Positioned { position, requests }),
        }
    }

    pub(super) fn next(&mut self) -> Option<Work> {
        if self.requests.front().is_some_and(|first| first.position <= self.taken) {
            return self.requests.pop_front().map(|due| Work::Do(due.requests));
        }
        let Some(batch) = self.batches.pop_front() else {
            let record = self.spooled.pop_front()?;
            self.taken += left(&record) as u64;
            return Some(Work::Spooled(record));
        };
        self.taken += batch.bytes.len() as u64;
        Some(Work::Append(batch))
    }

    pub(super) fn put_back(&mut self, batch: Batch) {
        self.taken -= batch.bytes.len() as u64;
        self.batches.push_front(batch);
    }

    pub(super) fn put_spooled_back(&mut self, record: Spooled) {
        self.taken -= left(&record) as u64;
        self.spooled.push_front(record);
    }

    /// Adds as many of the records as there is room for; returns how many lines were dropped.
    pub(super) fn push_or_drop(&mut self, records: Records<'_>, limit: usize) -> u64 {
        self.report_dropped(limit);
        let kept = self.keepable(records, limit);
        if kept > 0 {
            self.push(records.first(kept));
        }
        let dropped = newlines(records.skip(kept).bytes());
        if dropped > 0 {
            let now = SystemTime::now();
            let before = self.dropped.unwrap_or(Dropped { lines: 0, first: now, last: now });
            self.dropped = Some(Dropped { lines: before.lines + dropped, last: now, ..before });
        }
        dropped
    }

    /// Returns how many bytes of the records to keep, as whole records. It is 0 until the report of
    /// lines dropped earlier is in the queue.
    fn keepable(&self, records: Records<'_>, limit: usize) -> usize {
        if self.dropped.is_some() {
            0
        } else if self.has_room(records.len(), limit) {
            records.len()
        } else {
            records.whole(limit.saturating_sub(self.bytes).min(records.len()))
        }
    }

    pub(super) fn report_dropped(&mut self, limit: usize) {
        if let Some(Dropped { lines, first, last }) = self.dropped {
            let [first, last] = [first, last].map(moment);
            let lines = counted(lines, "line");
            let marker =
                format!("clh-tee: {lines} dropped from {first} to {last}, the buffer was full");
            let marker =
                if self.json { json_note(&marker, SystemTime::now()) } else { marker + "\n" };
            if self.has_room(marker.len(), limit) {
                self.dropped = None;
                self.push(marker.as_bytes().into());
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle && self.bytes == 0 && self.requests.is_empty()
    }
}

fn left(record: &Spooled) -> usize {
    usize::try_from(record.left()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(state: &State) -> String {
        String::from_utf8(state.batches.iter().flat_map(|batch| batch.bytes.clone()).collect())
            .unwrap()
    }

    /// Takes everything; represents a request by letters in brackets.
    fn taken(state: &mut State) -> String {
        std::iter::from_fn(|| match state.next()? {
            Work::Append(batch) => Some(String::from_utf8(batch.bytes).unwrap()),
            Work::Spooled(_) => None,
            Work::Do(Requests { flush, rotate }) => Some(
                ["", "[f]", "[r]", "[fr]"][usize::from(flush) + 2 * usize::from(rotate)].into(),
            ),
        })
        .collect()
    }

    /// Pushes each of `steps`, or makes a request; `[f]` and `[r]` are requests.
    fn after(steps: &[&str]) -> State {
        let mut state = State::default();
        for step in steps {
            match *step {
                "[f]" => state.ask(Requests { flush: true, rotate: false }),
                "[r]" => state.ask(Requests { flush: false, rotate: true }),
                lines => state.push(lines.as_bytes().into()),
            }
        }
        state
    }

    #[test]
    fn a_request_is_due_when_the_lines_before_it_are_in() {
        let mut state = after(&["a ", "[r]", "[f]", "b ", "[f]", "c "]);
        assert_eq!(taken(&mut state), "a [fr]b [f]c ");
        state.ask(Requests { flush: false, rotate: true });
        assert_eq!(taken(&mut state), "[r]");
    }

    #[test]
    fn requests_are_bounded_and_the_first_keeps_its_position() {
        let mut state = after(&["a ", "[r]"].repeat(4));
        assert_eq!(taken(&mut state), "a [r]a a a [r]");
        assert!(state.requests.is_empty());
    }

    #[test]
    fn lines_that_could_not_be_appended_come_before_the_request_again() {
        let mut state = after(&["ab", "[r]"]);
        let Some(Work::Append(mut batch)) = state.next() else { panic!("a batch") };
        batch.remove_first(1);
        state.put_back(batch);
        assert_eq!(taken(&mut state), "b[r]");
    }

    #[test]
    fn a_long_line_finds_room_in_an_empty_queue_only() {
        let mut state = State::default();
        assert!(state.has_room(100, 10));
        state.push(b"a\n"[..].into());
        assert!(state.has_room(8, 10) && !state.has_room(9, 10));
    }

    #[test]
    fn whole_lines_are_dropped_and_reported_before_the_next_are_kept() {
        let mut state = State::default();
        let push = |state: &mut State, lines: &str, limit| {
            state.push_or_drop(lines.as_bytes().into(), limit)
        };
        assert_eq!(push(&mut state, "one\ntwo\n", 10), 0);
        assert_eq!(push(&mut state, "a\nb\nc\n", 10), 2);
        assert_eq!(push(&mut state, "d\n", 10), 1);
        assert_eq!(content(&state), "one\ntwo\na\n");
        // Everything has been appended.
        (state.batches, state.bytes) = (VecDeque::new(), 0);
        assert_eq!(push(&mut state, "e\n", 1000), 0);
        let content = content(&state);
        assert!(content.starts_with("clh-tee: 3 lines dropped from 20"), "{content}");
        assert!(content.ends_with("the buffer was full\ne\n"), "{content}");
    }
}
