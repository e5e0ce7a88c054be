//! Lines read and not yet in the log, bounded in bytes, and the requests among
//! them.
//!
//! The reader pushes, the appender takes. Neither waits for the other while it
//! holds the queue's mutex. The queue wakes the appender when there is work, and
//! the reader when there is room again or when all is done.

mod state;

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::state::{End, Phase, State};
pub(crate) use self::state::{Requests, Work};
use crate::records::Lines;
use crate::sys::READ;
use crate::sys::{Waker, Woken, waker};

/// So many bytes of lines are worth giving away with their buffer. Fewer would
/// waste it: the queue is bounded by what its batches hold.
const WORTH_GIVING: usize = READ / 4 * 3;

/// How many buffers are kept to be used again.
const SPARES: usize = 4;

/// Lines read and not yet in the log.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the appender.
    work: Condvar,
    /// Wakes the reader.
    wake: Waker,
    /// In bytes.
    limit: usize,
}

impl Queue {
    /// Returns an empty queue for `limit` bytes, and what is ready when the
    /// reader should look again.
    pub(crate) fn new(limit: usize) -> io::Result<(Self, Woken)> {
        let (wake, woken) = waker()?;
        let state = Mutex::new(State::default());
        Ok((Self { state, work: Condvar::new(), wake, limit }, woken))
    }

    /// Locks the state. A thread that panicked ends the program, so there is
    /// no half-done state to fear.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // For the reader.

    /// Tells whether nothing waits and the appender does nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.state().is_idle()
    }

    /// Returns how many bytes wait for our own work; none while we wait for the
    /// lock.
    pub(crate) fn own_backlog(&self) -> u64 {
        let state = self.state();
        if state.phase == Phase::Appending { state.bytes as u64 } else { 0 }
    }

    /// Returns since when the appender has been waiting for the lock, if at
    /// least so many bytes wait with it.
    pub(crate) fn full_hold_since(&self, bytes: usize) -> Option<Instant> {
        let state = self.state();
        match state.phase {
            Phase::Locking(since) if state.bytes >= bytes => Some(since),
            _ => None,
        }
    }

    /// Wakes the reader at the next news, whatever it is.
    pub(crate) fn wait_for_news(&self) {
        self.state().reader_waits = true;
    }

    /// Takes in the whole lines of `lines` but for the first `done` bytes, if
    /// there is room; an empty queue has room for any batch. Tells whether it
    /// did. If not, the reader will be woken.
    pub(crate) fn push(&self, lines: &mut Lines, done: usize) -> bool {
        let mut state = self.state();
        let more = lines.whole().len() - done;
        let room = state.has_room(more, self.limit);
        if room && done == 0 && more >= WORTH_GIVING {
            let spare = state.spares.pop().unwrap_or_default();
            state.push_whole(lines.give_away(spare));
        } else if room {
            state.push(&lines.whole()[done..]);
            lines.taken(done + more);
        }
        if room {
            self.work.notify_one();
        } else {
            state.reader_waits = true;
        }
        room
    }

    /// Takes in as many of the whole `lines` as there is room for and drops
    /// the rest, which one line in the log will report. Returns how many lines
    /// were dropped.
    pub(crate) fn push_or_drop(&self, lines: &[u8]) -> u64 {
        let dropped = self.state().push_or_drop(lines, self.limit);
        self.work.notify_one();
        dropped
    }

    /// Has `requests` done when all lines that were pushed are in.
    pub(crate) fn ask(&self, requests: Requests) {
        self.state().ask(requests);
        self.work.notify_one();
    }

    /// Tells whether all is in; if not, the reader will be woken.
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
            state.report_dropped(usize::MAX);
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

    /// Waits until there is something to do. Returns false when all is done or
    /// the lines have been given up.
    pub(crate) fn wait_for_work(&self) -> bool {
        let mut state = self.state();
        state.phase = Phase::Idle;
        loop {
            if self.begin_work(&mut state) {
                return true;
            }
            if state.end != End::Open {
                return false;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells whether there is something to do, and notes that it begins.
    pub(crate) fn has_work(&self) -> bool {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Locking(_)) {
            state.phase = Phase::Idle;
        }
        self.begin_work(&mut state)
    }

    fn begin_work(&self, state: &mut State) -> bool {
        self.wake_reader(state);
        let has_work = state.end != End::Abandoned && !state.is_idle();
        if has_work && state.phase == Phase::Idle {
            state.phase = Phase::Locking(Instant::now());
        }
        has_work
    }

    /// Notes that the lock is ours. Returns false if the lines have been given
    /// up meanwhile.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.state();
        let goes_on = state.end != End::Abandoned;
        if goes_on {
            state.phase = Phase::Appending;
        }
        goes_on
    }

    /// Returns what comes next. The bytes of a batch count until they are
    /// [done](Queue::done).
    pub(crate) fn next(&self) -> Option<Work> {
        self.state().next()
    }

    /// Takes back lines that could not be appended.
    pub(crate) fn put_back(&self, lines: Vec<u8>) {
        self.state().put_back(lines);
    }

    /// Keeps the memory of a batch that is in.
    pub(crate) fn recycle(&self, batch: Vec<u8>) {
        let mut state = self.state();
        if state.spares.len() < SPARES {
            state.spares.push(batch);
        }
    }

    /// Notes that so many of the bytes that were taken are in.
    pub(crate) fn done(&self, bytes: usize) {
        let mut state = self.state();
        state.bytes -= bytes;
        state.report_dropped(self.limit);
        self.wake_reader(&mut state);
    }

    /// Notes that an append failed.
    pub(crate) fn fails(&self) {
        self.state().phase = Phase::Retrying;
        self.work.notify_all();
    }

    /// Waits for `time`, or until the lines are given up.
    pub(crate) fn wait_to_retry(&self, time: Duration) {
        let goes_on = |state: &mut State| state.end != End::Abandoned;
        drop(self.work.wait_timeout_while(self.state(), time, goes_on));
    }

    /// Wakes the reader if it waits.
    pub(crate) fn news(&self) {
        self.wake_reader(&mut self.state());
    }

    /// Returns how many lines wait.
    pub(crate) fn lines(&self) -> u64 {
        self.state().batches.iter().map(|batch| newlines(batch)).sum()
    }

    fn wake_reader(&self, state: &mut State) {
        if std::mem::take(&mut state.reader_waits) {
            self.wake.wake();
        }
        self.work.notify_all();
    }
}

/// Counts the lines in `bytes`.
pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
