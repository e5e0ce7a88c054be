//! Waiting for many things at once: a bell that is rung whenever one of them
//! has become ready.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long things are waited for that are to be ready at once: a thread needs a
/// moment to bring what is there.
const MOMENT: Duration = Duration::from_millis(50);

/// How many times the bell was rung.
static RINGS: Mutex<u64> = Mutex::new(0);

/// The bell.
static BELL: Condvar = Condvar::new();

/// Says that something has become ready. It must be so already.
pub(super) fn ring() {
    *RINGS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    BELL.notify_all();
}

/// What can be waited for. When it becomes ready, somebody rings.
pub(super) trait Ready {
    /// Tells whether it is ready.
    fn is_ready(&self) -> bool;
}

/// Something that is waited for, and once that is over, whether it has come.
pub(crate) struct Awaited<'a> {
    /// What it is; if nothing, it never comes.
    what: Option<&'a dyn Ready>,
    /// Whether it has come.
    is_ready: bool,
}

impl<'a> Awaited<'a> {
    /// Returns `what` as something to wait for.
    pub(super) fn new(what: &'a dyn Ready) -> Self {
        Self { what: Some(what), is_ready: false }
    }

    /// Returns what is never ready.
    pub(super) fn never() -> Self {
        Self { what: None, is_ready: false }
    }

    /// Looks whether it is ready now.
    fn look(&mut self) -> bool {
        self.is_ready = self.what.is_some_and(Ready::is_ready);
        self.is_ready
    }
}

/// Waits until one of `awaited` is ready, and for no longer than `timeout` or a
/// moment.
pub(crate) fn wait(awaited: &mut [Awaited], timeout: Option<Duration>) -> io::Result<()> {
    wait_until(awaited, timeout.map(|timeout| Instant::now() + timeout.max(MOMENT)));
    Ok(())
}

/// Tells whether what was waited for is ready.
pub(crate) fn is_ready(awaited: &Awaited) -> bool {
    awaited.is_ready
}

/// Tells whether `awaited` becomes ready within `patience`.
pub(crate) fn is_ready_within(awaited: Awaited, patience: Duration) -> bool {
    let mut awaited = [awaited];
    wait_until(&mut awaited, Some(Instant::now() + patience));
    awaited[0].is_ready
}

/// Waits until one of `awaited` is ready, or until then.
fn wait_until(awaited: &mut [Awaited], until: Option<Instant>) {
    loop {
        // Counted before looking: what becomes ready after that rings again.
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

/// Rouses who waits for the [`Woken`] that belongs to it. When it is gone, that
/// stays ready for ever.
pub(crate) struct Waker(Arc<Wakes>);

/// Is ready as often as it was roused.
pub(crate) struct Woken(Arc<Wakes>);

/// What the two share.
#[derive(Default)]
struct Wakes {
    /// How often it was roused and has not noted that.
    count: AtomicUsize,
    /// Whether the waker is gone.
    ended: AtomicBool,
}

/// Returns what rouses, and what is roused.
pub(crate) fn waker() -> io::Result<(Waker, Woken)> {
    let wakes = Arc::<Wakes>::default();
    Ok((Waker(Arc::clone(&wakes)), Woken(wakes)))
}

impl Waker {
    /// Rouses.
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
    /// Returns it as something to wait for.
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }

    /// Takes note of having been roused once.
    pub(crate) fn noted(&mut self) {
        // There is one for each time that we waited; if there is none, the
        // other end is gone, and there will be no more.
        let one_less = |count: usize| count.checked_sub(1);
        self.0
            .count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less)
            .unwrap_or_default();
    }
}

impl Ready for Woken {
    fn is_ready(&self) -> bool {
        self.0.count.load(Ordering::Acquire) > 0 || self.0.ended.load(Ordering::Acquire)
    }
}
