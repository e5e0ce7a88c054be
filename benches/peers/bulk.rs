//! Bulk: one or more producers write as fast as they can.

use std::io::{self, Write};
use std::ops::Range;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::bench::Bench;
use crate::kept;
use crate::measure::{Quantity, Sample, float};
use crate::program::{Program, Settings};
use crate::session::Session;
use crate::stream::Stream;
use crate::usage::{self, Watch};

/// Enough backups to keep everything.
const ALL: u64 = 2000;

/// A program that is fed in bulk.
#[derive(Clone)]
pub(crate) struct Bulk {
    pub(crate) program: Program,
    pub(crate) settings: Settings,
    /// How many bytes all writers get together.
    pub(crate) total: u64,
    /// Whether its memory is watched.
    pub(crate) watched: bool,
}

impl Bulk {
    /// Returns a program that gets its share of `total`.
    pub(crate) fn new(program: Program, settings: &Settings, total: u64) -> Self {
        let total = total / program.slowness();
        Self { program, settings: settings.clone(), total, watched: false }
    }

    /// Runs it with one writer for each of `streams`; returns the measurements and the directory of
    /// the log.
    pub(crate) fn run(&self, bench: &Bench, streams: &[Stream]) -> Result<(Sample, TempDir)> {
        let place = bench.place()?;
        let fed = streams[0].whole(self.total / streams.len() as u64);
        let mut sessions = Vec::new();
        for stream in streams {
            let mut session = Session::start(bench, self.program, place.path(), &self.settings)?;
            session.warm_up(stream.first_line())?;
            sessions.push(session);
        }
        let watch = sessions.first().filter(|_| self.watched).map(|one| Watch::begin(one.pid()));
        let (cpu, began) = (usage::children_cpu()?, Instant::now());
        feed_all(sessions, streams, fed)?;
        let seconds = began.elapsed().as_secs_f64();
        let cpu = usage::children_cpu()? - cpu;
        let gigabytes = float(fed * streams.len() as u64) / 1e9;
        let mut sample = Sample::new();
        sample.insert(Quantity::Rate, gigabytes * 1000.0 / seconds);
        sample.insert(Quantity::Cpu, cpu / gigabytes);
        if let Some(watch) = watch {
            sample.insert(Quantity::Memory, watch.end()?);
        }
        self.check(&place, streams, fed)?;
        Ok((sample, place))
    }

    /// Shows, with little data, that every line arrives, over many rotations.
    pub(crate) fn prove(&self, bench: &Bench, streams: &[Stream]) -> Result<()> {
        let mut small = self.clone();
        let limit = if self.settings.limit == 0 { 0 } else { 128 * 1024 };
        small.settings = Settings { limit, backups: 30, ..self.settings.clone() };
        small.total = 2 * 1024 * 1024;
        let (_, place) = small.run(bench, streams)?;
        let fed = streams[0].whole(small.total / streams.len() as u64);
        kept::check_end(self.program, place.path(), &streams[0], fed, fed)
    }

    /// Returns the same with enough backups to keep everything.
    pub(crate) fn keeping_all(mut self) -> Self {
        self.settings.backups = ALL;
        self
    }

    /// Checks the log and its backups: with one writer they must hold the end of its input, with
    /// many the whole input.
    fn check(&self, place: &TempDir, streams: &[Stream], fed: u64) -> Result<()> {
        let (program, place) = (self.program, place.path());
        match streams {
            [stream] => {
                let rotates = self.settings.limit > 0 && program.rotates();
                let least = if rotates { self.settings.limit } else { fed };
                kept::check_end(program, place, stream, fed, least)
            }
            // Writers with `cat` break each other's lines.
            _ if program == Program::Cat => {
                let (bytes, _) = kept::count(program, place)?;
                ensure!(bytes == fed * streams.len() as u64, "{bytes} bytes arrived");
                Ok(())
            }
            _ => kept::check_all(program, place, streams, fed),
        }
    }
}

/// Feeds each session the rest of its stream, after the first line, and waits until all have ended.
fn feed_all(sessions: Vec<Session>, streams: &[Stream], fed: u64) -> Result<()> {
    thread::scope(|scope| {
        let feeders = sessions.into_iter().zip(streams).map(|(session, stream)| {
            scope.spawn(move || feed(session, stream, stream.line()..fed))
        });
        let feeders: Vec<_> = feeders.collect();
        feeders
            .into_iter()
            .try_for_each(|feeder| feeder.join().ok().context("a feeder panicked")?)
    })
}

/// Feeds one session and waits until it has ended.
fn feed(mut session: Session, stream: &Stream, range: Range<u64>) -> Result<()> {
    let outcome = stream.feed(session.input(), range.clone());
    let outcome = outcome.and_then(|()| session.input().flush());
    // If the program has ended, its message says more than a broken pipe.
    let broken = outcome.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    let copied = session.finish()?;
    if !broken {
        outcome?;
    }
    let all = copied.is_none_or(|copied| copied == range.end);
    ensure!(all && !broken, "not all was taken: {copied:?} bytes were copied of {}", range.end);
    Ok(())
}
