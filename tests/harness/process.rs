//! A run as a Unix process: signals, children, and what `/proc` shows of it.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::program::PATIENCE;
use super::{Running, Tee, until};

impl Tee {
    /// Runs the program as an unprivileged user if the test runs as root.
    ///
    /// It copies the program into the directory, because cargo's own may be where that user cannot
    /// reach it.
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
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"))
    }

    /// Sends a signal and does not wait.
    pub(crate) fn kill(&self, signal: Signal) {
        kill(self.pid(), signal).expect("send a signal");
    }

    /// Sends a signal that the program handles and waits until it has arrived: two pending signals
    /// of one kind would count as one.
    pub(crate) fn signal(&self, signal: Signal) {
        let bit = 1_u64 << (signal as i32 - 1);
        let among = |masks: &[&str]| masks.iter().any(|m| self.mask(m) & bit != 0);
        until(PATIENCE, "the program takes the signal", || among(&["SigBlk:"]));
        self.kill(signal);
        until(PATIENCE, "the signal is delivered", || !among(&["SigPnd:", "ShdPnd:"]));
    }

    /// Waits until the program has opened its log and is about to wait for input. It blocks signals
    /// after the one and before the other.
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

    /// Returns the peak of its memory in KiB, from `/proc`.
    pub(crate) fn peak_memory(&self) -> u64 {
        let text = self.proc_status("VmHWM:").expect("the program still runs");
        text.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
    }

    /// Returns the value of `name` in its `/proc/PID/status`.
    fn proc_status(&self, name: &str) -> Option<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned)
    }

    /// Waits until it has no child, not even a zombie.
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
