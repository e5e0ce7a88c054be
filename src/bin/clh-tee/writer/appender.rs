//! The second thread: it waits for the lock and the disk, so that the first one
//! can hear signals and empty the pipe meanwhile.
//!
//! It takes whatever waits: one line when the log is quiet, a large batch when
//! it is busy or the lock was long in coming. There is no timer. Where no thread
//! can be started, the first one does this work, and polls for the lock.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clh_tee::{Error, Hold, Notice, RotatingLog, Unappended};

use crate::messages::{Report, counted};
use crate::writer::background::BackgroundThread;
use crate::writer::fairness::{Fairness, Turn};
use crate::writer::post_rotate::PostRotate;
use crate::writer::queue::{Queue, Work};

/// The waits between tries after a failure.
const FIRST_RETRY: Duration = Duration::from_millis(10);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// How often a thread that must not wait for the lock tries to acquire it.
const POLL: Duration = Duration::from_millis(1);

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) log: Mutex<RotatingLog>,
    /// The most bytes appended in one hold.
    pub(crate) hold: usize,
    pub(crate) fairness: Fairness,
    pub(crate) background: BackgroundThread,
    pub(crate) post_rotate: Option<PostRotate>,
    pub(crate) report: Report,
    pub(crate) path: PathBuf,
    /// Why lines cannot be appended, as long as that lasts.
    pub(crate) trouble: Mutex<Option<String>>,
    /// That will not end by itself: the log may not grow.
    pub(crate) hopeless: AtomicBool,
    /// Lines are in that could not be fsynced as asked.
    pub(crate) unsynced: AtomicBool,
    /// How many lines were dropped.
    pub(crate) dropped: AtomicU64,
}

/// Appends what is in the queue.
pub(crate) struct Appender {
    shared: Arc<Shared>,
    /// How long the last wait after a failure was.
    wait: Duration,
}

impl Appender {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), wait: Duration::ZERO }
    }

    /// Appends until the queue ends.
    pub(crate) fn run(mut self) {
        while self.shared.queue.wait_for_work() {
            let outcome = self.shared.append(|log| log.hold().map(Some));
            if let Some(wait) = self.ends(outcome.map(|_| ())) {
                self.shared.queue.wait_to_retry(wait);
            }
        }
    }

    /// Appends what can be appended without waiting for the lock. Returns when
    /// to try again, if something is left.
    pub(crate) fn run_here(&mut self) -> Option<Instant> {
        // What is no file is waited for: it has no lock that others hold.
        let special = fs::metadata(&self.shared.path).is_ok_and(|about| !about.is_file());
        while self.shared.queue.has_work() {
            let outcome = self
                .shared
                .append(|log| if special { log.hold().map(Some) } else { log.try_hold() });
            let wait = match outcome {
                Ok(false) => Some(POLL),
                Ok(true) => self.ends(Ok(())),
                Err(error) => self.ends(Err(error)),
            };
            if let Some(wait) = wait {
                return Some(Instant::now() + wait);
            }
        }
        None
    }

    /// Reports how a hold ended, where that is news. Returns how long to wait
    /// before the next one.
    fn ends(&mut self, outcome: Result<(), Error>) -> Option<Duration> {
        BackgroundThread::wake(&self.shared);
        match outcome {
            Ok(()) => {
                self.wait = Duration::ZERO;
                self.shared.trouble_ends();
                self.shared.hopeless.store(false, Ordering::Relaxed);
                None
            }
            Err(error) => {
                self.shared.trouble_begins(&error);
                self.shared.queue.fails();
                let hopeless =
                    error.kind() == ErrorKind::FileTooLarge || error.is_locking_unsupported();
                self.shared.hopeless.store(hopeless, Ordering::Relaxed);
                if hopeless {
                    self.shared.queue.news();
                }
                self.wait = (self.wait * 2).clamp(FIRST_RETRY, LAST_RETRY);
                Some(self.wait)
            }
        }
    }
}

