//! Installs clh-tee below `target/` and finds the other programs, which it does not install.

use std::env;
use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bench::default_dir;
use crate::program::Program;

/// The environment with CLH that the tests make.
const CLH: &str = "clh-0.9.31";

/// Builds and installs the program as users do. The binary that cargo builds for the benchmarks
/// differs: it contains everything that the benchmarks need from shared crates, such as half a
/// megabyte of tables. And the system pages in a file that a linker has just written page by page,
/// which takes a tenth of a short run.
pub(crate) fn install() -> Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["install", "--locked", "--quiet", "--force", "--path"]);
    cargo.arg(env!("CARGO_MANIFEST_DIR")).arg("--root").arg(default_dir());
    let status = cargo.status().context("cannot run cargo")?;
    ensure!(status.success(), "{cargo:?} ended with {status}");
    if let Some(path) = env::var_os("BENCH_STATIC") {
        let copied = fs::copy(&path, installed("clh-tee-static"));
        copied.with_context(|| format!("cannot copy '{}'", path.display()))?;
    }
    Ok(())
}

/// Returns where a build of this project is installed.
fn installed(name: &str) -> PathBuf {
    default_dir().join("bin").join(name)
}

/// The programs that were found, with their paths.
pub(crate) struct Tools(Vec<(Program, PathBuf)>);

impl Tools {
    /// Looks for all programs.
    pub(crate) fn find() -> Self {
        let with_path = |program| Some((program, path_of(program)?));
        Self(Program::ALL.into_iter().chain([Program::Static]).filter_map(with_path).collect())
    }

    /// Returns the path of `program`, if it was found. For CLH it is Python's.
    pub(crate) fn path(&self, program: Program) -> Option<&Path> {
        self.0.iter().find(|(found, _)| *found == program).map(|(_, path)| path.as_path())
    }

    /// Returns the programs that were not found, and where to get them.
    pub(crate) fn missing(&self) -> Vec<String> {
        let missing = Program::ALL.into_iter().filter(|program| self.path(*program).is_none());
        missing.map(|program| format!("{} ({})", program.name(), program.source())).collect()
    }
}

fn path_of(program: Program) -> Option<PathBuf> {
    match program {
        Program::ClhTee => Some(installed("clh-tee")),
        Program::Static => env::var_os("BENCH_STATIC").map(|_| installed("clh-tee-static")),
        Program::Clh => {
            let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
            let made = peers.join(CLH).join("bin/python");
            let python = env::var_os("CLH_PYTHON").map_or(made, PathBuf::from);
            // It runs in the directory of its log.
            absolute(python).ok().filter(|python| python.exists())
        }
        _ => {
            let path = env::var_os("PATH")?;
            let mut paths = env::split_paths(&path).map(|dir| dir.join(program.name()));
            paths.find(|path| path.is_file())
        }
    }
}
