//! Waiting for many things at once: a bell rings whenever one of them becomes ready.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long to wait for things that should be ready at once: a thread needs a moment to bring them.
const MOMENT: Duration = Duration::from_millis(50);

static RINGS: Mutex<u64> = Mutex::new(0);
static BELL: Condvar = Condvar::new();

/// Announces that something has become ready, which it must be already.
pub(super) fn ring() {
    *RINGS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    BELL.notify_all();
}

/// Something to wait for. Whatever makes it ready rings the bell.
pub(super) trait Ready {
    fn is_ready(&self) -> bool;
}

/// Something to wait for; after the wait, whether it is ready.
pub(crate) struct Awaited<'a> {
    /// None is never ready.
    what: Option<&'a dyn Ready>,
    is_ready: bool,
}

impl<'a> Awaited<'a> {
    pub(super) fn new(what: &'a dyn Ready) -> Self {
        Self { what: Some(what), is_ready: false }
    }

    pub(super) fn never() -> Self {
        Self { what: None, is_ready: false }
    }

    fn look(&mut self) -> bool {
        self.is_ready = self.what.is_some_and(Ready::is_ready);
        self.is_ready
    }
}

/// Waits until one of `awaited` is ready or `timeout`, at least a moment, is over.
pub(crate) fn wait(awaited: &mut [Awaited], timeout: Option<Duration>) -> io::Result<()> {
    wait_until(awaited, timeout.map(|timeout| Instant::now() + timeout.max(MOMENT)));
    Ok(())
}

pub(crate) fn is_ready(awaited: &Awaited) -> bool {
    awaited.is_ready
}

/// Returns whether `awaited` becomes ready within `limit`.
pub(crate) fn is_ready_within(awaited: Awaited, limit: Duration) -> bool {
    let mut awaited = [awaited];
    wait_until(&mut awaited, Some(Instant::now() + limit));
    awaited[0].is_ready
}

fn wait_until(awaited: &mut [Awaited], until: Option<Instant>) {
    loop {
        // Read before looking: what becomes ready after that rings again.
        let rings = *RINGS.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = awaited.iter_mut().filter_map(|one| one.look().then_some(())).count();
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if ready > 0 || left.is_some_and(|left| left.is_zero()) {
            return;
        }
        let now = RINGS.lock().unwrap_or_else(PoisonError::into_inner);
        let is_silent = |now: &mut u64| *now == rings;
        match left {
            Some(left) => drop(BELL.wait_timeout_while(now, left, is_silent)),
            None => drop(BELL.wait_while(now, is_silent)),
        }
    }
}

/// Wakes the thread that waits for its [`Woken`], which stays ready once this is dropped.
pub(crate) struct Waker(Arc<Wakes>);

/// Is ready as often as it was woken.
pub(crate) struct Woken(Arc<Wakes>);

#[derive(Default)]
struct Wakes {
    /// Wakes that were not noted.
    count: AtomicUsize,
    ended: AtomicBool,
}

pub(crate) fn waker() -> io::Result<(Waker, Woken)> {
    let wakes = Arc::<Wakes>::default();
    Ok((Waker(Arc::clone(&wakes)), Woken(wakes)))
}

impl Waker {
    pub(crate) fn wake(&self) {
        self.0.count.fetch_add(1, Ordering::Release);
        ring();
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
        ring();
    }
}

impl Woken {
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }

    /// Uses up one wake.
    pub(crate) fn noted(&mut self) {
        // There is one for each wait that ended, unless the waker is gone.
        let one_less = |count: usize| count.checked_sub(1);
        let count = &self.0.count;
        count.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less).unwrap_or_default();
    }
}

impl Ready for Woken {
    fn is_ready(&self) -> bool {
        self.0.count.load(Ordering::Acquire) > 0 || self.0.ended.load(Ordering::Acquire)
    }
}
