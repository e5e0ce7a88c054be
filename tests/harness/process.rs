//! What the tests do with a run as a process of Unix's: signals, its children,
//! and what `/proc` says of it.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::program::PATIENCE;
use super::{Running, Tee, until};

impl Tee {
    /// Runs it as a user without rights, should the test have root's.
    ///
    /// The program is copied into the directory, for the one that cargo made
    /// may lie where nobody can go.
    pub(crate) fn without_rights(mut self) -> Self {
        if geteuid().is_root() {
            let copy = self.dir.join("program");
            fs::copy(&self.program, &copy).expect("copy the program");
            self.program = copy;
            self.nobody = true;
        }
        self
    }
}

impl Running {
    /// Returns its process id.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"))
    }

    /// Sends a signal, and nothing else.
    pub(crate) fn kill(&self, signal: Signal) {
        kill(self.pid(), signal).expect("send a signal");
    }

    /// Sends a signal that the program takes, which it blocks for that, and waits
    /// until it has it, since two alike that wait are one.
    pub(crate) fn signal(&self, signal: Signal) {
        let bit = 1_u64 << (signal as i32 - 1);
        let among = |masks: &[&str]| masks.iter().any(|m| self.mask(m) & bit != 0);
        until(PATIENCE, "the program takes the signal", || among(&["SigBlk:"]));
        self.kill(signal);
        until(PATIENCE, "the signal is delivered", || !among(&["SigPnd:", "ShdPnd:"]));
    }

    /// Waits until it has opened its log and is about to wait for its input:
    /// after the one and before the other it blocks signals.
    pub(crate) fn until_ready(&mut self) {
        let term = 1_u64 << (Signal::SIGTERM as i32 - 1);
        until(PATIENCE, "the program has started", || {
            self.mask("SigBlk:") & term != 0 || !self.alive()
        });
    }

    /// Returns one of the signal masks of its main thread.
    fn mask(&self, name: &str) -> u64 {
        let text = self.proc_status(name).unwrap_or_default();
        u64::from_str_radix(text.trim(), 16).unwrap_or(0)
    }

    /// Returns what `/proc` says of its memory's peak, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let text = self.proc_status("VmHWM:").expect("the program still runs");
        text.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
    }

    /// Returns what follows `name` in its `/proc/PID/status`.
    fn proc_status(&self, name: &str) -> Option<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned)
    }

    /// Waits until it has no child, not even one that is dead.
    pub(crate) fn until_childless(&self) {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let no_child = || fs::read_to_string(&children).is_ok_and(|pids| pids.is_empty());
        until(PATIENCE, "no child is left", no_child);
    }

    /// Returns the process id of its only child.
    pub(crate) fn only_child(&self) -> Pid {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = fs::read_to_string(children).expect("list its children");
        Pid::from_raw(children.trim().parse().expect("one process id"))
    }
}
