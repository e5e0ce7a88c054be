//! Options for COMMAND.

use std::ffi::OsString;

use clap::Args;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Running {
    /// With COMMAND: print its output only if it fails
    ///
    /// The output is held back, in a temporary file beyond 1 MiB. If the exit status is not 0, it
    /// is printed at the end, in the order in which it was read and to the stream that it came
    /// from, even with -q.
    #[arg(long)]
    pub(crate) quiet_ok: bool,

    /// With COMMAND: its whole output is one record
    ///
    /// The record goes into LOG when COMMAND ends, even by a signal. Until then it is kept
    /// in memory, beyond 1 MiB in a temporary file. So the outputs of jobs that run at the same
    /// time are not mixed. The copy does not wait. With --timestamp, all lines have the time of the
    /// first one. With --format json, each line is a separate object.
    #[arg(long, hide_short_help = true)]
    pub(crate) group: bool,

    /// With COMMAND: run it even if LOG cannot be opened
    ///
    /// This is reported, and the output goes to the screen only, even with -q.
    #[arg(long, hide_short_help = true)]
    pub(crate) keep_going: bool,

    /// With COMMAND: note in LOG when it starts and ends
    ///
    /// The second line has its exit status and how long it took. Neither line is copied to standard
    /// output.
    #[arg(long, hide_short_help = true)]
    pub(crate) markers: bool,

    /// Run this, and read its output instead of standard input
    ///
    /// Its standard output and standard error go into LOG, and are copied to those of clh-tee. No
    /// shell is involved.
    #[arg(value_name = "COMMAND", last = true, num_args = 1.., hide_short_help = true)]
    pub(crate) command: Vec<OsString>,
}

impl Running {
    pub(crate) fn is_asked_for(&self) -> bool {
        !self.command.is_empty()
    }
}
