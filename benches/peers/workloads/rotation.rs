//! One rotation, among few backups and among many.
//!
//! clh-tee gets a limit of one byte, so it rotates before each line; its time is divided by the
//! number of lines. For CLH a clock within Python times only the rotation itself, including the new
//! log. CLH syncs nothing at a rotation without gzip, so here clh-tee does not either. The cost of
//! its default, with which a writer that rotates without a pause must wait for the disk, is
//! measured too.
//!
//! All of it runs in memory. On ext4 without a journal, for instance, creating the new log can take
//! ten times as long as everything else, for every program: the kernel skips inodes freed in the
//! last minutes (`recently_deleted`) and checks each, so a rotation would pay for earlier
//! measurements.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::MIB;
use super::bulk::{ORDINARY, limited, streams};
use crate::bench::Bench;
use crate::bulk::Bulk;
use crate::kept;
use crate::measure::Quantity::{Rate, Rotation, Rotations};
use crate::measure::{Sample, Workload, float};
use crate::program::{CLH_WRITER, Program, Settings};
use crate::session::Session;
use crate::stream::Stream;

/// The limit in a flood.
const LIMIT: u64 = 64 * 1024;

/// With few backups.
pub(super) fn few(bench: &Bench) -> Workload<'_> {
    among(bench, "rotation-5", 5).goal(Rotation, "CLH", 1.0, 0.65)
}

/// With many backups.
pub(super) fn many(bench: &Bench) -> Workload<'_> {
    among(bench, "rotation-1000", 1000).goal(Rotation, "CLH", 0.85, 0.6)
}

/// How many per second, in a flood.
pub(super) fn rate(bench: &Bench, backups: u64) -> Workload<'_> {
    let (settings, streams) = (Settings { backups, ..limited(LIMIT) }, streams(1, ORDINARY));
    let title = format!("a flood, limit 64K, {backups} backups");
    Workload::new(format!("rotations-64K-{backups}"), title)
        .with_present(bench, &[Program::ClhTee, Program::Clh], move |program| {
            let bulk = Bulk::new(program, &settings, bench.scaled(256 * MIB));
            let (mut sample, _) = bulk.run(bench, &streams)?;
            let rate = sample.get(&Rate).copied().unwrap_or_default();
            sample.insert(Rotations, rate * 1e6 / float(LIMIT));
            Ok(sample)
        })
        .goal(Rotations, "CLH", 20.0, 50.0)
}

/// Returns the workload with `backups` backups.
pub(super) fn among<'a>(bench: &'a Bench, name: &str, backups: u64) -> Workload<'a> {
    // A rotation takes about as long as there are backups to rename.
    let times = (bench.scaled(16_000) / (backups + 8)).max(10);
    Workload::new(name, format!("one rotation, {backups} backups"))
        .with("clh-tee", move || ours(bench, backups, times, &["--sync", "none"]))
        .with("clh-tee --sync rotate", move || ours(bench, backups, times, &[]))
        .with_present(bench, &[Program::Clh], move |_| theirs(bench, backups, times))
}

/// Lets clh-tee rotate a log.
fn ours(
    bench: &Bench,
    backups: u64,
    times: u64,
    options: &'static [&'static str],
) -> Result<Sample> {
    let (place, program, stream) = (bench.place_in_memory()?, Program::ClhTee, Stream::new(0, 60));
    make_backups(place.path(), backups)?;
    let settings = Settings { limit: 1, backups, options, ..Settings::default() };
    let mut session = Session::start(bench, program, place.path(), &settings)?;
    session.warm_up(stream.first_line())?;
    let began = Instant::now();
    stream.feed(session.input(), stream.line()..stream.line() * (times + 1))?;
    session.finish()?;
    let seconds = began.elapsed().as_secs_f64();
    let files = kept::files(program, place.path())?;
    ensure!(files.len() as u64 == backups + 1, "{} files are left", files.len());
    // The newest backups, of this run only.
    let newest = files.iter().rev().zip((0..=times).rev()).take(files.len());
    for (path, index) in newest {
        let content = fs::read(path)?;
        ensure!(
            stream.has(index * stream.line(), &content),
            "'{}' has another line",
            path.display()
        );
    }
    Ok(Sample::from([(Rotation, seconds * 1e6 / float(times))]))
}

/// Lets CLH rotate a log.
fn theirs(bench: &Bench, backups: u64, times: u64) -> Result<Sample> {
    let place = bench.place_in_memory()?;
    make_backups(place.path(), backups)?;
    let python = bench.tools.path(Program::Clh).context("CLH is missing")?;
    let mut command = Command::new(python);
    command.args(["-B", "-s", CLH_WRITER, "rotate"]).arg(Program::Clh.log(place.path()));
    let output = command.args([backups, times].map(|n| n.to_string())).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seconds = String::from_utf8(output.stdout)?;
    let seconds: f64 = seconds.trim().parse().context("CLH has not said how long it took")?;
    Ok(Sample::from([(Rotation, seconds * 1e6)]))
}

/// Makes a full chain of backups.
fn make_backups(place: &Path, backups: u64) -> Result<()> {
    for slot in 1..=backups {
        let mut path = Program::ClhTee.log(place).into_os_string();
        path.push(format!(".{slot}"));
        fs::write(path, "an old line\n")?;
    }
    Ok(())
}
