//! The options for other modes than appending, and which option has an effect in which mode.
//!
//! On the command line an option without effect is refused. In the environment and in a file, which
//! are for every log and every mode, it is ignored.

use std::env;
use std::time::{Duration, SystemTime};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use clh_tee::{When, Zone};

use super::timed::is_by_the_day;
use super::values::{count, known_point, point};
use crate::transform::Layout;

#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// Print the backups of LOG and then LOG, decompressed
    ///
    /// The oldest line comes first. --select, --deselect and --strip-ansi choose what is shown.
    /// Standard input is not read, and LOG is not changed. A file that cannot be read is left out
    /// or ends early; this is reported, and the exit status is 1.
    #[arg(long, group = "mode", conflicts_with = "command")]
    pub(crate) read: bool,

    /// With --read: go on with what is appended
    ///
    /// This follows LOG across rotations by any writer, and neither misses nor repeats a line. LOG
    /// need not exist yet; if its directory is missing for a while, this is reported, and clh-tee
    /// waits for it. INT or TERM ends it.
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// With --read: from TIME on: 2h, yesterday, 22:00
    ///
    /// Backups last changed before TIME are left out. In the rest, lines are left out up to the
    /// first one that begins with a time stamp of TIME or later, in a format that --status shows.
    /// If no line has one, a warning says so, and all lines are shown. TIME is how long ago it is,
    /// such as 30m, 2h or 1day; now, today or yesterday; a time of day, which is the last one that
    /// has passed, such as 22:00; or a date, such as 2026-11-22 or 2026-11-22T10:00. TIME and
    /// stamps without a zone are in local time or, with --utc, in UTC. A date may have an offset,
    /// such as 2026-11-22T10:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = known_point, allow_hyphen_values = true)]
    pub(super) since: Option<String>,

    /// With --read: only the last N lines
    ///
    /// These are the last lines that the other options leave. With --follow, what is appended comes
    /// after them.
    #[arg(short = 'n', long, value_name = "N", value_parser = count)]
    pub(crate) lines: Option<u64>,
}

impl Reading {
    pub(crate) fn since(&self, utc: bool) -> Option<SystemTime> {
        let zone = if utc { Zone::utc() } else { Zone::local() };
        point(self.since.as_ref()?, &zone)
    }
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Looking {
    /// Show LOG, its backups and what is wrong, and end
    ///
    /// Nothing is changed. Give --max-bytes, --backups, --when and --lock-dir as the writers of LOG
    /// have them; all but the last are otherwise taken from writers that have LOG open. The exit
    /// status is 0 if nothing is wrong, and 1 otherwise.
    #[arg(long, group = "mode", conflicts_with = "command")]
    pub(crate) status: bool,

    /// With --status: print JSON, for programs
    ///
    /// docs/status.schema.json describes it.
    #[arg(long, hide_short_help = true)]
    pub(crate) json: bool,

    /// With --status: count lines, decompress all backups
    ///
    /// Only this finds out for certain whether a compressed backup is whole.
    #[arg(long, hide_short_help = true)]
    pub(crate) count: bool,

    /// Repair what dead writers left, print it, and end
    ///
    /// This is what the next writer does before its first line. Give --backups, --gzip and --when
    /// as the writers have them. The exit status is 1 if something could not be repaired or there
    /// is no such log.
    #[arg(long, group = "mode", conflicts_with = "command", hide_short_help = true)]
    pub(crate) repair: bool,

    /// Rotate LOG now, if it is not empty, and end
    ///
    /// Give --backups, --gzip and --when as the writers have them. Without --when, the new backup
    /// is named like the newest one, by number or by the clock. The writers go on in the new
    /// log. The exit status is 0 if LOG was rotated, or was empty, which is reported; it is 1 if
    /// LOG cannot be rotated or does not exist.
    #[arg(long, group = "mode", conflicts_with = "command", hide_short_help = true)]
    pub(crate) rotate: bool,
}

/// The options that select a mode; without one, the program appends.
pub(super) const MODES: [&str; 5] = ["read", "status", "repair", "rotate", "print_config"];

/// Returns the modes in which the option `id` has an effect: `append`, `command` (appending a
/// COMMAND's output), or one of [`MODES`]. If there are none, it has an effect in all.
fn modes_of(id: &str) -> &'static [&'static str] {
    match id {
        "follow" | "since" | "lines" => &["read"],
        "json" | "count" => &["status"],
        "quiet_ok" | "keep_going" | "markers" | "group" => &["command"],
        // How writers handle the log, which the other modes need to know.
        "utc" => &["append", "read", "status", "repair", "rotate"],
        "when" | "interval" | "at_time" | "backups" | "max_total" | "max_age" => {
            &["append", "status", "repair", "rotate"]
        }
        "max_bytes" => &["append", "status"],
        "gzip" | "gzip_level" | "sync" | "lock_timeout" | "chmod" | "owner" | "umask" => {
            &["append", "repair", "rotate"]
        }
        "on_rotate" | "drain_timeout" => &["append", "rotate"],
        "mkdir" | "max_line" | "null" | "record_start" | "record_timeout" | "max_record"
        | "buffer" | "overflow" | "stats" | "acknowledge" | "format" | "timestamp" | "tag"
        | "collapse_cr" | "escape_control" | "crlf" | "copy" | "divert" => &["append"],
        "select" | "deselect" | "strip_ansi" => &["append", "read"],
        _ => &[],
    }
}

