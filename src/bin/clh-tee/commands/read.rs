//! `--read`: writes the whole chain of a log to standard output, and follows the log.
//!
//! A log that is followed is read by a second thread, because that may wait for the lock, the log
//! or the reader of standard output. The first thread waits for signals. It ends the program
//! between two pieces, so that only whole lines are written.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, bail};
use clh_tee::{Escaped, LogReader, ReadNotice, ReadOptions};
use memchr::{memrchr, memrchr_iter};

use crate::args::Cli;
use crate::messages::{Report, Status, out};
use crate::records::Batch;
use crate::sys::{
    self, Caught, Signals, Stdout, Stream, is_ready_within, is_standard, lock, raise_limit, waker,
};
use crate::transform::{Settings, Transform};

/// How long to wait for the log before checking it again.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);
/// The same where no signal interrupts the wait.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How often to try to end between two pieces.
const BETWEEN_PIECES: Duration = Duration::from_millis(20);

/// How many bytes to keep before searching them for the last lines.
const ENOUGH: usize = 1024 * 1024;

struct Output {
    file: Stdout,
    status: Status,
    /// Set when nothing may be written any more.
    ended: bool,
}

#[derive(Clone)]
struct Copier {
    path: PathBuf,
    options: ReadOptions,
    settings: Settings,
    /// How many of the last lines to show, if not all.
    lines: Option<usize>,
    follow: bool,
    output: Arc<Mutex<Output>>,
    report: Report,
}

pub(crate) fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    let file = Stdout::open().context("no standard output")?;
    if is_standard(Stream::Out, &cli.log) {
        // The output would feed the log's reader forever.
        bail!("cannot read '{}': it is standard output too", Escaped::path(&cli.log));
    }
    raise_limit();
    let (reading, utc) = (&cli.reading, cli.timed.utc);
    let (follow, since) = (reading.follow, reading.since(utc));
    let filtered = Transform::new(&cli.transforming, 0, "")?.is_some();
    let options = LogReader::options().follow(follow).since(since).utc(utc).whole_lines(filtered);
    let output = Arc::new(Mutex::new(Output { file, status: Status::AllIn, ended: false }));
    let copier = Copier {
        path: cli.log.clone(),
        options: options.lock_dir(cli.lock_dir.clone()),
        settings: cli.transforming.clone(),
        lines: reading.lines.map(|count| count.try_into().unwrap_or(usize::MAX)),
        follow,
        output: Arc::clone(&output),
        report: report.clone(),
    };
    if follow {
        watch(copier, &output, Signals::catch(false).context("cannot catch signals")?)
    } else {
        copier.copy(LOOK_AGAIN, || true)
    }
}

/// Runs `copier` until it ends, a signal arrives, or standard output is closed.
fn watch(copier: Copier, output: &Mutex<Output>, mut signals: Signals) -> anyhow::Result<Status> {
    let (end, done) = waker().context("cannot make a pipe")?;
    let stdout = lock(output).file.try_clone().context("no standard output")?;
    let is_closed = || is_ready_within(stdout.closed(), Duration::ZERO);
    let copying = copier.clone();
    let started = Builder::new().spawn(move || {
        let status = copying.copy(LOOK_AGAIN, || true);
        drop(end);
        status
    });
    let Ok(copying) = started else {
        // No thread can be created, so signals are checked between two pieces.
        return copier
            .copy(BETWEEN_LOOKS, || !is_closed() && !signals.caught().into_iter().any(ends));
    };
    let mut timeout = None;
    loop {
        let mut awaited = vec![done.awaited(), stdout.closed()];
        awaited.extend(signals.awaited());
        // An error means that a signal interrupted the wait, which is then over.
        sys::wait(&mut awaited, timeout).unwrap_or_default();
        if is_ready_within(done.awaited(), Duration::ZERO) {
            return copying.join().unwrap_or(Ok(Status::Lost));
        }
        let asked = signals.caught().into_iter().any(ends);
        let ending = timeout.is_some();
        if asked && ending {
            return Ok(Status::Lost);
        }
        if !asked && !ending && !is_closed() {
            continue;
        }
        // End between two pieces, if the reader accepts the one that is being written. A second
        // signal ends in the middle of it.
        timeout = Some(BETWEEN_PIECES);
        if let Ok(mut output) = output.try_lock() {
            output.ended = true;
            return Ok(output.status);
        }
    }
}

fn ends(signal: Caught) -> bool {
    signal.request.ends() && !signal.ignored
}

impl Copier {
    /// Copies what there is. If asked to, then follows the log as long as `goes_on` returns true,
    /// and checks for new lines at least once per `interval`.
    fn copy(self, interval: Duration, mut goes_on: impl FnMut() -> bool) -> anyhow::Result<Status> {
        let mut transform = Transform::new(&self.settings, 0, "")?;
        let mut log = match self.lines {
            Some(count) => self.last(count, transform.as_mut())?,
            None => self.options.clone().open(&self.path)?,
        };
        loop {
            let read = log.next_piece();
            let written = read.map(|piece| {
                piece.map(|piece| write(&self.output, &shown(piece, transform.as_mut())))
            });
            log.take_notices().iter().for_each(|notice| self.report(notice));
            match written?.map(out).transpose()? {
                Some(true) => {}
                None if self.follow => log.wait(interval),
                _ => break,
            }
            if !goes_on() {
                break;
            }
        }
        Ok(lock(&self.output).status)
    }

