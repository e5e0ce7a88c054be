//! A disk that is soon full: a tmpfs of the test's own, which can be made
//! larger while it is in use.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs. It is gone when this is dropped.
pub(crate) struct SmallDisk {
    /// Where it is mounted.
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one with these `options` on `path`, a directory; or returns why
    /// that is not possible here.
    pub(crate) fn mount(path: &Path, options: &str) -> Result<Self, String> {
        std::fs::create_dir_all(path).expect("make a directory");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", options, "clh-tee-test"]).arg(path))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Gives it other `options`: another size, say.
    pub(crate) fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        run(Command::new("mount").args(["-o", &options]).arg(&self.path)).expect("remount");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since a program that is being killed may still be in it.
        if let Err(error) = run(Command::new("umount").arg("-l").arg(&self.path)) {
            eprintln!("cannot unmount '{}': {error}", self.path.display());
        }
    }
}

/// Runs a command; returns what it says if it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}
