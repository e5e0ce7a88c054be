//! Peers from package registries: the real concurrent-log-handler, and programs from crates.io.
//!
//! Each version has a directory under `target/peers`. The first test that needs it makes it, and it
//! is kept. If it cannot be made, the test fails and says why.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::system;

/// One version of a Python package.
pub(crate) struct Peer {
    /// The interpreter that finds it.
    python: PathBuf,
}

impl Peer {
    /// Returns this version of concurrent-log-handler; installs it if necessary.
    pub(crate) fn of_version(version: &str) -> Self {
        Self::with_package("concurrent-log-handler", &format!("clh-{version}"), version)
    }

    /// Returns this version of another package.
    pub(crate) fn with(package: &str, version: &str) -> Self {
        Self::with_package(package, &format!("{package}-{version}"), version)
    }

    /// Returns the environment `name`, which holds the package.
    fn with_package(package: &str, name: &str, version: &str) -> Self {
        let env = made_once(name, |env| make(env, &format!("{package}=={version}")));
        Self { python: env.join("bin/python") }
    }

    /// Returns the directory in which the interpreter is called `python3`.
    pub(crate) fn bin(&self) -> &Path {
        self.python.parent().expect("the interpreter lies in a directory")
    }

    /// Returns a command that runs the harness's script `name`.
    pub(crate) fn script(&self, name: &str) -> Command {
        script(&self.python, name)
    }
}

/// A Python process that appends numbered lines.
pub(crate) struct PythonWriter {
    child: Child,
    /// The pipe that starts it.
    gate: ChildStdin,
}

impl PythonWriter {
    /// Starts `writer.py` with the log and these arguments, and waits until it is ready to write.
    pub(crate) fn ready(peer: &Peer, log: &Path, args: &[&str]) -> Self {
        let mut command = peer.script("writer.py");
        command.arg(log).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("start Python");
        let gate = child.stdin.take().expect("stdin is a pipe");
        let mut word = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut word).expect("hear from Python");
        assert_eq!(word, "ready\n", "Python could not start");
        Self { child, gate }
    }

    /// Lets it write.
    pub(crate) fn go(&mut self) {
        self.gate.write_all(b"go\n").expect("start Python writing");
    }

    /// Waits until it has written all its lines.
    pub(crate) fn wait(mut self) {
        let status = self.child.wait().expect("wait for Python");
        assert!(status.success(), "Python writer: {status}");
    }
}

/// Returns a command that runs the harness's script `name` in plain Python, without packages.
pub(crate) fn python(name: &str) -> Command {
    script(Path::new("python3"), name)
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = system::command(python.as_os_str());
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness");
    // No `__pycache__` in the source tree, and nothing from the user's own packages.
    command.args(["-B", "-s"]).arg(dir.join(name));
    command
}

/// Returns a program from crates.io; cargo builds it if necessary.
///
/// It is built without optimization, which takes half the time.
pub(crate) fn crates_io_program(name: &str, version: &str) -> PathBuf {
    let install = |root: &Path| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["install", "--quiet", "--locked", "--version", version, name, "--root"]);
        cargo.arg(root).arg("--target-dir").arg(root.join("build"));
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256");
        run(&mut cargo, "this test needs crates.io or a mirror of it");
        fs::remove_dir_all(root.join("build")).expect("remove what it was built from");
    };
    made_once(&format!("{name}-{version}"), install).join("bin").join(name)
}

/// Returns the directory `target/peers/NAME`, which `make` fills the first time.
fn made_once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
    fs::create_dir_all(&peers).expect("make target/peers");
    // Threads and other test programs may want it at the same time: one makes it, the others wait.
    let guard = File::create(peers.join("making")).expect("make target/peers/making");
    fs2::FileExt::lock_exclusive(&guard).expect("lock target/peers/making");
    let dir = peers.join(name);
    let finished = dir.join("finished");
    if !finished.exists() {
        // A failed attempt may have left something: start from scratch.
        if dir.exists() {
            fs::remove_dir_all(&dir).expect("remove a half-made directory");
        }
        make(&dir);
        File::create(finished).expect("mark the directory as finished");
    }
    dir
}

/// Makes a virtual environment with this package.
fn make(env: &Path, package: &str) {
    let why = "this test needs Python 3 with venv, and PyPI or a mirror of it";
    run(Command::new("python3").args(["-m", "venv"]).arg(env), why);
    run(Command::new(env.join("bin/pip")).args(["install", "--quiet", package]), why);
}

/// Runs a command that must succeed.
fn run(command: &mut Command, why: &str) {
    let output = command.output().unwrap_or_else(|e| panic!("cannot run {command:?}: {e}; {why}"));
    assert!(
        output.status.success(),
        "{command:?} failed ({}); {why}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
