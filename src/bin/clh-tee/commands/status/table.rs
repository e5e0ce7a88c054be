//! The state of a log, for people: a table of the chain, and what was found.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use clh_tee::Escaped;
use clh_tee::status::{Finding, Harm, LogFile, Process, Status};

use super::words::{Words, moment};
use crate::messages::{self, Report, counted, size};

const WELL: Style = AnsiColor::Green.on_default().bold();
const WRONG: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default().bold();
const HEADING: Style = Style::new().bold();

const BAR: u64 = 30;
const COMMAND: usize = 60;

pub(super) fn of(status: &Status, report: &Report) -> String {
    let mut text = String::new();
    // Writing into memory cannot fail.
    let outcome = write(&mut text, status, report);
    debug_assert!(outcome.is_ok());
    text
}

fn write(text: &mut String, status: &Status, report: &Report) -> std::fmt::Result {
    let log = report.path(&status.path);
    let is_fault = |finding: &&Finding| finding.harm() == Harm::Fault;
    let (style, health) = match status.findings.iter().filter(is_fault).count() as u64 {
        0 => (WELL, "healthy".to_owned()),
        count => (WRONG, counted(count, "fault").to_string()),
    };
    writeln!(text, "{HEADING}{log}{HEADING:#}: {style}{health}{style:#}\n")?;
    chain(text, status)?;
    text.push('\n');
    limit(text, status)?;
    lock(text, status)?;
    openers(text, status)?;
    if !status.others.is_empty() {
        let others = status.others.iter().map(|path| report.path(path).to_string());
        let others = others.collect::<Vec<_>>();
        writeln!(text, "other   {}", others.join(", "))?;
    }
    for finding in &status.findings {
        let words = Words::of(finding, status, report);
        let (style, kind) = match finding.harm() {
            Harm::Fault => (WRONG, "fault"),
            Harm::None => (NOTE, "note"),
        };
        writeln!(text, "\n{style}{kind:<5}{style:#}   {}", words.what)?;
        writeln!(text, "        means: {}\n        do:    {}", words.means, words.remedy)?;
    }
    Ok(())
}

fn chain(text: &mut String, status: &Status) -> std::fmt::Result {
    let heads = ["", "size", "holds", "ratio", "lines", "changed", "first line", "last line"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(status.log.iter().chain(&status.backups).map(row));
    let mut total = [const { String::new() }; 8];
    (total[0], total[1]) = ("total".to_owned(), size(status.total));
    rows.push(total);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    // A column without any value is left out.
    let known = |column: &usize| rows[1..].iter().any(|row| !row[*column].is_empty());
    let columns: Vec<(usize, usize)> =
        (0..heads.len()).filter(known).map(|column| (column, width(column))).collect();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, width) in &columns {
            let cell = &row[*column];
            match column {
                0 => write!(line, "{cell:<width$}")?,
                1..=4 => write!(line, "  {cell:>width$}")?,
                _ => write!(line, "  {cell:<width$}")?,
            }
        }
        let line = line.trim_end();
        match index {
            0 => writeln!(text, "{HEADING}{line}{HEADING:#}")?,
            _ => writeln!(text, "{line}")?,
        }
    }
    Ok(())
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

fn limit(text: &mut String, status: &Status) -> std::fmt::Result {
    let now = status.log.as_ref().map_or(0, |log| log.size);
    if status.limit == 0 {
        return writeln!(text, "limit   not given");
    }
    let share = |of: u64| u128::from(now) * u128::from(of) / u128::from(status.limit);
    let filled = usize::try_from(share(BAR).min(BAR.into())).unwrap_or_default();
    let empty = usize::try_from(BAR).unwrap_or_default() - filled;
    let style = if share(100) > 100 { NOTE } else { WELL };
    let (bar, rest) = ("#".repeat(filled), "-".repeat(empty));
    let (percent, limit) = (share(100), size(status.limit));
    writeln!(text, "limit   [{style}{bar}{style:#}{rest}] {percent}% of {limit}")
}

fn lock(text: &mut String, status: &Status) -> std::fmt::Result {
    let lock = &status.lock;
    match &lock.holder {
        Some(holder) => write!(text, "lock    held by {}", shown(holder))?,
        None if lock.exists => text.push_str("lock    free"),
        None => text.push_str("lock    there is none"),
    }
    if lock.waiting > 0 {
        write!(text, "; {} waiting", lock.waiting)?;
    }
    if let Some(next) = lock.next_rotation {
        write!(text, "; next rotation by the clock at {}", moment(next))?;
    }
    text.push('\n');
    Ok(())
}

fn openers(text: &mut String, status: &Status) -> std::fmt::Result {
    let mut heading = "open by";
    for opener in &status.openers {
        let does = match (opener.log, opener.writes) {
            (true, true) => "to write",
            (true, false) => "to read",
            (false, _) => "the lock file only",
        };
        writeln!(text, "{heading:<7} {}, {does}", shown(&opener.process))?;
        heading = "";
    }
    if status.openers.is_empty() {
        writeln!(text, "open by nobody that can be seen")?;
    }
    if status.hidden > 0 {
        let processes =
            counted(status.hidden, "process").to_string().replace("processs", "processes");
        writeln!(text, "        {processes} cannot be looked into for lack of rights")?;
    }
    Ok(())
}

fn shown(process: &Process) -> String {
    let command = Escaped(&process.command).to_string();
    let mut short: String = command.chars().take(COMMAND).collect();
    if short.len() < command.len() {
        short.push_str("...");
    }
    if short.is_empty() { process.pid.to_string() } else { format!("{} ({short})", process.pid) }
}
