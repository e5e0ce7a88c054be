//! The command line.

mod capped;
mod config;
mod files;
#[cfg(test)]
mod generated;
mod given;
mod modes;
mod records;
mod routing;
mod running;
mod timed;
mod tips;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use clh_tee::{Options, SyncPolicy};

use self::capped::Capped;
use self::config::Configured;
use self::files::Files;
pub(crate) use self::given::Kept;
use self::modes::{Looking, Reading};
use self::records::Records;
use self::routing::Routing;
pub(crate) use self::running::Running;
use self::timed::Timed;
use self::values::{count, length, level, size, time};
use crate::messages::{Report, Status, page};
use crate::transform::Settings;

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
    /// many as exist already; with --max-total or --max-age, all that these leave. With 0, LOG is
    /// emptied when it is full; with --when, all are kept.
    #[arg(long, value_name = "N", alias = "backup-count", value_parser = count,
          help_heading = "Rotation")]
    pub(crate) backups: Option<u64>,

    #[command(flatten, next_help_heading = "Rotation")]
    pub(crate) capped: Capped,

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

    #[command(flatten, next_help_heading = "Input and output")]
    pub(crate) records: Records,

    /// Print statistics at the end, on standard error
    ///
    /// These are the lines, bytes, batches and rotations, the longest wait for the lock, and the
    /// lines dropped or cut.
    #[arg(long, hide_short_help = true, help_heading = "Input and output")]
    pub(crate) stats: bool,

    /// Print a newline when ready, and one after each flush
    ///
    /// This is for a program that starts clh-tee and wants to know when its lines are in LOG: it
    /// sends USR1 and waits for the newline on standard output. Such a flush does not fsync, and a
    /// partial line waits for its end. There can be no further logs.
    #[arg(long, requires = "quiet", conflicts_with_all = ["copy", "divert"],
          hide_short_help = true, help_heading = "Input and output")]
    pub(crate) acknowledge: bool,

    #[command(flatten, next_help_heading = "Transforming lines")]
    pub(crate) transforming: Settings,
    #[command(flatten, next_help_heading = "Several logs")]
    pub(crate) routing: Routing,
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

impl Cli {
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
            .max_total(self.capped.max_total)
            .max_age(self.capped.max_age)
            .gzip(self.gzip.then_some(self.gzip_level))
            .schedule(self.timed.schedule())
            .lock_dir(self.lock_dir.clone())
            .create_dir(self.mkdir)
            .mode(self.files.mode())
            .owner(user, group.flatten())
            .sync(sync)
            .report_rotations(self.timed.on_rotate.is_some())
            .longest_record(self.longest_record())
    }
}

pub(crate) fn answer(answer: &clap::Error, report: &Report) -> Status {
    if answer.use_stderr() {
        report.say(&tips::message(answer));
        return Status::Usage;
    }
    let text = match answer.kind() {
        // With -h, clap also prints the headings of groups, which do not fit on one screen.
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
