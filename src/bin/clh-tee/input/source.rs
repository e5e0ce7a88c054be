//! A stream that is read: bytes go in; whole lines and a copy come out.
//!
//! Standard input is the only one, unless a command runs, which has two. Bytes become lines only in
//! [`Source::split`] and [`Source::end_partial`], and lines leave only through [`Source::put`].

use std::io;
use std::slice;
use std::time::{Duration, Instant, SystemTime};

use crate::args::Cli;
use crate::records::{Lines, Splitting};
use crate::sys::{Awaited, Input, READ, Stream, is_ready, wait};
use crate::tee::Tee;
use crate::transform::{Matched, Transform};
use crate::writer::queue::newlines;

pub(crate) struct Source {
    /// `None` after its end.
    input: Option<Input>,
    lines: Lines,
    transformed: Option<Transformed>,
    pub(super) tee: Tee,
    pub(super) stream: Stream,
    pub(super) lines_read: u64,
    /// Whether to count lines.
    counts: bool,
    /// How long a record waits for its next line, and until when the last one does.
    record_timeout: Duration,
    record_until: Option<Instant>,
    /// After the command has ended: how many unread bytes may still be from it.
    pub(super) owed: usize,
}

impl Source {
    /// Tags name the process `pid`.
    pub(crate) fn new(
        input: Option<Input>,
        stream: Stream,
        tee: Tee,
        cli: &Cli,
        pid: u32,
    ) -> anyhow::Result<Self> {
        let name = if cli.running.is_asked_for() { stream.tag() } else { "in" };
        let transformed = Transform::new(&cli.transforming, pid, name)?.map(|transform| {
            let logs = cli.transforming.routes.logs();
            let lines = (0..logs).map(|_| Lines::new(Splitting::NONE)).collect();
            let (counts, never) = (vec![0; logs], SystemTime::UNIX_EPOCH);
            Transformed { transform, lines, counts, began: never, last: never }
        });
        Ok(Self {
            input,
            lines: Lines::new(cli.splitting()),
            transformed,
            tee,
            stream,
            lines_read: 0,
            counts: cli.stats,
            record_timeout: cli.records.record_timeout,
            record_until: None,
            owed: 0,
        })
    }

    /// Reads once. Returns the bytes, none at the end, and the tee for their copy.
    pub(super) fn read(&mut self) -> io::Result<(&[u8], &mut Tee)> {
        let first = self.lines.rest().is_empty();
        let bytes = match &mut self.input {
            Some(input) => self.lines.read(input)?,
            None => &[],
        };
        if let Some(Transformed { transform, began, last, .. }) = &mut self.transformed
            && transform.needs_time()
        {
            *last = SystemTime::now();
            if first {
                *began = *last;
            }
        }
        self.owed = self.owed.saturating_sub(bytes.len());
        Ok((bytes, &mut self.tee))
    }

    /// Adds a line of our own, which is not copied. All lines read before must have been taken.
    pub(super) fn note(&mut self, line: &str) {
        if let Some(Transformed { transform, lines, counts, .. }) = &mut self.transformed {
            let text = line.trim_end().as_bytes();
            lines[0].add(|out| transform.note(text, SystemTime::now(), out));
            self.lines_read += u64::from(self.counts);
            counts[0] += 1;
            return;
        }
        self.lines.add(|batch| batch.push(line.as_bytes().into()));
        self.lines_read += u64::from(self.counts);
    }

    /// The command has ended. Its last output is in the pipe, which cannot hold more than its size.
    pub(super) fn command_has_ended(&mut self) {
        self.owed = self.input.as_ref().map_or(0, |input| input.capacity().unwrap_or(READ));
    }

    pub(super) fn split(&mut self, count: usize) {
        self.counting(|lines| lines.split(count));
        let waits = self.lines.may_go_on();
        self.record_until = waits.then(|| Instant::now() + self.record_timeout);
    }

    /// Returns until when a record waits for its next line.
    pub(super) fn record_until(&self) -> Option<Instant> {
        self.record_until.filter(|_| self.lines.may_go_on())
    }

