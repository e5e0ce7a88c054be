//! A large log is found, nothing of it compressed yet: who waits until it is?

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};

use super::MIB;
use super::bulk::limited;
use super::stall::{BURST, LINE, PERIOD, produce};
use crate::bench::Bench;
use crate::kept;
use crate::measure::Quantity::Blocked;
use crate::measure::{Sample, Workload};
use crate::program::{Program, Settings};
use crate::quiet::{Delays, Quiet};
use crate::session::Session;
use crate::stream::Stream;

/// How long the producer writes, in bursts of a millisecond each.
const BURSTS: u64 = 3000;

/// How much of its lines still goes into the log that is found.
const ROOM: u64 = 12 * MIB;

/// Returns the workload with a log of this size, for a producer of 5 MB/s and
/// so many other writers with a line now and then.
pub(super) fn found(bench: &Bench, size: u64, others: u32) -> Workload<'_> {
    let (mib, who) = (size / MIB, if others == 0 { "one writer" } else { "two writers" });
    let title = format!("a log of {mib}M is found, gzip, {who}, one of 5 MB/s");
    Workload::new(format!("backlog-{mib}M{}", if others == 0 { "" } else { "-two" }), title)
        .with_present(bench, &[Program::ClhTee, Program::Clh], move |program| {
            worked_off(bench, program, size, others)
        })
        .goal(Blocked, "CLH", 0.02, 0.005)
}

/// Has a producer join.
fn worked_off(bench: &Bench, program: Program, size: u64, others: u32) -> Result<Sample> {
    let (place, stream) = (bench.place()?, Stream::new(0, LINE));
    let settings = Settings { gzip: true, ..limited(size + ROOM) };
    let full = stream.whole(size);
    stream.feed(&mut File::create(program.log(place.path()))?, 0..full)?;
    let mut producer = Session::start(bench, program, place.path(), &settings)?;
    let end = full + bench.scaled(BURSTS) * BURST;
    let quiet = (others > 0)
        .then(|| Quiet::start(bench, program, place.path(), &settings, (others, PERIOD)))
        .transpose()?;
    let first_lines = quiet.as_ref().map_or(0, Quiet::first_lines);
    let done = AtomicBool::new(false);
    let (blocked, delays) = thread::scope(|scope| {
        let producing = scope.spawn(|| {
            let blocked = produce(producer.input(), &stream, full, end);
            done.store(true, Ordering::Relaxed);
            blocked
        });
        let delays = quiet.map(|quiet| quiet.run(|_| done.load(Ordering::Relaxed))).transpose();
        (producing.join().ok().context("the producer panicked"), delays)
    });
    let (blocked, delays) = (blocked??, delays?);
    producer.finish()?;
    let (_, arrived) = kept::count(program, place.path())?;
    let theirs = delays.as_ref().map_or(0, Delays::count);
    let written = end / stream.line() + first_lines + theirs;
    ensure!(arrived == written, "{arrived} lines arrived, {written} were written");
    let mut sample = delays.map(|delays| delays.sample()).unwrap_or_default();
    sample.insert(Blocked, blocked.as_secs_f64() * 1000.0);
    Ok(sample)
}
