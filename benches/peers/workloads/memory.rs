//! The peak memory of a program.

use std::io::Write;
use std::rc::Rc;

use anyhow::{Result, ensure};

use super::bulk::{ORDINARY, limited, streams};
use super::{LIMIT, MIB};
use crate::bench::Bench;
use crate::bulk::Bulk;
use crate::kept;
use crate::measure::Quantity::Memory;
use crate::measure::{Sample, Workload};
use crate::program::{Program, Settings};
use crate::session::Session;
use crate::usage::Watch;

/// In bulk, compared with `cat`.
pub(super) fn bulk(bench: &Bench) -> Workload<'_> {
    let workload = Workload::new("memory-bulk", "memory: one writer, limit 10M");
    let programs = [Program::ClhTee, Program::Static, Program::Cat];
    watched(bench, workload, &limited(LIMIT), &programs, 256 * MIB).goal(Memory, "cat", 1.8, 1.3)
}

/// With compression, compared with CLH.
pub(super) fn gzip(bench: &Bench) -> Workload<'_> {
    let workload = Workload::new("memory-gzip", "memory: the same, gzip");
    let settings = Settings { gzip: true, ..limited(LIMIT) };
    watched(bench, workload, &settings, &[Program::ClhTee, Program::Clh], 64 * MIB)
        .goal(Memory, "CLH", 0.3, 0.15)
}

/// With a line that never ends, compared with CLH.
pub(super) fn endless_line(bench: &Bench) -> Workload<'_> {
    let programs = [Program::ClhTee, Program::Clh];
    Workload::new("memory-line", "memory: 64 MiB without a newline")
        .with_present(bench, &programs, move |program| without_newline(bench, program))
        .goal(Memory, "CLH", 0.65, 0.1)
}

/// Adds programs whose memory is watched while they are fed in bulk. CLH gets just enough to rotate
/// once.
fn watched<'a>(
    bench: &'a Bench,
    workload: Workload<'a>,
    settings: &Settings,
    programs: &[Program],
    total: u64,
) -> Workload<'a> {
    let streams = streams(1, ORDINARY);
    programs.iter().fold(workload, |workload, program| {
        let clh = *program == Program::Clh;
        let total = if clh { settings.limit * 21 / 20 } else { bench.scaled(total) };
        let settings = settings.clone();
        let bulk = Bulk { program: *program, settings, total, watched: true };
        workload.with_bulk(bench, program.name(), bulk, &Rc::clone(&streams))
    })
}

/// Feeds a program bytes without a newline.
fn without_newline(bench: &Bench, program: Program) -> Result<Sample> {
    let (place, bytes) = (bench.place()?, 64 * MIB);
    let mut session = Session::start(bench, program, place.path(), &limited(0))?;
    session.warm_up(b"a first line\n")?;
    let watch = Watch::begin(session.pid());
    let piece = vec![b'x'; usize::try_from(MIB)?];
    for _ in 0..bytes / MIB {
        session.input().write_all(&piece)?;
    }
    session.finish()?;
    let memory = watch.end()?;
    let (kept, lines) = kept::count(program, place.path())?;
    let text = kept - lines - "a first line".len() as u64;
    ensure!(text == bytes, "{text} bytes arrived, {bytes} were fed");
    Ok(Sample::from([(Memory, memory)]))
}
