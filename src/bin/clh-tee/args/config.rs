//! Settings from the environment and from a file.
//!
//! The command line beats the environment, and both beat the file. To clap the file's
//! settings are default values, so no rule about options that need or exclude each other
//! applies to a file that is there for all logs.

mod settings;
mod shown;

use std::cell::LazyCell;
use std::env;
use std::ffi::OsString;
use std::mem;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, CommandFactory};

use self::settings::{known, refuse_bad_values, with_settings, with_values};
use self::shown::page;
use super::{Cli, PREFIX, variable, variables, with_environment};
use crate::config::{self, Config};
use crate::messages::Report;

#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// Take settings from FILE, for all logs or by path
    ///
    /// It is in TOML; names and values are those of the long options. The command line beats the
    /// environment, and both beat the file. Without this option it is the first there is of
    /// $XDG_CONFIG_HOME/clh-tee.toml (usually ~/.config/clh-tee.toml) and /etc/clh-tee.toml, on
    /// Windows %APPDATA%\clh-tee.toml. With an empty name there is none.
    #[arg(long, value_name = "FILE")]
    config: Option<OsString>,

    /// Show all settings for LOG, and end
    ///
    /// They are shown as they would stand in a file, and where each came from.
    #[arg(long, group = "mode", conflicts_with = "command", hide_short_help = true)]
    print_config: bool,

    /// The page to show.
    #[arg(skip)]
    pub(crate) shown: Option<String>,
}

type Definition = fn() -> Command;

/// Reads the command line, the environment and the file. Returns what they give
/// and the page of --print-config if it was asked for.
pub(super) fn read(report: &Report) -> Result<(ArgMatches, Option<String>), clap::Error> {
    let variables = variables();
    // Most runs have none, and looking for each takes a tenth of the CPU time of a start.
    let (command, matches) = given(if variables.is_empty() { Cli::command } else { plain })?;
    // Rarely needed, and defines the command line once more.
    let known = LazyCell::new(known);
    for name in &variables {
        let option = name[PREFIX.len()..].to_lowercase().replace('_', "-");
        if let Some(meant) = config::misspelt(&known, &option).map(variable) {
            report.warn(&format!("{name} in the environment gives no option; is it {meant}?"));
        }
    }
    let named = matches.get_one::<OsString>("config").map(|name| &**name);
    let found = config::find(named, report).map_err(refused)?;
    let read = found.map_or(Ok(Config::default()), |found| Config::read(&found, &known));
    let config = read.map_err(refused)?;
    refuse_bad_values(&config)?;
    let log = matches.get_one::<PathBuf>("log");
    let settings = log.map(|log| config.settings_for(log)).unwrap_or_default();
    let matches = if settings.is_empty() {
        matches
    } else {
        with_settings(command(), settings.iter().copied()).try_get_matches()?
    };
    let shown = matches.get_flag("print_config").then(|| page(&known, &matches, &settings));
    Ok((matches, shown))
}

/// Returns what command line and environment give, and the definition that read it.
fn given(definition: Definition) -> Result<(Definition, ArgMatches), clap::Error> {
    let mut command = definition();
    let given = command.try_get_matches_from_mut(env::args_os());
    // Dropping it would only return memory to the system that is needed next.
    mem::forget(command);
    match given {
        // Help and messages mention the values of flags only if the command line has one.
        Err(error) if error.kind() == ErrorKind::TooManyValues => {
            Ok((valued, valued().try_get_matches()?))
        }
        given => Ok((definition, given?)),
    }
}

fn plain() -> Command {
    with_environment(Cli::command())
}

/// Like `plain`, but flags may have a value, as in `--gzip=no`.
fn valued() -> Command {
    with_values(plain())
}

fn refused(fault: String) -> clap::Error {
    clap::Error::raw(ErrorKind::InvalidValue, fault)
}
