//! A program finds a large log of which nothing is compressed yet: who waits while it catches up?

use std::fs::File;

use anyhow::Result;

use super::MIB;
use super::bulk::limited;
use super::stall::{BURST, LINE, PERIOD, beside};
use crate::bench::Bench;
use crate::measure::Quantity::Blocked;
use crate::measure::{Sample, Workload};
use crate::program::{Program, Settings};
use crate::quiet::Quiet;
use crate::session::Session;
use crate::stream::Stream;

/// How many bursts the producer writes, one each millisecond.
const BURSTS: u64 = 3000;

/// How many of its bytes still fit into the log.
const ROOM: u64 = 12 * MIB;

/// Returns the workload with a log of this size, a producer of 5 MB/s, and `others` writers with a
/// line now and then.
pub(super) fn found(bench: &Bench, size: u64, others: u32) -> Workload<'_> {
    let (mib, who) = (size / MIB, if others == 0 { "one writer" } else { "two writers" });
    let title = format!("a log of {mib}M is found, gzip, {who}, one of 5 MB/s");
    Workload::new(format!("backlog-{mib}M{}", if others == 0 { "" } else { "-two" }), title)
        .with_present(bench, &[Program::ClhTee, Program::Clh], move |program| {
            worked_off(bench, program, size, others)
        })
        .goal(Blocked, "CLH", 0.02, 0.005)
}

/// Runs a producer on a log that is nearly full.
fn worked_off(bench: &Bench, program: Program, size: u64, others: u32) -> Result<Sample> {
    let (place, stream) = (bench.place()?, Stream::new(0, LINE));
    let settings = Settings { gzip: true, ..limited(size + ROOM) };
    let full = stream.whole(size);
    stream.feed(&mut File::create(program.log(place.path()))?, 0..full)?;
    let producer = Session::start(bench, program, place.path(), &settings)?;
    let end = full + bench.scaled(BURSTS) * BURST;
    let quiet = (others > 0)
        .then(|| Quiet::start(bench, program, place.path(), &settings, (others, PERIOD)))
        .transpose()?;
    beside(program, place.path(), producer, &stream, full..end, quiet)
}
