//! Settings from elsewhere: the environment, and a file.
//!
//! What the command line leaves out is taken from the environment, and what
//! that leaves out from the file. To clap the file's settings are defaults: so
//! they go the same way as what is given, and no option that needs another or
//! goes with none stands in the way of a file that is there for all logs.

mod settings;
mod shown;

use std::cell::LazyCell;
use std::env;
use std::ffi::OsString;
use std::mem;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, CommandFactory};

use self::settings::{all, known, refuse_bad_values, with_settings, with_values};
use super::{Cli, PREFIX, variable, variables, with_environment};
use crate::config::{self, Config, Known, Setting};
use crate::messages::Report;

/// Options about settings.
#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// Take settings from FILE, for all logs or by path
    ///
    /// It is in TOML; names and values are those of the long options. The
    /// command line beats the environment, and both beat the file. Without this
    /// option it is the first there is of $XDG_CONFIG_HOME/clh-tee.toml (usually
    /// ~/.config/clh-tee.toml) and /etc/clh-tee.toml, on Windows
    /// %APPDATA%\clh-tee.toml. With an empty name there is none.
    #[arg(long, value_name = "FILE")]
    config: Option<OsString>,

    /// Show all settings for LOG, and end
    ///
    /// They are shown as they would stand in a file, and where each came from.
    #[arg(long, group = "mode", conflicts_with = "command", hide_short_help = true)]
    print_config: bool,

    /// What there is to show, if it was asked for.
    #[arg(skip)]
    pub(crate) shown: Option<String>,
}

/// What makes the definition of the command line.
type Definition = fn() -> Command;

/// Reads the command line, the environment and the file; returns what they give
/// and, if it was asked for, the page that shows it.
pub(super) fn read(report: &Report) -> Result<(ArgMatches, Option<String>), clap::Error> {
    let variables = variables();
    // Most runs have none, and to look for each takes a tenth of what is
    // computed at the start.
    let (command, matches) = given(if variables.is_empty() { Cli::command } else { plain })?;
    // Made once, if at all: for that the command line is defined anew.
    let known = LazyCell::new(known);
    for name in &variables {
        tell_if_misspelt(name, &known, report);
    }
    let named = matches.get_one::<OsString>("config");
    let config = match config::find(named.map(|name| &**name), report).map_err(refused)? {
        Some(found) => Some(Config::read(found, &known).map_err(refused)?),
        None => None,
    };
    let (matches, settings) = match &config {
        Some(config) => with_file(command, matches, config)?,
        None => (matches, Vec::new()),
    };
    let shown = matches.get_flag("print_config").then(|| {
        let of_file = |id: &str| {
            let setting = settings.iter().find(|setting| setting.id == id)?;
            Some(config.as_ref()?.origin(setting))
        };
        shown::page(all(), &matches, of_file)
    });
    Ok((matches, shown))
}

/// Warns of a variable of ours that gives no option, but nearly does.
fn tell_if_misspelt(name: &str, known: &[Known], report: &Report) {
    let option = name[PREFIX.len()..].to_lowercase().replace('_', "-");
    if let Some(meant) = config::misspelt(known, &option) {
        let meant = variable(meant);
        report.warn(&format!("{name} in the environment gives no option; is it {meant}?"));
    }
}

/// Returns what command line and environment give, and how they were read.
fn given(definition: Definition) -> Result<(Definition, ArgMatches), clap::Error> {
    let mut command = definition();
    let given = command.try_get_matches_from_mut(env::args_os());
    // To take it apart would give back to the system what is wanted next.
    mem::forget(command);
    match given {
        // Help and messages tell of values that flags may have only where
        // there is one.
        Err(error) if error.kind() == ErrorKind::TooManyValues => {
            Ok((valued, valued().try_get_matches()?))
        }
        given => Ok((definition, given?)),
    }
}

/// Returns the command line's definition, with the environment.
fn plain() -> Command {
    with_environment(Cli::command())
}

/// Returns the same, but flags may have a value, as in `--gzip=no`.
fn valued() -> Command {
    with_values(plain())
}

/// Adds what `config` says about the log; returns that too.
fn with_file(
    command: Definition,
    given: ArgMatches,
    config: &Config,
) -> Result<(ArgMatches, Vec<&Setting>), clap::Error> {
    refuse_bad_values(config)?;
    let Some(log) = given.get_one::<PathBuf>("log") else { return Ok((given, Vec::new())) };
    let settings = config.settings_for(log);
    let matches = with_settings(command(), settings.iter().copied()).try_get_matches()?;
    Ok((matches, settings))
}

/// Makes an answer of what is wrong with the file.
fn refused(fault: String) -> clap::Error {
    clap::Error::raw(ErrorKind::InvalidValue, fault)
}
