//! Records that have been read and are not in the log yet, limited in bytes, and the requests among
//! them.
//!
//! The reader pushes and the appender takes. Neither waits for the other while it holds the queue's
//! mutex. The queue wakes the appender when there is work, and the reader when there is room again
//! or everything is done.

mod state;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clh_tee::Records;

use self::state::{End, Phase, State};
pub(crate) use self::state::{Requests, Work};
use crate::records::{Batch, Lines};
use crate::sys::{READ, Waker, Woken, waker};
use crate::writer::spooled::Spooled;

/// A buffer with at least this many bytes is given away whole. With fewer that would waste memory,
/// because the queue's limit counts the bytes of lines, not of buffers.
const WORTH_GIVING: usize = READ / 4 * 3;

/// Buffers kept for reuse.
const SPARES: usize = 2;

pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the appender.
    work: Condvar,
    /// Wakes the reader.
    wake: Waker,
    limit: usize,
}

impl Queue {
    /// Returns an empty queue, and what becomes ready when the reader should check it again.
    pub(crate) fn new(limit: usize, json: bool) -> io::Result<(Self, Woken)> {
        let (wake, woken) = waker()?;
        let mut state = State::default();
        state.json = json;
        let state = Mutex::new(state);
        Ok((Self { state, work: Condvar::new(), wake, limit }, woken))
    }

    /// A thread that panics ends the program, so a poisoned state is never used.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // For the reader:

    pub(crate) fn is_idle(&self) -> bool {
        self.state().is_idle()
    }

    /// Returns how many bytes wait for us: for the appender to wake up or to append. It is 0 while
    /// we wait for the lock or for a retry.
    pub(crate) fn own_backlog(&self) -> u64 {
        let state = self.state();
        match state.phase {
            Phase::Idle | Phase::Appending => state.bytes as u64,
            Phase::Locking(_) | Phase::Retrying => 0,
        }
    }

    /// Returns since when the appender has been waiting for the lock, if at least `bytes` bytes
    /// wait.
    pub(crate) fn locking_since(&self, bytes: usize) -> Option<Instant> {
        let state = self.state();
        let Phase::Locking(since) = state.phase else { return None };
        (state.bytes >= bytes).then_some(since)
    }

    pub(crate) fn wait_for_news(&self) {
        self.state().reader_waits = true;
    }

    /// Takes the whole records of `lines` after the first `done` bytes and returns true, if there
    /// is room. Otherwise the reader will be woken.
    pub(crate) fn push(&self, lines: &mut Lines, done: usize) -> bool {
        let mut state = self.state();
        let more = lines.whole().len() - done;
        if !state.has_room(more, self.limit) {
            state.reader_waits = true;
            return false;
        }
        if done == 0 && more >= WORTH_GIVING {
            let spare = state.spares.pop().unwrap_or_default();
            state.push_whole(lines.give_away(spare));
        } else {
            state.push(lines.whole().skip(done));
            lines.taken(done + more);
        }
        self.wake_appender(&state);
        true
    }

    /// Takes as many of the records as there is room for. Returns how many lines were dropped; a
    /// line in the log will report them.
    pub(crate) fn push_or_drop(&self, records: Records<'_>) -> u64 {
        let mut state = self.state();
        let dropped = state.push_or_drop(records, self.limit);
        self.wake_appender(&state);
        dropped
    }

    /// Adds a record though there is no room. Its reader waits until the queue is idle.
    pub(crate) fn push_spooled(&self, record: Spooled) {
        let mut state = self.state();
        state.push_spooled(record);
        self.wake_appender(&state);
    }

    pub(crate) fn ask(&self, requests: Requests) {
        let mut state = self.state();
        state.ask(requests);
        self.wake_appender(&state);
    }

    /// Returns whether everything is in the log; if not, the reader will be woken.
    pub(crate) fn is_settled(&self) -> bool {
        let mut state = self.state();
        state.reader_waits = !state.is_idle();
        !state.reader_waits
    }

