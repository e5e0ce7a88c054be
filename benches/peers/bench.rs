//! What all workloads share: the programs that were found, where logs are
//! written, and how much data there is.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::tools::Tools;

/// Where Linux has a file system in memory that all may use.
const MEMORY: &str = "/dev/shm";

/// What all workloads share.
pub(crate) struct Bench {
    /// The programs that were found.
    pub(crate) tools: Tools,
    /// Where the directories of runs are made.
    root: PathBuf,
    /// Whether there is to be little data.
    pub(crate) quick: bool,
}

impl Bench {
    /// Looks around.
    pub(crate) fn new(quick: bool) -> Result<Self> {
        let root = std::env::var_os("BENCH_DIR").map_or_else(default_dir, PathBuf::from);
        std::fs::create_dir_all(&root)
            .with_context(|| format!("cannot make '{}'", root.display()))?;
        let root =
            root.canonicalize().with_context(|| format!("cannot use '{}'", root.display()))?;
        Ok(Self { tools: Tools::find(), root, quick })
    }

    /// Returns a fresh directory, which is removed when it is dropped.
    pub(crate) fn place(&self) -> Result<TempDir> {
        place_in(&self.root)
    }

    /// Returns one in memory, or if that cannot be had, on disk.
    pub(crate) fn place_in_memory(&self) -> Result<TempDir> {
        let memory = Path::new(MEMORY);
        if memory.is_dir() { place_in(memory) } else { self.place() }
    }

    /// Returns `full`, or an eighth of it if there is to be little data.
    pub(crate) fn scaled(&self, full: u64) -> u64 {
        if self.quick { full / 8 } else { full }
    }
}

/// Returns a fresh directory in `root`.
fn place_in(root: &Path) -> Result<TempDir> {
    let place = tempfile::Builder::new().prefix("run-").tempdir_in(root);
    place.with_context(|| format!("cannot make a directory in '{}'", root.display()))
}

/// Returns where results are kept, and logs written unless told otherwise.
pub(crate) fn default_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench")
}
