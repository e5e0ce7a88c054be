//! Rounds: all contenders take turns, A B C, A B C, so that changes on the machine affect all of
//! them alike.

use std::io::{self, IsTerminal};
use std::time::Instant;

use anyhow::Result;

use crate::measure::{Contender, Sample, Workload};

/// Runs the workload with all contenders, `rounds` times.
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

/// Shows on a terminal what is running.
fn progress(what: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r{:<60}\r  {what}", "");
    }
}

impl Contender<'_> {
    /// Records the result of a turn.
    fn note(&mut self, outcome: Result<Sample>) {
        match outcome {
            Ok(sample) => self.samples.push(sample),
            Err(error) => self.fails(&error),
        }
    }

    /// Records a failure, which ends the contender's turns.
    fn fails(&mut self, error: &anyhow::Error) {
        progress("");
        eprintln!("  {} failed: {error:#}", self.name);
        self.failure = Some(format!("{error:#}"));
    }
}
