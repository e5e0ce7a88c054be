//! Lines read and not yet in the log, bounded in bytes.
//!
//! The reader pushes, the appender takes. Neither ever waits for the other
//! while it holds the queue's mutex, and both learn through the queue what the
//! other is about: the appender when there is work, the reader when there is
//! room again, or when all is done.

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::lines::READ;
use crate::report::counted;

/// Lines read and not yet in the log, and who is doing what about them.
pub(crate) struct Queue {
    /// Everything, under one mutex that is never held for long.
    state: Mutex<State>,
    /// Rouses the appender.
    work: Condvar,
    /// Rouses the reader, who polls the other end.
    wake: PipeWriter,
    /// How many bytes may be in.
    limit: usize,
}

/// What the queue holds.
#[derive(Default)]
struct State {
    /// Batches, each of whole lines.
    batches: VecDeque<Vec<u8>>,
    /// How many bytes they are, and those that the appender is putting in.
    bytes: usize,
    /// What the appender is about.
    phase: Phase,
    /// Besides appending: what has been asked for.
    errands: Errands,
    /// No more lines will come, or those that are here are given up.
    end: End,
    /// The reader wants to be roused at the next change.
    reader_waits: bool,
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
pub(crate) enum Phase {
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
pub(crate) struct Errands {
    /// Force the log to disk.
    pub(crate) flush: bool,
    /// Rotate the log.
    pub(crate) rotate: bool,
}

/// Whether the queue goes on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum End {
    /// More may come.
    #[default]
    Open,
    /// What is here is the last.
    Closed,
    /// Nothing that is here will be put in any more.
    Abandoned,
}

impl Queue {
    /// Returns an empty queue for `limit` bytes, and what becomes readable when
    /// the reader, having waited, should look again.
    pub(crate) fn new(limit: usize) -> io::Result<(Self, PipeReader)> {
        let (woken, wake) = io::pipe()?;
        let state = Mutex::new(State::default());
        Ok((
            Self {
                state,
                work: Condvar::new(),
                wake,
                limit,
            },
            woken,
        ))
    }

    /// Locks the state. A thread that panicked ends the program, so there is
    /// no half-done state to fear.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // For the reader.

    /// Tells whether nothing waits and nobody is about anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.state().is_idle()
    }

    /// Takes in whole `lines` if there is room; an empty queue has room for
    /// any batch. Tells whether it did. If not, the reader will be roused.
    pub(crate) fn push(&self, lines: &[u8]) -> bool {
        let mut state = self.state();
        let room = state.has_room(lines.len(), self.limit);
        if room {
            state.push(lines);
            self.work.notify_one();
        } else {
            state.reader_waits = true;
        }
        room
    }

    /// Takes in as many of the whole `lines` as there is room for and drops
    /// the rest, of which one line in the log will tell. Returns how many
    /// lines were dropped.
    pub(crate) fn push_or_drop(&self, lines: &[u8]) -> u64 {
        let mut state = self.state();
        state.tell_dropped(self.limit);
        let kept = if state.dropped.is_some() {
            0
        } else if state.has_room(lines.len(), self.limit) {
            lines.len()
        } else {
            let room = &lines[..self.limit.saturating_sub(state.bytes).min(lines.len())];
            memchr::memrchr(b'\n', room).map_or(0, |end| end + 1)
        };
        if kept > 0 {
            state.push(&lines[..kept]);
        }
        self.work.notify_one();
        let dropped = newlines(&lines[kept..]);
        if dropped > 0 {
            let now = SystemTime::now();
            let so_far = state.dropped.unwrap_or(Dropped {
                lines: 0,
                first: now,
                last: now,
            });
            let lines = so_far.lines + dropped;
            state.dropped = Some(Dropped {
                lines,
                last: now,
                ..so_far
            });
        }
        dropped
    }

    /// Has an errand done once all that waits is in.
    pub(crate) fn ask(&self, errands: Errands) {
        let mut state = self.state();
        state.errands.flush |= errands.flush;
        state.errands.rotate |= errands.rotate;
        self.work.notify_one();
    }

    /// Tells whether all is in; if not, the reader will be roused.
    pub(crate) fn is_settled(&self) -> bool {
        let mut state = self.state();
        state.reader_waits = !state.is_idle();
        !state.reader_waits
    }

    /// Returns since when the appender has been waiting for the lock.
    pub(crate) fn locking_since(&self) -> Option<Instant> {
        match self.state().phase {
            Phase::Locking(since) => Some(since),
            _ => None,
        }
    }

