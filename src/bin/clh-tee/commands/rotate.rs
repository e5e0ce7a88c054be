//! `--rotate`: rotates a log now, unless it is empty, and waits for --on-rotate.

use std::iter;
use std::time::Instant;

use anyhow::bail;
use clh_tee::{Escaped, Notice};

use super::hold_in_time;
use crate::args::Cli;
use crate::messages::{Report, Status};
use crate::sys::Umask;
use crate::writer::post_rotate::PostRotate;

pub(crate) fn run(cli: &Cli, report: &Report, umask: Option<Umask>) -> anyhow::Result<Status> {
    let shown = Escaped::path(&cli.log);
    let refused = |metadata: std::fs::Metadata| !metadata.is_file() && !metadata.is_symlink();
    if cli.log.symlink_metadata().is_ok_and(refused) {
        bail!("cannot rotate '{shown}': it is not a regular file");
    }
    super::status::refuse_missing(cli)?;
    let post_rotate = PostRotate::of(cli, umask, report)?;
    let mut log = cli.options().open_to_rotate(&cli.log, cli.timed.utc)?;
    let mut hold = hold_in_time(&mut log, cli, "rotate")?;
    if hold.cuts_history() && !cli.timed.may_cut {
        bail!(
            "cannot rotate '{shown}': it has more than {} backups, and that number is from a file \
             or the environment; give --backups on the command line",
            cli.backups.unwrap_or_default()
        );
    }
    // Reported at the end, after the notices.
    let outcome = hold.rotate();
    hold.finish()?;
    let mut failed = false;
    for notice in log.take_notices() {
        match (notice, &post_rotate) {
            (Notice::Rotated(backup), Some(post_rotate)) => post_rotate.add(backup),
            (Notice::CannotRotate(_), _) if outcome.is_err() => {}
            (notice, _) => {
                failed |= matches!(notice, Notice::CannotRotate(_));
                report.notice(&notice, &cli.log);
            }
        }
    }
    if let Some(post_rotate) = &post_rotate
        && !post_rotate.is_done_by(Instant::now() + cli.drain_timeout, iter::empty())
    {
        post_rotate.leave();
    }
    if let Err(error) = outcome {
        bail!("{}", report.unrotated(&error, &cli.log));
    }
    if log.stats().rotations > 0 {
        return Ok(Status::AllIn);
    }
    if !failed {
        let is = if cli.log.exists() { "is empty" } else { "is not there" };
        report.say(&format!("'{shown}' {is}; nothing to rotate"));
    }
    Ok(if failed { Status::Lost } else { Status::AllIn })
}
