//! The destination of whole records: the log, if the lock is free, or else the queue.
//!
//! The reader acquires a free lock itself, which avoids waking the second thread and copying the
//! lines. With several logs it does not, because one slow disk would hold up the others. Lines
//! never overtake each other: once some are in the queue, all go through it until it is empty.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clh_tee::{Records, RotatingLog, Stats};

use crate::args::{Cli, Overflow};
use crate::messages::Report;
use crate::records::Lines;
use crate::sys::{Woken, start_thread};
use crate::writer::appender::{Appender, Shared};
use crate::writer::background::BackgroundThread;
use crate::writer::fairness::{Fairness, HOLD, SHORT_HOLD, TURN, Turn};
use crate::writer::post_rotate::PostRotate;
use crate::writer::queue::{Queue, Requests};
use crate::writer::spooled::Spooled;

/// How long an append in progress may still take when lines are given up.
const GRACE: Duration = Duration::from_secs(1);

pub(crate) struct Sink {
    shared: Arc<Shared>,
    appender: Appending,
    /// Becomes ready when there is news for a waiting reader.
    pub(crate) news: Woken,
    overflow: Overflow,
    pub(crate) lock_timeout: Option<Duration>,
    /// Whether this log takes no lines.
    pub(crate) discards: bool,
    pub(crate) given_up: Option<GivenUp>,
}

/// Why a log gets no more lines, and those that it did not get.
pub(crate) struct GivenUp {
    pub(crate) why: String,
    pub(crate) lines: Vec<u8>,
    pub(crate) records: Vec<Spooled>,
    /// Whether the result of the last append is unknown.
    pub(crate) unsure: bool,
}

/// The thread that empties the queue.
enum Appending {
    NotNeeded,
    Thread,
    /// The reader, because no thread could be created; and when it tries again.
    Here(Appender, Option<Instant>),
}

impl Sink {
    pub(crate) fn new(
        mut log: RotatingLog,
        post_rotate: Option<PostRotate>,
        cli: &Cli,
        among_others: bool,
        report: &Report,
    ) -> io::Result<Self> {
        let (queue, news) = Queue::new(cli.buffer, cli.transforming.is_json())?;
        let notices = log.take_notices();
        let shared = Arc::new(Shared {
            queue,
            fairness: Fairness::default(),
            hold: if cli.gzip { SHORT_HOLD } else { HOLD },
            background: BackgroundThread::new(log.background()),
            log: Mutex::new(log),
            post_rotate,
            among_others,
            report: report.clone(),
            acknowledges: cli.acknowledge,
            path: cli.log.clone(),
            trouble: Mutex::new(None),
            unsynced: AtomicBool::new(false),
            hopeless: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        });
        for notice in notices {
            shared.report_notice(notice);
        }
        let (appender, overflow, lock_timeout) =
            (Appending::NotNeeded, cli.overflow, cli.lock_timeout);
        let (discards, given_up) = (false, None);
        Ok(Self { shared, appender, news, overflow, lock_timeout, discards, given_up })
    }

    /// Takes the whole records of `lines` if there is room; otherwise there will be news. If a
    /// `patient` caller floods the log, it has to wait.
    pub(crate) fn put(&mut self, lines: &mut Lines, patient: bool) {
        if let Some(given_up) = &mut self.given_up {
            given_up.lines.extend_from_slice(lines.whole().bytes());
            return lines.taken(lines.whole().len());
        }
        if lines.whole().is_empty() || (patient && self.must_wait()) {
            return;
        }
        if self.discards {
            return lines.taken(lines.whole().len());
        }
        let idle = !self.shared.among_others && self.shared.queue.is_idle();
        let done = if idle { self.append_now(lines.whole()) } else { 0 };
        if done == lines.whole().len() {
            return lines.taken(done);
        }
        self.start_appender();
        if self.overflow == Overflow::Drop {
            let dropped = self.shared.queue.push_or_drop(lines.whole().skip(done));
            self.shared.dropped.fetch_add(dropped, Ordering::Relaxed);
            lines.taken(lines.whole().len());
        } else if !self.shared.queue.push(lines, done) {
            lines.taken(done);
        }
    }

    /// Queues a record. The caller waits until the log [is free](Self::is_free) before the next one.
    pub(crate) fn put_record(&mut self, record: Spooled) {
        if let Some(given_up) = &mut self.given_up {
            given_up.records.push(record);
        } else if !self.discards {
            self.start_appender();
            self.shared.queue.push_spooled(record);
        }
    }

    /// Returns whether nothing is waiting; if not, there will be news.
    pub(crate) fn is_free(&self) -> bool {
        self.given_up.is_some() || self.shared.queue.is_settled()
    }

