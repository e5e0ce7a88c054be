//! Turns, where waiting for the lock means polling.
//!
//! Without a queue, a writer that always has lines would always get the lock, because it acquires
//! it again before another one tries. So a writer that had to wait leaves the lock alone after its
//! hold until others have tried.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether the lock was taken at the last attempt.
    crowded: bool,
    /// When the lock may be acquired again.
    until: Option<Instant>,
}

impl Turns {
    pub(super) fn has_to_wait(&mut self, crowded: bool) {
        self.crowded = crowded;
    }

    /// Returns how long to leave the lock alone.
    pub(super) fn rest(&self) -> Duration {
        let rest = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        rest.unwrap_or_default()
    }

    /// Leaves the released lock to other processes, which try at intervals of `pause`.
    pub(super) fn pass_on(&mut self, pause: Duration) {
        let crowded = std::mem::take(&mut self.crowded);
        self.until = crowded.then(|| Instant::now() + 2 * pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_had_to_wait_leaves_the_next_turn_to_others() {
        let (mut turns, pause) = (Turns::default(), Duration::from_secs(60));
        assert!(turns.rest().is_zero());
        turns.pass_on(pause);
        assert!(turns.rest().is_zero(), "no other process waits");
        turns.has_to_wait(true);
        turns.pass_on(pause);
        assert!(turns.rest() > pause);
        turns.pass_on(pause);
        assert!(turns.rest().is_zero(), "it is our turn again");
    }
}
