//! Options as settings: which exist, what each accepts, and how a file's settings become default
//! values. All of it is derived from the definition of the command line; no option is named here.

use std::error::Error;
use std::ffi::{OsStr, OsString};

use clap::builder::{BoolishValueParser, Resettable};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};

use super::refused;
use crate::args::modes::is_typed;
use crate::args::tips::{context, option};
use crate::args::{Cli, routing};
use crate::config::{Kind, Known, Section, Setting};
use crate::transform::BARE_TIMESTAMP;

/// The groups of options that do something now; a file cannot set them.
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

/// Lets flags that a file may set have a value on the command line, as in `--gzip=no`.
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

/// Returns the options for a further log. A file's settings for its path come first, then the
/// command line, `given`, then the environment, and last a file's settings for all logs.
pub(super) fn for_log(
    command: Command,
    known: &[Known],
    given: &ArgMatches,
    settings: &[&Setting],
) -> Result<ArgMatches, clap::Error> {
    let own = |id: &str| settings.iter().find(|setting| setting.is_own && setting.id == id);
    let mut arguments: Vec<OsString> = vec!["clh-tee".into(), "LOG".into()];
    for Known { id, names, kind } in known {
        let argument = |value: &OsStr| {
            let mut argument = OsString::from(format!("--{}=", names[0]));
            argument.push(value);
            argument
        };
        match (own(id), kind) {
            // Passed as an argument, so that no other option implies it.
            (Some(setting), Some(Kind::Flag)) => {
                arguments.extend(setting.values.iter().map(|value| argument(value.as_ref())));
            }
            (None, Some(Kind::Flag | Kind::One { .. })) if is_typed(given, id) => {
                arguments.extend(given.get_raw(id).into_iter().flatten().map(argument));
            }
            _ => {}
        }
    }
    let command = command.mut_args(|arg| {
        let is_own = own(arg.get_id().as_str()).is_some();
        if is_own { arg.env(Resettable::Reset) } else { arg }
    });
    with_settings(with_values(command), settings.iter().copied()).try_get_matches_from(arguments)
}

/// Checks every value in a file, so that a wrong one is reported for any log.
pub(super) fn refuse_bad_values(sections: &[Section]) -> Result<(), clap::Error> {
    for Section { settings, .. } in sections {
        let command = with_settings(Cli::command(), settings);
        let named = |name: &str| settings.iter().find(|setting| setting.name == name);
        let error = match command.try_get_matches_from(["clh-tee", "LOG"]) {
            Ok(matches) => {
                let Err((name, why)) = routing::routes(&matches) else { continue };
                let Some(setting) = named(name) else { continue };
                return Err(refused(setting.fault(&format!("invalid value for '{name}': {why}"))));
            }
            Err(error) => error,
        };
        return Err(match option(&error).and_then(named) {
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
