//! Our children: those that we start, and those that we inherit as the first process of a container
//! or from a shell that became us.
//!
//! Every reaper reaps all children: the first thread on CHLD, another thread when the program that
//! it waits for has ended. The exit status of our own children is kept until it is asked for. A
//! program may end before it is known as ours, and `Command` itself reaps a child that cannot
//! `exec`; so nothing is reaped while a program is being started. The first thread does not wait
//! for that, because it gets another CHLD afterwards.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, TryLockError};

use nix::libc::{SIGCHLD, SIGPIPE};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::kernel::with_first_mask;
use super::raw;
use crate::sys::lock;

static OURS: Mutex<BTreeMap<u32, Fate>> = Mutex::new(BTreeMap::new());

/// Locked while a program is being started or children are being reaped.
static STARTING: Mutex<()> = Mutex::new(());

#[derive(Clone, Copy)]
pub(super) enum Fate {
    Runs,
    Stopped(i32),
    Ended(ExitStatus),
}

/// Starts `command` with the same signals blocked and ignored as when we started.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    // We, or Rust's runtime, have changed these.
    let ignored: Vec<i32> =
        [SIGPIPE, SIGCHLD].into_iter().filter(|signal| raw::is_ignored(*signal)).collect();
    if !ignored.is_empty() {
        raw::start_ignoring(command, ignored);
    }
    let starting = lock(&STARTING);
    let child = with_first_mask(|| command.spawn())?;
    if let Ok(child) = &child {
        lock(&OURS).insert(child.id(), Fate::Runs);
    }
    drop(starting);
    remind();
    child
}

/// Makes the first thread reap, because it may have found `STARTING` locked.
fn remind() {
    // This can only fail if we are gone.
    kill(Pid::this(), Signal::SIGCHLD).unwrap_or_default();
}

pub(crate) fn reap() {
    let _starting = match STARTING.try_lock() {
        Err(TryLockError::WouldBlock) => return,
        starting => starting,
    };
    reap_all();
}

fn reap_all() {
    let mut ours = lock(&OURS);
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

pub(super) fn fate(pid: u32) -> Fate {
    lock(&OURS).get(&pid).copied().unwrap_or(Fate::Runs)
}

/// Waits until a child has ended. Not for the first thread.
pub(super) fn wait(pid: u32) -> ExitStatus {
    loop {
        raw::await_end(pid);
        let starting = lock(&STARTING);
        reap_all();
        drop(starting);
        remind();
        if let Fate::Ended(status) = fate(pid) {
            lock(&OURS).remove(&pid);
            return status;
        }
    }
}