    /// Writes the last `count` lines. Reads only the backups that contain them.
    fn last(
        &self,
        count: usize,
        mut transform: Option<&mut Transform>,
    ) -> anyhow::Result<LogReader> {
        let mut backups = 0;
        loop {
            let mut log = self.options.clone().newest(Some(backups)).open(&self.path)?;
            let mut last = Last { count, ..Last::default() };
            while let Some(piece) = log.next_piece()? {
                last.add(&shown(piece, transform.as_deref_mut()));
            }
            if last.drop_others() || !log.has_older() {
                out(write(&self.output, &last.lines))?;
                return Ok(log);
            }
            backups = 4 * backups + 1;
        }
    }

    fn report(&self, notice: &ReadNotice) {
        if notice.is_loss() {
            lock(&self.output).status = Status::Lost;
        }
        let report = &self.report;
        let log = report.path(&self.path);
        let and = |error, then| format!("{}; {then}", report.shown(error));
        let text = match notice {
            ReadNotice::CannotRead(error) => and(error, "lines of it are missing"),
            ReadNotice::Removed { backups: Some(1) } => format!(
                "1 backup of '{log}' was removed before it could be read; its lines are missing"
            ),
            ReadNotice::Removed { backups: Some(count) } => format!(
                "{count} backups of '{log}' were removed before they could be read; \
                 their lines are missing"
            ),
            ReadNotice::Removed { backups: None } => format!(
                "backups of '{log}' were removed, perhaps before they could be read; \
                 lines may be missing"
            ),
            ReadNotice::Emptied => {
                format!("'{log}' was emptied in place; it is read from its beginning")
            }
            ReadNotice::CannotLock(error) => and(error, "it is read without the lock"),
            ReadNotice::CannotFollow(error) => and(error, &format!("waiting for '{log}'")),
            ReadNotice::NoTimes => {
                format!("no line of '{log}' begins with a known time stamp; showing all lines")
            }
            ReadNotice::FollowsAgain => format!("following '{log}' works again"),
            _ => return,
        };
        let good = matches!(notice, ReadNotice::FollowsAgain);
        if good || notice.is_loss() { report.say(&text) } else { report.warn(&text) }
    }
}

/// Collects the last lines of what is added.
#[derive(Default)]
struct Last {
    count: usize,
    lines: Vec<u8>,
    /// How many bytes were left the last time that lines were dropped.
    kept: usize,
}

impl Last {
    fn add(&mut self, bytes: &[u8]) {
        self.lines.extend_from_slice(bytes);
        if self.lines.len() > 2 * self.kept + ENOUGH {
            self.drop_others();
        }
    }

    /// Drops all lines but the last ones; returns whether there are as many as wanted.
    fn drop_others(&mut self) -> bool {
        let Some(before) = self.count.checked_sub(1) else {
            self.lines.clear();
            return true;
        };
        let text = self.lines.strip_suffix(b"\n").unwrap_or(&self.lines);
        let newline = memrchr_iter(b'\n', text).nth(before);
        self.lines.drain(..newline.map_or(0, |newline| newline + 1));
        self.kept = self.lines.len();
        newline.is_some()
    }
}

/// Returns what to show of `piece`. With a `transform` it must be whole lines, except at the end of
/// the log.
fn shown<'a>(piece: &'a [u8], transform: Option<&mut Transform>) -> Cow<'a, [u8]> {
    let Some(transform) = transform else { return Cow::Borrowed(piece) };
    let mut apply = |lines: &[u8]| {
        let (mut done, mut shown) = (0, Vec::new());
        while done < lines.len() {
            let (rest, mut some) = (lines[done..].into(), Batch::default());
            done += transform.apply(rest, UNIX_EPOCH, UNIX_EPOCH, &mut [&mut some]);
            shown.append(&mut some.bytes);
        }
        shown
    };
    let (whole, partial) = piece.split_at(memrchr(b'\n', piece).map_or(0, |end| end + 1));
    let mut shown = apply(whole);
    if !partial.is_empty() {
        let mut last = apply(&[partial, b"\n"].concat());
        // Its newline, if the line is shown.
        last.pop();
        shown.append(&mut last);
    }
    Cow::Owned(shown)
}

/// Writes `piece`. If nothing may be written any more, fails like a closed pipe.
fn write(output: &Mutex<Output>, piece: &[u8]) -> io::Result<()> {
    let mut output = lock(output);
    if output.ended { Err(ErrorKind::BrokenPipe.into()) } else { output.file.write_all(piece) }
}
