//! The command line.

mod config;
mod files;
#[cfg(test)]
mod generated;
mod modes;
mod names;
mod read;
mod rotating;
mod running;
mod status;
mod timed;
mod tips;
mod transforming;
mod values;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};
use clh_tee::{Escaped, Options, SyncPolicy, Zone};

use self::config::Configured;
use self::files::Files;
pub(crate) use self::read::Reading;
use self::rotating::Rotating;
use self::running::Running;
use self::status::Looking;
use self::timed::Timed;
pub(crate) use self::transforming::Transforming;
use self::values::{count, length, level, size, time};
use crate::messages::{Report, Status, page};
use crate::transform::{Format, Settings};

/// Appends standard input to a rotating log that any number of processes share.
///
/// clh-tee reads lines from standard input, appends them to LOG and copies them to standard output.
/// With COMMAND it does so with what COMMAND prints. Any number of processes may write and rotate
/// one LOG at once: other clh-tee, and Python programs that use concurrent-log-handler.
///
/// The environment can give options too: CLH_TEE_MAX_BYTES is
/// --max-bytes, and CLH_TEE_GZIP=yes is --gzip. The command line goes first.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 79, args_override_self = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[expect(clippy::doc_markdown, reason = "it is shown as it is written")]
pub(crate) struct Cli {
    /// The log; symbolic links are refused
    ///
    /// What is no regular file, such as a FIFO or /dev/null, is written and
    /// never rotated. A name that begins with a dash is given as ./-NAME.
    #[arg(value_name = "LOG")]
    pub(crate) log: PathBuf,

    /// Rotate at this size; 0: never
    ///
    /// It is given as 512K, 10M or 1.5G. The line that reaches SIZE still goes in, so that LOG
    /// passes it by less than a line. K, M, G and KiB, MiB, GiB are powers of 1024.
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
    pub(crate) max_bytes: u64,

    #[command(flatten)]
    pub(crate) timed: Timed,
    #[command(flatten)]
    pub(crate) rotating: Rotating,

