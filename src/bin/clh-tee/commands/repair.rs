//! Mending a log, and saying what was done.

use clh_tee::{Change, Notice};

use super::{hold_in_time, status};
use crate::args::Cli;
use crate::messages::{Report, Status, page};

/// Mends the log and says what was done, line by line.
pub(crate) fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    status::refuse_missing(cli)?;
    let mut log = cli.options().open_to_repair(&cli.log)?;
    let mut hold = hold_in_time(&mut log, cli, "repair")?;
    let repair = hold.repair()?;
    hold.finish()?;
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
