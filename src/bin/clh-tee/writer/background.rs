//! The third thread: it does what nobody should wait for, which is to fsync
//! rotated logs, to free removed ones and to compress ahead. It starts when there
//! is such work, which a short run never has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Builder, Thread};

use clh_tee::Background;

use crate::writer::appender::Shared;

/// The background work of a log, and the thread that does it.
pub(crate) struct BackgroundThread {
    pub(crate) work: Background,
    /// Started when it is first needed.
    thread: Mutex<Option<Thread>>,
    /// Only what cannot be left is still done.
    ended: AtomicBool,
    done: AtomicBool,
}

impl BackgroundThread {
    /// Returns one that has not started.
    pub(crate) fn new(work: Background) -> Self {
        let (ended, done) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { work, thread: Mutex::new(None), ended, done }
    }

    /// Has the work done that there is. Where no thread can be started, this
    /// one does it, up to where the writer is no longer behind.
    pub(crate) fn wake(shared: &Arc<Shared>) {
        let Self { work, thread, .. } = &shared.background;
        if !work.is_due() {
            return;
        }
        let mut thread = thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(shared);
            let started = Builder::new().spawn(move || run(&shared));
            *thread = started.ok().map(|started| started.thread().clone());
        }
        match &*thread {
            Some(thread) => thread.unpark(),
            None => loop {
                shared.report_unsynced(work.do_some());
                if !work.is_behind(0) {
                    break;
                }
            },
        }
    }

    /// Tells whether the work has ended after [`BackgroundThread::end`]. Without
    /// a thread there is none left.
    pub(crate) fn is_done(&self) -> bool {
        self.thread().is_none() || self.done.load(Ordering::Acquire)
    }

    /// Lets it end when it has done what cannot be left.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread() {
            thread.unpark();
        }
    }

    fn thread(&self) -> Option<Thread> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does the work whenever there is some.
fn run(shared: &Shared) {
    let BackgroundThread { work, ended, done, .. } = &shared.background;
    loop {
        while work.is_due() && !ended.load(Ordering::Relaxed) {
            shared.report_unsynced(work.do_some());
            shared.queue.news();
        }
        if ended.load(Ordering::Relaxed) {
            // Nobody else may come for a while who would.
            while work.has_share() {
                shared.report_unsynced(work.do_some());
            }
            shared.report_unsynced(work.settle());
            // Nobody appends any more.
            let mut log = shared.log.lock().unwrap_or_else(PoisonError::into_inner);
            shared.report_notices(&mut log);
            drop(log);
            done.store(true, Ordering::Release);
            shared.queue.news();
            break;
        }
        thread::park();
    }
}