    /// Returns whether the reader must wait; then there will be news. Lines that arrive faster than
    /// they can be compressed or synced wait for that, so that a rotation holds up other writers
    /// less. Lines also wait for the lock, but only until [`Sink::turn_by`].
    fn must_wait(&self) -> bool {
        let Shared { background, queue, among_others, .. } = &*self.shared;
        let behind = || background.work.is_behind(queue.own_backlog()) || self.turn_by().is_some();
        if *among_others || self.overflow == Overflow::Drop || !behind() {
            return false;
        }
        queue.wait_for_news();
        // It may have been done before the queue knew that we wait.
        behind()
    }

    /// Returns until when to read no more, if enough lines wait for the lock already.
    fn turn_by(&self) -> Option<Instant> {
        let turn = self.shared.queue.locking_since(self.shared.hold)? + TURN;
        (turn > Instant::now()).then_some(turn)
    }

    /// Appends what needs no waiting; returns how many bytes. Failures are left to the appender,
    /// which will meet them, too.
    fn append_now(&self, records: Records<'_>) -> usize {
        self.shared.fairness.rest();
        let mut log = self.shared.log.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(Some(mut hold)) = log.try_hold() else { return 0 };
        if !hold.is_quick(records) {
            return 0;
        }
        let turn = Turn::begin(hold.others());
        let outcome = hold.append_while(records, |appended| turn.goes_on(appended));
        let appended = outcome.unwrap_or_else(|failure| failure.appended);
        self.shared.report_unsynced(hold.release());
        self.shared.fairness.is_over(turn, appended);
        self.shared.report_notices(&mut log);
        BackgroundThread::wake(&self.shared);
        appended
    }

    /// Queues requests; they are due when all lines put so far are in the log.
    pub(crate) fn ask(&mut self, requests: Requests) {
        if requests != Requests::default() {
            self.start_appender();
            self.shared.queue.ask(requests);
        }
    }

    /// Appends from the queue if no thread could be created. Call it again when it
    /// [wakes](Self::wakes_at).
    pub(crate) fn go_on(&mut self) {
        if let Appending::Here(appender, next) = &mut self.appender
            && next.is_none_or(|next| next <= Instant::now())
        {
            *next = appender.run_here();
        }
    }

    /// Returns the times at which there is something to do in any case.
    pub(crate) fn wakes_at(&self) -> [Option<Instant>; 3] {
        if self.given_up.is_some() {
            return [None; 3];
        }
        // A wait for the lock that has not begun can begin now.
        let locking_since = || self.locking_since().unwrap_or_else(Instant::now);
        let lock = self.lock_timeout.map(|limit| locking_since() + limit);
        let next = if let Appending::Here(_, next) = &self.appender { *next } else { None };
        [lock, self.turn_by(), next]
    }

    /// If no thread can be created, tries again whenever lines have to be queued.
    fn start_appender(&mut self) {
        if matches!(self.appender, Appending::Thread) {
            return;
        }
        let appender = Appender::new(&self.shared);
        if start_thread(move || appender.run()).is_ok() {
            self.appender = Appending::Thread;
        } else if matches!(self.appender, Appending::NotNeeded) {
            self.appender = Appending::Here(Appender::new(&self.shared), None);
        }
    }

    pub(crate) fn close(&self) {
        self.shared.queue.close();
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.shared.queue.is_idle()
    }

    /// Returns whether all lines are in the log and all requests done; if not, there will be news.
    /// No more lines may come.
    pub(crate) fn is_settled(&self) -> bool {
        if self.given_up.is_some() {
            return true;
        }
        if !self.shared.queue.is_settled() {
            return false;
        }
        self.shared.background.end();
        self.shared.queue.wait_for_news();
        self.shared.background.is_done()
    }

    /// Returns since when lines have been waiting for the lock.
    pub(crate) fn locking_since(&self) -> Option<Instant> {
        self.shared.queue.locking_since(0)
    }

    /// Returns why lines cannot be appended, unless they only wait for the lock.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.shared.trouble().clone()
    }

    /// Returns whether appending can never succeed.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.shared.hopeless.load(Ordering::Relaxed)
    }

    /// Gives up the queued lines and all that come later.
    pub(crate) fn give_up(&mut self, why: &str) {
        if self.given_up.is_none() {
            let (lines, records, unsure) = self.shared.queue.abandon(GRACE);
            self.given_up = Some(GivenUp { why: why.to_owned(), lines, records, unsure });
        }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Returns whether a line was lost, or a requested fsync failed.
    pub(crate) fn has_lost(&self) -> bool {
        let lost = |given_up: &GivenUp| {
            given_up.unsure || !given_up.lines.is_empty() || !given_up.records.is_empty()
        };
        let unsynced = self.shared.unsynced.load(Ordering::Relaxed);
        unsynced || self.dropped() > 0 || self.given_up.as_ref().is_some_and(lost)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.shared.path
    }

    pub(crate) fn post_rotate(&self) -> Option<&PostRotate> {
        self.shared.post_rotate.as_ref()
    }

    /// Returns `None` while an append is in progress.
    pub(crate) fn stats(&self) -> Option<Stats> {
        self.shared.log.try_lock().ok().map(|log| log.stats())
    }
}
