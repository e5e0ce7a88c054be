//! The second thread: it waits for the lock and the disk, while the first one handles signals and
//! empties the pipe.
//!
//! It appends whatever is queued: one line in a quiet log, a large batch in a busy one. There is no
//! timer. If no thread can be created, the first one does this work and polls for the lock.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clh_tee::{Error, Hold, Notice, RotatingLog, Unappended};

use crate::messages::{self, Report, counted};
use crate::writer::background::BackgroundThread;
use crate::writer::fairness::{Fairness, Turn};
use crate::writer::post_rotate::PostRotate;
use crate::writer::queue::{Queue, Work};

/// The first wait before a retry; each wait is twice the last one.
const FIRST_RETRY: Duration = Duration::from_millis(10);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// The wait between attempts of a thread that must not block on the lock.
const POLL: Duration = Duration::from_millis(1);

pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) log: Mutex<RotatingLog>,
    /// The maximum number of bytes appended in one hold.
    pub(crate) hold: usize,
    pub(crate) fairness: Fairness,
    pub(crate) background: BackgroundThread,
    pub(crate) post_rotate: Option<PostRotate>,
    /// Whether there are other logs, which do not wait for this one while its queue has room.
    pub(crate) among_others: bool,
    pub(crate) report: Report,
    /// Whether a flush ends with a newline on standard output instead of an fsync.
    pub(crate) acknowledges: bool,
    pub(crate) path: PathBuf,
    /// Why lines cannot be appended at present, unless they only wait for the lock.
    pub(crate) trouble: Mutex<Option<String>>,
    /// Whether the trouble cannot end by itself.
    pub(crate) hopeless: AtomicBool,
    /// Whether lines are in the log that could not be synced as requested.
    pub(crate) unsynced: AtomicBool,
    /// How many lines were dropped.
    pub(crate) dropped: AtomicU64,
}

pub(crate) struct Appender {
    shared: Arc<Shared>,
    /// The last wait after a failure.
    wait: Duration,
}

impl Appender {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), wait: Duration::ZERO }
    }

    pub(crate) fn run(mut self) {
        while self.shared.queue.wait_for_work() {
            let outcome = self.shared.append(|log| log.hold().map(Some));
            if let Some(wait) = self.ends(outcome) {
                self.shared.queue.wait_to_retry(wait);
            }
            // Otherwise the reader would do this, but it must not hold up the other logs.
            let work = &self.shared.background.work;
            while self.shared.among_others && work.is_behind(0) {
                self.shared.report_unsynced(work.do_some());
            }
        }
    }

    /// Appends what needs no waiting for the lock. Returns when to retry if something is left.
    pub(crate) fn run_here(&mut self) -> Option<Instant> {
        // Only a regular file has a lock that other processes can hold.
        let special = fs::metadata(&self.shared.path).is_ok_and(|about| !about.is_file());
        while self.shared.queue.has_work() {
            let outcome = self
                .shared
                .append(|log| if special { log.hold().map(Some) } else { log.try_hold() });
            let wait = match outcome {
                Ok(false) => Some(POLL),
                outcome => self.ends(outcome),
            };
            if let Some(wait) = wait {
                return Some(Instant::now() + wait);
            }
        }
        None
    }

    /// Reports how a hold ended, if that is news. Returns how long to wait before the next one.
    fn ends(&mut self, outcome: Result<bool, Error>) -> Option<Duration> {
        BackgroundThread::wake(&self.shared);
        let Err(error) = outcome else {
            self.wait = Duration::ZERO;
            // Lines that were given up meanwhile are lost.
            if !self.shared.queue.is_abandoned() {
                self.shared.trouble_ends();
            }
            self.shared.hopeless.store(false, Ordering::Relaxed);
            return None;
        };
        self.shared.trouble_begins(&error);
        self.shared.queue.fails();
        let hopeless = error.kind() == ErrorKind::FileTooLarge || error.is_locking_unsupported();
        self.shared.hopeless.store(hopeless, Ordering::Relaxed);
        if hopeless {
            self.shared.queue.news();
        }
        self.wait = (self.wait * 2).clamp(FIRST_RETRY, LAST_RETRY);
        Some(self.wait)
    }
}

impl Shared {
    /// Acquires the lock with `hold`, appends what is queued and carries out the requests that are
    /// due. Returns false if another writer holds the lock.
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
        if flush && self.acknowledges {
            messages::acknowledge();
        } else if flush {
            self.report_unsynced(log.sync());
        }
        self.report_notices(&mut log);
        // If an fsync was requested, lines count as appended only after it.
        self.queue.done(bytes);
        outcome.map(|()| true)
    }

    /// Appends what one turn allows. Returns the number of bytes appended, whether to sync them
    /// now, and the result.
    fn append_held(&self, mut hold: Hold<'_>, turn: Turn) -> (usize, bool, Result<(), Error>) {
        let (mut bytes, mut flush, mut outcome) = (0, false, Ok(()));
        let most = turn.most(self.hold);
        // A request for an fsync ends the hold.
        while bytes < most
            && !flush
            && outcome.is_ok()
            && turn.goes_on(bytes)
            && let Some(work) = self.queue.next()
        {
            match work {
                Work::Append(batch) => {
                    let result =
                        hold.append_while(batch.records(), |done| turn.goes_on(bytes + done));
                    let appended = result.unwrap_or_else(|Unappended { appended, error }| {
                        outcome = Err(error);
                        appended
                    });
                    bytes += appended;
                    self.queue.put_back(batch, appended);
                }
                Work::Spooled(mut record) => {
                    let begin = record.length - record.left();
                    let result = hold.append_record_from(&mut record);
                    let appended = result.unwrap_or_else(|Unappended { appended, error }| {
                        outcome = Err(error);
                        appended
                    });
                    bytes += appended;
                    record.go_to(begin + appended as u64);
                    if record.left() > 0 {
                        self.queue.put_spooled_back(record);
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

    /// Reports the log's notices and queues backups for --on-rotate. The lock must have been
    /// released.
    pub(crate) fn report_notices(&self, log: &mut RotatingLog) {
        log.take_notices().into_iter().for_each(|notice| self.report_notice(notice));
    }

    pub(crate) fn report_notice(&self, notice: Notice) {
        match (notice, &self.post_rotate) {
            (Notice::Rotated(backup), Some(post_rotate)) => post_rotate.add(backup),
            (notice, _) => self.report.notice(&notice, &self.path),
        }
    }

    /// Reports once that lines are in the log but not safely on disk.
    pub(crate) fn report_unsynced(&self, outcome: Result<(), Error>) {
        if let Err(error) = outcome
            && !self.unsynced.swap(true, Ordering::Relaxed)
        {
            self.report.say(&format!("{}; lines may be lost", self.report.shown(&error)));
        }
    }

    fn trouble_begins(&self, error: &Error) {
        let error = self.report.shown(error);
        if self.trouble().replace(error.clone()).is_none() {
            let waiting = match self.queue.lines() {
                1 => "1 line queued".to_owned(),
                lines => format!("{lines} lines queued"),
            };
            self.report.warn(&format!("{error}; {waiting}, retrying"));
        }
    }

    fn trouble_ends(&self) {
        if self.trouble().take().is_some() {
            let log = self.report.path(&self.path);
            let lost = match self.dropped.load(Ordering::Relaxed) {
                0 if self.unsynced.load(Ordering::Relaxed) => String::new(),
                0 => "; no lines lost".to_owned(),
                lines => format!("; {} dropped so far (--overflow)", counted(lines, "line")),
            };
            self.report.say(&format!("appending to '{log}' works again{lost}"));
        }
    }

    pub(crate) fn trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
