//! Where whole lines go: into the log at once if that needs no waiting, else into
//! the queue.
//!
//! The reader itself takes a lock that is free, which spares waking the second
//! thread and copying the lines. Lines never overtake each other: once some are
//! in the queue, all go through it until it is empty.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use clh_tee::{RotatingLog, Stats};

use crate::args::{Cli, Overflow};
use crate::messages::Report;
use crate::records::Lines;
use crate::sys::{Awaited, Woken};
use crate::writer::appender::{Appender, Shared};
use crate::writer::background::BackgroundThread;
use crate::writer::fairness::{Fairness, HOLD, SHORT_HOLD, TURN, Turn};
use crate::writer::post_rotate::PostRotate;
use crate::writer::queue::{Queue, Requests};

/// How long an append that has begun may take to end when lines are given up.
const GRACE: Duration = Duration::from_secs(1);

/// Where whole lines go.
pub(crate) struct Sink {
    shared: Arc<Shared>,
    appender: Appending,
    /// Is ready when there is news for a reader that waits.
    woken: Woken,
    overflow: Overflow,
    /// The log gets no lines.
    discards: bool,
}

/// Who empties the queue.
enum Appending {
    /// Nobody has been needed yet.
    NotNeeded,
    Thread,
    /// The reader, for no thread could be started; and when it tries again.
    Here(Appender, Option<Instant>),
}

/// What could not be appended.
pub(crate) struct GivenUp {
    pub(crate) lines: Vec<u8>,
    /// The appender was stopped in the middle of an append, so some more lines
    /// may or may not be in.
    pub(crate) unsure: bool,
}

impl Sink {
    /// Returns the way into `log`.
    pub(crate) fn new(
        mut log: RotatingLog,
        post_rotate: Option<PostRotate>,
        cli: &Cli,
        report: &Report,
    ) -> io::Result<Self> {
        let (queue, woken) = Queue::new(cli.buffer)?;
        let notices = log.take_notices();
        let shared = Arc::new(Shared {
            queue,
            fairness: Fairness::default(),
            hold: if cli.gzip { SHORT_HOLD } else { HOLD },
            background: BackgroundThread::new(log.background()),
            log: Mutex::new(log),
            post_rotate,
            report: report.clone(),
            path: cli.log.clone(),
            trouble: Mutex::new(None),
            unsynced: AtomicBool::new(false),
            hopeless: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        });
        for notice in notices {
            shared.report_notice(notice);
        }
        let (appender, overflow) = (Appending::NotNeeded, cli.overflow);
        Ok(Self { shared, appender, woken, overflow, discards: false })
    }

    /// If `discards`, it takes all lines and the log gets none of them.
    pub(crate) fn discarding(self, discards: bool) -> Self {
        Self { discards, ..self }
    }

    /// Takes the whole lines of `lines`, if there is room for them; if not,
    /// there will be news. A `patient` caller is held up if it floods the log.
    pub(crate) fn put(&mut self, lines: &mut Lines, patient: bool) {
        if lines.whole().is_empty() || (patient && self.must_wait()) {
            return;
        }
        if self.discards {
            lines.taken(lines.whole().len());
            return;
        }
        let idle = self.shared.queue.is_idle();
        let done = if idle { self.append_now(lines.whole()) } else { 0 };
        if done == lines.whole().len() {
            lines.taken(done);
            return;
        }
        self.start_appender();
        if self.overflow == Overflow::Drop {
            let dropped = self.shared.queue.push_or_drop(&lines.whole()[done..]);
            self.shared.dropped.fetch_add(dropped, Ordering::Relaxed);
            lines.taken(lines.whole().len());
        } else if !self.shared.queue.push(lines, done) {
            lines.taken(done);
        }
    }

    /// Tells whether lines came faster than they can be compressed or fsynced,
    /// and have to wait for that, so that other writers wait less when the log
    /// is rotated; if so, there will be news. Lines wait for their turn too, but
    /// no longer than [`Sink::turn_by`].
    fn must_wait(&self) -> bool {
        let Shared { background, queue, .. } = &*self.shared;
        let behind = || background.work.is_behind(queue.own_backlog()) || self.turn_by().is_some();
        if self.overflow == Overflow::Drop || !behind() {
            return false;
        }
        queue.wait_for_news();
        // It may have been done before we said that we wait.
        behind()
    }