pub(super) fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

pub(super) fn is_implied(matches: &ArgMatches, id: &str) -> bool {
    id == "gzip" && is_typed(matches, "gzip_level") && !is_typed(matches, "gzip")
}

pub(super) fn fault(matches: &ArgMatches) -> Option<String> {
    let mode = MODES.into_iter().find(|mode| matches.get_flag(mode));
    let has_command = matches.contains_id("command");
    let has_effect = |modes: &[&str]| match (modes, mode) {
        ([], _) => true,
        (["command"], None) => has_command,
        // It shows the settings for appending.
        (_, Some("print_config")) => modes.contains(&"append") || modes.contains(&"command"),
        _ => modes.contains(&mode.unwrap_or("append")),
    };
    let option = |id: &str| format!("--{}", id.replace('_', "-"));
    let no_effect = |id, why: &str| Some(format!("{} has no effect {why}", option(id)));
    let mut typed = matches.ids().map(clap::Id::as_str).filter(|id| is_typed(matches, id));
    if let Some(id) = typed.find(|id| !has_effect(modes_of(id))) {
        return match (modes_of(id), mode) {
            (["command"], None) => no_effect(id, "without a COMMAND after '--'"),
            ([only @ ("read" | "status")], _) => {
                no_effect(id, &format!("without {}", option(only)))
            }
            (_, mode) => no_effect(id, &format!("with {}", option(mode.unwrap_or_default()))),
        };
    }
    let unused = ["timestamp", "escape_control"].into_iter().find(|id| is_typed(matches, id));
    if let (Some(Layout::Json), Some(id)) = (matches.get_one("format"), unused) {
        return no_effect(id, "with --format json, which has a time and escapes anyway");
    }
    let timed = ["interval", "at_time"].into_iter().find(|id| is_typed(matches, id));
    let is_total = matches.get_one::<u64>("max_total").is_some_and(|total| *total > 0);
    let is_age = matches.get_one::<Duration>("max_age").is_some_and(|age| !age.is_zero());
    let mut capped = [("max_total", is_total), ("max_age", is_age)].into_iter();
    let capped = capped.find(|(id, is_any)| *is_any && is_typed(matches, id));
    if let (Some((id, _)), Some(0_u64), None) =
        (capped, matches.get_one("backups"), matches.get_one::<When>("when"))
    {
        return no_effect(id, "with --backups 0, which keeps none");
    }
    match (matches.get_one("when"), timed) {
        (None, Some(id)) => return no_effect(id, "without --when"),
        (Some(when), _) if is_typed(matches, "at_time") && !is_by_the_day(*when) => {
            return Some("--at-time is for --when MIDNIGHT and W0 to W6; leave it out".to_owned());
        }
        _ => {}
    }
    let typed = |id| is_typed(matches, id);
    if typed("record_timeout") && !matches.contains_id("record_start") {
        return no_effect("record_timeout", "without --record-start");
    }
    if typed("record_start") && typed("null") {
        return Some("give either --record-start or --null".to_owned());
    }
    if typed("record_start") && typed("group") {
        return Some("give either --record-start or --group".to_owned());
    }
    // Clap accepts this. A command was intended, perhaps in an empty variable.
    let dashes = env::args_os().next_back().is_some_and(|arg| arg == "--");
    (dashes && !has_command).then(|| "a command is missing after '--'".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn every_option_says_in_which_modes_it_has_an_effect() {
        let in_all = ["log", "command", "config", "lock_dir", "quiet", "help", "version"];
        let mut command = Cli::command();
        command.build();
        for id in command.get_arguments().map(|arg| arg.get_id().as_str()) {
            let is_in_all = in_all.contains(&id) || MODES.contains(&id);
            assert_eq!(modes_of(id).is_empty(), is_in_all, "{id}");
        }
    }
}
