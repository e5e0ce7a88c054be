//! The second thread: it waits for the lock and the disk, so that the first
//! goes on hearing signals and emptying the pipe.
//!
//! It takes whatever waits: one line when it is quiet, a large batch when it is
//! loud or the lock was long in coming. There is no timer.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clh_tee::{Error, Hold, Notice, RotatingLog, Unappended};

use crate::messages::Report;
use crate::writer::background::BackgroundThread;
use crate::writer::fairness::Fairness;
use crate::writer::post_rotate::PostRotate;
use crate::writer::queue::{Queue, Requests};

/// How long to wait before the first and before any further try.
const FIRST_RETRY: Duration = Duration::from_millis(10);
/// See [`FIRST_RETRY`].
const LAST_RETRY: Duration = Duration::from_secs(1);

/// What reader and appender share.
pub(crate) struct Shared {
    /// What waits.
    pub(crate) queue: Queue,
    /// The log; whoever appends has it.
    pub(crate) log: Mutex<RotatingLog>,
    /// How many bytes one hold puts in at the most.
    pub(crate) hold: usize,
    /// What is done beside the flow of lines.
    pub(crate) keeper: BackgroundThread,
    /// What is run after rotations, if anything is.
    pub(crate) post_rotate: Option<PostRotate>,
    /// Where troubles are told.
    pub(crate) report: Report,
    /// The log's path, as messages show it.
    pub(crate) path: PathBuf,
    /// What keeps lines from going in, as long as it does.
    pub(crate) trouble: Mutex<Option<String>>,
    /// Whether that will not end by itself: the log may not grow.
    pub(crate) hopeless: AtomicBool,
    /// Whether lines were put in that could not be forced to disk as asked.
    pub(crate) unsynced: AtomicBool,
}

/// Puts in what comes into the queue until it ends.
pub(crate) fn run(shared: &Arc<Shared>) {
    let mut wait = Duration::ZERO;
    while shared.queue.wait_for_work() {
        let outcome = put_in(shared);
        BackgroundThread::rouse(shared);
        match outcome {
            Ok(()) => {
                wait = Duration::ZERO;
                shared.trouble_ends();
                shared.hopeless.store(false, Ordering::Relaxed);
            }
            Err(error) => {
                shared.trouble_is(&error);
                let hopeless =
                    error.kind() == ErrorKind::FileTooLarge || error.is_locking_unsupported();
                shared.hopeless.store(hopeless, Ordering::Relaxed);
                if hopeless {
                    shared.queue.news();
                }
                wait = (wait * 2).clamp(FIRST_RETRY, LAST_RETRY);
                shared.queue.wait_to_retry(wait);
            }
        }
    }
}

/// Takes the lock, puts in what waits and does the requests.
fn put_in(shared: &Shared) -> Result<(), Error> {
    let mut log = shared.log.lock().unwrap_or_else(PoisonError::into_inner);
    let hold = log.hold()?;
    if !shared.queue.begin() {
        return Ok(());
    }
    let (began, company) = (Instant::now(), Fairness::of(hold.others()));
    let (bytes, requests, outcome) = put_in_held(hold, shared, company.hold(shared.hold));
    company.rest(bytes, began.elapsed());
    if requests.flush {
        shared.tell_unsynced(log.sync());
    }
    shared.tell_notices(&mut log);
    // Only now do the lines count as in.
    shared.queue.done(bytes);
    outcome
}

/// Puts in what waits, `most` bytes but for the last batch. Returns how many are
/// in, the requests of which the lock's part is done, and how it ended.
fn put_in_held(
    mut hold: Hold<'_>,
    shared: &Shared,
    most: usize,
) -> (usize, Requests, Result<(), Error>) {
    let (queue, mut bytes, mut outcome) = (&shared.queue, 0, Ok(()));
    while bytes < most
        && outcome.is_ok()
        && let Some(batch) = queue.take()
    {
        match hold.append(&batch) {
            Ok(()) => {
                bytes += batch.len();
                queue.recycle(batch);
            }
            Err(Unappended { appended, error }) => {
                bytes += appended;
                queue.put_back(&batch[appended..]);
                outcome = Err(error);
            }
        }
    }
    let requests = queue.requests();
    if requests.rotate
        && let Err(error) = hold.rotate()
    {
        shared.tell(Notice::CannotRotate(error));
    }
    shared.tell_unsynced(hold.release());
    (bytes, requests, outcome)
}

impl Shared {
    /// Tells of the troubles that the log has had, and hands backups on. The
    /// lock has been let go.
    pub(crate) fn tell_notices(&self, log: &mut RotatingLog) {
        log.take_notices().into_iter().for_each(|notice| self.tell(notice));
    }

    /// Tells of a trouble, or hands a backup on.
    pub(crate) fn tell(&self, notice: Notice) {
        match (notice, &self.post_rotate) {
            (Notice::Rotated(backup), Some(post_rotate)) => post_rotate.add(backup),
            (notice, _) => self.report.notice(&notice, &self.path),
        }
    }

    /// Tells, once, that lines are in the log and yet not safe on disk.
    pub(crate) fn tell_unsynced(&self, outcome: Result<(), Error>) {
        if let Err(error) = outcome
            && !self.unsynced.swap(true, Ordering::Relaxed)
        {
            self.report.say(&format!("{}; lines may be lost", self.report.shown(&error)));
        }
    }

    /// Notes what keeps lines from going in, and tells of it when it begins.
    fn trouble_is(&self, error: &Error) {
        let error = self.report.shown(error);
        if self.trouble().replace(error.clone()).is_none() {
            let waiting = match self.queue.lines() {
                1 => "1 line waits".to_owned(),
                lines => format!("{lines} lines wait"),
            };
            self.report.warn(&format!("{error}; {waiting}, trying again"));
        }
    }

    /// Tells that what kept lines from going in, if anything did, is over.
    fn trouble_ends(&self) {
        if self.trouble().take().is_some() {
            let log = self.report.path(&self.path);
            self.report.warn(&format!("appending to '{log}' works again; nothing was lost"));
        }
    }

    /// Returns what keeps lines from going in.
    pub(crate) fn trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