    /// How many backups to keep
    ///
    /// They are LOG.1, LOG.2 and so on, the newest first. With 0, LOG is emptied when it is full;
    /// with --when, all are kept.
    #[arg(long, value_name = "N", default_value_t = 5, alias = "backup-count",
          value_parser = count)]
    pub(crate) backups: u64,

    /// Compress backups: LOG.1.gz and so on
    #[arg(long)]
    pub(crate) gzip: bool,

    /// From fast (1) to small (9); turns on --gzip
    ///
    /// In the environment or a file it does not turn on --gzip.
    /// 7 makes backups of the size that Python makes, a sixth slower than 6.
    #[arg(long, value_name = "1..9", default_value_t = 7, value_parser = level, hide_short_help = true)]
    pub(crate) gzip_level: u32,

    /// Where the lock file lives, if not beside LOG
    ///
    /// The directory is made, with its parents, if it is missing. All writers
    /// of LOG must use the same (in Python, the lock file directory).
    #[arg(long, value_name = "DIR")]
    pub(crate) lock_dir: Option<PathBuf>,

    /// Make LOG's missing parent directories
    ///
    /// Without it, a missing directory is an error.
    #[arg(long, hide_short_help = true)]
    pub(crate) mkdir: bool,

    /// Do not copy the input to standard output
    ///
    /// With COMMAND: nor to standard error.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Cut longer lines into lines of SIZE
    ///
    /// This bounds the memory that one line can take.
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = length, hide_short_help = true)]
    pub(crate) max_line: usize,

    /// How much the queue may hold
    ///
    /// It holds lines that wait for the lock or the disk. So much is taken from
    /// the producer before it has to wait itself.
    #[arg(long, value_name = "SIZE", default_value = "8M", value_parser = length, hide_short_help = true)]
    pub(crate) buffer: usize,

    /// Full queue: block or drop
    ///
    /// block: the producer waits. drop: whole lines are dropped. Dropped lines are counted; one
    /// line in LOG says how many, and the exit status is 1.
    #[arg(
        long,
        value_name = "HOW",
        default_value = "block",
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub(crate) overflow: Overflow,

    /// Sync: none, rotate, batch
    ///
    /// none: nothing is forced to disk. rotate: a rotated log, and a compressed backup before its
    /// plain file goes. batch: every line too, before it counts as in.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "rotate",
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub(crate) sync: SyncWhat,

    /// Give up after waiting TIME for the lock: 5s, 2m
    ///
    /// The lines that were read go to standard error, and the exit status is
    /// 1. Without this option there is no limit.
    #[arg(long, value_name = "TIME", value_parser = time, hide_short_help = true)]
    pub(crate) lock_timeout: Option<Duration>,

    /// How long to go on after TERM
    ///
    /// In this time what the pipe still holds is put in. Lines that are not in by then go to
    /// standard error, and the exit status is 1. When COMMAND has ended and something else holds
    /// its output open, that is read for no longer than this either.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time, hide_short_help = true)]
    pub(crate) drain_timeout: Duration,

    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Say at the end, on standard error, what was done
    ///
    /// These are lines, bytes, batches and rotations, the longest wait for the
    /// lock, and lines that were dropped or cut.
    #[arg(long, hide_short_help = true)]
    pub(crate) stats: bool,

    #[command(flatten)]
    pub(crate) transforming: Transforming,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) configured: Configured,
    #[command(flatten)]
    pub(crate) looking: Looking,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Overflow {
    /// The producer waits.
    Block,
    /// They are dropped and counted.
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyncWhat {
    /// Nothing.
    None,
    /// Full logs.
    Rotate,
    /// Every batch.
    Batch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode<'a> {
    Append,
    Read,
    Status,
    Repair,
    Rotate,
    /// Holds the page.
    PrintConfig(&'a str),
}

impl Cli {
    /// Reads the command line, the environment and the file.
    ///
    /// # Errors
    ///
    /// If any of it is wrong, or asks for help or the version.
    pub(crate) fn read(report: &Report) -> Result<Self, clap::Error> {
        let (mut matches, shown) = config::read(report)?;
        let typed_time = modes::is_typed(&matches, "at_time");
        let fault = modes::fault(&matches);
        let gzip = modes::is_implied(&matches, "gzip");
        let mut cli = Self::from_arg_matches_mut(&mut matches)?;
        let fault = fault.or_else(|| cli.timed.fault().filter(|_| typed_time));
        cli.configured.shown = shown;
        cli.gzip |= gzip;
        cli.running.ignore_what_needs_a_command();
        let fault = fault.or_else(|| cli.running.fault());
        if let Some(fault) = fault.or_else(|| names::fault(&cli.log)) {
            return Err(Self::command().error(ErrorKind::ArgumentConflict, fault));
        }
        cli.warn_of_zone(report);
        Ok(cli)
    }

    pub(crate) fn options(&self) -> Options {
        let sync = match self.sync {
            SyncWhat::None => SyncPolicy::None,
            SyncWhat::Rotate => SyncPolicy::Rotate,
            SyncWhat::Batch => SyncPolicy::Batch,
        };
        let (user, group) = self.files.owner();
        Options::default()
            .max_bytes(self.max_bytes)
            .backups(self.backups)
            .gzip(self.gzip.then_some(self.gzip_level))
            .schedule(self.timed.schedule())
            .lock_dir(self.lock_dir.clone())
            .create_dir(self.mkdir)
            .mode(self.files.mode())
            .owner(user, group)
            .sync(sync)
            .report_rotations(self.rotating.on_rotate.is_some())
    }

    pub(crate) fn transform(&self) -> Settings {
        self.transforming.settings(self.timed.utc)
    }

    /// Warns if any option uses local time, and TZ names no zone.
    fn warn_of_zone(&self, report: &Report) {
        let stamped = matches!(self.transforming.timestamp, Some(Format::Pattern(_)));
        let local = !self.timed.utc && (stamped || self.timed.when.is_some());
        if (local || self.reading.since.is_some())
            && let Some(name) = Zone::misnamed()
        {
            report.warn(&format!("TZ='{}' names no time zone; using UTC", Escaped::text(&name)));
        }
    }

    pub(crate) fn mode(&self) -> Mode<'_> {
        let looking = &self.looking;
        match &self.configured.shown {
            Some(page) => Mode::PrintConfig(page),
            None if self.reading.read => Mode::Read,
            None if looking.status => Mode::Status,
            None if looking.repair => Mode::Repair,
            None if looking.rotate => Mode::Rotate,
            None => Mode::Append,
        }
    }
}

/// Prints help or version if asked for, and otherwise what is wrong with the command line.
pub(crate) fn answer(answer: &clap::Error, report: &Report) -> Status {
    if answer.use_stderr() {
        report.say(&tips::message(answer));
        return Status::Usage;
    }
    match page(&answer.render().ansi().to_string()) {
        Ok(()) => Status::AllIn,
        Err(error) => {
            report.failure(&error);
            Status::Lost
        }
    }
}

/// Returns the names of our environment variables.
fn variables() -> Vec<String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with(PREFIX)).collect()
}

/// Reads every option but the modes from the environment too, where flags are `yes`, `true`,
/// `on`, `1`, or the opposites.
fn with_environment(command: Command) -> Command {
    command.mut_args(|arg| {
        let is_mode = modes::MODES.contains(&arg.get_id().as_str());
        let Some(name) = arg.get_long().filter(|_| !is_mode).map(variable) else { return arg };
        let arg = arg.env(name).hide_env(true);
        match arg.get_action() {
            ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
            _ => arg,
        }
    })
}

const PREFIX: &str = "CLH_TEE_";

fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_well_formed() {
        with_environment(Cli::command()).debug_assert();
    }

    #[test]
    fn short_help_fits_one_screen() {
        let help = Cli::command().render_help().to_string();
        assert!(help.lines().count() <= 24, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 79), "{help}");
    }
}
