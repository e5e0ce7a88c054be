//! A large log is compressed while more lines arrive: who waits, and how long?

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::bulk::limited;
use super::{LIMIT, MIB};
use crate::bench::Bench;
use crate::kept;
use crate::measure::Quantity::{Blocked, Latest, LongestWrite};
use crate::measure::{Sample, Workload};
use crate::program::{Program, Settings};
use crate::quiet::{Delays, Quiet};
use crate::session::Session;
use crate::stopwatch::{Stopwatch, Taken};
use crate::stream::Stream;

/// The length of the producer's lines, large enough that CLH keeps up with the producer.
pub(super) const LINE: usize = 1000;

/// How much the producer writes at once; every millisecond makes 5 MB/s.
pub(super) const BURST: u64 = 5 * LINE as u64;
/// How often it writes.
const EVERY: Duration = Duration::from_millis(1);

/// How many bytes the producer writes after the log has been compressed.
const AFTERWARDS: u64 = 2000 * BURST;

/// The time between lines of the quiet writer.
pub(super) const PERIOD: Duration = Duration::from_millis(10);

pub(super) fn stall(bench: &Bench) -> Workload<'_> {
    let limit = if bench.quick { LIMIT } else { 100 * MIB };
    let title = format!("gzip, limit {}M, a producer of 5 MB/s and a quiet one", limit / MIB);
    Workload::new("stall", title)
        .with_present(bench, &[Program::ClhTee, Program::Clh], move |program| {
            compressed_meanwhile(bench, program, limit)
        })
        .goal(Blocked, "CLH", 0.02, 0.005)
        .goal(Latest, "CLH", 0.03, 0.005)
}

/// Fills the log nearly to its limit and goes on from there at a modest pace.
fn compressed_meanwhile(bench: &Bench, program: Program, limit: u64) -> Result<Sample> {
    let (place, stream) = (bench.place()?, Stream::new(0, LINE));
    let settings = Settings { gzip: true, ..limited(limit) };
    let full = stream.whole(limit * 85 / 100);
    if program == Program::Clh {
        // What filled the log makes no difference to CLH; this is faster.
        stream.feed(&mut fs::File::create(program.log(place.path()))?, 0..full)?;
    }
    let mut producer = Session::start(bench, program, place.path(), &settings)?;
    if program == Program::ClhTee {
        stream.feed(producer.input(), 0..full)?;
        wait_for_size(&program.log(place.path()), full)?;
    }
    let end = stream.whole(limit + AFTERWARDS);
    let innocent = Quiet::start(bench, program, place.path(), &settings, (1, PERIOD))?;
    beside(program, place.path(), producer, &stream, full..end, Some(innocent))
}

/// Lets the producer write a range of the stream beside other writers. Returns how late their lines
/// were and how long the producer was blocked, after checking what arrived.
pub(super) fn beside(
    program: Program,
    place: &Path,
    mut producer: Session,
    stream: &Stream,
    range: Range<u64>,
    quiet: Option<Quiet>,
) -> Result<Sample> {
    let (end, first_lines) = (range.end, quiet.as_ref().map_or(0, Quiet::first_lines));
    let done = AtomicBool::new(false);
    let (longest, delays) = thread::scope(|scope| {
        let producing = scope.spawn(|| {
            let longest = produce(producer.input(), stream, range);
            done.store(true, Ordering::Relaxed);
            longest
        });
        let delays = quiet.map(|quiet| quiet.run(|_| done.load(Ordering::Relaxed))).transpose();
        (producing.join().ok().context("the producer panicked"), delays)
    });
    let (longest, delays) = (longest??, delays?);
    producer.finish()?;
    let (_, arrived) = kept::count(program, place)?;
    let theirs = delays.as_ref().map_or(0, Delays::count);
    let written = end / stream.line() + first_lines + theirs;
    ensure!(arrived == written, "{arrived} lines arrived, {written} were written");
    let mut sample = delays.map(|delays| delays.sample()).unwrap_or_default();
    sample.insert(Blocked, longest.blocked.as_secs_f64() * 1000.0);
    sample.insert(LongestWrite, longest.whole.as_secs_f64() * 1000.0);
    Ok(sample)
}

/// Writes a range of the stream at the producer's pace; returns the longest times of a write.
fn produce(out: &mut impl Write, stream: &Stream, range: Range<u64>) -> Result<Taken> {
    let Range { start: mut at, end } = range;
    let mut longest = Taken::default();
    while at < end {
        let next = end.min(at + BURST);
        let stopwatch = Stopwatch::start()?;
        stream.feed(out, at..next)?;
        let taken = stopwatch.stop()?;
        longest = longest.max(taken);
        at = next;
        thread::sleep(EVERY.saturating_sub(taken.whole));
    }
    Ok(longest)
}

/// Waits until the log at `path` has reached this size.
pub(super) fn wait_for_size(path: &Path, size: u64) -> Result<()> {
    let began = Instant::now();
    while fs::metadata(path).map_or(0, |log| log.len()) < size {
        ensure!(began.elapsed() < Duration::from_secs(60), "'{}' does not fill up", path.display());
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
