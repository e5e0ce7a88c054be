//! What a writer owes to the others who share the log.
//!
//! `flock` is not fair: a waiter is woken when the lock becomes free, and finds
//! it taken again if whoever let go takes it again at once. So a flooder holds
//! it for a bounded time, and then leaves it alone. How much the others append
//! meanwhile tells what they need. All figures are from two processors.

use std::thread;
use std::time::Duration;

/// How many bytes one hold puts in at the most, but for its last batch. Others
/// wait meanwhile.
pub(crate) const HOLD: usize = 1024 * 1024;

/// The same where short holds matter: among quiet writers, and where the log is
/// compressed, for what one hold puts in has not been compressed ahead if the
/// log is rotated in the same hold.
pub(crate) const SHORT_HOLD: usize = 256 * 1024;

/// How long the producer is left waiting, once as much as [`HOLD`] waits for
/// the lock, before more is taken in. Among flooders the turn comes sooner than
/// that, and what would fill the queue meanwhile only pushes what is in it out
/// of the processor's cache: with 32 of them, reading on made all of them 15 %
/// slower.
pub(crate) const TURN: Duration = Duration::from_millis(50);

/// How many bytes a hold puts in that is one of a flood.
const FLOOD: usize = 64 * 1024;

/// How long a flooder rests among flooders: long enough for a waiter to wake up
/// and take the lock, on a processor that is free. Without it, a writer with a
/// line to add waited 25 ms.
const AMONG_FLOODERS: Duration = Duration::from_micros(50);

/// How many times as long as it has held the lock a flooder rests among quiet
/// writers, whom it would also keep from the processors. With 50 µs instead, of
/// their lines one in a hundred was 4 ms late, six times what Python's flooder
/// did to them; with this, 0.4 ms. The flood goes on at 300 MB/s.
const AMONG_QUIET: u32 = 8;

/// How long a flooder rests at the most, if its hold was long for reasons of
/// its own, such as a slow disk.
const LONGEST_REST: Duration = Duration::from_millis(5);

/// Who else has appended to the log of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fairness {
    /// Nobody.
    Alone,
    /// Somebody, and not much.
    Quiet,
    /// Flooders.
    Flooders,
}

impl Fairness {
    /// Returns who they are that have put in so many bytes between two holds of
    /// ours.
    pub(crate) fn of(others: u64) -> Self {
        match others {
            0 => Self::Alone,
            quiet if quiet < FLOOD as u64 => Self::Quiet,
            _ => Self::Flooders,
        }
    }

    /// Returns how many bytes a hold puts in at the most, if it is `longest`
    /// for other reasons.
    pub(crate) fn hold(self, longest: usize) -> usize {
        if self == Self::Quiet { longest.min(SHORT_HOLD) } else { longest }
    }

    /// Leaves the lock alone for a while, after a hold that took so long and
    /// put in so many `bytes`, if they are many.
    pub(crate) fn rest(self, bytes: usize, held: Duration) {
        let rest = match self {
            _ if bytes < FLOOD => return,
            Self::Alone => return,
            Self::Quiet => (held * AMONG_QUIET).min(LONGEST_REST),
            Self::Flooders => AMONG_FLOODERS,
        };
        thread::sleep(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_company_by_what_it_appends() {
        let flood = FLOOD as u64;
        assert_eq!(
            [0, 1, flood - 1, flood, u64::MAX].map(Fairness::of),
            [
                Fairness::Alone,
                Fairness::Quiet,
                Fairness::Quiet,
                Fairness::Flooders,
                Fairness::Flooders
            ]
        );
    }

    #[test]
    fn holds_are_shorter_among_quiet_writers() {
        assert_eq!(Fairness::Quiet.hold(HOLD), SHORT_HOLD);
        assert_eq!(Fairness::Alone.hold(HOLD), HOLD);
        assert_eq!(Fairness::Flooders.hold(HOLD), HOLD);
        assert_eq!(Fairness::Quiet.hold(1), 1);
    }
}
