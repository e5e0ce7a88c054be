//! `clh-tee`: reads lines from standard input, or from a command, and appends
//! them to a log that any number of processes share.
//!
//! The path of a line: `input` reads it, `tee` copies it to standard output, and `transform`
//! changes it if asked to. If the lock is free, `writer` appends the line at once; otherwise it
//! queues the line, and a second thread appends it.

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

use std::process::ExitCode;

use crate::args::Cli;
use crate::messages::{Report, Status};

fn main() -> ExitCode {
    let report = Report::new();
    let status = match Cli::read(&report) {
        Ok(cli) => run(&cli, &report).unwrap_or_else(|error| {
            report.failure(&error);
            if cli.running.is_asked_for() { Status::Failed } else { Status::Lost }
        }),
        Err(answer) => args::answer(&answer, &report),
    };
    status.into()
}

fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    let umask = cli.files.set_umask();
    let (shown, read, looking) = (&cli.configured.shown, cli.reading.read, &cli.looking);
    if shown.is_some() || read || looking.status || looking.repair || looking.rotate {
        sys::outlive_file_limit();
    }
    match shown {
        Some(page) => messages::page(page).map(|()| Status::AllIn),
        None if read => commands::read::run(cli, report),
        None if looking.status => commands::status::run(cli, report),
        None if looking.repair => commands::repair::run(cli, report),
        None if looking.rotate => commands::rotate::run(cli, report, umask),
        None => commands::append::run(cli, report, umask),
    }
}
