//! Waiting for several things at once: a bell rings when one of them becomes ready.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Condvar, Mutex};
use std::thread::{self, Builder, Thread};
use std::time::{Duration, Instant};

use crate::sys::lock;

/// How long to wait for things that should be ready at once, because a thread needs a moment.
const MOMENT: Duration = Duration::from_millis(50);

/// The reader takes one wake for each wait that ended; any that do not fit are merged.
const WAKES: usize = 16;

static RINGS: Mutex<u64> = Mutex::new(0);
static BELL: Condvar = Condvar::new();

/// Announces that something has become ready; it must be ready before the call.
pub(super) fn ring() {
    *lock(&RINGS) += 1;
    BELL.notify_all();
}

/// Starts a thread that lives as long as the program. If the program ends while one of its threads
/// is ending, Wine hangs for a second and then kills the program.
pub(crate) fn start_thread(work: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
    let started = Builder::new().spawn(move || {
        work();
        loop {
            thread::park();
        }
    })?;
    Ok(started.thread().clone())
}

/// Something to wait for. Whatever makes it ready rings the bell.
pub(super) trait Ready {
    fn is_ready(&self) -> bool;
}

/// One without a source is never ready.
pub(crate) struct Awaited<'a> {
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
}

/// Waits until one of `awaited` is ready or `timeout` is over, which is at least a moment.
pub(crate) fn wait(awaited: &mut [Awaited], timeout: Option<Duration>) -> io::Result<()> {
    wait_until(awaited, timeout.map(|timeout| Instant::now() + timeout.max(MOMENT)));
    Ok(())
}

pub(crate) fn is_ready(awaited: &Awaited) -> bool {
    awaited.is_ready
}

pub(crate) fn is_ready_within(awaited: Awaited, limit: Duration) -> bool {
    let mut awaited = [awaited];
    wait_until(&mut awaited, Some(Instant::now() + limit));
    awaited[0].is_ready
}

fn wait_until(awaited: &mut [Awaited], until: Option<Instant>) {
    loop {
        // Read before checking: whatever becomes ready later rings again.
        let rings = *lock(&RINGS);
        for one in &mut *awaited {
            one.is_ready = one.what.is_some_and(Ready::is_ready);
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if awaited.iter().any(is_ready) || left.is_some_and(|left| left.is_zero()) {
            return;
        }
        let now = lock(&RINGS);
        let is_silent = |now: &mut u64| *now == rings;
        match left {
            Some(left) => drop(BELL.wait_timeout_while(now, left, is_silent)),
            None => drop(BELL.wait_while(now, is_silent)),
        }
    }
}

/// Sends what a thread produces. Sending and its end ring the bell.
pub(crate) struct Outbox<T>(Option<SyncSender<T>>);

/// Receives what a thread produces. It is ready when there is something, and once the [`Outbox`] is
/// gone.
pub(crate) struct Inbox<T>(Mutex<(Receiver<T>, Option<T>)>);

/// Returns both ends, with room for `room` things that have not been taken.
pub(super) fn channel<T>(room: usize) -> (Outbox<T>, Inbox<T>) {
    let (sender, arrives) = sync_channel(room);
    (Outbox(Some(sender)), Inbox(Mutex::new((arrives, None))))
}

impl<T> Outbox<T> {
    /// Waits for room; returns false if nothing will be taken any more.
    pub(super) fn send(&self, thing: T) -> bool {
        let sent = self.0.as_ref().is_some_and(|sender| sender.send(thing).is_ok());
        ring();
        sent
    }
}

impl<T> Drop for Outbox<T> {
    fn drop(&mut self) {
        self.0 = None;
        ring();
    }
}

impl<T> Inbox<T> {
    /// Returns an inbox that contains only `thing`.
    pub(super) fn of(thing: T) -> Self {
        let (_, arrives) = sync_channel(0);
        Self(Mutex::new((arrives, Some(thing))))
    }

    /// Takes the next thing, or none at the end. Fails with `WouldBlock` if there is none yet.
    pub(super) fn take(&mut self) -> io::Result<Option<T>> {
        if self.is_ready() { Ok(lock(&self.0).1.take()) } else { Err(ErrorKind::WouldBlock.into()) }
    }
}

impl<T> Ready for Inbox<T> {
    fn is_ready(&self) -> bool {
        let (arrives, next) = &mut *lock(&self.0);
        if next.is_none() {
            match arrives.try_recv() {
                Ok(arrived) => *next = Some(arrived),
                Err(error) => return error == TryRecvError::Disconnected,
            }
        }
        true
    }
}

pub(crate) type Waker = Outbox<()>;
pub(crate) type Woken = Inbox<()>;

pub(crate) fn waker() -> io::Result<(Waker, Woken)> {
    Ok(channel(WAKES))
}

impl Waker {
    /// Never waits: the queue is locked, and if there is no room, it is ready already.
    pub(crate) fn wake(&self) {
        self.0.iter().filter_map(|sender| sender.try_send(()).ok()).for_each(drop);
        ring();
    }
}

impl Woken {
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }

    pub(crate) fn noted(&mut self) {
        // There is one for each wait that ended, unless the waker is gone.
        drop(self.take());
    }
}
