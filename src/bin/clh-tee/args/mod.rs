//! The command line.

mod config;
mod files;
#[cfg(test)]
mod generated;
mod modes;
mod running;
mod timed;
mod tips;
mod values;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use clh_tee::{Escaped, Options, Schedule, SyncPolicy, Zone};

use self::config::Configured;
use self::files::Files;
use self::modes::{Looking, Reading};
use self::running::Running;
use self::timed::Timed;
use self::values::{count, length, level, size, time};
use crate::messages::{Report, Status, counted, page, size as size_of};
use crate::transform::{Format, Rules, Settings};

/// Appends standard input to a rotating log that any number of processes share.
///
/// clh-tee reads lines from standard input, appends them to LOG and copies them to standard output.
/// With COMMAND, it runs COMMAND and does the same with its output. Any number of processes may
/// write and rotate one LOG at once: other clh-tee processes, and Python programs that use
/// concurrent-log-handler.
///
/// The environment can set options too: CLH_TEE_MAX_BYTES=512K is --max-bytes 512K, and
/// CLH_TEE_GZIP=yes is --gzip. The command line overrides it.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 79, args_override_self = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[expect(clippy::doc_markdown, reason = "it is shown as it is written")]
pub(crate) struct Cli {
    /// The log; symbolic links are refused
    ///
    /// A file that is not a regular one, such as a FIFO or /dev/null, is written to and never
    /// rotated. Write a name that begins with a dash as ./-NAME.
    #[arg(value_name = "LOG", hide_short_help = true)]
    pub(crate) log: PathBuf,

    /// Rotate at this size; 0: never
    ///
    /// SIZE is a number with K, M or G, such as 512K or 1.5G; these are powers of 1024, as KiB, MiB
    /// and GiB are, and KB, MB and GB too. The line that reaches SIZE still goes into LOG, which
    /// exceeds it by less than a line. A SIZE below 64K gets a warning at the start, unless it is
    /// given in bytes with a B, as 4096B.
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size,
          help_heading = "Rotation")]
    pub(crate) max_bytes: u64,

    #[command(flatten, next_help_heading = "Rotation")]
    pub(crate) timed: Timed,

    /// How many backups to keep
    ///
    /// They are LOG.1, LOG.2 and so on, newest first. Without this option, rotation keeps 5, or as
    /// many as exist already. With 0, LOG is emptied when it is full; with --when, all are kept.
    #[arg(long, value_name = "N", alias = "backup-count", value_parser = count,
          help_heading = "Rotation")]
    pub(crate) backups: Option<u64>,

    /// Compress backups: LOG.1.gz and so on
    #[arg(long, help_heading = "Rotation")]
    pub(crate) gzip: bool,

    /// From fast (1) to small (9); turns on --gzip
    ///
    /// In the environment or a file it does not turn on --gzip. Level 7 makes backups as small as
    /// Python's.
    #[arg(long, value_name = "1..9", default_value_t = 7, value_parser = level,
          hide_short_help = true, help_heading = "Rotation")]
    pub(crate) gzip_level: u32,

    /// Do not copy the input to standard output
    ///
    /// With COMMAND: nor to standard error.
    #[arg(short, long, help_heading = "Input and output")]
    pub(crate) quiet: bool,

    /// Cut longer lines into lines of SIZE
    ///
    /// This limits the memory that one line can take.
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = length,
          hide_short_help = true, help_heading = "Input and output")]
    pub(crate) max_line: usize,

    /// Print statistics at the end, on standard error
    ///
    /// These are the lines, bytes, batches and rotations, the longest wait for the lock, and the
    /// lines dropped or cut.
    #[arg(long, hide_short_help = true, help_heading = "Input and output")]
    pub(crate) stats: bool,

    #[command(flatten, next_help_heading = "Transforming lines")]
    pub(crate) transforming: Settings,
    #[command(flatten, next_help_heading = "Running a command")]
    pub(crate) running: Running,
    #[command(flatten, next_help_heading = "Looking at a log")]
    pub(crate) reading: Reading,
    #[command(flatten, next_help_heading = "Looking at a log")]
    pub(crate) looking: Looking,

    /// How many bytes the queue may hold
    ///
    /// Lines wait in the queue for the lock or the disk. When it is full, the producer waits.
    #[arg(long, value_name = "SIZE", default_value = "8M", value_parser = length,
          hide_short_help = true, help_heading = "Waiting and limits")]
    pub(crate) buffer: usize,

    /// When the queue is full: block or drop
    ///
    /// block: the producer waits. drop: whole lines are dropped and counted; a line in LOG says how
    /// many, and the exit status is 1.
    #[arg(long, value_name = "HOW", default_value_t = Overflow::Block, hide_possible_values = true,
          hide_short_help = true, value_enum, help_heading = "Waiting and limits")]
    pub(crate) overflow: Overflow,

    /// What to fsync: none, rotate, batch
    ///
    /// none: nothing. rotate: a rotated log, and a compressed backup before its plain file is
    /// removed. batch: every line too.
    #[arg(long, value_name = "WHAT", default_value_t = SyncWhat::Rotate,
          hide_possible_values = true, hide_short_help = true, value_enum,
          help_heading = "Waiting and limits")]
    pub(crate) sync: SyncWhat,

    /// Give up after waiting TIME for the lock: 5s, 2m
    ///
    /// The lines read by then go to standard error, and the exit status is 1. By default there is
    /// no limit.
    #[arg(long, value_name = "TIME", value_parser = time, hide_short_help = true,
          help_heading = "Waiting and limits")]
    pub(crate) lock_timeout: Option<Duration>,

    /// How long to go on after TERM
    ///
    /// In this time, what the pipe still holds goes into LOG. Lines that are not in LOG by then go
    /// to standard error, and the exit status is 1. This is also how long the output of COMMAND is
    /// read if another process holds it open after COMMAND has ended.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time,
          hide_short_help = true, help_heading = "Waiting and limits")]
    pub(crate) drain_timeout: Duration,

    /// Where the lock file lives, if not beside LOG
    ///
    /// A missing directory is created, with its parents. All writers of LOG must use the same one
    /// (in Python: lock_file_directory).
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    pub(crate) lock_dir: Option<PathBuf>,

    /// Create LOG's missing parent directories
    ///
    /// Without it, a missing directory is an error.
    #[arg(long, hide_short_help = true, help_heading = "Files")]
    pub(crate) mkdir: bool,

    #[command(flatten, next_help_heading = "Files")]
    pub(crate) files: Files,
    #[command(flatten, next_help_heading = "Settings")]
    pub(crate) configured: Configured,
}