    /// Says that no more will come.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        if state.end == End::Open {
            state.end = End::Closed;
            state.tell_dropped(usize::MAX);
        }
        self.work.notify_one();
    }

    /// Gives up what waits, and returns it. An append that has begun is given
    /// `grace` to end; whether it did is returned too.
    pub(crate) fn abandon(&self, grace: Duration) -> (Vec<u8>, bool) {
        let mut state = self.state();
        state.end = End::Abandoned;
        self.work.notify_all();
        let appending = |state: &mut State| state.phase == Phase::Appending;
        let waited = self.work.wait_timeout_while(state, grace, appending);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let batches = std::mem::take(&mut state.batches);
        (Vec::from(batches).concat(), state.phase != Phase::Appending)
    }

    // For the appender.

    /// Waits until there is something to do; returns whether there is, or else
    /// that all is done.
    pub(crate) fn wait_for_work(&self) -> bool {
        let mut state = self.state();
        state.phase = Phase::Idle;
        loop {
            self.rouse_reader(&mut state);
            if state.end == End::Abandoned {
                return false;
            }
            if !state.is_idle() {
                state.phase = Phase::Locking(Instant::now());
                return true;
            }
            if state.end == End::Closed {
                return false;
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that the lock is ours, and returns whether lines are still to be
    /// put in: they are not if they have been given up meanwhile.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.state();
        let goes_on = state.end != End::Abandoned;
        if goes_on {
            state.phase = Phase::Appending;
        }
        goes_on
    }

    /// Returns the oldest batch that waits. Its bytes count until they are
    /// [done](Queue::done).
    pub(crate) fn take(&self) -> Option<Vec<u8>> {
        self.state().batches.pop_front()
    }

    /// Puts back lines that could not be put in.
    pub(crate) fn put_back(&self, lines: &[u8]) {
        self.state().batches.push_front(lines.to_vec());
    }

    /// Returns what is asked for, if nothing waits any more.
    pub(crate) fn errands(&self) -> Errands {
        let mut state = self.state();
        if state.batches.is_empty() {
            std::mem::take(&mut state.errands)
        } else {
            Errands::default()
        }
    }

    /// Says that so many of the bytes that were taken are in.
    pub(crate) fn done(&self, bytes: usize) {
        let mut state = self.state();
        state.bytes -= bytes;
        state.tell_dropped(self.limit);
        self.rouse_reader(&mut state);
    }

    /// Waits for `time`, or until the lines are given up.
    pub(crate) fn wait_to_retry(&self, time: Duration) {
        let mut state = self.state();
        state.phase = Phase::Retrying;
        self.work.notify_all();
        let goes_on = |state: &mut State| state.end != End::Abandoned;
        drop(self.work.wait_timeout_while(state, time, goes_on));
    }

    /// Returns how many lines wait.
    pub(crate) fn lines(&self) -> u64 {
        self.state()
            .batches
            .iter()
            .map(|batch| newlines(batch))
            .sum()
    }

    /// Rouses the reader if it waits.
    fn rouse_reader(&self, state: &mut State) {
        if std::mem::take(&mut state.reader_waits) {
            // There is room for one byte, since the reader takes each before
            // it waits again; and if it is gone nobody needs to be roused.
            drop((&self.wake).write(&[0]));
        }
        self.work.notify_all();
    }
}

impl State {
    /// Tells whether there is room for so many bytes. There always is in an
    /// empty queue, or else a long line would wait for ever.
    fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes == 0 || self.bytes.saturating_add(bytes) <= limit
    }

    /// Takes in whole lines; small batches become one.
    fn push(&mut self, lines: &[u8]) {
        self.bytes += lines.len();
        match self.batches.back_mut() {
            Some(last) if last.len() + lines.len() <= READ => last.extend_from_slice(lines),
            _ => self.batches.push_back(lines.to_vec()),
        }
    }

    /// Takes in the line that tells of dropped ones, if there is room for it.
    fn tell_dropped(&mut self, limit: usize) {
        if let Some(Dropped { lines, first, last }) = self.dropped {
            let [first, last] = [first, last].map(humantime::format_rfc3339_seconds);
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
    fn is_idle(&self) -> bool {
        self.phase == Phase::Idle && self.bytes == 0 && self.errands == Errands::default()
    }
}

/// Counts the lines in `bytes`.
pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
