//! Installs clh-tee below `target/`, and finds the programs to compare it with,
//! of which none is installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bench::default_dir;
use crate::program::Program;

/// The version of CLH whose environment the tests make.
const CLH: &str = "clh-0.9.31";

/// Builds the program and installs it, as users do. What cargo has built for the
/// benchmarks will not do: it holds whatever these want of the crates that both
/// use, half a megabyte of tables for one; and of what a linker has written, the
/// system takes in a page at a time, which a tenth of a short run goes into.
pub(crate) fn install() -> Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["install", "--locked", "--quiet", "--force", "--path"]);
    cargo.arg(env!("CARGO_MANIFEST_DIR")).arg("--root").arg(default_dir());
    let status = cargo.status().context("cannot run cargo")?;
    ensure!(status.success(), "{cargo:?} ended with {status}");
    Ok(())
}

/// Where the programs are that were found.
pub(crate) struct Tools(Vec<(Program, PathBuf)>);

impl Tools {
    /// Looks for all programs.
    pub(crate) fn find() -> Self {
        let with_path = |program| Some((program, path_of(program)?));
        Self(Program::ALL.into_iter().filter_map(with_path).collect())
    }

    /// Returns where `program` is, if it was found. For CLH it is Python.
    pub(crate) fn path(&self, program: Program) -> Option<&Path> {
        self.0.iter().find(|(found, _)| *found == program).map(|(_, path)| path.as_path())
    }

    /// Returns what was not found, and how to get it.
    pub(crate) fn missing(&self) -> Vec<String> {
        let missing = Program::ALL.into_iter().filter(|program| self.path(*program).is_none());
        missing.map(|program| format!("{} ({})", program.name(), program.source())).collect()
    }
}

/// Returns where `program` is.
fn path_of(program: Program) -> Option<PathBuf> {
    match program {
        Program::ClhTee => Some(default_dir().join("bin/clh-tee")),
        Program::Clh => {
            let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
            let made = peers.join(CLH).join("bin/python");
            let python = env::var_os("CLH_PYTHON").map_or(made, PathBuf::from);
            python.exists().then_some(python)
        }
        _ => {
            let path = env::var_os("PATH")?;
            let mut paths = env::split_paths(&path).map(|dir| dir.join(program.name()));
            paths.find(|path| path.is_file())
        }
    }
}
