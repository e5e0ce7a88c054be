//! Signals, which the first thread polls for.

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

/// The signals caught without a command. XFSZ is caught only so that it does not kill us: a write
/// beyond the file size limit then fails as on a full disk.
const WITHOUT_COMMAND: [i32; 8] =
    [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGUSR2, SIGXFSZ, SIGCHLD];

/// A set of signals, one bit each.
pub(super) type Set = u64;

pub(super) fn bit(signal: i32) -> Set {
    1 << (signal - 1)
}

pub(crate) fn outlive_file_limit() {
    // If XFSZ cannot be caught, it kills as before.
    drop(signal_hook::flag::register(SIGXFSZ, Arc::default()));
}

pub(crate) struct Signals(Delivery);

impl Signals {
    /// Catches the signals that matter without a command; with a command all, to pass them on. Call
    /// this before any thread is started.
    pub(crate) fn catch(with_command: bool) -> io::Result<Self> {
        let few = || WITHOUT_COMMAND.into_iter().map(bit).sum();
        let delivery = Delivery::open(if with_command { !0 } else { few() })?;
        // If it is ignored, the system keeps no exit status for us.
        if raw::is_ignored(SIGCHLD) {
            raw::set_default(SIGCHLD);
        }
        Ok(Self(delivery))
    }

    pub(crate) fn awaited(&self) -> impl Iterator<Item = Awaited<'_>> {
        std::iter::once(more(self.0.fd()))
    }

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

/// Returns what made the kernel send a signal: the terminal, or else a timer or a limit.
pub(super) fn kernel_sender(signal: i32) -> Sender {
    let keys = [SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH];
    if keys.contains(&signal) { Sender::Terminal } else { Sender::Process }
}

/// Dies of `signal`, but without a core file, which would be ours. The first process of a container
/// survives that and ends with the status that a shell would show.
pub(crate) fn end_by(signal: i32) -> ExitCode {
    kernel::leave_no_core();
    raw::set_default(signal);
    let died = kernel::unblocked(signal, || raise(signal));
    // We are still alive, for whatever reason.
    drop(died);
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

pub(crate) fn stop(signal: i32) {
    let signal = if raw::is_ignored(signal) { SIGSTOP } else { signal };
    // If that fails, we continue.
    drop(kernel::unblocked(signal, || raise(signal)));
}

/// Returns whether we lead our session; then only we get the signal for the end of the terminal.
pub(super) fn leads_session() -> bool {
    nix::unistd::getsid(None).is_ok_and(|leader| leader.as_raw().cast_unsigned() == process::id())
}
