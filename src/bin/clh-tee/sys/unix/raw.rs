//! System calls for which no crate has a safe interface: the program's only `unsafe`.
//!
//! - What is ignored: nix asks `sigaction` only by setting it. In `main` it is too
//!   late to ask about PIPE, which Rust's runtime ignores.
//! - Signals without a name (RTMIN and up): nix can neither send them, nor block
//!   them, nor report that a child has died of one.
//!
//! Each call gets numbers, and pointers to our own values, which outlive it.
#![expect(unsafe_code, reason = "see above")]

#[cfg(target_os = "linux")]
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::libc::{self, SIG_DFL, SIG_IGN, SIGCHLD, SIGPIPE, c_int};

/// Whether PIPE and CHLD were ignored before Rust's runtime and we set them.
static WERE_IGNORED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];

// SAFETY: the section holds pointers to functions without arguments, which the
// C library calls before `main`. This one uses nothing that needs Rust's runtime.
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn look() {
        for (were_ignored, signal) in WERE_IGNORED.iter().zip([SIGPIPE, SIGCHLD]) {
            were_ignored.store(ignores(signal), Ordering::Relaxed);
        }
    }
    look
};

/// Returns true if a signal was ignored when the program began.
pub(super) fn is_ignored(signal: c_int) -> bool {
    match signal {
        SIGPIPE => WERE_IGNORED[0].load(Ordering::Relaxed),
        SIGCHLD => WERE_IGNORED[1].load(Ordering::Relaxed),
        _ => ignores(signal),
    }
}

fn ignores(signal: c_int) -> bool {
    // SAFETY: all zeros are a valid `sigaction`; with a null pointer for the new
    // one, the call only fills it in.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, ptr::null(), &raw mut now) == 0 && now.sa_sigaction == SIG_IGN
    }
}

pub(super) fn set_default(signal: c_int) {
    // SAFETY: no handler is installed.
    unsafe { libc::signal(signal, SIG_DFL) };
}

/// Makes `command` begin with `signals` ignored.
pub(super) fn start_ignoring(command: &mut Command, signals: Vec<c_int>) {
    let ignore = move || {
        for signal in &signals {
            // SAFETY: no handler is installed.
            unsafe { libc::signal(*signal, SIG_IGN) };
        }
        Ok(())
    };
    // SAFETY: between fork and exec it calls `signal` alone, which is
    // async-signal-safe, and allocates nothing.
    unsafe { command.pre_exec(ignore) };
}

pub(super) fn send(pid: i32, signal: c_int) -> Result<(), Errno> {
    // SAFETY: `kill` touches no memory of ours.
    Errno::result(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Returns a child that has ended, stopped or continued and was not yet reported.
pub(super) fn any_child() -> Option<(u32, ExitStatus)> {
    let mut status = 0;
    let flags = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED;
    // SAFETY: the call only fills in `status`.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
    let pid = u32::try_from(pid).ok().filter(|pid| *pid > 0)?;
    Some((pid, ExitStatus::from_raw(status)))
}

/// Waits until a child has ended, without reaping it; returns at once if it was reaped.
pub(super) fn await_end(pid: u32) {
    let flags = libc::WEXITED | libc::WNOWAIT;
    loop {
        // SAFETY: all zeros are a valid `siginfo_t`, and the call only fills it in.
        let done = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(libc::P_PID, pid, &raw mut info, flags)
        };
        if done == 0 || Errno::last() != Errno::EINTR {
            return;
        }
    }
}

/// The size of the kernel's set of signals, in bytes.
#[cfg(target_os = "linux")]
const SET: usize = size_of::<u64>();

/// Blocks (`SIG_BLOCK`), unblocks or replaces signals of this thread, also the C
/// library's own; returns those that were blocked before.
#[cfg(target_os = "linux")]
pub(super) fn mask(how: c_int, set: u64) -> io::Result<u64> {
    let mut before = 0_u64;
    // SAFETY: the call reads `set` and fills in `before`, each of `SET` bytes.
    let done = unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, how, &raw const set, &raw mut before, SET)
    };
    Errno::result(done)?;
    Ok(before)
}

/// Returns a descriptor to read the signals of `set` from.
#[cfg(target_os = "linux")]
pub(super) fn signal_fd(set: u64) -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::{FromRawFd, OwnedFd};
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: the call reads `set`, of `SET` bytes; what it returns belongs to nobody else.
    unsafe {
        let fd = libc::syscall(libc::SYS_signalfd4, -1, &raw const set, SET, flags);
        let fd = c_int::try_from(Errno::result(fd)?).map_err(io::Error::other)?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}
