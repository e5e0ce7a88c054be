//! When to try again what has failed.

use std::time::{Duration, Instant};

/// When to rotate again after it failed: not at every line, and ever later.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    /// The time to try again, and how long the wait for it is.
    until: Option<(Instant, Duration)>,
}

impl Backoff {
    /// The first wait.
    const SHORTEST: Duration = Duration::from_secs(1);
    /// The longest wait.
    const LONGEST: Duration = Duration::from_secs(60);

    /// Tells whether it is time to try.
    pub(crate) fn is_over(&self) -> bool {
        self.until.is_none_or(|(until, _)| Instant::now() >= until)
    }

    /// Waits longer; tells whether this is news.
    pub(crate) fn lose(&mut self) -> bool {
        let news = self.until.is_none();
        let wait = self.until.map_or(Self::SHORTEST, |(_, wait)| (wait * 2).min(Self::LONGEST));
        self.until = Some((Instant::now() + wait, wait));
        news
    }

    /// Waits no more; tells whether this is news.
    pub(crate) fn restore(&mut self) -> bool {
        self.until.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_lost_once_and_restored_once() {
        let mut patience = Backoff::default();
        assert!(patience.is_over() && !patience.restore());
        assert!(patience.lose() && !patience.lose());
        assert!(!patience.is_over());
        assert!(patience.restore() && patience.is_over());
    }
}
