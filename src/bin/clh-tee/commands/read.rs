//! `--read`: the whole chain of a log to standard output, and following it.
//!
//! A log that is followed is read by a thread of its own, which may wait for
//! the lock, the log or whoever reads standard output. The first one waits for
//! signals meanwhile, and ends the program between two pieces, so that only
//! whole lines have been written.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, mpsc};
use std::thread::Builder;
use std::time::Duration;

use anyhow::{Context, bail};
use clh_tee::{Escaped, LogReader, ReadNotice, ReadOptions};

use crate::args::Cli;
use crate::messages::{Report, Status, out};
use crate::sys::Stream;
use crate::sys::{
    self, Caught, Signals, Stdout, Woken, is_ready_within, is_standard, raise_limit, waker,
};

/// How long the log is waited for before it is looked at again.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The same where signals are not heard meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// How often it is tried to end between two pieces.
const BETWEEN_PIECES: Duration = Duration::from_millis(20);

/// Standard output, shared with who ends the program.
struct Output {
    file: Stdout,
    /// How it goes: lost, if a line could not be read or written.
    status: Status,
    /// Nothing may be written any more.
    ended: bool,
}

/// What reads a log and writes its lines.
struct Copier {
    path: PathBuf,
    options: ReadOptions,
    follow: bool,
    output: Arc<Mutex<Output>>,
    report: Report,
}

pub(crate) fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    let file = Stdout::open().context("no standard output")?;
    refuse_loop(cli)?;
    raise_limit();
    let (follow, since) = (cli.reading.follow, cli.reading.since);
    let output = Arc::new(Mutex::new(Output { file, status: Status::AllIn, ended: false }));
    let copier = Copier {
        path: cli.log.clone(),
        options: LogReader::options().follow(follow).since(since).lock_dir(cli.lock_dir.clone()),
        follow,
        output: Arc::clone(&output),
        report: report.clone(),
    };
    if follow {
        watch(copier, &output, Signals::catch().context("cannot catch signals")?)
    } else {
        copier.copy(PATIENCE, || true)
    }
}

/// Lets `copier` work until it ends, a signal comes, or nobody reads standard
/// output any more.
fn watch(copier: Copier, output: &Mutex<Output>, mut signals: Signals) -> anyhow::Result<Status> {
    let (end, done) = waker().context("cannot make a pipe")?;
    let stdout = lock(output).file.try_clone().context("no standard output")?;
    let (hand, handed) = mpsc::channel::<Copier>();
    let started = Builder::new().spawn(move || {
        let status =
            handed.recv().map_or(Ok(Status::Lost), |copier| copier.copy(PATIENCE, || true));
        drop(end);
        status
    });
    let Ok(copying) = started else {
        // No thread can be started: signals are looked for between two pieces.
        return copier.copy(BETWEEN_LOOKS, || {
            let closed = is_ready_within(stdout.closed(), Duration::ZERO);
            !closed && !signals.caught().into_iter().any(ends)
        });
    };
    // It ends only after it has received the copier.
    drop(hand.send(copier));
    let mut timeout = None;
    loop {
        wait(&done, &stdout, &signals, timeout);
        if is_ready_within(done.awaited(), Duration::ZERO) {
            return copying.join().unwrap_or(Ok(Status::Lost));
        }
        let asked = signals.caught().into_iter().any(ends);
        let ending = timeout.is_some();
        if asked && ending {
            return Ok(Status::Lost);
        }
        let closed = || is_ready_within(stdout.closed(), Duration::ZERO);
        if !asked && !ending && !closed() {
            continue;
        }
        // Between two pieces, if whoever reads them takes the one that is being
        // written; a second signal ends in the midst of it.
        timeout = Some(BETWEEN_PIECES);
        match output.try_lock() {
            Err(TryLockError::WouldBlock) => {}
            Ok(mut output) => {
                output.ended = true;
                return Ok(output.status);
            }
            Err(TryLockError::Poisoned(_)) => return Ok(Status::Lost),
        }
    }
}

/// Waits until the work is done, standard output is closed or a signal comes.
fn wait(done: &Woken, stdout: &Stdout, signals: &Signals, timeout: Option<Duration>) {
    let mut awaited = vec![done.awaited(), stdout.closed()];
    awaited.extend(signals.awaited());
    // A wait that a signal interrupts is over, as it should be.
    sys::wait(&mut awaited, timeout).unwrap_or_default();
}

fn ends(signal: Caught) -> bool {
    signal.request.ends() && !signal.ignored
}

impl Copier {
    /// Copies what there is, and goes on if the log is followed, which is waited
    /// for this long at a time, as long as `goes_on` says so.
    fn copy(self, patience: Duration, mut goes_on: impl FnMut() -> bool) -> anyhow::Result<Status> {
        let mut log = self.options.clone().open(&self.path)?;
        loop {
            let read = log.next_piece();
            let written = read.map(|piece| piece.map(|piece| write(&self.output, piece)));
            log.take_notices().iter().for_each(|notice| self.tell(notice));
            match written? {
                Some(written) => {
                    if !out(written)? {
                        break;
                    }
                }
                None if !self.follow => break,
                None => log.wait(patience),
            }
            if !goes_on() {
                break;
            }
        }
        Ok(lock(&self.output).status)
    }

    fn tell(&self, notice: &ReadNotice) {
        if notice.is_loss() {
            lock(&self.output).status = Status::Lost;
        }
        let report = &self.report;
        let log = report.path(&self.path);
        match notice {
            ReadNotice::CannotRead(error) => {
                report.say(&format!("{}; lines of it are missing", report.shown(error)));
            }
            ReadNotice::Removed { backups: Some(1) } => report.say(&format!(
                "1 backup of '{log}' was removed before it could be read; its lines are missing"
            )),
            ReadNotice::Removed { backups: Some(count) } => report.say(&format!(
                "{count} backups of '{log}' were removed before they could be read; \
                 their lines are missing"
            )),
            ReadNotice::Removed { backups: None } => report.say(&format!(
                "backups of '{log}' were removed, perhaps before they could be read; \
                 lines may be missing"
            )),
            ReadNotice::Emptied => {
                let what = "was emptied in place; it is read from its beginning";
                report.warn(&format!("'{log}' {what}"));
            }
            ReadNotice::CannotLock(error) => {
                report.warn(&format!("{}; it is read without the lock", report.shown(error)));
            }
            ReadNotice::CannotFollow(error) => {
                report.warn(&format!("{}; waiting for '{log}'", report.shown(error)));
            }
            ReadNotice::FollowsAgain => report.warn(&format!("following '{log}' works again")),
            _ => {}
        }
    }
}

/// Refuses a log that is standard output too: it would feed itself.
fn refuse_loop(cli: &Cli) -> anyhow::Result<()> {
    if is_standard(Stream::Out, &cli.log) {
        bail!("cannot read '{}': it is standard output too", Escaped::path(&cli.log));
    }
    Ok(())
}

/// Writes `piece`, unless nothing may be written any more, as if nobody read on.
fn write(output: &Mutex<Output>, piece: &[u8]) -> io::Result<()> {
    let mut output = lock(output);
    if output.ended { Err(ErrorKind::BrokenPipe.into()) } else { output.file.write_all(piece) }
}

fn lock(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}
