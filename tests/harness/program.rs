//! How tests start, feed and end the program, on any platform.

use std::env;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::outcome::{Ended, Gathered, tell, without_size_warning};
use super::{Place, system, until};

/// How long a run may take to end once nothing holds it up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long a run may take in all. Without this limit, a program that stops reading would block the
/// test that feeds it forever.
const AT_MOST: Duration = Duration::from_secs(90);

/// A run that has not started yet.
pub(crate) struct Tee {
    pub(super) program: PathBuf,
    args: Vec<OsString>,
    pub(super) dir: PathBuf,
    env: Vec<(&'static str, OsString)>,
    /// Its standard input, if not a pipe from the test.
    stdin: Option<Stdio>,
    /// Whether its standard output has a reader.
    heard: bool,
    /// Whether it runs as nobody if the test runs as root.
    pub(super) nobody: bool,
    /// Whether it gets its own process group.
    #[cfg(unix)]
    group: bool,
}

impl Tee {
    /// Returns a run of the program in `place`, without arguments.
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            program: env!("CARGO_BIN_EXE_clh-tee").into(),
            args: Vec::new(),
            dir: place.dir().to_owned(),
            env: Vec::new(),
            stdin: None,
            heard: true,
            nobody: false,
            #[cfg(unix)]
            group: false,
        }
    }

    /// Runs another program instead.
    pub(crate) fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Adds arguments, separated by spaces.
    pub(crate) fn args(mut self, args: &str) -> Self {
        self.args.extend(args.split_whitespace().map(OsString::from));
        self
    }

    /// Adds one argument, unchanged.
    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Sets its standard input instead of a pipe from the test.
    pub(crate) fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = Some(stdin.into());
        self
    }

    /// Makes its standard output a pipe whose other end is closed.
    pub(crate) fn unheard(mut self) -> Self {
        self.heard = false;
        self
    }

    /// Makes it the leader of a new process group, as a shell does for a job.
    #[cfg(unix)]
    pub(crate) fn in_a_group_of_its_own(mut self) -> Self {
        self.group = true;
        self
    }

    pub(crate) fn start(self) -> Running {
        let mut command = system::command(self.program.as_os_str());
        command.args(&self.args).current_dir(&self.dir);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CLH_TEE_") {
                command.env_remove(name);
            }
        }
        // Wine tries to make the directory; below this path it cannot.
        command.env("XDG_CONFIG_HOME", "/dev/null/none").envs(self.env);
        command.stdin(self.stdin.unwrap_or_else(Stdio::piped));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.nobody {
            system::run_as_nobody(&mut command);
        }
        #[cfg(unix)]
        if self.group {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let told = format!("{command:?}");
        let mut child = spawn(&mut command);
        let out = child.stdout.take().expect("stdout is a pipe");
        let err = child.stderr.take().expect("stderr is a pipe");
        let out = if self.heard { Gathered::from(out) } else { Gathered::from(std::io::empty()) };
        let (stdin, err) = (child.stdin.take(), Gathered::from(err));
        let watch = watch(child.id());
        Running { told, child, stdin, out, err, _watch: watch }
    }

    /// Runs it on `input` to its end, which may come before it has read everything.
    pub(crate) fn run(self, input: &[u8]) -> Ended {
        let mut running = self.start();
        match running.take_input().write_all(input) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            fed => fed.expect("the program takes its input"),
        }
        running.finish()
    }
}

/// A run that has started. It is killed when this is dropped.
pub(crate) struct Running {
    /// The command, for messages.
    told: String,
    pub(super) child: Child,
    /// Its input, until that is ended or taken.
    stdin: Option<ChildStdin>,
    out: Gathered,
    err: Gathered,
    /// Stops the watchdog when dropped.
    _watch: Sender<()>,
}

impl Running {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is still open");
        stdin.write_all(bytes).expect("the program takes its input");
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Returns its input, to be fed from another thread.
    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.stdin.take().expect("the input is still open")
    }

    /// Waits until exactly `bytes` have been copied to standard output.
    pub(crate) fn until_echoed(&self, bytes: &[u8]) {
        let what = format!("echo of {:?}", String::from_utf8_lossy(bytes));
        until(PATIENCE, &what, || self.out.so_far() == bytes);
    }

    pub(crate) fn out_so_far(&self) -> Vec<u8> {
        self.out.so_far()
    }

    pub(crate) fn stderr_so_far(&self) -> String {
        String::from_utf8_lossy(&without_size_warning(&self.err.so_far())).into_owned()
    }

    /// Kills it with SIGKILL, which it cannot catch, and waits for its end.
    pub(crate) fn cut_down(mut self) -> Ended {
        self.child.kill().expect("kill the program");
        self.end_within(PATIENCE)
    }

    pub(crate) fn alive(&mut self) -> bool {
        self.child.try_wait().expect("ask for the status").is_none()
    }

    /// Ends its input and waits for its end.
    pub(crate) fn finish(mut self) -> Ended {
        self.end_input();
        self.end_within(PATIENCE)
    }

    /// Waits for its end and leaves its input alone.
    pub(crate) fn end_within(mut self, limit: Duration) -> Ended {
        until(limit, "the program ends", || !self.alive());
        let status = self.child.wait().expect("ask for the status");
        let (out, err) = (self.out.all(), without_size_warning(&self.err.all()));
        Ended { told: self.told.clone(), status, out, err }
    }
}

/// `ERROR_INTERNAL_ERROR`.
const INTERNAL_ERROR: i32 = 1359;

/// Starts `command`, whose program may be a fresh copy.
///
/// The system reports such a copy as busy while a process has it open for writing: for instance a
/// child that another thread has just forked and that has not called exec yet. On a busy machine
/// Wine can fail to start a program, which Windows calls an internal error.
fn spawn(command: &mut Command) -> Child {
    let mut child = None;
    until(PATIENCE, "the program can be started", || {
        match command.spawn() {
            Err(e) if e.kind() == ErrorKind::ExecutableFileBusy => {}
            Err(e) if cfg!(windows) && e.raw_os_error() == Some(INTERNAL_ERROR) => {}
            started => {
                let why = "is it missing? tests/prepare installs it";
                child = Some(
                    started.unwrap_or_else(|e| panic!("cannot start {command:?}: {e}; {why}")),
                );
            }
        }
        child.is_some()
    });
    child.expect("it was started")
}

/// Kills the process if the returned value lives longer than a run may take.
fn watch(id: u32) -> Sender<()> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        if receiver.recv_timeout(AT_MOST) == Err(RecvTimeoutError::Timeout) {
            eprintln!("killed after {AT_MOST:?}");
            system::kill(id);
        }
    });
    sender
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.alive() {
            self.child.kill().expect("kill the program");
        }
        let status = self.child.wait().expect("ask for the status");
        if thread::panicking() {
            tell(&self.told, &status.to_string(), &self.out.all(), &self.err.all());
        }
    }
}
