//! A large log is found, nothing of it compressed yet: who waits until it is?

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
    let producer = Session::start(bench, program, place.path(), &settings)?;
    let end = full + bench.scaled(BURSTS) * BURST;
    let quiet = (others > 0)
        .then(|| Quiet::start(bench, program, place.path(), &settings, (others, PERIOD)))
        .transpose()?;
    beside(program, place.path(), producer, &stream, full..end, quiet)
}