/// A smaller limit is a fault to --status too.
const SMALL: u64 = 64 * 1024;

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

pub(crate) enum Mode<'a> {
    Append,
    Read,
    Status,
    Repair,
    Rotate,
    PrintConfig(&'a str),
}

/// How a writer keeps its log, as far as its command line says so.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) max_bytes: Option<u64>,
    pub(crate) backups: Option<u64>,
    /// As it is meant, and as it was written.
    pub(crate) when: Option<(Schedule, String)>,
}

impl Kept {
    /// Returns what these arguments of another process say, if it is a program like this.
    pub(crate) fn by(arguments: &[Vec<u8>]) -> Option<Self> {
        let texts = arguments.iter().map(|text| String::from_utf8_lossy(text).into_owned());
        let program = arguments.first()?.rsplit(|byte| *byte == b'/').next()?;
        if program != env!("CARGO_PKG_NAME").as_bytes() {
            return None;
        }
        let mut matches = config::with_values(Cli::command()).try_get_matches_from(texts).ok()?;
        let typed = |id| modes::is_typed(&matches, id);
        let (max_bytes, units) = (typed("max_bytes"), ["when", "interval", "at_time", "utc"]);
        let units = units.map(|id| matches.get_raw(id).into_iter().flatten().collect::<Vec<_>>());
        let when = units.concat().join(OsStr::new(" ")).to_string_lossy().into_owned();
        let cli = Cli::from_arg_matches_mut(&mut matches).ok()?;
        Some(Self {
            max_bytes: Some(cli.max_bytes).filter(|_| max_bytes),
            backups: cli.backups,
            when: cli.timed.schedule().map(|schedule| (schedule, when)),
        })
    }
}

