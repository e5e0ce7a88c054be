//! The modes that look at a log, repair it and rotate it.

use clap::Args;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Looking {
    /// Show LOG, its backups and what is wrong, and end
    ///
    /// Nothing is changed. Give --max-bytes, --backups, --when and --lock-dir as the writers of LOG
    /// have them. The exit status is 0 if nothing is wrong, and 1 if something is.
    #[arg(long, group = "mode", conflicts_with = "command")]
    pub(crate) status: bool,

    /// With --status: as JSON, for programs
    ///
    /// docs/status.schema.json says what is in it.
    #[arg(long, hide_short_help = true)]
    pub(crate) json: bool,

    /// With --status: count lines, and inflate every backup
    ///
    /// Whether a compressed backup is whole is known for sure only by this.
    #[arg(long, hide_short_help = true)]
    pub(crate) count: bool,

    /// Mend what dead writers left, say what was done, and end
    ///
    /// It is what the next writer does before its first line. Give --backups,
    /// --gzip and --when as the writers have them. The exit status is 1 if something
    /// could not be mended or there is no such log.
    #[arg(long, group = "mode", conflicts_with = "command", hide_short_help = true)]
    pub(crate) repair: bool,

    /// Rotate LOG now, if it is not empty, and end
    ///
    /// Give --backups, --gzip and --when as the writers have them. They go on in the new log by
    /// themselves. Nothing is said if it has worked. The exit status is 0 too if there is nothing
    /// to rotate, which is said, and 1 if it cannot be done or there is no such log.
    #[arg(long, group = "mode", conflicts_with = "command", hide_short_help = true)]
    pub(crate) rotate: bool,
}
