//! When to retry a failed rotation: later after each failure, not at every line.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(crate) struct Backoff {
    /// The time of the next attempt, and the wait before it.
    until: Option<(Instant, Duration)>,
}

impl Backoff {
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(60);

    pub(crate) fn is_over(&self) -> bool {
        self.until.is_none_or(|(until, _)| Instant::now() >= until)
    }

    /// Starts a wait longer than the last one; returns whether it is the first.
    pub(crate) fn extend(&mut self) -> bool {
        let first = self.until.is_none();
        let wait = self.until.map_or(Self::SHORTEST, |(_, wait)| (wait * 2).min(Self::LONGEST));
        self.until = Some((Instant::now() + wait, wait));
        first
    }

    /// Ends the waiting; returns whether there was a failure.
    pub(crate) fn end(&mut self) -> bool {
        self.until.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_as_long_up_to_a_minute_and_the_next_failure_is_the_first_again() {
        let mut backoff = Backoff::default();
        assert!(backoff.is_over() && !backoff.end());
        for (number, seconds) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
            let began = Instant::now();
            assert_eq!(backoff.extend(), number == 0);
            let (until, wait) = backoff.until.unwrap();
            assert_eq!(wait, Duration::from_secs(seconds));
            assert!(until >= began + wait && until <= Instant::now() + wait);
        }
        assert!(!backoff.is_over());
        backoff.until = Some((Instant::now(), Backoff::LONGEST));
        assert!(backoff.is_over() && backoff.end());
        assert!(backoff.is_over() && backoff.extend());
    }
}
