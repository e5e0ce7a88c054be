//! The modes of the program.

pub(crate) mod append;
pub(crate) mod read;
pub(crate) mod repair;
pub(crate) mod rotate;
pub(crate) mod status;

use anyhow::Context;
use clh_tee::{Escaped, Hold, RotatingLog};

use crate::args::Cli;
use crate::messages::time;

/// Acquires the lock within --lock-timeout; `verb` is what to do with the log, for messages.
fn hold_in_time<'a>(log: &'a mut RotatingLog, cli: &Cli, verb: &str) -> anyhow::Result<Hold<'a>> {
    let Some(limit) = cli.lock_timeout else { return Ok(log.hold()?) };
    let waited = time(limit);
    log.hold_within(limit)?.with_context(|| {
        let log = Escaped::path(&cli.log);
        format!("cannot {verb} '{log}': timed out after {waited} waiting for the lock")
    })
}
