//! Turns in rounds: A B C, A B C, so that what changes on the machine while
//! the benchmark runs falls on everybody alike.

use std::io::{self, IsTerminal};
use std::time::Instant;

use anyhow::Result;

use crate::measure::{Contender, Sample, Workload};

/// Has everybody do the workload, this many times.
pub(crate) fn run(workload: &mut Workload<'_>, rounds: u64) {
    let began = Instant::now();
    eprintln!("{}: {}", workload.name, workload.title);
    for contender in &mut workload.contenders {
        if let Some(Err(error)) = contender.proof.as_ref().map(|proof| proof()) {
            contender.fails(&error);
        }
    }
    for round in 1..=rounds {
        for contender in &mut workload.contenders {
            if contender.failure.is_none() {
                progress(&format!("round {round} of {rounds}: {}", contender.name));
                let outcome = (contender.turn)();
                contender.note(outcome);
            }
        }
    }
    progress("");
    eprintln!("  {:.1} s", began.elapsed().as_secs_f64());
}

/// Shows in one line, if somebody is looking, what is going on.
fn progress(what: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r{:<60}\r  {what}", "");
    }
}

impl Contender<'_> {
    /// Takes note of what a turn gave.
    fn note(&mut self, outcome: Result<Sample>) {
        match outcome {
            Ok(sample) => self.samples.push(sample),
            Err(error) => self.fails(&error),
        }
    }

    /// Takes note of a failure, after which there are no more turns.
    fn fails(&mut self, error: &anyhow::Error) {
        progress("");
        eprintln!("  {} failed: {error:#}", self.name);
        self.failure = Some(format!("{error:#}"));
    }
}
