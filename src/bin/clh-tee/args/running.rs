//! Options about COMMAND.

use std::ffi::OsString;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Running {
    /// With COMMAND: print its output only if it fails
    ///
    /// Its output is kept back, in a temporary file if it is more than a mebibyte. If the exit
    /// status is not 0, it is printed at the end, in the order in which it was read and to the
    /// stream that it came from, with -q too.
    #[arg(long)]
    pub(crate) quiet_ok: bool,

    /// With COMMAND: run it even if LOG cannot be opened
    ///
    /// That is told, and its output goes to the echo only, with -q too.
    #[arg(long, hide_short_help = true)]
    pub(crate) keep_going: bool,

    /// With COMMAND: note in LOG when it starts and ends
    ///
    /// The second line says with which status it ended, and after how long.
    /// Neither is part of the echo.
    #[arg(long, hide_short_help = true)]
    pub(crate) markers: bool,

    /// Run this, and read its output instead of standard input
    ///
    /// Its standard output and its standard error go into LOG, and each is
    /// copied to ours. No shell is involved.
    #[arg(value_name = "COMMAND", last = true, num_args = 1.., hide_short_help = true)]
    pub(crate) command: Vec<OsString>,
}

impl Running {
    pub(crate) fn is_asked_for(&self) -> bool {
        !self.command.is_empty()
    }
}