    /// Ends a record if nothing more arrived in time. What arrived may be unread, if the log or the
    /// copy had no room.
    pub(super) fn end_record_in_time(&mut self) {
        if self.record_until().is_none_or(|until| until > Instant::now()) {
            return;
        }
        let has_more = |input: &Input| {
            let mut awaited = [input.awaited()];
            wait(&mut awaited, Some(Duration::ZERO)).is_err() || is_ready(&awaited[0])
        };
        if self.input.as_ref().is_some_and(has_more) {
            self.record_until = Some(Instant::now() + self.record_timeout);
        } else {
            self.counting(Lines::end_last_record);
        }
    }

    pub(super) fn end_partial(&mut self) {
        self.counting(Lines::end_partial);
    }

    /// Counts the lines that `change` completes.
    fn counting(&mut self, change: impl FnOnce(&mut Lines)) {
        let old = self.lines.whole().len();
        change(&mut self.lines);
        if self.counts {
            self.lines_read += newlines(self.lines.whole().skip(old).bytes());
        }
    }

    pub(super) fn end(&mut self) {
        self.input = None;
        self.end_partial();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.input.is_none()
    }

    /// Passes on whole lines as far as `take` accepts those for each log; returns whether it
    /// accepted all.
    pub(super) fn put(&mut self, mut take: impl FnMut(usize, &mut Lines)) -> bool {
        loop {
            let ready = match &mut self.transformed {
                Some(transformed) => &mut *transformed.lines,
                None => slice::from_mut(&mut self.lines),
            };
            for (log, lines) in ready.iter_mut().enumerate() {
                take(log, lines);
            }
            if ready.iter().any(|lines| !lines.whole().is_empty()) || !self.transform_more() {
                return self.is_put();
            }
        }
    }

    /// Transforms the next batch; returns false if there is none.
    fn transform_more(&mut self) -> bool {
        let plain = self.lines.whole();
        let Some(transformed) = self.transformed.as_mut().filter(|_| !plain.is_empty()) else {
            return false;
        };
        let Transformed { transform, lines, counts, began, last } = transformed;
        let mut outs: Vec<_> = lines.iter_mut().map(Lines::begin_to_add).collect();
        let taken = transform.apply(plain, *began, *last, &mut outs);
        lines.iter_mut().for_each(Lines::have_been_added);
        self.lines.taken(taken);
        if self.counts {
            for (count, lines) in counts.iter_mut().zip(lines) {
                *count += newlines(lines.whole().bytes());
            }
        }
        // The rest arrived with the last read.
        *began = *last;
        true
    }

    /// Returns which patterns have matched so far, if everything is one record.
    pub(super) fn matched(&self) -> Option<Matched> {
        self.transformed.as_ref()?.transform.matched()
    }

    /// Sets when the record began that everything just read belongs to.
    pub(super) fn belongs_to(&mut self, time: SystemTime) {
        if let Some(transformed) = &mut self.transformed {
            (transformed.began, transformed.last) = (time, time);
        }
    }

    pub(super) fn is_put(&self) -> bool {
        let mut lines = self.transformed.iter().flat_map(|transformed| &transformed.lines);
        self.lines.whole().is_empty() && lines.all(|lines| lines.whole().is_empty())
    }

    /// Returns the input if the copy of earlier bytes has been taken, which limits memory.
    pub(super) fn waits_for(&self) -> Option<Awaited<'_>> {
        self.input.as_ref().filter(|_| self.tee.waits_for().is_none()).map(Input::awaited)
    }

    /// Returns how many lines went to a log, if there are several.
    pub(super) fn lines_for(&self, log: usize) -> u64 {
        self.transformed.as_ref().map_or(0, |transformed| transformed.counts[log])
    }

    /// Returns how often a line, and how often a record, was cut.
    pub(super) fn cuts(&self) -> [u64; 2] {
        [self.lines.cuts, self.lines.record_cuts]
    }
}

/// The lines of a source, transformed on their way into the logs.
///
/// Memory stays bounded: a batch is transformed only when the sinks have taken the one before, and
/// nothing more is read until only a partial line is left.
struct Transformed {
    transform: Transform,
    /// The lines for each log.
    lines: Vec<Lines>,
    /// With --stats, how many lines each log got.
    counts: Vec<u64>,
    /// When the first byte that is not transformed yet was read.
    began: SystemTime,
    last: SystemTime,
}
