//! An option about what follows a rotation.

use std::ffi::OsString;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Rotating {
    /// Run this after each rotation, with the backup's path
    ///
    /// COMMAND is one program, with no arguments of its own: no shell reads it and it is not split
    /// at spaces. It runs beside the flow of lines once the lock has been let go, one at a time,
    /// with the path of the backup that we have just made as its only argument. What it prints goes
    /// to standard error. A COMMAND that is not there is refused at the start; if it fails, that is
    /// a warning. At the end it is waited for no longer than --drain-timeout.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(crate) on_rotate: Option<OsString>,
}
