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

use std::io::{ErrorKind, Write};

use anyhow::Context;
use clh_tee::status::{Depth, Status as LogStatus};

use crate::cli::Cli;
use crate::platform::Umask;
use crate::report::{Report, Status};

/// Does what the command line asks for instead of appending, if it does.
pub(crate) fn instead(
    cli: &Cli,
    report: &Report,
    umask: Option<Umask>,
) -> anyhow::Result<Option<Status>> {
    let looking = &cli.looking;
    if looking.repair {
        return repair::repair(cli, report).map(Some);
    }
    if looking.rotate {
        return rotate::rotate(cli, report, umask).map(Some);
    }
    looking.status.then(|| show(cli, report)).transpose()
}

/// Shows the log.
fn show(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    let depth = if cli.looking.count { Depth::Whole } else { Depth::Ends };
    let status = LogStatus::of(&cli.log, &cli.options(), depth)?;
    let text =
        if cli.looking.json { json::of(&status, report) } else { table::of(&status, report) };
    print(&text)?;
    Ok(if status.is_healthy() { Status::AllIn } else { Status::Lost })
}

/// Writes to standard output, without colours if it is no terminal. It is no
/// matter if nobody reads on.
fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("cannot write to standard output"),
    }
}

/// Shows a size: below 1 KiB in bytes, else in the powers of 1024 in which
/// sizes are given.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let tenths_of = |unit: u128| (u128::from(bytes) * 10 + unit / 2) / unit;
    let units = [(1 << 10, "K"), (1 << 20, "M"), (1 << 30, "G")];
    let fitting = units.into_iter().find(|(unit, _)| tenths_of(*unit) < 10240);
    let (unit, letter) = fitting.unwrap_or((1 << 40, "T"));
    let tenths = tenths_of(unit);
    format!("{}.{}{letter}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_powers_of_1024() {
        for (bytes, shown) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.0K"),
            (524_288, "512.0K"),
            (1_048_575, "1.0M"),
            (1_610_612_736, "1.5G"),
            (u64::MAX, "16777216.0T"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
