//! `--repair`: repairs a log and prints each change on a line.

use clh_tee::{Change, Notice};

use super::{hold_in_time, status};
use crate::args::Cli;
use crate::messages::{Report, Status, page};

pub(crate) fn run(cli: &Cli, report: &Report) -> anyhow::Result<Status> {
    status::refuse_missing(cli)?;
    let mut log = cli.options().open_to_repair(&cli.log)?;
    let mut hold = hold_in_time(&mut log, cli, "repair")?;
    let repair = hold.repair()?;
    hold.finish()?;
    let (mut done, mut orphans, mut failed) = (Vec::new(), Vec::new(), false);
    for notice in &repair.notices {
        if let Notice::Adopted { orphan, slot } = notice {
            done.push(format!("adopted '{}' as backup {slot}", report.path(orphan)));
            orphans.push(orphan);
        } else {
            failed = true;
            report.notice(notice, &cli.log);
        }
    }
    let is_adoption = |change: &&Change| match change {
        Change::Renamed { from: path, .. } | Change::Removed(path) => orphans.contains(&path),
        _ => false,
    };
    let changes = repair.changes.iter().filter(|change| !is_adoption(change));
    done.extend(changes.map(|change| shown(change, report)));
    if done.is_empty() && !failed {
        done.push("nothing to do".to_owned());
    }
    done.push(String::new());
    page(&done.join("\n"))?;
    Ok(if failed { Status::Lost } else { Status::AllIn })
}

fn shown(change: &Change, report: &Report) -> String {
    match change {
        Change::Renamed { from, to } => {
            format!("renamed '{}' to '{}'", report.path(from), report.path(to))
        }
        Change::Removed(path) => format!("removed '{}'", report.path(path)),
        Change::Made(path) => format!("made '{}'", report.path(path)),
        Change::Forgotten(lock) => format!(
            "removed the time of the next rotation from '{}', which no writer follows",
            report.path(lock)
        ),
        Change::Ended(path) => format!("ended the partial last line of '{}'", report.path(path)),
        other => format!("{other:?}"),
    }
}
