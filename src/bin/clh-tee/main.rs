//! `clh-tee`: reads lines from standard input and appends them to a log that
//! any number of processes share.
//!
//! The way of a line: `reader` takes it in, `echo` copies it to standard
//! output, `sink` puts it in at once if the lock is free, and into `queue` if
//! not, from where `appender` puts it in as soon as the lock can be had. What
//! nobody should wait for is done by `keeper`.

mod appender;
mod cli;
mod courtesy;
mod echo;
#[cfg(test)]
mod generated;
mod keeper;
mod lines;
mod queue;
mod reader;
mod report;
mod signals;
mod sink;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clh_tee::Escaped;

use crate::cli::Cli;
use crate::echo::Echo;
use crate::reader::Reader;
use crate::report::{Report, Status};
use crate::signals::Signals;
use crate::sink::Sink;

fn main() -> ExitCode {
    let report = Report::new();
    let status = match Cli::read() {
        Ok(cli) => run(&cli, &report).unwrap_or_else(|error| report.failure(&error)),
        Err(answer) => report.answer(&answer),
    };
    status.into()
}

/// Appends standard input to the log. What can fail is tried before any input
/// is read.
fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    cli.files.set_umask();
    let log = cli.options().open(&cli.log)?;
    refuse_loops(cli)?;
    let signals = Signals::catch().context("cannot catch signals")?;
    let echo = if cli.quiet { Echo::off() } else { Echo::to_stdout() };
    let sink = Sink::new(log, cli, report).context("cannot make a pipe")?;
    Ok(Reader::new(cli, report, signals, echo, sink).run())
}

/// Refuses a log that is the input or the output too: it would feed itself.
fn refuse_loops(cli: &Cli) -> anyhow::Result<()> {
    let is_log = |stream: BorrowedFd<'_>| {
        let stream = stream.try_clone_to_owned().and_then(|stream| File::from(stream).metadata());
        let (stream, log) = (stream.ok()?, cli.log.metadata().ok()?);
        Some(log.is_file() && (log.dev(), log.ino()) == (stream.dev(), stream.ino()))
    };
    let log = Escaped::path(&cli.log);
    if is_log(io::stdin().as_fd()) == Some(true) {
        bail!("cannot append to '{log}': it is standard input too");
    }
    if !cli.quiet && is_log(io::stdout().as_fd()) == Some(true) {
        bail!("cannot append to '{log}': it is standard output too; use -q");
    }
    Ok(())
}
