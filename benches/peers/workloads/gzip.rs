//! Compressed backups: what they cost the writer, and others that wait for the lock.

use std::time::Duration;

use anyhow::Result;

use super::LIMIT;
use super::bulk::{ORDINARY, limited, streams};
use crate::bench::Bench;
use crate::bulk::Bulk;
use crate::kept;
use crate::measure::Quantity::{Compression, Hold, Rate};
use crate::measure::{Sample, Workload};
use crate::prober::Prober;
use crate::program::{Program, Settings, lock_file};
use crate::session::Session;
use crate::stream::Stream;

/// How often the prober wants the lock.
const PROBE: Duration = Duration::from_micros(200);

/// The programs that compress backups.
const PROGRAMS: [Program; 2] = [Program::ClhTee, Program::Clh];

/// Returns a program that compresses a log `times` times; CLH only twice, which takes as long.
fn compressing(bench: &Bench, program: Program, times: u64) -> Bulk {
    let times = if program == Program::Clh { 2 } else { times };
    let times = if bench.quick { times.div_ceil(4) } else { times };
    let settings = Settings { gzip: true, ..limited(LIMIT) };
    // A little more, so that the last rotation happens.
    let total = LIMIT * times + LIMIT / 20;
    Bulk { program, settings, total, watched: false }
}

/// The speed, and the compression ratio.
pub(super) fn throughput(bench: &Bench) -> Workload<'_> {
    let streams = streams(1, ORDINARY);
    Workload::new("gzip", "one writer, gzip, limit 10M")
        .with_present(bench, &PROGRAMS, move |program| {
            let (mut sample, place) = compressing(bench, program, 12).run(bench, &streams)?;
            sample.insert(Compression, kept::compression(program, place.path())?);
            Ok(sample)
        })
        .goal(Rate, "CLH", 12.0, 20.0)
        .goal(Compression, "CLH", 0.93, 0.97)
}

/// How long others wait for the lock.
pub(super) fn hold(bench: &Bench) -> Workload<'_> {
    let streams = streams(1, ORDINARY);
    Workload::new("hold", "gzip, limit 10M, and another process that wants the lock")
        .with_present(bench, &PROGRAMS, move |program| {
            probed(bench, &compressing(bench, program, 6), &streams[0])
        })
        .goal(Hold, "CLH", 0.05, 0.005)
}

/// Feeds a program while a prober wants the lock.
fn probed(bench: &Bench, bulk: &Bulk, stream: &Stream) -> Result<Sample> {
    let Bulk { program, settings, total, .. } = bulk;
    let (place, fed) = (bench.place()?, stream.whole(*total));
    let mut session = Session::start(bench, *program, place.path(), settings)?;
    session.warm_up(stream.first_line())?;
    let prober = Prober::begin(&lock_file(place.path()), PROBE)?;
    stream.feed(session.input(), stream.line()..fed)?;
    session.finish()?;
    let waits = prober.end()?;
    kept::check_end(*program, place.path(), stream, fed, settings.limit)?;
    Ok(waits)
}
