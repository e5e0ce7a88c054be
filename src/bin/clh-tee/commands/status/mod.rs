//! `--status`: a look at a log.
//!
//! The library finds out what there is to know of it; here that is put into
//! words, a table or JSON.

mod json;
mod table;
mod words;

use clh_tee::status::{Depth, Status as LogStatus};

use crate::args::Cli;
use crate::messages::{Report, Status, page};

/// Shows the log.
pub(crate) fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    let depth = if cli.looking.count { Depth::Whole } else { Depth::Ends };
    let status = LogStatus::of(&cli.log, &cli.options(), depth)?;
    let text =
        if cli.looking.json { json::of(&status, report) } else { table::of(&status, report) };
    page(&text)?;
    Ok(if status.is_healthy() { Status::AllIn } else { Status::Lost })
}
