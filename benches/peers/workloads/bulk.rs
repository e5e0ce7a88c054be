//! Producers that write as fast as they can.

use std::rc::Rc;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{BACKUPS, LIMIT, MIB};
use crate::bench::Bench;
use crate::bulk::Bulk;
use crate::kept;
use crate::measure::Quantity::{Cpu, Rate};
use crate::measure::{Sample, Workload, float};
use crate::program::{Program, Settings};
use crate::session::Session;
use crate::stream::Stream;

/// How many bytes clh-tee and cat write.
const TOTAL: u64 = 512 * MIB;

/// The length of an ordinary line.
pub(super) const ORDINARY: usize = 117;

/// Returns the lines of `writers` writers.
pub(super) fn streams(writers: usize, length: usize) -> Rc<[Stream]> {
    (0..writers).map(|writer| Stream::new(writer, length)).collect()
}

impl<'a> Workload<'a> {
    /// Adds a program, if it is installed, with one writer or many.
    pub(super) fn with_bulk(
        self,
        bench: &'a Bench,
        name: &str,
        bulk: Bulk,
        streams: &Rc<[Stream]>,
    ) -> Self {
        if bench.tools.path(bulk.program).is_none() {
            return self;
        }
        let (again, streams_again) = (bulk.clone(), Rc::clone(streams));
        let streams = Rc::clone(streams);
        let is_alone = streams.len() == 1;
        let added = self.with(name, move || Ok(bulk.run(bench, &streams)?.0));
        if is_alone { added.proven_by(move || again.prove(bench, &streams_again)) } else { added }
    }

    /// Adds programs; each gets its share of `total`.
    fn with_all(
        self,
        bench: &'a Bench,
        programs: &[Program],
        settings: &Settings,
        total: u64,
        streams: &Rc<[Stream]>,
    ) -> Self {
        programs.iter().fold(self, |workload, program| {
            let bulk = Bulk::new(*program, settings, bench.scaled(total));
            let bulk = if streams.len() > 1 { bulk.keeping_all() } else { bulk };
            workload.with_bulk(bench, program.name(), bulk, streams)
        })
    }

    /// Adds clh-tee with these options, and without them.
    fn with_dressed(self, bench: &'a Bench, options: &'static [&'static str]) -> Self {
        self.with("clh-tee", move || dressed(bench, options))
            .with("without it", move || dressed(bench, &[]))
    }

    /// Adds clh-tee without a sync of rotated logs, as in the other programs.
    fn with_unsynced(self, bench: &'a Bench, settings: &Settings, streams: &Rc<[Stream]>) -> Self {
        let settings = Settings { options: &["--sync", "none"], ..settings.clone() };
        let bulk = Bulk::new(Program::ClhTee, &settings, bench.scaled(TOTAL));
        self.with_bulk(bench, "clh-tee --sync none", bulk, streams)
    }
}

/// Returns settings with this limit.
pub(super) fn limited(limit: u64) -> Settings {
    Settings { limit, backups: BACKUPS, ..Settings::default() }
}

/// The main job, compared with all programs.
pub(super) fn ordinary_lines(bench: &Bench) -> Workload<'_> {
    let (settings, streams) = (limited(LIMIT), streams(1, ORDINARY));
    Workload::new("line-117", "one writer, 117-byte lines, limit 10M")
        .with_all(bench, &Program::ALL, &settings, TOTAL, &streams)
        .with_unsynced(bench, &settings, &streams)
        .goal(Rate, "cat", 0.85, 1.05)
        .goal(Cpu, "cat", 1.3, 1.0)
        .goal(Rate, "CLH", 200.0, 400.0)
        .goal(Rate, "multilog", 8.0, 15.0)
        .goal(Rate, "s6-log", 5.0, 10.0)
        .goal(Rate, "rotatelogs", 0.9, 1.1)
}

/// Programs for a comparison with the fastest possible one.
const WITH_CAT: [Program; 2] = [Program::ClhTee, Program::Cat];

/// Shows the cost per line.
pub(super) fn short_lines(bench: &Bench) -> Workload<'_> {
    Workload::new("line-20", "one writer, 20-byte lines, limit 10M")
        .with_all(bench, &WITH_CAT, &limited(LIMIT), TOTAL, &streams(1, 20))
        .goal(Rate, "cat", 0.75, 1.0)
}

