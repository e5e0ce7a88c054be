//! `echo hello | clh-tee -q x.log`, repeated.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::measure::Quantity::Run;
use crate::measure::{Sample, Workload, float};
use crate::program::{Program, Settings};

/// How many times, except for Python.
const TIMES: u64 = 500;

/// A shell loop that runs a program $1 times at the end of a pipeline.
const LOOP: &str = r#"n=$1; shift; while [ "$n" -gt 0 ]; do echo hello | "$@"; n=$((n-1)); done"#;

/// The same for `cat`, with a redirection.
const CAT_LOOP: &str =
    r#"n=$1; while [ "$n" -gt 0 ]; do echo hello | cat >> "$2"; n=$((n-1)); done"#;

/// Returns the workload.
pub(super) fn startup(bench: &Bench) -> Workload<'_> {
    let times = bench.scaled(TIMES);
    let programs = [Program::ClhTee, Program::Static, Program::Cat, Program::Clh];
    Workload::new("startup", format!("a run for a single line, {times} times"))
        .with_present(bench, &programs, move |program| {
            run(bench, program, if program == Program::Clh { times / 50 } else { times })
        })
        .goal(Run, "cat", 1.2, 0.9)
        .goal(Run, "CLH", 0.02, 0.012)
}

/// Measures the time per run.
fn run(bench: &Bench, program: Program, times: u64) -> Result<Sample> {
    let place = bench.place()?;
    let log = program.log(place.path());
    let mut shell = shell(bench, program, place.path(), times)?;
    let began = Instant::now();
    let status = shell.status().context("cannot run sh")?;
    let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
    ensure!(status.success(), "{shell:?} ended with {status}");
    let lines = std::fs::read_to_string(log)?;
    ensure!(lines == "hello\n".repeat(usize::try_from(times)?), "not every line arrived");
    Ok(Sample::from([(Run, milliseconds / float(times))]))
}

/// Returns a shell that runs `program` `times` times.
fn shell(bench: &Bench, program: Program, place: &Path, times: u64) -> Result<Command> {
    let mut shell = Command::new("sh");
    if program == Program::Cat {
        shell.args(["-c", CAT_LOOP, "sh", &times.to_string()]).arg(program.log(place));
    } else {
        let command = program.command(&bench.tools, place, &Settings::default())?;
        shell.args(["-c", LOOP, "sh", &times.to_string()]);
        shell.arg(command.get_program()).args(command.get_args());
    }
    Ok(shell)
}
