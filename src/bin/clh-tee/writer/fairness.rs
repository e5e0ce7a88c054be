//! How a busy writer leaves the lock to others.
//!
//! `flock` is not fair: a release wakes a waiter, but if the same writer acquires the lock again at
//! once, the waiter finds it taken. A writer that waits for its first turn has appended nothing
//! yet, so nothing shows that it exists. Therefore holds are short, and each run of holds ends with
//! a pause. What others append meanwhile shows whether they need longer pauses. All figures were
//! measured on two processors.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The maximum number of bytes in one hold, not counting its last batch.
pub(crate) const HOLD: usize = 1024 * 1024;

/// The same beside quiet writers and with compression: what a hold appends is not compressed ahead
/// if the same hold rotates the log.
pub(crate) const SHORT_HOLD: usize = 256 * 1024;

/// How long to stop reading input once a full hold waits for the lock. Among busy writers the turn
/// comes sooner, and a longer queue only falls out of the processor's cache: without this, 32 busy
/// writers were 15 % slower.
pub(crate) const TURN: Duration = Duration::from_millis(50);

/// How long one or several holds may take before a pause, which is about the longest wait of
/// others.
const RUN: Duration = Duration::from_micros(1500);

/// The length of that pause: long enough for a waiter to wake up and acquire the lock. A pause that
/// occurs by itself counts.
const GAP: Duration = Duration::from_micros(100);

/// One hold may always append this many bytes, however long that takes.
const FEW: usize = 16 * 1024;

/// A writer that appends this many bytes between two of our holds, or in one of its own, is busy.
const FLOOD: usize = 64 * 1024;

/// The rest of a busy writer among busy writers. Without it, a single line waited 25 ms.
const AMONG_BUSY: Duration = Duration::from_micros(50);

/// The rest of a busy writer among quiet ones, which also need the processors, as a multiple of its
/// hold. With 50 µs instead, one in a hundred of their lines was 4 ms late, six times as late as
/// beside a busy Python; with this, 0.4 ms, at 300 MB/s of the busy one.
const AMONG_QUIET: u32 = 8;

/// The maximum rest after a hold that was long for other reasons, such as a slow disk.
const LONGEST_REST: Duration = Duration::from_millis(5);

/// What kind of writers appended between two of our holds.
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

/// Shared by all threads that acquire the lock.
#[derive(Debug, Default)]
pub(crate) struct Fairness(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How long the lock was held since the last pause.
    held: Duration,
    released: Option<Instant>,
    free_until: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    began: Instant,
    others: Others,
}

impl Fairness {
    /// Waits for the rest of a pause that is due. Time spent on other work, such as reading input,
    /// counts.
    pub(crate) fn rest(&self) {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).free_until.take();
        if let Some(until) = until {
            thread::sleep(until.saturating_duration_since(Instant::now()));
        }
    }

    /// Records that `turn` has ended and appended `bytes` bytes.
    pub(crate) fn is_over(&self, turn: Turn, bytes: usize) {
        let now = Instant::now();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_over(turn, now, bytes);
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
            Others::Quiet if bytes >= FLOOD => (held * AMONG_QUIET).min(LONGEST_REST).max(paced),
            Others::Busy if bytes >= FLOOD => AMONG_BUSY.max(paced),
            _ => paced,
        };
        if !rest.is_zero() {
            self.held = Duration::ZERO;
            self.free_until = Some(now + rest);
        }
    }
}

impl Turn {
    /// Begins a hold; `others` is how many bytes other writers have appended since the last one.
    pub(crate) fn begin(others: u64) -> Self {
        Self { began: Instant::now(), others: Others::who_append(others) }
    }

    /// Returns the maximum number of bytes to append, given a limit of `longest`.
    pub(crate) fn most(self, longest: usize) -> usize {
        if self.others == Others::Quiet { longest.min(SHORT_HOLD) } else { longest }
    }

    /// Returns whether to continue after `bytes` bytes. A few lines are not worth another hold.
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

    /// Returns after how many holds of this length, with these pauses between them, a rest is due.
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
    fn each_run_ends_with_a_pause_though_no_other_writer_was_seen() {
        let pause = Duration::from_micros(1);
        assert_eq!(holds_in_a_run(RUN, pause), Some(1));
        assert_eq!(holds_in_a_run(RUN / 3, pause), Some(3));
        assert_eq!(holds_in_a_run(RUN / 3, GAP), None, "a pause is as good");
    }

    #[test]
    fn a_busy_writer_rests_longer_among_quiet_writers_than_among_busy_ones() {
        let hold = GAP;
        for (others, bytes, rest) in [
            (Others::None, FLOOD, None),
            (Others::Quiet, FLOOD - 1, None),
            (Others::Quiet, FLOOD, Some(hold * AMONG_QUIET)),
            (Others::Busy, FLOOD - 1, None),
            (Others::Busy, FLOOD, Some(AMONG_BUSY)),
        ] {
            let (mut state, now) = (State::default(), Instant::now());
            state.is_over(Turn { began: now, others }, now + hold, bytes);
            assert_eq!(state.free_until, rest.map(|rest| now + hold + rest), "{others:?} {bytes}");
        }
        let (mut state, now) = (State::default(), Instant::now());
        let long = LONGEST_REST;
        state.is_over(Turn { began: now, others: Others::Quiet }, now + long, FLOOD);
        assert_eq!(state.free_until, Some(now + long + LONGEST_REST));
    }

    #[test]
    fn a_hold_goes_on_for_a_run_and_always_for_a_few_lines() {
        let goes_on = |began, bytes| Turn { began, others: Others::None }.goes_on(bytes);
        let (old, fresh) = (Instant::now(), Instant::now() + Duration::from_secs(3600));
        let old = old.checked_sub(RUN).unwrap();
        assert_eq!([FEW - 1, FEW].map(|bytes| goes_on(old, bytes)), [true, false]);
        assert_eq!([FEW - 1, FEW, FLOOD].map(|bytes| goes_on(fresh, bytes)), [true; 3]);
    }
}
