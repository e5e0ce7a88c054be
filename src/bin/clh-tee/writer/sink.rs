//! Where whole lines go: into the log at once if that costs no waiting, or
//! else into the queue.
//!
//! A lock that is free is taken by the reader itself, which spares the second
//! thread its waking and everybody a copy. Lines never overtake each other:
//! once some are in the queue, all go through it until it is empty.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clh_tee::{RotatingLog, Stats};

use crate::args::{Cli, Overflow};
use crate::messages::Report;
use crate::records::Lines;
use crate::sys::{Awaited, Woken};
use crate::writer::appender::{self, Shared};
use crate::writer::background::BackgroundThread;
use crate::writer::fairness::{Fairness, HOLD, SHORT_HOLD, TURN};
use crate::writer::post_rotate::PostRotate;
use crate::writer::queue::{Queue, Requests};

/// How long an append that has begun may take to end when lines are given up.
const GRACE: Duration = Duration::from_secs(1);

/// Where whole lines go.
pub(crate) struct Sink {
    /// What is shared with the appender.
    shared: Arc<Shared>,
    /// The appender, once it has been needed.
    appender: Option<JoinHandle<()>>,
    /// Is roused when there is news for a reader that waits.
    woken: Woken,
    /// What to do when the queue is full.
    overflow: Overflow,
    /// How many lines were dropped.
    dropped: u64,
    /// Whether nothing is put in.
    discards: bool,
}

/// What could not be put in.
pub(crate) struct GivenUp {
    /// The lines.
    pub(crate) lines: Vec<u8>,
    /// Whether the appender was stopped in the middle of an append, so that
    /// some lines more may or may not be in.
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
        let shared = Shared {
            queue,
            hold: if cli.gzip { SHORT_HOLD } else { HOLD },
            keeper: BackgroundThread::new(log.background()),
            log: Mutex::new(log),
            post_rotate,
            report: report.clone(),
            path: cli.log.clone(),
            trouble: Mutex::new(None),
            unsynced: AtomicBool::new(false),
            hopeless: AtomicBool::new(false),
        };
        // What opening it has brought.
        for notice in notices {
            shared.tell(notice);
        }
        let shared = Arc::new(shared);
        let overflow = cli.overflow;
        Ok(Self { shared, appender: None, woken, overflow, dropped: 0, discards: false })
    }

    /// Makes it a way to nowhere, if `discards`: it takes all lines, and the log
    /// gets none of them.
    pub(crate) fn discarding(self, discards: bool) -> Self {
        Self { discards, ..self }
    }

    /// Takes the whole lines of `lines`, if there is room for them; if not,
    /// there will be news. A `patient` caller is held up if he floods the log.
    pub(crate) fn put(&mut self, lines: &mut Lines, patient: bool) {
        if lines.whole().is_empty() || (patient && self.must_wait()) {
            return;
        }
        if self.discards {
            lines.taken(lines.whole().len());
            return;
        }
        let idle = self.shared.queue.is_idle();
        let done = if idle { self.put_in_now(lines.whole()) } else { 0 };
        if done == lines.whole().len() {
            lines.taken(done);
            return;
        }
        self.start_appender();
        if self.overflow == Overflow::Drop {
            self.dropped += self.shared.queue.push_or_drop(&lines.whole()[done..]);
            lines.taken(lines.whole().len());
        } else if !self.shared.queue.push(lines, done) {
            lines.taken(done);
        }
    }

    /// Tells whether lines came faster than can be compressed or forced to disk,
    /// and have to wait for that; if so, there will be news. Others, who wait
    /// for the lock when the log is rotated, then wait the less. Lines wait for
    /// their turn too, and no longer than [`Sink::turn_by`].
    fn must_wait(&self) -> bool {
        let Shared { keeper, queue, .. } = &*self.shared;
        let behind = || keeper.upkeep.is_behind(queue.own_backlog()) || self.turn_by().is_some();
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

    /// Puts in what can be put in without waiting; returns how many bytes. A
    /// trouble is left to the appender, who will meet it too.
    fn put_in_now(&self, lines: &[u8]) -> usize {
        let mut log = self.shared.log.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(Some(mut hold)) = log.try_hold() else {
            return 0;
        };
        if !hold.is_quick(lines) {
            return 0;
        }
        let (began, company) = (Instant::now(), Fairness::of(hold.others()));
        let outcome = hold.append(lines);
        self.shared.tell_unsynced(hold.release());
        company.rest(lines.len(), began.elapsed());
        self.shared.tell_notices(&mut log);
        BackgroundThread::rouse(&self.shared);
        outcome.map_or_else(|failure| failure.appended, |()| lines.len())
    }

    /// Has requests done once all lines that were put are in.
    pub(crate) fn ask(&mut self, requests: Requests) {
        if requests != Requests::default() {
            self.start_appender();
            self.shared.queue.ask(requests);
        }
    }

    /// Starts the appender if it is not there yet.
    fn start_appender(&mut self) {
        if self.appender.is_none() {
            let shared = Arc::clone(&self.shared);
            self.appender = Some(thread::spawn(move || appender::run(&shared)));
        }
    }

    /// Says that no more lines will come.
    pub(crate) fn close(&self) {
        self.shared.queue.close();
    }

    /// Tells whether all lines are in and all requests done; if not, there will
    /// be news.
    pub(crate) fn is_settled(&self) -> bool {
        if !self.shared.queue.is_settled() {
            return false;
        }
        self.shared.keeper.end();
        self.shared.queue.wait_for_news();
        self.shared.keeper.is_done()
    }

    /// Returns since when the lock has been waited for.
    pub(crate) fn locking_since(&self) -> Option<Instant> {
        self.shared.queue.locking_since()
    }

    /// Returns what keeps lines from going in, if anything but the lock does.
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

    /// Takes note of the news.
    pub(crate) fn noted(&mut self) {
        self.woken.noted();
    }

    /// Gives up what is not in yet.
    pub(crate) fn give_up(&self) -> GivenUp {
        let (lines, sure) = self.shared.queue.abandon(GRACE);
        GivenUp { lines, unsure: !sure }
    }

    /// Returns how many lines were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Tells whether everything that was put in is as safe as was asked for.
    pub(crate) fn is_safe(&self) -> bool {
        !self.shared.unsynced.load(Ordering::Relaxed)
    }

    /// Returns what is run after rotations, if anything is.
    pub(crate) fn post_rotate(&self) -> Option<&PostRotate> {
        self.shared.post_rotate.as_ref()
    }

    /// Returns what the log has done, unless somebody is still at it.
    pub(crate) fn stats(&self) -> Option<Stats> {
        self.shared.log.try_lock().ok().map(|log| log.stats())
    }
}
