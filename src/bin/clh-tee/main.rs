//! `clh-tee`: reads lines from standard input, or from a command, and appends
//! them to a log that any number of processes share.
//!
//! The way of a line: `input` reads it, `tee` copies it to standard output, and
//! `transform` changes it if asked to. `writer` appends it at once if the lock is
//! free; otherwise it queues the line, and a second thread appends it.

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

use crate::args::{Cli, Mode};
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
    let mode = cli.mode();
    if !matches!(mode, Mode::Append) {
        sys::outlive_file_limit();
    }
    match mode {
        Mode::PrintConfig(page) => messages::page(page).map(|()| Status::AllIn),
        Mode::Read => commands::read::run(cli, report),
        Mode::Status => commands::status::run(cli, report),
        Mode::Repair => commands::repair::run(cli, report),
        Mode::Rotate => commands::rotate::run(cli, report, umask),
        Mode::Append => commands::append::run(cli, report, umask),
    }
}
