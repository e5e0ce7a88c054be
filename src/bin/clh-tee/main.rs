//! `clh-tee`: reads lines from standard input, or from a command, and appends
//! them to a log that any number of processes share.
//!
//! The way of a line: `reader` takes it in, `echo` copies it to standard
//! output, `sink` puts it in at once if the lock is free, and into `queue` if
//! not, from where `appender` puts it in as soon as the lock can be had. What
//! nobody should wait for is done by `keeper`. `child` is the command, and
//! `spool` keeps back what it prints until it is known whether it fails.

mod args;
mod commands;
mod config;
mod input;
mod messages;
mod records;
mod sys;
mod tee;
mod transform;
mod writer;

use std::process::{self, ExitCode};

use anyhow::{Context, bail};
use clh_tee::{Escaped, RotatingLog};

use crate::args::Cli;
use crate::input::child::Child;
use crate::input::{Reader, Source};
use crate::messages::{Report, Status};
use crate::sys::{NOWHERE, Signals, Stream, Umask, is_standard, is_standard_input, without};
use crate::tee::Tee;
use crate::writer::sink::Sink;

fn main() -> ExitCode {
    let report = Report::new();
    let status = match Cli::read(&report) {
        Ok(cli) => run(&cli, &report).unwrap_or_else(|error| {
            report.failure(&error);
            if cli.running.is_asked_for() { Status::Failed } else { Status::Lost }
        }),
        Err(answer) => report.answer(&answer),
    };
    status.into()
}

/// Appends to the log what standard input or a command brings, or reads the log.
/// What can fail is tried before any input is read.
fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    if let Some(page) = &cli.configured.shown {
        return messages::page(page);
    }
    if cli.reading.read {
        return commands::read::run(cli, report);
    }
    let umask = cli.files.set_umask();
    if let Some(ended) = commands::status::instead(cli, report, umask)? {
        return Ok(ended);
    }
    let Opened { log, is_nowhere, quiet } = open(cli, report)?;
    refuse_loops(cli)?;
    let hook = cli.hook(umask, report).context("cannot make a pipe")?;
    let sink = Sink::new(log, hook, cli, report).context("cannot make a pipe")?;
    let sink = sink.discarding(is_nowhere);
    let echo = |stream| if quiet { Tee::off() } else { Tee::to(stream) };
    if cli.running.is_asked_for() {
        return run_command(cli, report, sink, echo, umask);
    }
    let signals = Signals::catch().context("cannot catch signals")?;
    let sources = vec![Source::stdin(echo(Stream::Out), cli).dressed(cli, process::id())?];
    Ok(Reader::new(cli, report, signals, sources, sink).run())
}

/// Runs the command, and appends what it prints.
fn run_command(
    cli: &Cli,
    report: &Report,
    sink: Sink,
    echo: impl Fn(Stream) -> Tee,
    umask: Option<Umask>,
) -> anyhow::Result<Status> {
    let mut signals = Signals::catch_for_command().context("cannot catch signals")?;
    let (child, [out, err]) = without(umask, || Child::start(&cli.running.command));
    if let Some(failure) = child.failure() {
        report.say(&failure);
    }
    signals.tell_keys().context("cannot catch signals")?;
    let source = |input, stream| Source::new(input, stream, echo(stream), cli);
    let sources = [source(out, Stream::Out), source(err, Stream::Err)];
    let pid = child.pid().unwrap_or_else(process::id);
    let sources = sources.into_iter().map(|source| source.dressed(cli, pid));
    let sources = sources.collect::<anyhow::Result<_>>()?;
    Ok(Reader::new(cli, report, signals, sources, sink).with_command(child).run())
}

/// A log, and what comes of how it was opened.
struct Opened {
    /// The log.
    log: RotatingLog,
    /// It stands for none: nothing is to be put in.
    is_nowhere: bool,
    /// There is no echo.
    quiet: bool,
}

/// Opens the log.
///
/// If the command is to be run even without the log, nothing takes the place of
/// the log, and all goes to the echo.
fn open(cli: &Cli, report: &Report) -> anyhow::Result<Opened> {
    // What is kept back is not copied, unless it has to be shown.
    let quiet = cli.quiet && !cli.running.quiet_ok;
    match cli.options().open(&cli.log) {
        Err(error) if cli.running.keep_going => {
            report.warn(&format!("{}; the command is run without it", report.shown(&error)));
            let log = RotatingLog::options().open(NOWHERE)?;
            Ok(Opened { log, is_nowhere: true, quiet: false })
        }
        Err(error) if cli.running.is_asked_for() => {
            bail!("{}; the command is not run, but is with --keep-going", report.advised(&error))
        }
        log => Ok(Opened { log: log?, is_nowhere: false, quiet }),
    }
}

/// Refuses a log that is the input or the output too: it would feed itself.
fn refuse_loops(cli: &Cli) -> anyhow::Result<()> {
    let log = Escaped::path(&cli.log);
    if is_standard_input(&cli.log) {
        bail!("cannot append to '{log}': it is standard input too");
    }
    if cli.quiet && !cli.running.quiet_ok {
        return Ok(());
    }
    if is_standard(Stream::Out, &cli.log) {
        bail!("cannot append to '{log}': it is standard output too; use -q");
    }
    if cli.running.is_asked_for() && is_standard(Stream::Err, &cli.log) {
        bail!("cannot append to '{log}': it is standard error too; use -q");
    }
    Ok(())
}
