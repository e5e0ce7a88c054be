//! How cost grows with the number of writers, of backups, and with the limit.

use super::bulk::{ORDINARY, limited, streams};
use super::{LIMIT, MIB, rotation};
use crate::bench::Bench;
use crate::bulk::Bulk;
use crate::figures::Figure;
use crate::measure::Workload;
use crate::program::{Program, Settings};

const WRITERS: [u64; 6] = [1, 2, 4, 8, 16, 32];

const BACKUPS: [u64; 7] = [5, 10, 20, 50, 100, 300, 1000];

const LIMITS: [(&str, u64); 8] = [
    ("64K", MIB / 16),
    ("256K", MIB / 4),
    ("512K", MIB / 2),
    ("1M", MIB),
    ("4M", 4 * MIB),
    ("16M", 16 * MIB),
    ("128M", 128 * MIB),
    ("1G", 1024 * MIB),
];

/// How many bytes are written, except with large limits.
const TOTAL: u64 = 256 * MIB;

/// Returns the names of all workloads.
pub(super) fn names() -> Vec<String> {
    let writers = WRITERS.iter().map(|writers| format!("grow-writers-{writers}"));
    let backups = BACKUPS.iter().map(|backups| format!("grow-backups-{backups}"));
    let limits = LIMITS.iter().map(|(limit, _)| format!("grow-limit-{limit}"));
    writers.chain(backups).chain(limits).collect()
}

/// Returns the workload of this name.
pub(super) fn make<'a>(name: &str, bench: &'a Bench) -> Option<Workload<'a>> {
    let (kind, value) = name.strip_prefix("grow-")?.split_once('-')?;
    match kind {
        "writers" => Some(writers(bench, name, value.parse().ok()?)),
        "backups" => {
            let backups = value.parse().ok()?;
            Some(rotation::among(bench, name, backups).drawn_in(Figure::Backups, backups))
        }
        "limit" => LIMITS
            .iter()
            .find(|(limit, _)| *limit == value)
            .map(|(limit, bytes)| self::limit(bench, name, (limit, *bytes))),
        _ => None,
    }
}

/// Many writers of one log.
fn writers<'a>(bench: &'a Bench, name: &str, writers: u64) -> Workload<'a> {
    let streams = streams(usize::try_from(writers).unwrap_or(1), ORDINARY);
    let workload = Workload::new(name, format!("writers of one log: {writers}, limit 10M"));
    let programs = [Program::ClhTee, Program::Cat, Program::Clh];
    let with_all = programs.into_iter().fold(workload, |workload, program| {
        let bulk = Bulk::new(program, &limited(LIMIT), bench.scaled(TOTAL));
        workload.with_bulk(bench, program.name(), bulk.keeping_all(), &streams)
    });
    with_all.drawn_in(Figure::Writers, writers)
}

/// One writer of a log with this limit, which is reached at least once.
fn limit<'a>(bench: &'a Bench, name: &str, (limit, bytes): (&str, u64)) -> Workload<'a> {
    let streams = streams(1, ORDINARY);
    let total = bench.scaled(TOTAL).max(bytes * 5 / 4);
    let workload = Workload::new(name, format!("one writer, limit {limit}"));
    let settings = limited(bytes);
    let unsynced = Settings { options: &["--sync", "none"], ..settings.clone() };
    let variants = [
        ("clh-tee", Program::ClhTee, &settings),
        ("clh-tee --sync none", Program::ClhTee, &unsynced),
        ("cat", Program::Cat, &settings),
    ];
    let with_all = variants.into_iter().fold(workload, |workload, (name, program, settings)| {
        workload.with_bulk(bench, name, Bulk::new(program, settings, total), &streams)
    });
    with_all.drawn_in(Figure::Limit, bytes)
}
