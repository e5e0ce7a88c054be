//! strace, attached to a running program that waits for its input. It records the system calls that
//! follow, and kills or disturbs the program at any of them.
//!
//! strace counts calls per thread and per name from the moment it attaches, but it injects by name
//! and number only, so it hits the first thread that gets there. Where that would be the wrong
//! thread, strace is limited to calls about one path.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::unistd::Pid;

/// Calls that can change what is on disk or sync it.
const CHANGING: [&str; 39] = [
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "sendfile",
    "copy_file_range",
    "splice",
    "open",
    "openat",
    "openat2",
    "creat",
    "mknod",
    "mknodat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "truncate",
    "ftruncate",
    "fallocate",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchownat",
    "fchown",
    "utimensat",
    "fsetxattr",
    "fremovexattr",
    "fsync",
    "fdatasync",
];

/// Calls about files that change nothing. A call that is in neither list fails the test, and
/// belongs into one of them.
const LOOKING: [&str; 29] = [
    "read",
    "readv",
    "pread64",
    "close",
    "stat",
    "lstat",
    "fstat",
    "newfstatat",
    "statx",
    "fgetxattr",
    "lgetxattr",
    "statfs",
    "fstatfs",
    "lseek",
    "getdents64",
    "fcntl",
    "ioctl",
    "flock",
    "poll",
    "signalfd4",
    "ppoll",
    "dup",
    "access",
    "faccessat2",
    "readlink",
    "mmap",
    "getcwd",
    "recvfrom",
    "sendto",
];

/// One system call of a recorded run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The thread, numbered in order of appearance.
    pub(crate) thread: usize,
    pub(crate) name: String,
    /// The number of this call among those of its name in its thread, from 1.
    pub(crate) number: usize,
    /// Its arguments as strace shows them.
    pub(crate) args: String,
    /// What it returned, if it returned.
    pub(crate) result: Option<i64>,
    /// Whether strace tampered with it.
    pub(crate) injected: bool,
}

impl Call {
    /// Returns whether it can change anything on disk.
    pub(crate) fn changes(&self) -> bool {
        let file = self.args.contains("</") && !self.args.contains("</dev/");
        match self.name.as_str() {
            "open" | "openat" => self.args.contains("O_CREAT") || self.args.contains("O_TRUNC"),
            // Not a pipe or a terminal.
            "write" | "writev" | "pwrite64" | "sendfile" | "copy_file_range" | "splice" => file,
            name => CHANGING.contains(&name),
        }
    }

    /// Returns the path that it names, if any.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        // The first argument is a descriptor with its path, or else a path is quoted.
        let descriptor = self.args.split_once(',').map_or("", |(first, _)| first);
        let is_open = descriptor.contains('<') && !descriptor.starts_with("AT_FDCWD");
        let (open, close) = if is_open { ('<', '>') } else { ('"', '"') };
        let (_, rest) = self.args.split_once(open)?;
        let (path, _) = rest.split_once(close)?;
        Some(path.into())
    }

    /// Returns whether it is about the file at `path`, by name or descriptor.
    pub(crate) fn is_about(&self, path: &Path) -> bool {
        let arguments = self.args.rsplit_once(") = ").map_or(&*self.args, |(a, _)| a);
        [format!("\"{}\"", path.display()), format!("<{}>", path.display())]
            .iter()
            .any(|form| arguments.contains(form))
    }

    /// Returns whether it writes to the file at `path`.
    pub(crate) fn writes_to(&self, path: &Path) -> bool {
        self.name.contains("write") && self.args.contains(&format!("<{}>", path.display()))
    }
}

/// strace, attached to a running program.
pub(crate) struct Strace {
    child: Child,
    /// The file that it writes.
    output: PathBuf,
}

impl Strace {
    /// Attaches strace to `pid` and all its future threads. `inject` are strace's expressions of
    /// that name. With a `path`, strace sees and counts only calls about that path.
    ///
    /// The program must be waiting for its input; otherwise it is unknown where counting begins.
    pub(crate) fn attach(pid: Pid, output: &Path, inject: &[String], path: Option<&Path>) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-s", "1", "-e", "signal=none"]);
        command.args(["-e", "trace=%file,%desc"]);
        for expression in inject {
            command.arg("-e").arg(format!("inject={expression}"));
        }
        if let Some(path) = path {
            command.arg("-P").arg(path);
        }
        command.arg("-p").arg(pid.to_string()).arg("-o").arg(output);
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("this test needs strace: {e}"));
        // strace says when it has attached; from then on it sees every call.
        let mut said = String::new();
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        while !said.contains("attached") {
            let n = stderr.read_line(&mut said).expect("hear from strace");
            assert!(n > 0, "strace could not be fastened on: {said}");
        }
        std::thread::spawn(move || drop(stderr.read_to_end(&mut Vec::new())));
        Self { child, output: output.to_owned() }
    }

    /// Waits until the program, and so strace, ends; returns the calls.
    pub(crate) fn finish(mut self) -> Vec<Call> {
        self.child.wait().expect("wait for strace");
        let text = fs::read_to_string(&self.output).expect("read what strace wrote");
        parse(&text)
    }
}

