//! What a busy writer leaves to the others who share the log.
//!
//! `flock` is not fair: a release wakes a waiter, which finds the lock taken if
//! the same writer takes it again at once. A writer that waits for its first turn
//! has appended nothing yet, so nobody sees it. Therefore a hold is short, and
//! after each run of holds the lock is left alone for a moment, whoever is there.
//! What others append meanwhile tells whether they need more than that. All
//! figures are from two processors.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most bytes of one hold, but for its last batch.
pub(crate) const HOLD: usize = 1024 * 1024;

/// The same where short holds matter: beside quiet writers, and where the log is
/// compressed, since what one hold appends has not been compressed ahead if the
/// log is rotated in the same hold.
pub(crate) const SHORT_HOLD: usize = 256 * 1024;

/// How long the producer is left waiting, once as much as [`HOLD`] waits for the
/// lock, before more is read. Among busy writers the turn comes sooner than that,
/// and what would fill the queue meanwhile only pushes its content out of the
/// processor's cache: with 32 of them, reading on made all of them 15 % slower.
pub(crate) const TURN: Duration = Duration::from_millis(50);

/// How long the lock is held, in one hold or several, before it is left alone.
/// Others wait about that long at most.
const RUN: Duration = Duration::from_micros(1500);

/// How long the lock is left alone then: long enough for a waiter to wake up and
/// take it. A pause that is as long by itself counts.
const GAP: Duration = Duration::from_micros(100);

/// How many bytes are appended in one hold whatever that takes.
const FEW: usize = 16 * 1024;

/// How many bytes make a hold one of a busy writer.
const FLOOD: usize = 64 * 1024;

/// How long a busy writer rests among busy writers. Without it, a writer with one
/// line to add waited 25 ms.
const AMONG_BUSY: Duration = Duration::from_micros(50);

/// How many times as long as it has held the lock a busy writer rests among quiet
/// writers, which it would also keep from the processors. With 50 µs instead, one
/// in a hundred of their lines was 4 ms late, six times as late as beside a busy
/// Python; with this, 0.4 ms. The flood goes on at 300 MB/s.
const AMONG_QUIET: u32 = 8;

/// How long a busy writer rests at most, if its hold was long for other reasons,
/// such as a slow disk.
const LONGEST_REST: Duration = Duration::from_millis(5);

/// Which others have appended to the log between two holds of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    Quiet,
    Busy,
}

impl Others {
    fn who_append(bytes: u64) -> Self {
        match bytes {
            0 => Self::None,
            quiet if quiet < FLOOD as u64 => Self::Quiet,
            _ => Self::Busy,
        }
    }
}

/// When the lock is left to others, whichever thread takes it.
#[derive(Debug, Default)]
pub(crate) struct Fairness(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How long the lock was held since it was left alone last.
    held: Duration,
    released: Option<Instant>,
    /// Until when it is left alone.
    free_until: Option<Instant>,
}

/// A hold that has begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    began: Instant,
    others: Others,
}

impl Fairness {
    /// Leaves the lock alone for as long as is due. What is done between two
    /// holds counts, such as reading more input.
    pub(crate) fn rest(&self) {
        let until = self.state(|state| state.free_until.take());
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            thread::sleep(left);
        }
    }

    /// Notes that `turn` is over, and that it appended so many bytes.
    pub(crate) fn is_over(&self, turn: Turn, bytes: usize) {
        let now = Instant::now();
        self.state(|state| state.is_over(turn, now, bytes));
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn is_over(&mut self, turn: Turn, now: Instant, bytes: usize) {
        if self.released.is_none_or(|released| turn.began - released >= GAP) {
            self.held = Duration::ZERO;
        }
        let held = now - turn.began;
        self.held += held;
        self.released = Some(now);
        let paced = if self.held >= RUN { GAP } else { Duration::ZERO };
        let rest = match turn.others {
            _ if bytes < FLOOD => Duration::ZERO,
            Others::None => Duration::ZERO,
            Others::Quiet => (held * AMONG_QUIET).min(LONGEST_REST),
            Others::Busy => AMONG_BUSY,
        };
        let rest = rest.max(paced);
        if !rest.is_zero() {
            self.held = Duration::ZERO;
            self.free_until = Some(now + rest);
        }
    }
}

impl Turn {
    /// Begins a hold; others have appended so many bytes since the last one.
    pub(crate) fn begin(others: u64) -> Self {
        Self { began: Instant::now(), others: Others::who_append(others) }
    }

    /// Returns how many bytes it appends at most, if it is `longest` for other
    /// reasons.
    pub(crate) fn most(self, longest: usize) -> usize {
        if self.others == Others::Quiet { longest.min(SHORT_HOLD) } else { longest }
    }

    /// Tells whether it may go on after so many bytes. A few lines are not worth
    /// another hold, however long they take.
    pub(crate) fn goes_on(self, bytes: usize) -> bool {
        bytes < FEW || self.began.elapsed() < RUN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_known_by_what_they_append() {
        let flood = FLOOD as u64;
        let others = [0, 1, flood - 1, flood, u64::MAX].map(Others::who_append);
        assert_eq!(
            others,
            [Others::None, Others::Quiet, Others::Quiet, Others::Busy, Others::Busy]
        );
    }

    #[test]
    fn holds_are_shorter_among_quiet_writers() {
        let most = |others, longest| Turn::begin(others).most(longest);
        assert_eq!([most(1, HOLD), most(1, 1), most(0, HOLD)], [SHORT_HOLD, 1, HOLD]);
    }

    /// Returns after how many holds of such a length the lock is left alone, if
    /// there are such pauses between them.
    fn holds_in_a_run(length: Duration, pause: Duration) -> Option<usize> {
        let (mut state, mut now) = (State::default(), Instant::now());
        (1..100).find(|_| {
            let turn = Turn { began: now, others: Others::None };
            state.is_over(turn, now + length, 1);
            now += length + pause;
            state.free_until.is_some()
        })
    }

    #[test]
    fn the_lock_is_left_alone_after_each_run_though_nobody_was_seen() {
        let pause = Duration::from_micros(1);
        assert_eq!(holds_in_a_run(RUN, pause), Some(1));
        assert_eq!(holds_in_a_run(RUN / 3, pause), Some(3));
        assert_eq!(holds_in_a_run(RUN / 3, GAP), None, "a pause is as good");
    }
}
