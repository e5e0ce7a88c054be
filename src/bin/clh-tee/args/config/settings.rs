//! Options as settings: which there are, what each takes, and how a file's settings become default
//! values. All of it is derived from the definition of the command line; no option is named here.

use std::error::Error;

use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command, CommandFactory};

use super::refused;
use crate::args::Cli;
use crate::args::tips::{context, option};
use crate::config::{Kind, Known, Section, Setting};
use crate::transform::BARE_TIMESTAMP;

/// The groups whose options ask for something to be done now: a file cannot set them.
const NO_SETTINGS: [&str; 4] = ["mode", "Configured", "Looking", "Reading"];

pub(super) fn known() -> Vec<Known> {
    let mut command = Cli::command();
    command.build();
    let options = command.get_arguments().filter_map(|arg| {
        let aliases = arg.get_all_aliases().unwrap_or_default();
        let names = [arg.get_long()?].into_iter().chain(aliases).map(str::to_owned).collect();
        Some(Known { id: arg.get_id().to_string(), names, kind: kind(&command, arg) })
    });
    options.collect()
}

fn kind(command: &Command, arg: &Arg) -> Option<Kind> {
    let mut groups = command.get_groups();
    let is_no_setting = groups.any(|group| {
        NO_SETTINGS.contains(&group.get_id().as_str())
            && group.get_args().any(|member| member == arg.get_id())
    });
    if is_no_setting {
        return None;
    }
    match arg.get_action() {
        ArgAction::SetTrue => Some(Kind::Flag),
        ArgAction::Set => {
            let may_be_bare = arg.get_num_args().is_some_and(|number| number.min_values() == 0);
            let bare = may_be_bare.then(|| BARE_TIMESTAMP.to_owned());
            Some(Kind::One { bare, may_be_off: arg.get_default_values().is_empty() })
        }
        ArgAction::Append => Some(Kind::Many),
        _ => None,
    }
}

/// Lets the flags that may stand in a file have a value on the command line, as in `--gzip=no`.
pub(in crate::args) fn with_values(command: Command) -> Command {
    let flags = known().into_iter().filter(|option| option.kind == Some(Kind::Flag));
    let with_value = |arg: Arg| {
        arg.action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .value_name("yes|no")
            .value_parser(BoolishValueParser::new())
            .default_missing_value("true")
            .default_value("false")
    };
    flags.fold(command, |command, flag| command.mut_arg(flag.id, with_value))
}

pub(super) fn with_settings<'a>(
    command: Command,
    settings: impl IntoIterator<Item = &'a Setting>,
) -> Command {
    settings.into_iter().fold(command, |command, setting| {
        command.mut_arg(&setting.id, |arg| arg.default_values(&setting.values))
    })
}

/// Tries every value in a file: a wrong one is reported for other logs, too.
pub(super) fn refuse_bad_values(sections: &[Section]) -> Result<(), clap::Error> {
    for Section { settings, .. } in sections {
        let command = with_settings(Cli::command(), settings);
        let Err(error) = command.try_get_matches_from(["clh-tee", "LOG"]) else { continue };
        let name = option(&error);
        return Err(match settings.iter().find(|setting| Some(&*setting.name) == name) {
            Some(setting) => refused(setting.fault(&reason(&error, &setting.name))),
            None => error,
        });
    }
    Ok(())
}

fn reason(error: &clap::Error, name: &str) -> String {
    let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
    let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(reason), _) => reason.to_string(),
        (None, Some(ContextValue::Strings(values))) => format!("give one of {}", values.join(", ")),
        _ => "give another".to_owned(),
    };
    format!("invalid value '{value}' for '{name}': {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_IN_A_FILE: &str =
        "read follow since lines status json count repair rotate config print-config help version";

    fn options_of(wanted: fn(&Option<Kind>) -> bool) -> Vec<String> {
        let options = known().into_iter().filter(|option| wanted(&option.kind));
        options.map(|option| option.names[0].clone()).collect()
    }

    #[test]
    fn every_option_may_stand_in_a_file_unless_it_is_said_here() {
        assert_eq!(options_of(Option::is_none).join(" "), NOT_IN_A_FILE);
        assert!(options_of(Option::is_some).len() > 15);
    }

    #[test]
    fn only_the_timestamp_may_be_given_without_a_value() {
        let bare = |kind: &Option<Kind>| matches!(kind, Some(Kind::One { bare: Some(_), .. }));
        assert_eq!(options_of(bare), ["timestamp"]);
    }

    #[test]
    fn flags_with_values_are_well_formed() {
        with_values(Cli::command()).debug_assert();
    }
}