impl Shared {
    /// Acquires the lock by `hold`, appends what waits and does the requests
    /// that are due. Returns false if the lock was not to be acquired.
    fn append(
        &self,
        hold: impl for<'a> FnOnce(&'a mut RotatingLog) -> Result<Option<Hold<'a>>, Error>,
    ) -> Result<bool, Error> {
        self.fairness.rest();
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(hold) = hold(&mut log)? else { return Ok(false) };
        if !self.queue.begin() {
            return Ok(true);
        }
        let turn = Turn::begin(hold.others());
        let (bytes, flush, outcome) = self.append_held(hold, turn);
        self.fairness.is_over(turn, bytes);
        if flush {
            self.report_unsynced(log.sync());
        }
        self.report_notices(&mut log);
        // Only now do the lines count as in.
        self.queue.done(bytes);
        outcome.map(|()| true)
    }

    /// Appends what one turn allows. Returns how many bytes are in, whether to
    /// fsync them now, and how it ended.
    fn append_held(&self, mut hold: Hold<'_>, turn: Turn) -> (usize, bool, Result<(), Error>) {
        let (mut bytes, mut flush, mut outcome) = (0, false, Ok(()));
        let most = turn.most(self.hold);
        // What is asked to be fsynced is not followed by more.
        while bytes < most
            && !flush
            && outcome.is_ok()
            && turn.goes_on(bytes)
            && let Some(work) = self.queue.next()
        {
            match work {
                Work::Append(mut batch) => {
                    match hold.append_while(&batch, |appended| turn.goes_on(bytes + appended)) {
                        Ok(appended) if appended < batch.len() => {
                            bytes += appended;
                            self.queue.put_back(batch.split_off(appended));
                        }
                        Ok(appended) => {
                            bytes += appended;
                            self.queue.recycle(batch);
                        }
                        Err(Unappended { appended, error }) => {
                            bytes += appended;
                            self.queue.put_back(batch.split_off(appended));
                            outcome = Err(error);
                        }
                    }
                }
                Work::Do(requests) => {
                    flush = requests.flush;
                    if requests.rotate
                        && let Err(error) = hold.rotate()
                    {
                        self.report_notice(Notice::CannotRotate(error));
                    }
                }
            }
        }
        self.report_unsynced(hold.release());
        (bytes, flush, outcome)
    }

    /// Reports what the log has to report, and hands backups on. The lock has
    /// been released.
    pub(crate) fn report_notices(&self, log: &mut RotatingLog) {
        log.take_notices().into_iter().for_each(|notice| self.report_notice(notice));
    }

    pub(crate) fn report_notice(&self, notice: Notice) {
        match (notice, &self.post_rotate) {
            (Notice::Rotated(backup), Some(post_rotate)) => post_rotate.add(backup),
            (notice, _) => self.report.notice(&notice, &self.path),
        }
    }

    /// Reports, once, that lines are in the log and yet not safe on disk.
    pub(crate) fn report_unsynced(&self, outcome: Result<(), Error>) {
        if let Err(error) = outcome
            && !self.unsynced.swap(true, Ordering::Relaxed)
        {
            self.report.say(&format!("{}; lines may be lost", self.report.shown(&error)));
        }
    }

    /// Notes why lines cannot be appended, and reports it if that is new.
    fn trouble_begins(&self, error: &Error) {
        let error = self.report.shown(error);
        if self.trouble().replace(error.clone()).is_none() {
            let waiting = match self.queue.lines() {
                1 => "1 line waits".to_owned(),
                lines => format!("{lines} lines wait"),
            };
            self.report.warn(&format!("{error}; {waiting}, trying again"));
        }
    }

    /// Reports the end of the trouble, if there was one.
    fn trouble_ends(&self) {
        if self.trouble().take().is_some() {
            let log = self.report.path(&self.path);
            let lost = match self.dropped.load(Ordering::Relaxed) {
                0 if self.unsynced.load(Ordering::Relaxed) => String::new(),
                0 => "; nothing was lost".to_owned(),
                lines => format!("; {} dropped so far (--overflow)", counted(lines, "line")),
            };
            self.report.warn(&format!("appending to '{log}' works again{lost}"));
        }
    }

    /// Returns why lines cannot be appended, if anything but the lock keeps
    /// them from it.
    pub(crate) fn trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
