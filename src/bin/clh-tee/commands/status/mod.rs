//! What is done instead of appending: a look at a log, mending it, and rotating
//! it.
//!
//! What there is to know of a log, the library finds out; here it is put into
//! words, a table or JSON. It goes to standard output, in colours if that is a
//! terminal.

mod json;
mod patient;
mod repair;
mod rotate;
mod table;
mod words;

use clh_tee::status::{Depth, Status as LogStatus};

pub(crate) use self::repair::repair;
pub(crate) use self::rotate::rotate;
use crate::args::Cli;
use crate::messages::{Report, Status, page};

/// Shows the log.
pub(crate) fn show(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    let depth = if cli.looking.count { Depth::Whole } else { Depth::Ends };
    let status = LogStatus::of(&cli.log, &cli.options(), depth)?;
    let text =
        if cli.looking.json { json::of(&status, report) } else { table::of(&status, report) };
    page(&text)?;
    Ok(if status.is_healthy() { Status::AllIn } else { Status::Lost })
}
