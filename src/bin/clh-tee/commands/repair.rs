//! Mending a log, and saying what was done.

use anyhow::bail;
use clh_tee::{Change, Escaped, Notice};

use super::patient::in_time;
use super::status;
use crate::args::Cli;
use crate::messages::{Report, Status, page};

/// Mends the log and says what was done, line by line.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method is that of one lifetime, and any is needed"
)]
pub(crate) fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    status::refuse_missing(cli)?;
    let log = cli.options().open_to_repair(&cli.log)?;
    let Some((_, repair)) = in_time(log, cli.lock_timeout, |hold| hold.repair())? else {
        let (log, time) = (Escaped::path(&cli.log), cli.lock_timeout.unwrap_or_default());
        bail!("cannot repair '{log}': the lock was not to be had in {time:?}");
    };
    let (adopted, failed): (Vec<&Notice>, Vec<&Notice>) =
        repair.notices.iter().partition(|notice| matches!(notice, Notice::Adopted { .. }));
    let mut done = Vec::new();
    let mut orphans = Vec::new();
    for notice in adopted {
        if let Notice::Adopted { orphan, slot } = notice {
            done.push(format!("adopted '{}' as backup {slot}", report.path(orphan)));
            orphans.push(orphan);
        }
    }
    let is_told = |change: &&Change| match change {
        Change::Renamed { from: path, .. } | Change::Removed(path) => orphans.contains(&path),
        _ => false,
    };
    let changes = repair.changes.iter().filter(|change| !is_told(change));
    done.extend(changes.map(|change| told(change, report)));
    for notice in &failed {
        report.notice(notice, &cli.log);
    }
    if done.is_empty() && failed.is_empty() {
        done.push("nothing to do".to_owned());
    }
    done.push(String::new());
    page(&done.join("\n"))?;
    Ok(if failed.is_empty() { Status::AllIn } else { Status::Lost })
}

/// Says what has changed.
fn told(change: &Change, report: &Report) -> String {
    match change {
        Change::Renamed { from, to } => {
            format!("renamed '{}' to '{}'", report.path(from), report.path(to))
        }
        Change::Removed(path) => format!("removed '{}'", report.path(path)),
        Change::Made(path) => format!("made '{}'", report.path(path)),
        Change::Ended(path) => format!("ended the torn last line of '{}'", report.path(path)),
        other => format!("{other:?}"),
    }
}
