//! A disk that is soon full: a tmpfs for one test, which can grow while it is in use.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs, unmounted when this is dropped.
pub(crate) struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one with these `options` on the directory `path`, or returns why that is impossible.
    pub(crate) fn mount(path: &Path, options: &str) -> Result<Self, String> {
        std::fs::create_dir_all(path).expect("make a directory");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", options, "clh-tee-test"]).arg(path))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Gives it other `options`, such as another size.
    pub(crate) fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        run(Command::new("mount").args(["-o", &options]).arg(&self.path)).expect("remount");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a program that is being killed may still use it.
        if let Err(error) = run(Command::new("umount").arg("-l").arg(&self.path)) {
            eprintln!("cannot unmount '{}': {error}", self.path.display());
        }
    }
}

/// Runs a command; returns its error output if it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}