    /// Returns by when our turn should have come, if enough waits for the lock
    /// and it is not that late yet.
    pub(crate) fn turn_by(&self) -> Option<Instant> {
        let turn = self.shared.queue.full_hold_since(self.shared.hold)? + TURN;
        (turn > Instant::now()).then_some(turn)
    }

    /// Appends what can be appended without waiting; returns how many bytes.
    /// Trouble is left to the appender, which will meet it too.
    fn append_now(&self, lines: &[u8]) -> usize {
        self.shared.fairness.rest();
        let mut log = self.shared.log.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(Some(mut hold)) = log.try_hold() else {
            return 0;
        };
        if !hold.is_quick(lines) {
            return 0;
        }
        let turn = Turn::begin(hold.others());
        let outcome = hold.append_while(lines, |appended| turn.goes_on(appended));
        self.shared.report_unsynced(hold.release());
        self.shared.fairness.is_over(turn, lines.len());
        self.shared.report_notices(&mut log);
        BackgroundThread::wake(&self.shared);
        outcome.unwrap_or_else(|failure| failure.appended)
    }

    /// Has requests done when all lines that were put are in.
    pub(crate) fn ask(&mut self, requests: Requests) {
        if requests != Requests::default() {
            self.start_appender();
            self.shared.queue.ask(requests);
        }
    }

    /// Appends from the queue, if no thread could be started for that.
    pub(crate) fn go_on(&mut self) {
        if let Appending::Here(appender, next) = &mut self.appender
            && next.is_none_or(|next| next <= Instant::now())
        {
            *next = appender.run_here();
        }
    }

    /// Returns when to [go on](Sink::go_on), if that is needed.
    pub(crate) fn next_try(&self) -> Option<Instant> {
        if let Appending::Here(_, next) = &self.appender { *next } else { None }
    }

    /// Starts the appender if there is none. Where that fails, it is tried
    /// again each time that lines have to be queued.
    fn start_appender(&mut self) {
        if matches!(self.appender, Appending::Thread) {
            return;
        }
        let appender = Appender::new(&self.shared);
        if Builder::new().spawn(move || appender.run()).is_ok() {
            self.appender = Appending::Thread;
        } else if matches!(self.appender, Appending::NotNeeded) {
            self.appender = Appending::Here(Appender::new(&self.shared), None);
        }
    }

    pub(crate) fn close(&self) {
        self.shared.queue.close();
    }

    /// Tells whether all lines are in and all requests done; if not, there will
    /// be news.
    pub(crate) fn is_settled(&self) -> bool {
        if !self.shared.queue.is_settled() {
            return false;
        }
        self.shared.background.end();
        self.shared.queue.wait_for_news();
        self.shared.background.is_done()
    }

    /// Returns since when the appender has been waiting for the lock.
    pub(crate) fn locking_since(&self) -> Option<Instant> {
        self.shared.queue.locking_since()
    }

    /// Returns why lines cannot be appended, if anything but the lock keeps
    /// them from it.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.shared.trouble().clone()
    }

    /// Tells whether it is no use to wait any longer for lines to go in.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.shared.hopeless.load(Ordering::Relaxed)
    }

    /// Returns what is ready when there is news.
    pub(crate) fn news(&self) -> Awaited<'_> {
        self.woken.awaited()
    }

    pub(crate) fn noted(&mut self) {
        self.woken.noted();
    }

    /// Gives up the lines that are not in.
    pub(crate) fn give_up(&self) -> GivenUp {
        let (lines, sure) = self.shared.queue.abandon(GRACE);
        GivenUp { lines, unsure: !sure }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Tells whether all that is in is as safe as was asked for.
    pub(crate) fn is_safe(&self) -> bool {
        !self.shared.unsynced.load(Ordering::Relaxed)
    }

    pub(crate) fn post_rotate(&self) -> Option<&PostRotate> {
        self.shared.post_rotate.as_ref()
    }

    /// Returns what the log has done, unless an append is still going on.
    pub(crate) fn stats(&self) -> Option<Stats> {
        self.shared.log.try_lock().ok().map(|log| log.stats())
    }
}
