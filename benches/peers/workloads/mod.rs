//! The workloads: what to do, which programs do it, and what they should achieve.

mod backlog;
mod beside;
mod bulk;
mod growth;
mod gzip;
mod memory;
mod quiet;
mod rotation;
mod runs;
mod stall;
mod startup;

use anyhow::Result;

use crate::args::Args;
use crate::bench::Bench;
use crate::measure::{Sample, Workload};
use crate::program::Program;

const KIB: u64 = 1024;

const MIB: u64 = 1024 * 1024;

/// The limit in most workloads.
const LIMIT: u64 = 10 * MIB;

/// How many backups there are where the number does not matter.
const BACKUPS: u64 = 5;

/// A workload's name and constructor. Some take time to make, so only the requested ones are made.
type Entry = (&'static str, for<'a> fn(&'a Bench) -> Workload<'a>);

/// How long others wait, the worst cases first.
const WAITS: [Entry; 15] = [
    ("beside-64K-gzip", |bench| beside::flood(bench, 64 * KIB, true)),
    ("beside-64K", |bench| beside::flood(bench, 64 * KIB, false)),
    ("beside-512K-gzip", |bench| beside::flood(bench, 512 * KIB, true)),
    ("beside-512K", |bench| beside::flood(bench, 512 * KIB, false)),
    ("beside-2M-gzip", |bench| beside::flood(bench, 2 * MIB, true)),
    ("beside-2M", |bench| beside::flood(bench, 2 * MIB, false)),
    ("beside-10M-gzip", |bench| beside::flood(bench, 10 * MIB, true)),
    ("beside-10M", |bench| beside::flood(bench, 10 * MIB, false)),
    ("beside-100M-gzip", |bench| beside::flood(bench, 100 * MIB, true)),
    ("beside-100M", |bench| beside::flood(bench, 100 * MIB, false)),
    ("backlog-24M", |bench| backlog::found(bench, 24 * MIB, 0)),
    ("backlog-24M-two", |bench| backlog::found(bench, 24 * MIB, 1)),
    ("backlog-100M", |bench| backlog::found(bench, 100 * MIB, 0)),
    ("backlog-100M-two", |bench| backlog::found(bench, 100 * MIB, 1)),
    ("runs", runs::short),
];

/// The rows of the table.
const TABLE: [Entry; 20] = [
    ("line-117", bulk::ordinary_lines),
    ("line-20", bulk::short_lines),
    ("line-4096", bulk::long_lines),
    ("limit-512K", bulk::small_limit),
    ("echo", bulk::echo),
    ("timestamp", bulk::time_stamps),
    ("json", bulk::json),
    ("records", bulk::records),
    ("writers-8", bulk::eight_writers),
    ("writers-32", bulk::many_writers),
    ("gzip", gzip::throughput),
    ("hold", gzip::hold),
    ("stall", stall::stall),
    ("quiet", quiet::quiet),
    ("flood", quiet::flood),
    ("startup", startup::startup),
    ("rotation-5", rotation::few),
    ("rotation-1000", rotation::many),
    ("rotations-64K-5", |bench| rotation::rate(bench, 5)),
    ("rotations-64K-100", |bench| rotation::rate(bench, 100)),
];

/// More rows of the table: memory.
const MEMORY: [Entry; 3] = [
    ("memory-bulk", memory::bulk),
    ("memory-gzip", memory::gzip),
    ("memory-line", memory::endless_line),
];

impl<'a> Workload<'a> {
    /// Adds the installed ones of `programs`; `turn` runs one of them.
    fn with_present(
        self,
        bench: &'a Bench,
        programs: &[Program],
        turn: impl Fn(Program) -> Result<Sample> + Clone + 'a,
    ) -> Self {
        let present = programs.iter().filter(|program| bench.tools.path(**program).is_some());
        present.fold(self, |workload, program| {
            let (program, turn) = (*program, turn.clone());
            workload.with(program.name(), move || turn(program))
        })
    }
}

/// Returns the names of all workloads.
pub(crate) fn names(args: &Args) -> Vec<String> {
    if args.growth {
        growth::names()
    } else {
        WAITS.iter().chain(&TABLE).chain(&MEMORY).map(|(name, _)| (*name).to_owned()).collect()
    }
}

/// Returns the workload of this name.
pub(crate) fn make<'a>(name: &str, bench: &'a Bench) -> Option<Workload<'a>> {
    let entry = WAITS.iter().chain(&TABLE).chain(&MEMORY).find(|(known, _)| *known == name);
    entry.map(|(_, make)| make(bench)).or_else(|| growth::make(name, bench))
}
