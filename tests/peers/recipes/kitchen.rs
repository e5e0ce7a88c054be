//! Where a recipe runs: a fresh directory, with `clh-tee` and the programs that the recipe mentions
//! on the `PATH`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::harness::{Page, Place, until};

/// A Python program that prints `one` and, some time after INT or TERM, `last`.
///
/// A log writer that does not wait for it is gone by then. The program ends by itself, whatever
/// happens to the test.
const LAST_WORDS: &str = "\
import os, signal, time
def stop(*_):
    ignore()
    time.sleep(0.3)
    os.write(1, b'last\\n')
    os._exit(0)
def ignore():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
os.write(1, b'one\\n')
time.sleep(60)
";

/// A directory in which recipes run.
pub(crate) struct Kitchen {
    /// The directory; its `bin` is first in the `PATH`.
    pub(crate) place: Place,
    /// The page with the recipes.
    page: Page,
}

impl Kitchen {
    /// Makes one, with a copy of the program in `bin` that every user may run.
    pub(crate) fn fresh() -> Self {
        let place = Place::fresh();
        place.set_mode(".", 0o755);
        fs::create_dir(place.path("bin")).expect("make a directory");
        install(Path::new(env!("CARGO_BIN_EXE_clh-tee")), &place.path("bin/clh-tee"));
        Self { place, page: Page::of("recipes.md") }
    }

    pub(crate) fn recipe(&self, name: &str) -> String {
        self.page.block("recipe", name)
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.place.path("bin")
    }

    /// Makes a program `name` from a shell script.
    pub(crate) fn program(&self, name: &str, script: &str) {
        self.place.write("script", format!("#!/bin/sh\n{script}\n").as_bytes());
        install(&self.place.path("script"), &self.place.path("bin").join(name));
    }

    /// Makes a program that prints `one` before a signal and `last` after it.
    pub(crate) fn program_with_last_words(&self, name: &str) {
        self.place.write("last_words.py", LAST_WORDS.as_bytes());
        self.program(name, "exec python3 last_words.py");
    }

    /// Returns a command that runs in this directory, finds the programs made for it, and does not
    /// see the environment of the tests.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path: OsString =
            [self.bin().as_os_str(), ":/usr/bin:/bin".as_ref()].into_iter().collect();
        command.env_clear().env("PATH", path).env("HOME", self.place.dir());
        command.current_dir(self.place.dir()).stdin(Stdio::null());
        command
    }

    /// Runs `script` with `shell`.
    pub(crate) fn run(&self, shell: &str, script: &str) -> Output {
        ended(self.command(shell).arg("-c").arg(script))
    }

    /// Returns the text of `file`, or nothing if there is no such file.
    pub(crate) fn text(&self, file: &str) -> String {
        String::from_utf8(self.place.read(file)).expect("UTF-8")
    }

    /// Waits until the file `file` contains `text`.
    pub(crate) fn until_holds(&self, file: &str, text: &str) {
        let limit = std::time::Duration::from_secs(30);
        until(limit, &format!("{file} holds {text:?}"), || self.text(file) == text);
    }

    /// Returns `text` with the path `there` replaced by one in this directory.
    pub(crate) fn here(&self, text: &str, there: &str, here: &str) -> String {
        assert!(text.contains(there), "the recipe should name {there}: {text}");
        text.replace(there, self.place.path(here).to_str().expect("UTF-8"))
    }
}

/// Copies a program to where every user can run it.
///
/// Another process copies it. A child that a thread of this process forks meanwhile would inherit
/// the open file, and until it calls exec the system would report the program as busy.
fn install(from: &Path, to: &Path) {
    let status = Command::new("install").args(["-m", "755"]).args([from, to]).status();
    assert!(status.expect("run install").success(), "install {}", to.display());
}

pub(crate) fn ended(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"))
}

/// Asserts the exit status and returns the standard output.
#[track_caller]
pub(crate) fn expect(output: &Output, code: i32) -> String {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "exit status; standard error: {err}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}
