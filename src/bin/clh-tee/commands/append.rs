//! Appends the lines of standard input or of a command.

use std::path::Path;
use std::{iter, process};

use anyhow::{Context, bail};
use clh_tee::{Escaped, RotatingLog};

use crate::args::{Cli, Running};
use crate::input::child::Child;
use crate::input::{EventLoop, Source};
use crate::messages::{self, Report, Status};
use crate::sys::{Input, NOWHERE, Signals, Stream, Umask, is_standard, is_standard_input, without};
use crate::tee::Tee;
use crate::writer::post_rotate::PostRotate;
use crate::writer::sink::Sink;

/// Appends until the input ends. Everything that can fail is tried before. `umask` is the one
/// before --umask.
pub(crate) fn run(cli: &Cli, report: &Report, umask: Option<Umask>) -> anyhow::Result<Status> {
    cli.transforming.check()?;
    let logs: Vec<&Cli> = iter::once(cli).chain(&cli.routing.logs).collect();
    let mut opened = Vec::new();
    for of_log in &logs {
        let post_rotate = PostRotate::of(of_log, umask, report)?;
        let (log, is_nowhere) = open(of_log, &cli.running, report)?;
        of_log.warn_of_small_limits(report);
        refuse_loops(&of_log.log, cli)?;
        opened.push((log, post_rotate, is_nowhere));
    }
    // Before any thread starts, because threads inherit the blocked signals.
    let runs = cli.running.is_asked_for();
    let signals = Signals::catch(runs).context("cannot catch signals")?;
    let mut sinks = Vec::new();
    for (of_log, (log, post_rotate, is_nowhere)) in logs.iter().zip(opened) {
        let sink = Sink::new(log, post_rotate, of_log, logs.len() > 1, report);
        let mut sink = sink.context("cannot make a pipe")?;
        sink.discards = is_nowhere;
        sinks.push(sink);
    }
    let mut child = None;
    let inputs = if runs {
        let (started, [out, err]) = without(umask, || Child::start(&cli.running.command));
        if let Some(failure) = started.failure() {
            report.say(&failure);
        }
        child = Some(started);
        vec![(out, Stream::Out), (err, Stream::Err)]
    } else {
        vec![(Input::stdin(), Stream::Out)]
    };
    let pid = child.as_ref().and_then(Child::pid).unwrap_or_else(process::id);
    // With --quiet-ok, the copy is kept, and shown if the command fails.
    let quiet = cli.quiet && !cli.running.quiet_ok && !sinks.iter().any(|sink| sink.discards);
    let tee = |stream| if quiet { Tee::off() } else { Tee::to(stream) };
    let source = |(input, stream)| Source::new(input, stream, tee(stream), cli, pid);
    let sources = inputs.into_iter().map(source).collect::<anyhow::Result<_>>()?;
    if cli.acknowledge {
        messages::acknowledge();
    }
    Ok(EventLoop::new(cli, report, signals, sources, sinks, child).run())
}

/// Opens the log. With --keep-going, a log that cannot be opened is replaced by one that discards
/// all lines; then this returns true, and the output is copied even with -q.
fn open(cli: &Cli, running: &Running, report: &Report) -> anyhow::Result<(RotatingLog, bool)> {
    match cli.options().open(&cli.log) {
        Err(error) if running.keep_going => {
            report.warn(&format!("{}; running the command without it", report.shown(&error)));
            Ok((RotatingLog::options().open(NOWHERE)?, true))
        }
        Err(error) if running.is_asked_for() => {
            bail!(
                "{}; not running the command (use --keep-going to run it anyway)",
                report.advised(&error)
            )
        }
        log => Ok((log?, false)),
    }
}

/// Refuses a log that is also the input or the output, because it would feed itself.
fn refuse_loops(path: &Path, cli: &Cli) -> anyhow::Result<()> {
    let log = Escaped::path(path);
    let copies = !cli.quiet || cli.running.quiet_ok;
    let stream = if is_standard_input(path) {
        "input too"
    } else if copies && is_standard(Stream::Out, path) {
        "output too; use -q"
    } else if copies && cli.running.is_asked_for() && is_standard(Stream::Err, path) {
        "error too; use -q"
    } else {
        return Ok(());
    };
    bail!("cannot append to '{log}': it is standard {stream}")
}
