//! The state of a log for people: a table of the chain, and the findings.

use anstyle::{AnsiColor, Style};
use clh_tee::Escaped;
use clh_tee::status::{Finding, Harm, LogFile, Process, Status};

use super::words::{Words, moment};
use crate::messages::{self, Report, counted, size};
use crate::sys::user_name;

const WELL: Style = AnsiColor::Green.on_default().bold();
const WRONG: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default().bold();
const HEADING: Style = Style::new().bold();

const BAR: usize = 30;
const COMMAND: usize = 200;

pub(super) fn of(status: &Status, report: &Report) -> String {
    let log = report.path(&status.path);
    let is_fault = |finding: &&Finding| finding.harm() == Harm::Fault;
    let (style, health) = match status.findings.iter().filter(is_fault).count() as u64 {
        0 => (WELL, "healthy".to_owned()),
        count => (WRONG, counted(count, "fault").to_string()),
    };
    let mut lines = vec![format!("{HEADING}{log}{HEADING:#}: {style}{health}{style:#}\n")];
    lines.extend(chain(status));
    lines.extend([String::new(), limit(status), kept(status), lock(status)]);
    lines.extend(openers(status));
    if !status.others.is_empty() {
        let others = status.others.iter().map(|path| report.path(path).to_string());
        lines.push(format!("other   {}", others.collect::<Vec<_>>().join(", ")));
    }
    for finding in &status.findings {
        let Words { what, means, remedy, .. } = Words::of(finding, status, report);
        let (style, kind) = match finding.harm() {
            Harm::Fault => (WRONG, "fault"),
            Harm::None => (NOTE, "note"),
        };
        lines.push(format!("\n{style}{kind:<5}{style:#}   {what}"));
        lines.push(format!("        means: {means}\n        do:    {remedy}"));
    }
    lines.join("\n") + "\n"
}

fn chain(status: &Status) -> Vec<String> {
    let heads = ["", "size", "holds", "ratio", "lines", "changed", "first line", "last line"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(status.log.iter().chain(&status.backups).map(row));
    let mut total = [const { String::new() }; 8];
    (total[0], total[1]) = ("total".to_owned(), size(status.total));
    let files = || status.log.iter().chain(&status.backups);
    // Only if all were counted; unreadable files have no count.
    if let Some(lines) = files().map(|file| file.lines).sum::<Option<u64>>() {
        let content = files().map(|file| file.content).sum::<Option<u64>>();
        (total[2], total[4]) = (content.map(size).unwrap_or_default(), lines.to_string());
    }
    rows.push(total);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    // Columns without any value are left out.
    let known = |column: &usize| rows[1..].iter().any(|row| !row[*column].is_empty());
    let columns: Vec<_> = (0..heads.len()).filter(known).map(|at| (at, width(at))).collect();
    let line = |row: &[String; 8]| {
        let cells = columns.iter().map(|(column, width)| match (column, &row[*column]) {
            (1..=4, cell) => format!("{cell:>width$}"),
            (_, cell) => format!("{cell:<width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    lines[0] = format!("{HEADING}{}{HEADING:#}", lines[0]);
    lines
}

fn row(file: &LogFile) -> [String; 8] {
    let ending = if file.compressed { ".gz" } else { "" };
    let number = file.slot.map(|slot| slot.to_string()).or(file.stamp.clone());
    let name = number.map_or_else(|| "log".to_owned(), |number| format!("{number}{ending}"));
    let content = file.content.filter(|_| file.compressed);
    let ratio = content.filter(|content| *content > 0).map(|content| {
        let share = u128::from(file.size) * 1000 / u128::from(content);
        format!("{}.{}%", share / 10, share % 10)
    });
    let shown = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        name,
        size(file.size),
        content.map(size).unwrap_or_default(),
        ratio.unwrap_or_default(),
        file.lines.map(|lines| lines.to_string()).unwrap_or_default(),
        messages::moment(file.modified),
        shown(&file.first),
        shown(&file.last),
    ]
}

fn limit(status: &Status) -> String {
    if status.limit == 0 {
        return "limit   not given".to_owned();
    }
    let now = status.log.as_ref().map_or(0, |log| log.size);
    let share = |of: usize| u128::from(now) * of as u128 / u128::from(status.limit);
    let filled = usize::try_from(share(BAR)).unwrap_or(BAR).min(BAR);
    let style = if share(100) > 100 { NOTE } else { WELL };
    let (bar, rest) = ("#".repeat(filled), "-".repeat(BAR - filled));
    let (percent, limit) = (share(100), size(status.limit));
    format!("limit   [{style}{bar}{style:#}{rest}] {percent}% of {limit}")
}

fn kept(status: &Status) -> String {
    let count = status.kept.map(|kept| format!("{kept} are kept"));
    let total = Some(status.max_total).filter(|total| *total > 0);
    let total = total.map(|total| format!("at most {} with the log", size(total)));
    let age = Some(status.max_age).filter(|age| !age.is_zero());
    let age = age.map(|age| format!("none older than {}", messages::time(age)));
    let kept: Vec<_> = [count, total, age].into_iter().flatten().collect();
    let kept = if kept.is_empty() { "not given".to_owned() } else { kept.join(", ") };
    format!("backups {kept}")
}

fn lock(status: &Status) -> String {
    let lock = &status.lock;
    let state = match &lock.holder {
        Some(holder) => format!("held by {}", shown(holder)),
        None if lock.exists => "free".to_owned(),
        None => "there is none".to_owned(),
    };
    let waiting = match lock.waiting {
        0 => String::new(),
        waiting => format!("; {waiting} waiting"),
    };
    let next = lock.next_rotation.map(moment);
    let next = next.map(|next| format!("; next rotation by the clock at {next}"));
    format!("lock    {state}{waiting}{}", next.unwrap_or_default())
}

fn openers(status: &Status) -> Vec<String> {
    let mut lines = Vec::new();
    for opener in &status.openers {
        let heading = if lines.is_empty() { "open by" } else { "" };
        let does = match (opener.log, opener.writes) {
            (true, true) => "to write",
            (true, false) => "to read",
            (false, _) => "the lock file only",
        };
        lines.push(format!("{heading:<7} {}, {does}", shown(&opener.process)));
    }
    if lines.is_empty() {
        lines.push("not open in any visible process".to_owned());
    }
    if status.hidden > 0 {
        let plural = if status.hidden == 1 { "" } else { "es" };
        let hidden = format!("{} process{plural}", status.hidden);
        lines.push(format!("        {hidden} cannot be looked into for lack of rights"));
    }
    lines
}

/// Formats a process and its own options; those of its COMMAND do not concern the log.
fn shown(process: &Process) -> String {
    let mut arguments = process.arguments.clone();
    if let Some(program) = arguments.first_mut() {
        let name = program.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        program.drain(..name);
    }
    let own = arguments.split(|argument| argument == b"--").next().unwrap_or_default();
    let command = Escaped(&own.join(&b' ')).to_string();
    let mut short: String = command.chars().take(COMMAND).collect();
    if own.len() < arguments.len() {
        short.push_str(" -- ...");
    } else if short.len() < command.len() {
        short.push_str("...");
    }
    let user = process.user.map(|user| user_name(user).unwrap_or_else(|| user.to_string()));
    let user = user.map(|user| format!(" {user}")).unwrap_or_default();
    if short.is_empty() {
        format!("{}{user}", process.pid)
    } else {
        format!("{}{user} ({short})", process.pid)
    }
}
