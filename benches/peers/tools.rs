//! Finds the programs to compare with. Nothing is installed.

use std::env;
use std::path::{Path, PathBuf};

use crate::program::Program;

/// The version of CLH whose environment the tests make.
const CLH: &str = "clh-0.9.31";

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
        Program::ClhTee => Some(PathBuf::from(env!("CARGO_BIN_EXE_clh-tee"))),
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