    pub(crate) fn close(&self) {
        let mut state = self.state();
        if state.end == End::Open {
            state.end = End::Closed;
            state.report_dropped(usize::MAX);
        }
        self.wake_appender(&state);
    }

    /// Gives up the queued records and returns them, and whether an append in progress has not
    /// ended after `grace`.
    pub(crate) fn abandon(&self, grace: Duration) -> (Vec<u8>, Vec<Spooled>, bool) {
        let mut state = self.state();
        state.end = End::Abandoned;
        self.wake_appender(&state);
        let appending = |state: &mut State| state.phase == Phase::Appending;
        state = self.wait_while(state, grace, appending);
        let batches = std::mem::take(&mut state.batches);
        let lines = batches.into_iter().flat_map(|batch| batch.bytes).collect();
        let spooled = std::mem::take(&mut state.spooled).into();
        (lines, spooled, state.phase == Phase::Appending)
    }

    // For the appender:

    pub(crate) fn is_abandoned(&self) -> bool {
        self.state().end == End::Abandoned
    }

    /// Returns false when everything is done or the lines have been given up.
    pub(crate) fn wait_for_work(&self) -> bool {
        let mut state = self.state();
        state.phase = Phase::Idle;
        while !self.begin_work(&mut state) {
            if state.end != End::Open {
                return false;
            }
            state = self.wait_while(state, Duration::MAX, |state| {
                state.is_idle() && state.end == End::Open
            });
        }
        true
    }

    /// Does the same without waiting: returns whether there is work now, which then begins.
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

    /// Records that we hold the lock. Returns false if the lines have been given up meanwhile.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.state();
        if state.end == End::Abandoned {
            return false;
        }
        state.phase = Phase::Appending;
        true
    }

    /// The bytes of a batch count until [`Queue::done`].
    pub(crate) fn next(&self) -> Option<Work> {
        self.state().next()
    }

    /// Takes back a batch whose first `appended` bytes are in the log.
    pub(crate) fn put_back(&self, mut batch: Batch, appended: usize) {
        let mut state = self.state();
        if appended < batch.bytes.len() {
            batch.remove_first(appended);
            state.put_back(batch);
        } else if state.spares.len() < SPARES {
            state.spares.push(batch);
        }
    }

    pub(crate) fn put_spooled_back(&self, record: Spooled) {
        self.state().put_spooled_back(record);
    }

    /// Records that `bytes` of the bytes taken are in the log.
    pub(crate) fn done(&self, bytes: usize) {
        let mut state = self.state();
        state.bytes -= bytes;
        state.report_dropped(self.limit);
        self.wake_reader(&mut state);
    }

    pub(crate) fn fails(&self) {
        let mut state = self.state();
        state.phase = Phase::Retrying;
        self.wake_appender(&state);
    }

    pub(crate) fn wait_to_retry(&self, time: Duration) {
        let goes_on = |state: &mut State| state.end != End::Abandoned;
        drop(self.wait_while(self.state(), time, goes_on));
    }

    pub(crate) fn news(&self) {
        self.wake_reader(&mut self.state());
    }

    pub(crate) fn lines(&self) -> u64 {
        let state = self.state();
        let spooled = state.spooled.iter().map(|record| record.lines);
        state.batches.iter().map(|batch| newlines(&batch.bytes)).chain(spooled).sum()
    }

    fn wake_reader(&self, state: &mut State) {
        if std::mem::take(&mut state.reader_waits) {
            self.wake.wake();
        }
        self.wake_appender(state);
    }

    /// Wakes the appender, or what waits for it. Waking no thread would cost a system call, too.
    fn wake_appender(&self, state: &State) {
        if state.waiting > 0 {
            self.work.notify_all();
        }
    }

    fn wait_while<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        time: Duration,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        state.waiting += 1;
        let waited = self.work.wait_timeout_while(state, time, condition);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }
}

pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