/// Shows the cost per byte.
pub(super) fn long_lines(bench: &Bench) -> Workload<'_> {
    Workload::new("line-4096", "one writer, 4-KB lines, limit 10M")
        .with_all(bench, &WITH_CAT, &limited(LIMIT), TOTAL, &streams(1, 4096))
        .goal(Rate, "cat", 0.85, 1.05)
}

/// Shows the cost per rotation.
pub(super) fn small_limit(bench: &Bench) -> Workload<'_> {
    let (settings, streams) = (limited(512 * 1024), streams(1, ORDINARY));
    Workload::new("limit-512K", "one writer, 117-byte lines, limit 512K")
        .with_all(bench, &WITH_CAT, &settings, TOTAL, &streams)
        .with_unsynced(bench, &settings, &streams)
        .goal(Rate, "cat", 0.55, 0.8)
}

/// Shows the cost of transforms.
pub(super) fn time_stamps(bench: &Bench) -> Workload<'_> {
    Workload::new("timestamp", "one writer, 117-byte lines, limit 10M, --timestamp")
        .with_dressed(bench, &["--timestamp"])
        .goal(Rate, "without it", 0.5, 0.8)
}

/// Shows the cost of an object for each line, which makes twice as many bytes.
pub(super) fn json(bench: &Bench) -> Workload<'_> {
    Workload::new("json", "one writer, 117-byte lines, limit 10M, --format json")
        .with_dressed(bench, &["--format", "json"])
        .goal(Rate, "without it", 0.33, 0.5)
}

/// Shows the cost of looking at each line for the beginning of a record.
pub(super) fn records(bench: &Bench) -> Workload<'_> {
    Workload::new("records", "one writer, 117-byte lines, limit 10M, --record-start ^[^ ]")
        .with_dressed(bench, &["--record-start", "^[^ ]"])
        .goal(Rate, "without it", 0.5, 0.8)
}

/// Feeds clh-tee with these options; all lines are kept and counted.
fn dressed(bench: &Bench, options: &'static [&'static str]) -> Result<Sample> {
    let (place, stream) = (bench.place()?, Stream::new(0, ORDINARY));
    let settings = Settings { backups: 4 * TOTAL / LIMIT, options, ..limited(LIMIT) };
    let fed = stream.whole(bench.scaled(TOTAL));
    let mut session = Session::start(bench, Program::ClhTee, place.path(), &settings)?;
    session.warm_up(stream.first_line())?;
    let began = Instant::now();
    stream.feed(session.input(), stream.line()..fed)?;
    session.finish()?;
    let seconds = began.elapsed().as_secs_f64();
    let (_, arrived) = kept::count(Program::ClhTee, place.path())?;
    let sent = fed / stream.line();
    ensure!(arrived == sent, "{arrived} lines arrived, {sent} were sent");
    Ok(Sample::from([(Rate, float(fed) / 1e6 / seconds)]))
}

/// Shows the cost of the copy on standard output, as in the middle of a pipeline.
pub(super) fn echo(bench: &Bench) -> Workload<'_> {
    let settings = Settings { echo: true, ..limited(LIMIT) };
    Workload::new("echo", "one writer, 117-byte lines, limit 10M, copy into a pipe")
        .with_all(bench, &[Program::ClhTee, Program::Tee], &settings, TOTAL, &streams(1, ORDINARY))
        .goal(Rate, "tee", 1.3, 1.7)
}

/// Eight writers of one log.
pub(super) fn eight_writers(bench: &Bench) -> Workload<'_> {
    let programs = [Program::ClhTee, Program::Cat, Program::Clh];
    Workload::new("writers-8", "8 writers of one log, limit 10M")
        .with_all(bench, &programs, &limited(LIMIT), TOTAL, &streams(8, ORDINARY))
        .goal(Rate, "cat", 0.55, 0.8)
        .goal(Rate, "CLH", 300.0, 600.0)
}

/// Many writers of one log.
pub(super) fn many_writers(bench: &Bench) -> Workload<'_> {
    Workload::new("writers-32", "32 writers of one log, limit 10M")
        .with_all(bench, &WITH_CAT, &limited(LIMIT), TOTAL, &streams(32, ORDINARY))
        .goal(Rate, "cat", 0.6, 0.9)
}
