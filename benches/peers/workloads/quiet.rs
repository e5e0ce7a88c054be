//! Quiet producers, alone or beside one that floods the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::MIB;
use super::bulk::{ORDINARY, limited};
use crate::bench::Bench;
use crate::kept;
use crate::measure::Quantity::{Late, Median, Rate};
use crate::measure::{Sample, Workload, float};
use crate::program::{Program, Settings};
use crate::quiet::Quiet;
use crate::session::Session;
use crate::stream::Stream;

/// The number of quiet producers, and the time between lines of each.
const QUIET: (u32, Duration) = (4, Duration::from_millis(1));

/// The limit beside a flood, large enough that the follower keeps up.
const LIMIT: u64 = 100 * MIB;

/// How much the busy writer writes at once.
const WAVE: u64 = 64 * 1024;

/// Returns how long the producers write.
fn duration(bench: &Bench) -> Duration {
    Duration::from_millis(bench.scaled(2400))
}

/// Quiet writers alone.
pub(super) fn quiet(bench: &Bench) -> Workload<'_> {
    let programs = [Program::ClhTee, Program::Cat, Program::Clh];
    Workload::new("quiet", "4 quiet writers, a line each ms, limit 10M")
        .with_present(bench, &programs, move |program| alone(bench, program))
        .goal(Median, "cat", 2.0, 1.3)
        .goal(Median, "CLH", 0.4, 0.25)
}

/// Quiet writers beside a flood.
pub(super) fn flood(bench: &Bench) -> Workload<'_> {
    let programs = [Program::ClhTee, Program::Clh];
    Workload::new("flood", "the same beside a writer that floods the log, limit 100M")
        .with_present(bench, &programs, move |program| beside_a_flood(bench, program))
        .goal(Median, "CLH", 0.6, 0.3)
        .goal(Late, "CLH", 1.0, 0.4)
}

/// Measures quiet writers alone.
fn alone(bench: &Bench, program: Program) -> Result<Sample> {
    let (place, duration) = (bench.place()?, duration(bench));
    let quiet = Quiet::start(bench, program, place.path(), &limited(super::LIMIT), QUIET)?;
    Ok(quiet.run(|now| now > duration)?.sample())
}

/// Measures quiet writers beside one that floods the log.
fn beside_a_flood(bench: &Bench, program: Program) -> Result<Sample> {
    let (place, duration) = (bench.place()?, duration(bench));
    let (stream, settings) = (Stream::new(0, ORDINARY), Settings { backups: 90, ..limited(LIMIT) });
    let mut flooder = Session::start(bench, program, place.path(), &settings)?;
    let quiet = Quiet::start(bench, program, place.path(), &settings, QUIET)?;
    let first_lines = quiet.first_lines();
    let over = AtomicBool::new(false);
    let (written, delays) = thread::scope(|scope| {
        let flooding = scope.spawn(|| {
            let mut at = 0;
            while !over.load(Ordering::Relaxed) {
                let next = at + stream.whole(WAVE);
                stream.feed(flooder.input(), at..next)?;
                at = next;
            }
            flooder.finish()?;
            anyhow::Ok(at)
        });
        // All lines are written and seen during the flood.
        let delays = quiet.run(|now| now > duration);
        over.store(true, Ordering::Relaxed);
        (flooding.join().ok().context("the flooder panicked"), delays)
    });
    let (written, delays) = (written??, delays?);
    let (_, arrived) = kept::count(program, place.path())?;
    let sent = written / stream.line() + first_lines + delays.count();
    ensure!(arrived == sent, "{arrived} lines arrived, {sent} were sent");
    let mut sample = delays.sample();
    sample.insert(Rate, float(written) / 1e6 / duration.as_secs_f64());
    Ok(sample)
}