/// Returns whether the process catches TERM. It sets that up last before it waits for its input.
pub(crate) fn catches_signals(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigBlk:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (15 - 1)) != 0)
}

/// Parses what `strace -f -y -o` wrote.
pub(crate) fn parse(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut threads: Vec<&str> = Vec::new();
    for line in text.lines() {
        let Some((pid, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        let thread = threads.iter().position(|t| *t == pid).unwrap_or_else(|| {
            threads.push(pid);
            threads.len() - 1
        });
        if let Some(rest) = rest.strip_prefix("<... ") {
            // The end of a call that another thread's output interrupted.
            let open =
                calls.iter_mut().rev().find(|call| call.thread == thread && call.result.is_none());
            if let (Some(call), Some((_, tail))) = (open, rest.split_once("resumed>")) {
                call.args += tail;
                call.result = result(tail);
                call.injected |= tail.contains("(INJECTED)");
            }
            continue;
        }
        let Some((name, args)) = rest.split_once('(') else {
            continue; // such as "+++ killed by SIGKILL +++"
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            continue;
        }
        let number =
            1 + calls.iter().filter(|call| call.thread == thread && call.name == name).count();
        calls.push(Call {
            thread,
            name: name.to_owned(),
            number,
            args: args.to_owned(),
            result: result(args),
            injected: args.contains("(INJECTED)"),
        });
    }
    calls
}

/// Returns the number after the equals sign of a call's line, if the call returned.
fn result(line: &str) -> Option<i64> {
    let (_, value) = line.rsplit_once(" = ")?;
    value.split([' ', '<']).next()?.parse().ok()
}

/// The calls of one run, recorded so that other runs can be disturbed at them.
pub(crate) struct Recording {
    /// The calls of all threads.
    pub(crate) calls: Vec<Call>,
    /// The directory of the run.
    pub(crate) dir: PathBuf,
}

/// How to hit one call of a recording in another run.
pub(crate) struct Aim {
    /// The number of the call among those of its name, from 1.
    pub(crate) number: usize,
    /// The path to which strace must be limited, if any.
    pub(crate) path: Option<PathBuf>,
}

impl Recording {
    /// Takes the calls of an undisturbed run in `dir`.
    ///
    /// # Panics
    ///
    /// If it is unknown whether one of them changes anything.
    pub(crate) fn of(calls: Vec<Call>, dir: &Path) -> Self {
        let known: BTreeSet<&str> = CHANGING.into_iter().chain(LOOKING).collect();
        for call in &calls {
            assert!(known.contains(call.name.as_str()), "does it change anything? {call:?}");
        }
        let dir = dir.to_owned();
        Self { calls, dir }
    }

    /// Returns the calls that can change something, in order.
    pub(crate) fn changing(&self) -> Vec<&Call> {
        self.calls.iter().filter(|call| call.changes()).collect()
    }

    /// Returns how to hit `call` in a run in `dir`, if that is possible.
    pub(crate) fn aim(&self, call: &Call, dir: &Path) -> Option<Aim> {
        // The number of writes to pipes and of directories opened differs from run to run.
        let steady = !["write", "openat"].contains(&call.name.as_str());
        if steady && self.is_first(call, |_| true) {
            let number = call.number;
            return Some(Aim { number, path: None });
        }
        // Another thread reaches the same number first, but perhaps not among the calls about this
        // path. Temporary files have another name in each run.
        let path = call.path()?;
        let name = path.file_name()?.to_string_lossy();
        if name.starts_with(".__app.log.") || name.contains(".rotate.") {
            let number = call.number;
            return self.is_first(call, |_| true).then_some(Aim { number, path: None });
        }
        let about = |other: &Call| other.is_about(&path);
        let number = 1 + self
            .calls
            .iter()
            .take_while(|other| *other != call)
            .filter(|other| other.name == call.name && other.thread == call.thread)
            .filter(|other| about(other))
            .count();
        let numbered = Call { number, ..call.clone() };
        let within = path.strip_prefix(&self.dir).ok()?;
        let path = Some(dir.join(within));
        self.is_first(&numbered, about).then_some(Aim { number, path })
    }

    /// Returns whether the thread of `call` is the first to reach its number among the calls that
    /// `counts`.
    fn is_first(&self, call: &Call, counts: impl Fn(&Call) -> bool) -> bool {
        let mut numbers = BTreeMap::new();
        for other in self.calls.iter().filter(|other| other.name == call.name) {
            if counts(other) {
                let number: &mut usize = numbers.entry(other.thread).or_default();
                *number += 1;
                if *number == call.number {
                    return other.thread == call.thread;
                }
            }
        }
        false
    }
}
