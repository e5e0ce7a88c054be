//! Compares clh-tee with other programs, workload by workload.
//!
//! Run it with `cargo bench --bench peers`, with options after `--`. It installs no other program;
//! it lists the missing ones and goes on without them. The programs take turns, round by round.
//! After each turn it checks what arrived. The tables show medians, and ratios taken within each
//! round. On a shared machine absolute times mean nothing, but ratios within one run do.

mod args;
mod bench;
mod bulk;
mod figures;
mod follow;
mod kept;
mod measure;
mod prober;
mod program;
mod quiet;
mod report;
mod results;
mod rounds;
mod session;
mod spread;
mod stopwatch;
mod stream;
mod tools;
mod usage;
mod workloads;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::args::Args;
use crate::bench::Bench;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the chosen workloads and shows the results. Returns whether all programs completed all of
/// them without losing a line.
fn run(args: &Args) -> Result<bool> {
    let mut names = workloads::names(args);
    names.retain(|name| args.wants(name));
    if args.list {
        println!("{}", names.join("\n"));
        return Ok(true);
    }
    ensure!(!names.is_empty(), "there is no such workload (--list)");
    tools::install()?;
    let bench = Bench::new(args.quick)?;
    let missing = bench.tools.missing();
    if !missing.is_empty() {
        eprintln!("Left out, for they are missing: {}.", missing.join(", "));
    }
    let mut done = Vec::new();
    for name in &names {
        if let Some(mut workload) = workloads::make(name, &bench) {
            rounds::run(&mut workload, args.rounds);
            done.push(workload);
        }
    }
    println!("\n{}", report::markdown(&done));
    if !args.growth {
        println!("{}", report::summary(&done));
    }
    println!("Written: {}", results::write(args, &done)?.display());
    if let Some(dir) = &args.figures {
        for figure in figures::draw(dir, &done)? {
            println!("Drawn: {}", figure.display());
        }
    }
    let failures = report::failures(&done);
    for failure in &failures {
        println!("FAILED: {failure}");
    }
    Ok(failures.is_empty())
}