impl Cli {
    /// Reads command line, environment and file. An error may also be help or the version.
    pub(crate) fn read(report: &Report) -> Result<Self, clap::Error> {
        let (mut matches, shown) = config::read(report)?;
        let may_cut = modes::is_typed(&matches, "backups");
        let given_size = matches.get_raw("max_bytes").and_then(|mut given| given.next_back());
        let may_be_small = given_size.is_some_and(values::is_in_bytes);
        let fault = modes::fault(&matches);
        let gzip = modes::is_implied(&matches, "gzip");
        let strips = modes::is_typed(&matches, "strip_ansi");
        let rules = Rules::of(&matches, matches.get_flag("read"));
        let mut cli = Self::from_arg_matches_mut(&mut matches)?;
        if let Some(fault) = fault.or_else(|| values::fault_of_log(&cli.log)) {
            return Err(Self::command().error(ErrorKind::ArgumentConflict, fault));
        }
        cli.configured.shown = shown;
        (cli.timed.may_cut, cli.timed.may_be_small) = (may_cut, may_be_small);
        cli.gzip |= gzip;
        cli.transforming.rules = rules;
        cli.transforming.utc = cli.timed.utc;
        if cli.reading.read {
            cli.transforming.forget_how_lines_are_written(strips);
        }
        if cli.running.command.is_empty() {
            // From the environment or a file, they have no effect.
            let Running { quiet_ok, keep_going, markers, .. } = &mut cli.running;
            (*quiet_ok, *keep_going, *markers) = (false, false, false);
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
        let (user, group) = self.files.owner.unzip();
        Options::default()
            .max_bytes(self.max_bytes)
            .backups(self.backups)
            .gzip(self.gzip.then_some(self.gzip_level))
            .schedule(self.timed.schedule())
            .lock_dir(self.lock_dir.clone())
            .create_dir(self.mkdir)
            .mode(self.files.mode())
            .owner(user, group.flatten())
            .sync(sync)
            .report_rotations(self.timed.on_rotate.is_some())
    }

    fn warn_of_zone(&self, report: &Report) {
        let stamped = matches!(self.transforming.timestamp, Some(Format::Pattern(_)));
        let local = !self.timed.utc && (stamped || self.timed.when.is_some());
        if (local || self.reading.since.is_some() && !self.timed.utc)
            && let Some(name) = Zone::misnamed()
        {
            report.warn(&format!("TZ='{}' names no time zone; using UTC", Escaped::text(&name)));
        }
    }

    /// Warns of a limit that keeps hardly any lines: it may be meant in K or M.
    pub(crate) fn warn_of_small_limit(&self, report: &Report) {
        let (bytes, backups) = (self.max_bytes, self.backups);
        let keeps_all = self.timed.when.is_some() && backups == Some(0);
        let is_rotated = self.log.metadata().map_or(true, |log| log.is_file());
        let is_small = (1..SMALL).contains(&bytes) && !self.timed.may_be_small;
        if is_small && is_rotated && !keeps_all {
            let all = bytes.saturating_mul(backups.unwrap_or(5).saturating_add(1));
            report.warn(&format!(
                "--max-bytes is only {}: '{}' and its backups hold {} in all; give it \
                 in K or M, or as {bytes}B if that is meant",
                counted(bytes, "byte"),
                report.path(&self.log),
                size_of(all)
            ));
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

pub(crate) fn answer(answer: &clap::Error, report: &Report) -> Status {
    if answer.use_stderr() {
        report.say(&tips::message(answer));
        return Status::Usage;
    }
    let text = match answer.kind() {
        // With -h, clap renders the headings too, which do not fit on one screen.
        ErrorKind::DisplayHelp if !answer.to_string().contains("with '-h'") => short_help(),
        _ => answer.render(),
    };
    match page(&text.ansi().to_string()) {
        Ok(()) => Status::AllIn,
        Err(error) => {
            report.failure(&error);
            Status::Lost
        }
    }
}

fn short_help() -> StyledStr {
    Cli::command().mut_args(|arg| arg.help_heading(None::<&str>)).render_help()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_help_fits_one_screen() {
        let help = short_help().to_string();
        assert!(help.lines().count() <= 24, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 79), "{help}");
    }
}
