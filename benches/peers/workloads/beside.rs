//! A quiet writer beside a flood, at every limit: how long it waits for the lock, and how late its
//! lines are in the file.
//!
//! The quiet writer uses the library, so it knows when a line is in the log. A prober wants only
//! the lock, which shows the waits without the cost of an append. A log of 100M is mostly filled
//! beforehand, so that it is rotated during the measurement.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clh_tee::RotatingLog;

use super::bulk::{ORDINARY, limited};
use super::stall::wait_for_size;
use super::{KIB, MIB};
use crate::bench::Bench;
use crate::measure::Quantity::{Hold, Latest, Rate};
use crate::measure::{Sample, Workload, float};
use crate::prober::Prober;
use crate::program::{Program, Settings, lock_file};
use crate::quiet::Delays;
use crate::session::Session;
use crate::stream::Stream;

/// The time between lines of the quiet writer, and between attempts of the prober.
const PERIOD: Duration = Duration::from_millis(20);

/// How much the busy writer writes at once.
const WAVE: u64 = 64 * KIB;

/// How much a large log lacks to its limit when the flood begins.
const LEFT: u64 = 4 * MIB;

/// Returns the workload. It has a goal only with gzip: without, CLH appends so slowly that it hardly
/// ever has the lock.
pub(super) fn flood(bench: &Bench, limit: u64, gzip: bool) -> Workload<'_> {
    let size = if limit < MIB { format!("{}K", limit / KIB) } else { format!("{}M", limit / MIB) };
    let form = if gzip { "-gzip" } else { "" };
    let title = format!("a line each 20 ms beside a flood, limit {size}");
    let title = title + if gzip { ", gzip" } else { "" };
    let workload = Workload::new(format!("beside-{size}{form}"), title).with_present(
        bench,
        &[Program::ClhTee, Program::Clh],
        move |program| beside(bench, program, &Settings { gzip, ..limited(limit) }),
    );
    if gzip { workload.goal(Hold, "CLH", 0.33, 0.1) } else { workload }
}

/// Measures a quiet writer beside a flood.
fn beside(bench: &Bench, program: Program, settings: &Settings) -> Result<Sample> {
    let (place, stream) = (bench.place()?, Stream::new(0, ORDINARY));
    let full = stream.whole(settings.limit.saturating_sub(LEFT).max(1));
    if program == Program::Clh {
        stream.feed(&mut File::create(program.log(place.path()))?, 0..full)?;
    }
    let mut flooder = Session::start(bench, program, place.path(), settings)?;
    if program == Program::ClhTee {
        stream.feed(flooder.input(), 0..full)?;
        wait_for_size(&program.log(place.path()), full)?;
    } else {
        flooder.warm_up(stream.first_line())?;
    }
    let duration = Duration::from_millis(bench.scaled(4000));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let flooding = scope.spawn(|| flood_until(&over, flooder, &stream, full));
        let prober = Prober::begin(&lock_file(place.path()), PERIOD);
        let delays = prober.and_then(|prober| {
            let delays = innocent(&program.log(place.path()), settings, duration);
            Ok((delays?, prober.end()?))
        });
        over.store(true, Ordering::Relaxed);
        let written = flooding.join().ok().context("the flooder panicked")??;
        let (lines, mut sample) = delays?;
        sample.extend([
            (Latest, lines.percentile(100) / 1000.0),
            (Rate, float(written) / 1e6 / duration.as_secs_f64()),
        ]);
        Ok(sample)
    })
}

/// Floods the log until `over` is set; returns how many bytes that were.
fn flood_until(over: &AtomicBool, mut flooder: Session, stream: &Stream, from: u64) -> Result<u64> {
    let mut at = from;
    while !over.load(Ordering::Relaxed) {
        let next = at + stream.whole(WAVE);
        stream.feed(flooder.input(), at..next)?;
        at = next;
    }
    flooder.finish()?;
    Ok(at - from)
}

/// Appends a line now and then; returns how long each took.
fn innocent(log: &Path, settings: &Settings, duration: Duration) -> Result<Delays> {
    let options = RotatingLog::options().max_bytes(settings.limit).backups(settings.backups);
    let mut log = options.gzip(settings.gzip.then_some(7)).open(log)?;
    let (began, mut delays) = (Instant::now(), Vec::new());
    while began.elapsed() < duration {
        let due = Instant::now();
        log.append(b"an ordinary line of an innocent writer\n")?;
        delays.push(due.elapsed());
        thread::sleep(PERIOD.saturating_sub(due.elapsed()));
    }
    Ok(Delays::new(delays))
}
