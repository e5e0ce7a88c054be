//! What all workloads share: the installed programs, the directory for logs, and the amount of
//! data.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::tools::Tools;

/// Linux's file system in memory that every user can write to.
const MEMORY: &str = "/dev/shm";

pub(crate) struct Bench {
    /// The programs that were found.
    pub(crate) tools: Tools,
    /// Where runs make their directories.
    root: PathBuf,
    /// Whether to use little data.
    pub(crate) quick: bool,
}

impl Bench {
    /// Looks for programs and directories.
    pub(crate) fn new(quick: bool) -> Result<Self> {
        let root = std::env::var_os("BENCH_DIR").map_or_else(default_dir, PathBuf::from);
        std::fs::create_dir_all(&root)
            .with_context(|| format!("cannot make '{}'", root.display()))?;
        let root =
            root.canonicalize().with_context(|| format!("cannot use '{}'", root.display()))?;
        Ok(Self { tools: Tools::find(), root, quick })
    }

    /// Returns a fresh directory, removed when it is dropped.
    pub(crate) fn place(&self) -> Result<TempDir> {
        place_in(&self.root)
    }

    /// Returns a fresh directory in memory if possible, otherwise on disk.
    pub(crate) fn place_in_memory(&self) -> Result<TempDir> {
        let memory = Path::new(MEMORY);
        if memory.is_dir() { place_in(memory) } else { self.place() }
    }

    /// Returns `full`, or an eighth of it with little data.
    pub(crate) fn scaled(&self, full: u64) -> u64 {
        if self.quick { full / 8 } else { full }
    }
}

/// Returns a fresh directory in `root`.
fn place_in(root: &Path) -> Result<TempDir> {
    let place = tempfile::Builder::new().prefix("run-").tempdir_in(root);
    place.with_context(|| format!("cannot make a directory in '{}'", root.display()))
}

/// Returns the directory for results, and by default for logs.
pub(crate) fn default_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench")
}
