//! Settings from the environment and from a file.
//!
//! The command line overrides the environment, and both override the file. For clap, the file's
//! settings are default values, so its rules about options that require or exclude each other do
//! not apply to a file, which is for all logs.

mod settings;
mod shown;

use std::cell::LazyCell;
use std::env;
use std::ffi::OsString;
use std::mem;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, Command, CommandFactory};

pub(super) use self::settings::with_values;
use self::settings::{for_log, known, refuse_bad_values, with_settings};
use self::shown::page;
use super::modes::MODES;
use super::{Cli, routing};
use crate::config;
use crate::messages::Report;
use crate::transform::Routes;

const PREFIX: &str = "CLH_TEE_";

#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// Take settings from FILE, for all logs or by path
    ///
    /// FILE is in TOML; its names and values are those of the long options. The command line
    /// overrides the environment, and both override FILE. Without this option, it is the first that
    /// exists of $XDG_CONFIG_HOME/clh-tee.toml (usually ~/.config/clh-tee.toml) and
    /// /etc/clh-tee.toml, on Windows %APPDATA%\clh-tee.toml. With an empty name, there is none.
    #[arg(long, value_name = "FILE")]
    config: Option<OsString>,

    /// Show all settings for LOG, and end
    ///
    /// They are shown as they would stand in a file, each with where it comes from.
    #[arg(long, group = "mode", conflicts_with = "command", hide_short_help = true)]
    print_config: bool,

    /// The page to print.
    #[arg(skip)]
    pub(crate) shown: Option<String>,
}

/// The result of command line, environment and file.
pub(super) struct Read {
    pub(super) matches: ArgMatches,
    /// The page of --print-config.
    pub(super) shown: Option<String>,
    pub(super) routes: Routes,
    /// The same for the further logs, if lines are appended.
    pub(super) further: Vec<(PathBuf, ArgMatches)>,
}

pub(super) fn read(report: &Report) -> Result<Read, clap::Error> {
    let all = env::vars_os().filter_map(|(variable, _)| variable.into_string().ok());
    let variables: Vec<_> = all.filter(|variable| variable.starts_with(PREFIX)).collect();
    // Most runs have no such variable, and looking for each takes a tenth of the CPU time of a
    // start.
    let mut define = if variables.is_empty() { Cli::command } else { with_environment };
    let mut command = define();
    let mut given = command.try_get_matches_from_mut(env::args_os());
    // Not dropped, because that would only return memory to the system that is needed next.
    mem::forget(command);
    if given.as_ref().is_err_and(|error| error.kind() == ErrorKind::TooManyValues) {
        // Help and messages mention the values of flags only if the command line uses one.
        define = || with_values(with_environment());
        given = define().try_get_matches();
    }
    let mut matches = given?;
    // Rarely needed, and it defines the command line once more.
    let known = LazyCell::new(known);
    for given in &variables {
        let option = given[PREFIX.len()..].to_lowercase().replace('_', "-");
        if let Some(meant) = config::misspelt(&known, &option).map(variable) {
            report.warn(&format!("{given} in the environment gives no option; is it {meant}?"));
        }
    }
    let named = matches.get_one::<OsString>("config").map(|name| &**name);
    let found = config::find(named, report).map_err(refused)?;
    let sections = found.map_or(Ok(Vec::new()), |found| config::sections(&found, &known));
    let sections = sections.map_err(refused)?;
    refuse_bad_values(&sections)?;
    let log = matches.get_one::<PathBuf>("log").cloned();
    let settings =
        log.as_deref().map(|log| config::settings_for(&sections, log)).unwrap_or_default();
    if !settings.is_empty() {
        matches = with_settings(define(), settings.iter().copied()).try_get_matches()?;
    }
    let shown = matches.get_flag("print_config").then(|| page(&known, &matches, &settings));
    if MODES.iter().any(|mode| matches.get_flag(mode)) {
        return Ok(Read { matches, shown, routes: Routes::default(), further: Vec::new() });
    }
    let (routes, logs) = routing::routes(&matches).map_err(|(id, why)| {
        let tip = if matches.value_source(id) == Some(ValueSource::EnvVariable) {
            "; the environment cannot give both, but a settings file can"
        } else {
            ""
        };
        let fault = format!("invalid value for '--{id} <REGEX> <LOG2>': {why}{tip}");
        Cli::command().error(ErrorKind::ValueValidation, fault)
    })?;
    if let Some(fault) = log.and_then(|log| routing::fault(&log, &logs)) {
        return Err(Cli::command().error(ErrorKind::ArgumentConflict, fault));
    }
    let further = logs.into_iter().map(|log| {
        let settings = config::settings_for(&sections, log);
        Ok((log.to_owned(), for_log(define(), &known, &matches, &settings)?))
    });
    let further = further.collect::<Result<_, clap::Error>>()?;
    Ok(Read { matches, shown, routes, further })
}

/// Reads every option except the modes from the environment, too; a flag may be `yes`, `off` or
/// `1`.
fn with_environment() -> Command {
    Cli::command().mut_args(|arg| {
        let is_mode = MODES.contains(&arg.get_id().as_str());
        let Some(name) = arg.get_long().filter(|_| !is_mode).map(variable) else { return arg };
        let arg = arg.env(name).hide_env(true);
        match arg.get_action() {
            ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
            _ => arg,
        }
    })
}

pub(super) fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_uppercase().replace('-', "_"))
}

fn refused(fault: String) -> clap::Error {
    clap::Error::raw(ErrorKind::InvalidValue, fault)
}

#[test]
fn is_well_formed_with_the_environment() {
    with_environment().debug_assert();
}
