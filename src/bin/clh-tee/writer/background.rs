//! The third thread: it does what nobody should wait for, forcing rotated logs
//! to disk, freeing removed ones and compressing ahead. It is started when
//! there is such a thing, which a short run never has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread::{self, Thread};

use clh_tee::Background;

use crate::writer::appender::Shared;

/// The upkeep of the log, and the thread that does it.
pub(crate) struct BackgroundThread {
    /// What is to be done.
    pub(crate) upkeep: Background,
    /// Who does it, once that has been needed.
    thread: OnceLock<Thread>,
    /// Nothing more is to be done than what has been begun.
    ended: AtomicBool,
    /// That is done too, and what went wrong has been told.
    done: AtomicBool,
}

impl BackgroundThread {
    /// Returns a keeper that has not begun.
    pub(crate) fn new(upkeep: Background) -> Self {
        let (ended, done) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { upkeep, thread: OnceLock::new(), ended, done }
    }

    /// Has done what there is to do.
    pub(crate) fn rouse(shared: &Arc<Shared>) {
        let keeper = &shared.keeper;
        if keeper.upkeep.is_due() {
            let start = || {
                let shared = Arc::clone(shared);
                thread::spawn(move || run(&shared)).thread().clone()
            };
            keeper.thread.get_or_init(start).unpark();
        }
    }

    /// Tells whether, having been told to end, it has. One that was never
    /// needed has nothing to do.
    pub(crate) fn is_done(&self) -> bool {
        self.thread.get().is_none() || self.done.load(Ordering::Acquire)
    }

    /// Lets it end when it has settled what cannot be left.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// Does what there is to do, whenever there is something.
fn run(shared: &Shared) {
    let BackgroundThread { upkeep, ended, .. } = &shared.keeper;
    loop {
        while upkeep.is_due() && !ended.load(Ordering::Relaxed) {
            shared.tell_unsynced(upkeep.do_some());
            shared.queue.news();
        }
        if ended.load(Ordering::Relaxed) {
            // Nobody else may come for a while who would.
            while upkeep.has_share() {
                shared.tell_unsynced(upkeep.do_some());
            }
            shared.tell_unsynced(upkeep.settle());
            // Nobody appends any more.
            shared.tell_notices(&mut shared.log.lock().unwrap_or_else(PoisonError::into_inner));
            shared.keeper.done.store(true, Ordering::Release);
            shared.queue.news();
            break;
        }
        thread::park();
    }
}
