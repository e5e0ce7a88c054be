//! Our children: those that we start, and those that we inherit as the first
//! process of a container, or from a shell that became us.
//!
//! Whoever reaps reaps all of them: the first thread whenever CHLD comes in, another
//! when the program that it waits for has ended. How the ones that we started ended
//! is kept until it is asked for. A program may end before it is known as ours, and
//! `Command` itself reaps what it cannot `exec`; so nothing is reaped while a
//! program is being started. The first thread does not wait for that: it gets
//! another CHLD when it is over.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use nix::libc::{SIGCHLD, SIGPIPE};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::kernel::with_first_mask;
use super::raw;

/// The children that we started, and what is known of them.
static OURS: Mutex<BTreeMap<u32, Fate>> = Mutex::new(BTreeMap::new());

/// Is held while a program is being started, or children are reaped.
static STARTING: Mutex<()> = Mutex::new(());

#[derive(Clone, Copy)]
pub(super) enum Fate {
    Runs,
    Stopped(i32),
    Ended(ExitStatus),
}

/// Starts `command` with the signals blocked and ignored that were so when we
/// began.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    // What we, or Rust's runtime, have set differently.
    let ignored: Vec<i32> =
        [SIGPIPE, SIGCHLD].into_iter().filter(|signal| raw::is_ignored(*signal)).collect();
    if !ignored.is_empty() {
        raw::start_ignoring(command, ignored);
    }
    let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let child = with_first_mask(|| command.spawn())?;
    if let Ok(child) = &child {
        ours().insert(child.id(), Fate::Runs);
    }
    drop(starting);
    remind();
    child
}

/// Has the first thread look at our children, which it may have found locked.
fn remind() {
    // Can only fail if we are gone.
    kill(Pid::this(), Signal::SIGCHLD).unwrap_or_default();
}

/// Takes note of all children that have ended, stopped or gone on.
pub(crate) fn reap() {
    let _starting = match STARTING.try_lock() {
        Err(TryLockError::WouldBlock) => return,
        starting => starting,
    };
    reap_all();
}

fn reap_all() {
    let mut ours = ours();
    while let Some((pid, status)) = raw::any_child() {
        if let Some(fate) = ours.get_mut(&pid) {
            *fate = match status.stopped_signal() {
                _ if status.continued() => Fate::Runs,
                Some(signal) => Fate::Stopped(signal),
                None => Fate::Ended(status),
            };
        }
    }
}

/// Returns what is known of a child of ours.
pub(super) fn fate(pid: u32) -> Fate {
    ours().get(&pid).copied().unwrap_or(Fate::Runs)
}

/// Waits in another thread than the first until a child has ended.
pub(super) fn wait(pid: u32) -> ExitStatus {
    loop {
        raw::await_end(pid);
        let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        reap_all();
        drop(starting);
        remind();
        if let Fate::Ended(status) = fate(pid) {
            ours().remove(&pid);
            return status;
        }
    }
}

fn ours() -> MutexGuard<'static, BTreeMap<u32, Fate>> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}
