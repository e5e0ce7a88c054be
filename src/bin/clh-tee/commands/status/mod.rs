//! `--status`: prints the library's findings about a log as a table or as JSON.

mod json;
mod table;
mod words;
mod writers;

use std::io::ErrorKind;

use anyhow::bail;
use clh_tee::Escaped;
use clh_tee::status::{Depth, Status as LogStatus};

use crate::args::Cli;
use crate::messages::{Report, Status, page};

pub(crate) fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    let depth = if cli.looking.count { Depth::Whole } else { Depth::Ends };
    let mut findings = Vec::new();
    let mut status = LogStatus::beside(&cli.log, &cli.options(), depth, |openers| {
        writers::settle(cli, openers, &mut findings)
    })?;
    status.findings.splice(0..0, findings);
    let of = if cli.looking.json { json::of } else { table::of };
    page(&of(&status, report))?;
    Ok(if status.is_healthy() { Status::AllIn } else { Status::Lost })
}

/// Refuses a log that does not exist and has left no files: its name is probably mistyped.
pub(super) fn refuse_missing(cli: &Cli) -> anyhow::Result<()> {
    if cli.log.symlink_metadata().is_err()
        && let Err(error) = LogStatus::of(&cli.log, &cli.options(), Depth::Ends)
        && error.kind() == ErrorKind::NotFound
    {
        bail!("there is no log '{}'", Escaped::path(&cli.log));
    }
    Ok(())
}
