//! What differs between systems, behind the same names on all of them.
//!
//! ```text
//!   waiting    Awaited, wait, Waker      poll             │ a bell that threads ring
//!   streams    Input, Output, Stdout     descriptors      │ a thread for each
//!   signals    Signals, end_by, stop     signalfd         │ tokio
//!   process    Process, run_apart, reap  fork, SIGCHLD    │ a thread that waits
//!   files      umask, owners, settings   nix              │ refused, or the environment's
//! ```
//!
//! Only `unix` and `windows` use one system's calls, and the crates for them. Many
//! things can be [awaited](Awaited) at once; using one that is ready never waits.

mod request;
mod stream;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

pub(crate) use self::request::{Caught, Request, Sender};
pub(crate) use self::stream::Stream;
pub(crate) use self::system::files::{
    NAMES_HAVE_CASE, NO_OWNERS, NOWHERE, OF_THE_SYSTEM, Umask, group_id, host, is_trusted,
    of_the_user, plain, raise_limit, set_umask, user, user_id, user_name, without,
};
pub(crate) use self::system::process::{
    Process, is_program, killed_by, reap, run_apart, signal_name,
};
pub(crate) use self::system::signals::{Signals, end_by, outlive_file_limit, stop};
pub(crate) use self::system::streams::{
    AT_ONCE, Input, Output, Stdout, end_with, is_standard, is_standard_input, say,
};
pub(crate) use self::system::waiting::{
    Awaited, Waker, Woken, is_ready, is_ready_within, wait, waker,
};

/// Our ends of the standard output and standard error of a command.
pub(crate) type Outputs = [Option<Input>; 2];

/// The size of a read, in bytes.
pub(crate) const READ: usize = 256 * 1024;
