//! Signals, as something that can be polled for.

use std::io;
use std::process::{self, ExitCode};
use std::sync::Arc;

use nix::libc::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN,
    SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH, SIGXFSZ,
};
use signal_hook::low_level::raise;

use super::kernel::{self, Delivery};
use super::raw;
use super::waiting::{Awaited, more};
use crate::sys::{Caught, Request, Sender};

/// What is caught if there is no command.
///
/// XFSZ is caught only so that it does not kill: a write beyond the limit for
/// the size of files then fails like one to a full disk.
const WITHOUT_COMMAND: [i32; 8] =
    [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGUSR2, SIGXFSZ, SIGCHLD];

/// A set of signals, a bit for each.
pub(super) type Set = u64;

/// Returns the bit of a signal.
pub(super) fn bit(signal: i32) -> Set {
    1 << (signal - 1)
}

/// Lets a write beyond the limit on the size of files fail, and not kill us.
pub(crate) fn outlive_file_limit() {
    // Where XFSZ cannot be caught, it kills as before.
    drop(signal_hook::flag::register(SIGXFSZ, Arc::default()));
}

/// The signals that have come in.
pub(crate) struct Signals(Delivery);

impl Signals {
    /// Catches the signals that matter without a command, from now on. Every
    /// thread should be started after that.
    pub(crate) fn catch() -> io::Result<Self> {
        Self::catch_these(WITHOUT_COMMAND.into_iter().map(bit).sum())
    }

    /// Catches all that can be caught: they are for the command.
    pub(crate) fn catch_for_command() -> io::Result<Self> {
        Self::catch_these(!0)
    }

    fn catch_these(set: Set) -> io::Result<Self> {
        let delivery = Delivery::open(set)?;
        // If it is ignored, the system keeps no status for us.
        if raw::is_ignored(SIGCHLD) {
            raw::set_default(SIGCHLD);
        }
        Ok(Self(delivery))
    }

    /// Returns what is ready when a signal has come in.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = Awaited<'_>> {
        std::iter::once(more(self.0.fd()))
    }

    /// Returns the signals since the last call.
    pub(crate) fn caught(&mut self) -> Vec<Caught> {
        self.0.pending().into_iter().map(|(signal, sender)| caught(signal, sender)).collect()
    }
}

fn caught(signal: i32, sender: Sender) -> Caught {
    let request = match signal {
        SIGINT => Request::Interrupt,
        SIGQUIT => Request::Quit,
        SIGTERM => Request::Terminate,
        SIGHUP => Request::HangUp,
        SIGUSR1 => Request::Flush,
        SIGALRM | SIGUSR2 => Request::Rotate,
        SIGTSTP | SIGTTIN | SIGTTOU => Request::Stop,
        SIGCONT => Request::Continue,
        SIGCHLD => Request::Child,
        _ => Request::Other,
    };
    let ignored = request != Request::Child && raw::is_ignored(signal);
    Caught { request, sender, number: Some(signal), ignored }
}

/// Returns where a signal comes from that the kernel sent: from the terminal,
/// unless it is one that timers and limits send.
pub(super) fn kernel_sender(signal: i32) -> Sender {
    match signal {
        SIGINT | SIGQUIT | SIGHUP | SIGTSTP | SIGTTIN | SIGTTOU | SIGCONT | SIGWINCH => {
            Sender::Terminal
        }
        _ => Sender::Process,
    }
}

/// Ends as a process ends that `signal` kills, but without a core file: that
/// would be ours. The first process of a container is not killed by any; it ends
/// with the status that a shell would show.
pub(crate) fn end_by(signal: i32) -> ExitCode {
    kernel::leave_no_core();
    raw::set_default(signal);
    let died = kernel::unblocked(signal, || raise(signal));
    // It did not, whatever the reason.
    drop(died);
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

/// Stops as a process does that gets `signal`, until it is continued.
pub(crate) fn stop(signal: i32) {
    let signal = if raw::is_ignored(signal) { SIGSTOP } else { signal };
    // If it cannot be done, we go on.
    drop(kernel::unblocked(signal, || raise(signal)));
}

/// Returns true if we lead our session: then the terminal's end is sent to us
/// alone.
pub(super) fn leads_session() -> bool {
    nix::unistd::getsid(None).is_ok_and(|leader| leader.as_raw().cast_unsigned() == process::id())
}
