//! A log filled by short runs, as by cron jobs.
//!
//! The cost of compression for all runs together is the difference between runs with and without
//! `--gzip`. Compare it with the cost in one long run.

use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::MIB;
use super::bulk::{ORDINARY, limited};
use crate::bench::Bench;
use crate::kept;
use crate::measure::Quantity::{Cpu, Hold, Run};
use crate::measure::{Sample, Workload, float};
use crate::prober::Prober;
use crate::program::{Program, Settings, lock_file};
use crate::session::Session;
use crate::stream::Stream;
use crate::usage;

/// The log's limit.
const LIMIT: u64 = 24 * MIB;

/// How many bytes each run appends.
const PIECE: u64 = 4096;

/// How often the prober wants the lock.
const PROBE: Duration = Duration::from_micros(500);

/// Returns the workload.
pub(super) fn short(bench: &Bench) -> Workload<'_> {
    let ours = move |gzip, piece| filled(bench, Program::ClhTee, gzip, piece, LIMIT);
    Workload::new("runs", "a log of 24M filled by runs of 4 KiB")
        .with("clh-tee", move || ours(true, PIECE))
        .with("clh-tee, plain", move || ours(false, PIECE))
        .with("clh-tee, one run", move || ours(true, LIMIT + MIB))
        .with("clh-tee, one run, plain", move || ours(false, LIMIT + MIB))
        .with_present(bench, &[Program::Clh], move |program| {
            // Only the last runs: for CLH it does not matter what filled the log before.
            filled(bench, program, true, PIECE, PIECE * 32)
        })
        .goal(Hold, "CLH", 0.02, 0.005)
        .goal(Run, "clh-tee, plain", 1.5, 1.1)
}

/// Fills a log in runs of `piece` bytes. They append the last `part` of it and a little more, so
/// that it is rotated.
fn filled(bench: &Bench, program: Program, gzip: bool, piece: u64, part: u64) -> Result<Sample> {
    let (place, stream) = (bench.place()?, Stream::new(0, ORDINARY));
    let part = if program == Program::Clh { part } else { bench.scaled(part) };
    let (settings, full) = (Settings { gzip, ..limited(LIMIT) }, stream.whole(LIMIT + MIB / 8));
    let mut at = stream.whole(LIMIT - part);
    stream.feed(&mut File::create(program.log(place.path()))?, 0..at)?;
    File::create(lock_file(place.path()))?;
    let prober = Prober::begin(&lock_file(place.path()), PROBE)?;
    let (cpu, began, from, mut runs) = (usage::children_cpu()?, Instant::now(), at, 0);
    while at < full {
        let next = (at + stream.whole(piece)).min(full);
        let mut session = Session::start(bench, program, place.path(), &settings)?;
        stream.feed(session.input(), at..next)?;
        session.finish()?;
        (at, runs) = (next, runs + 1);
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), usage::children_cpu()? - cpu);
    let mut sample = prober.end()?;
    kept::check_end(program, place.path(), &stream, full, LIMIT)?;
    sample.extend([(Cpu, cpu / (float(full - from) / 1e9)), (Run, seconds * 1000.0 / float(runs))]);
    Ok(sample)
}
