//! The third thread, which does the background work: it syncs rotated logs, closes removed ones and
//! compresses ahead. It starts when there is such work; in a short run there is none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

use clh_tee::Background;

use crate::sys::start_thread;
use crate::writer::appender::Shared;

pub(crate) struct BackgroundThread {
    pub(crate) work: Background,
    thread: Mutex<Option<Thread>>,
    /// Set when the thread should only finish what must be done before the program ends.
    ended: AtomicBool,
    done: AtomicBool,
}

impl BackgroundThread {
    pub(crate) fn new(work: Background) -> Self {
        let (ended, done) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { work, thread: Mutex::new(None), ended, done }
    }

    /// Wakes the thread if there is work. If no thread can be created, does the work here until the
    /// writer is no longer behind.
    pub(crate) fn wake(shared: &Arc<Shared>) {
        let Self { work, thread, .. } = &shared.background;
        if !work.is_due() {
            return;
        }
        let mut thread = thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(shared);
            *thread = start_thread(move || run(&shared)).ok();
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

    /// Returns whether the work has ended after [`Self::end`]. Without a thread, none is left.
    pub(crate) fn is_done(&self) -> bool {
        self.thread().is_none() || self.done.load(Ordering::Acquire)
    }

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

fn run(shared: &Shared) {
    let BackgroundThread { work, ended, done, .. } = &shared.background;
    loop {
        while work.is_due() && !ended.load(Ordering::Relaxed) {
            shared.report_unsynced(work.do_some());
            shared.queue.news();
        }
        if ended.load(Ordering::Relaxed) {
            // It may take long until another writer does it.
            while work.has_share() {
                shared.report_unsynced(work.do_some());
            }
            shared.report_unsynced(work.settle());
            // No thread appends any more.
            shared.report_notices(&mut shared.log.lock().unwrap_or_else(PoisonError::into_inner));
            done.store(true, Ordering::Release);
            shared.queue.news();
            break;
        }
        thread::park();
    }
}
