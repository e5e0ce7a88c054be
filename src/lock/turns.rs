//! Turns, where whoever waits for the lock tries again and again.
//!
//! There is no queue then, and one that has lines all the time would have the
//! lock all the time: it takes it again before anybody tries. So whoever has had
//! to wait leaves the lock alone after his hold until others have tried.

use std::time::{Duration, Instant};

/// Whether it is others' turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The lock was not free when we wanted it last.
    crowded: bool,
    /// Until when it is left alone.
    until: Option<Instant>,
}

impl Turns {
    /// Notes whether the lock was not free when we wanted it.
    pub(super) fn has_to_wait(&mut self, crowded: bool) {
        self.crowded = crowded;
    }

    /// Returns for how long the lock is to be left alone yet.
    pub(super) fn rest(&self) -> Duration {
        let rest = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        rest.unwrap_or_default()
    }

    /// Leaves the lock, which is let go, to those who try for it with this
    /// `pause`.
    pub(super) fn pass_on(&mut self, pause: Duration) {
        let crowded = std::mem::take(&mut self.crowded);
        self.until = crowded.then(|| Instant::now() + 2 * pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_had_to_wait_leaves_the_next_turn_to_others() {
        let (mut turns, pause) = (Turns::default(), Duration::from_secs(60));
        assert!(turns.rest().is_zero());
        turns.pass_on(pause);
        assert!(turns.rest().is_zero(), "nobody else wants it");
        turns.has_to_wait(true);
        turns.pass_on(pause);
        assert!(turns.rest() > pause);
        turns.pass_on(pause);
        assert!(turns.rest().is_zero(), "it is our turn again");
    }
}
