//! Which options have an effect in which mode.
//!
//! On the command line an option without effect is refused. In the environment and in a
//! file, which are for every log and every mode, it is ignored.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// The options that ask for a mode; without one, lines are appended.
pub(super) const MODES: [&str; 5] = ["read", "status", "repair", "rotate", "print_config"];

/// Returns the modes in which the option `id` has an effect: `append`, `command`
/// (appending what COMMAND prints), or one of [`MODES`]. None: in all.
fn modes_of(id: &str) -> &'static [&'static str] {
    match id {
        "follow" | "since" => &["read"],
        "json" | "count" => &["status"],
        "quiet_ok" | "keep_going" | "markers" => &["command"],
        // How writers keep the log: the other modes need to know, too.
        "max_bytes" | "when" | "interval" | "at_time" | "utc" | "backups" | "gzip"
        | "gzip_level" | "mkdir" | "sync" | "lock_timeout" | "chmod" | "owner" | "umask" => {
            &["append", "status", "repair", "rotate"]
        }
        "on_rotate" | "drain_timeout" => &["append", "rotate"],
        "max_line" | "buffer" | "overflow" | "stats" | "timestamp" | "tag" | "select"
        | "deselect" | "strip_ansi" | "collapse_cr" | "escape_control" | "crlf" => &["append"],
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
    let has_effect = |modes: &[&str]| match mode {
        // It shows what would be done if lines were appended.
        None | Some("print_config") => {
            modes.contains(&"append")
                || (modes.contains(&"command") && (has_command || mode.is_some()))
        }
        Some(mode) => modes.contains(&mode),
    };
    let option = |id: &str| format!("--{}", id.replace('_', "-"));
    let typed = matches.ids().map(clap::Id::as_str).filter(|id| is_typed(matches, id));
    for id in typed {
        let modes = modes_of(id);
        let why = match (modes, mode) {
            (["command"], None) if !has_command => "without a COMMAND after '--'".to_owned(),
            ([], _) => continue,
            _ if has_effect(modes) => continue,
            ([only @ ("read" | "status")], _) => format!("without {}", option(only)),
            (_, mode) => format!("with {}", option(mode.unwrap_or_default())),
        };
        return Some(format!("{} has no effect {why}", option(id)));
    }
    let untimed = !matches.contains_id("when");
    let needs_when =
        ["interval", "at_time"].into_iter().find(|id| is_typed(matches, id) && untimed);
    needs_when.map(|id| format!("{} has no effect without --when", option(id)))
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
