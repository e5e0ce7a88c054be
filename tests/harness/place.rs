//! A fresh directory, and what a reader sees of the logs in it, on any platform.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;

use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

use super::system;

/// A directory for one test, removed when this is dropped.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn fresh() -> Self {
        system::set_umask();
        let dir = tempfile::Builder::new().prefix("clh-tee-").tempdir().expect("make a directory");
        Self { dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("write a file");
    }

    /// Returns the content of a file, decompressed if its name ends in `.gz`, or nothing if there
    /// is no such file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(mut file) = File::open(self.path(name)) else {
            return bytes;
        };
        let gz = Path::new(name).extension().is_some_and(|e| e == "gz");
        let read = if gz {
            MultiGzDecoder::new(file).read_to_end(&mut bytes)
        } else {
            file.read_to_end(&mut bytes)
        };
        read.unwrap_or_else(|e| panic!("cannot read '{name}': {e}"));
        bytes
    }

    /// Returns the names of all entries, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names_in(".")
    }

    /// Returns the names of all entries of the directory `name`, sorted.
    pub(crate) fn names_in(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(name))
            .expect("list the directory")
            .map(|e| e.expect("list the directory").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Returns the backups of `log`, oldest first.
    ///
    /// A slot with both forms appears twice.
    pub(crate) fn backups(&self, log: &str) -> Vec<String> {
        let slot = |name: &str| -> Option<u64> {
            let rest = name.strip_prefix(log)?.strip_prefix('.')?;
            rest.strip_suffix(".gz").unwrap_or(rest).parse().ok()
        };
        let mut found: Vec<(u64, String)> =
            self.names().into_iter().filter_map(|n| Some((slot(&n)?, n))).collect();
        found.sort_by_key(|(slot, _)| std::cmp::Reverse(*slot));
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// Returns everything that is still kept: the backups of `log`, oldest first, and then the log.
    pub(crate) fn chain(&self, log: &str) -> Vec<u8> {
        let mut all: Vec<u8> = self.backups(log).iter().flat_map(|b| self.read(b)).collect();
        all.extend(self.read(log));
        all
    }

    /// Returns the first few dozen names with size, mode and inode, one a line.
    pub(crate) fn listing(&self) -> String {
        let line = |name: String| match fs::symlink_metadata(self.path(&name)) {
            Ok(m) => format!("{:>9} {} {name}\n", m.len(), system::marks(&m)),
            Err(e) => format!("{name}: {e}\n"),
        };
        let names = self.names();
        let more = names.len().saturating_sub(40);
        let listing: String = names.into_iter().take(40).map(line).collect();
        if more > 0 { format!("{listing}and {more} more\n") } else { listing }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- {}\n{}", self.dir().display(), self.listing());
        }
    }
}
