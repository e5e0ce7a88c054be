//! The programs to compare, and how to run each.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use crate::tools::Tools;

/// The log's name.
const LOG: &str = "bench.log";
/// The name of its lock file.
const LOCK: &str = ".__bench.lock";
/// The directory of a log, for programs that keep a log in a directory.
const DIR: &str = "main";

/// A script that logs its input lines through CLH.
pub(crate) const CLH_WRITER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/clh_writer.py");

/// A program that writes its input to a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// This project.
    ClhTee,
    /// The same with a static libc.
    Static,
    /// `cat >> LOG`: the fastest possible.
    Cat,
    Tee,
    /// Of the Apache HTTP server.
    Rotatelogs,
    /// Rotates by time only.
    Cronolog,
    /// Of s6.
    S6Log,
    /// Of daemontools.
    Multilog,
    /// Of runit.
    Svlogd,
    /// Python's concurrent-log-handler.
    Clh,
}

/// The settings of a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The size at which to rotate; 0 is never.
    pub(crate) limit: u64,
    pub(crate) backups: u64,
    pub(crate) gzip: bool,
    pub(crate) echo: bool,
    /// More options for clh-tee.
    pub(crate) options: &'static [&'static str],
}

impl Program {
    /// All that are compared in bulk.
    pub(crate) const ALL: [Self; 9] = [
        Self::ClhTee,
        Self::Cat,
        Self::Tee,
        Self::Rotatelogs,
        Self::Cronolog,
        Self::S6Log,
        Self::Multilog,
        Self::Svlogd,
        Self::Clh,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ClhTee => "clh-tee",
            Self::Static => "clh-tee, static",
            Self::Cat => "cat",
            Self::Tee => "tee",
            Self::Rotatelogs => "rotatelogs",
            Self::Cronolog => "cronolog",
            Self::S6Log => "s6-log",
            Self::Multilog => "multilog",
            Self::Svlogd => "svlogd",
            Self::Clh => "CLH",
        }
    }

    /// Returns where to get it.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::ClhTee | Self::Static => "this project",
            Self::Cat | Self::Tee => "coreutils",
            Self::Rotatelogs => "Debian's apache2-utils",
            Self::Cronolog => "Debian's cronolog",
            Self::S6Log => "Debian's s6",
            Self::Multilog => "Debian's daemontools",
            Self::Svlogd => "Debian's runit",
            Self::Clh => "cargo test makes an environment; or set CLH_PYTHON",
        }
    }

    /// Returns how much less than clh-tee it gets to write, so that all take about as long.
    pub(crate) fn slowness(self) -> u64 {
        match self {
            Self::ClhTee | Self::Static | Self::Cat | Self::Tee | Self::Rotatelogs => 1,
            Self::Cronolog | Self::S6Log => 4,
            Self::Multilog | Self::Svlogd => 8,
            Self::Clh => 128,
        }
    }

    /// Returns the file in `place` that this program appends to.
    pub(crate) fn log(self, place: &Path) -> PathBuf {
        match self {
            Self::S6Log | Self::Multilog | Self::Svlogd => place.join(DIR).join("current"),
            _ => place.join(LOG),
        }
    }

    /// Returns whether `status` is a success.
    pub(crate) fn is_well(self, status: ExitStatus) -> bool {
        // Cronolog always ends with this status at the end of its input.
        status.success() || (self == Self::Cronolog && status.code() == Some(3))
    }

    /// Returns whether it can rotate by size.
    pub(crate) fn rotates(self) -> bool {
        !matches!(self, Self::Cat | Self::Tee | Self::Cronolog)
    }

    /// Returns whether its files sort by name.
    pub(crate) fn is_ordered(self) -> bool {
        // It reuses a ring of names.
        self != Self::Rotatelogs
    }

    /// Returns a command that writes a log in `place` from standard input.
    pub(crate) fn command(
        self,
        tools: &Tools,
        place: &Path,
        settings: &Settings,
    ) -> Result<Command> {
        let path = tools.path(self).with_context(|| format!("{} is missing", self.name()))?;
        let (log, dir) = (self.log(place), place.join(DIR));
        let Settings { limit, backups, .. } = settings;
        let mut command = Command::new(path);
        command.current_dir(place).stdout(Stdio::null());
        match self {
            Self::ClhTee | Self::Static => {
                command.args((!settings.echo).then_some("-q"));
                command.args(["--max-bytes", &limit.to_string()]);
                command.args(["--backups", &backups.to_string()]);
                command.args(settings.gzip.then_some("--gzip"));
                command.args(settings.options).arg(log);
            }
            Self::Cat => {
                let log = OpenOptions::new().append(true).create(true).open(log);
                command.stdout(log.context("cannot make a log for cat")?);
            }
            Self::Tee => {
                command.arg("-a").arg(log);
            }
            Self::Rotatelogs => {
                command.args(["-n", &(backups + 1).to_string()]).arg(log).arg(format!("{limit}B"));
            }
            Self::Cronolog => {
                command.arg(log);
            }
            Self::S6Log | Self::Multilog => {
                command.args([format!("n{backups}"), format!("s{limit}")]).arg(dir);
            }
            Self::Svlogd => {
                std::fs::create_dir_all(&dir)?;
                std::fs::write(dir.join("config"), format!("s{limit}\nn{backups}\n"))?;
                command.arg(dir);
            }
            Self::Clh => {
                // No `__pycache__` in the source tree, and nothing from the user's own packages.
                command.args(["-B", "-s", CLH_WRITER, "write"]).arg(log);
                command.args([limit, backups].map(u64::to_string));
                command.arg(u8::from(settings.gzip).to_string());
            }
        }
        Ok(command)
    }
}

/// Returns the lock file that clh-tee and CLH use in `place`.
pub(crate) fn lock_file(place: &Path) -> PathBuf {
    place.join(LOCK)
}
