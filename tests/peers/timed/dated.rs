//! A log and its backups by the clock, in the order in which they were made.

use std::fs;
use std::path::Path;

use crate::harness::generations::{inflated, is_gz};

pub(crate) struct Backup {
    pub(crate) name: String,
    /// Decompressed.
    pub(crate) content: Vec<u8>,
}

/// The files in a log's directory.
pub(crate) struct Found {
    /// Oldest first.
    pub(crate) backups: Vec<Backup>,
    pub(crate) log: Vec<u8>,
    /// Other files, without the lock.
    pub(crate) others: Vec<String>,
}

impl Found {
    /// Lists `dir`, the directory of `app.log`.
    ///
    /// # Panics
    ///
    /// If a backup is damaged.
    pub(crate) fn in_dir(dir: &Path) -> Self {
        let mut names: Vec<String> = fs::read_dir(dir)
            .expect("list a directory")
            .map(|entry| entry.expect("list a directory").file_name().into_string().expect("UTF-8"))
            .filter(|name| name != ".__app.lock" && name != "app.log")
            .collect();
        names.sort_by_key(|name| age(name));
        let (backups, others): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| name.starts_with("app.log."));
        let read = |name: String| {
            let bytes = fs::read(dir.join(&name)).expect("read a backup");
            let whole = || panic!("'{name}' is not whole");
            let content = if is_gz(&name) { inflated(&bytes).unwrap_or_else(whole) } else { bytes };
            Backup { name, content }
        };
        let log = fs::read(dir.join("app.log")).unwrap_or_default();
        Self { backups: backups.into_iter().map(read).collect(), log, others }
    }

    /// Returns all lines, oldest first.
    pub(crate) fn all(&self) -> Vec<u8> {
        let backups = self.backups.iter().flat_map(|backup| backup.content.iter());
        backups.chain(&self.log).copied().collect()
    }
}

/// Returns what backups are sorted by: the stamp in the name, and the number.
fn age(name: &str) -> (String, u64) {
    let rest = name.strip_prefix("app.log.").unwrap_or(name);
    let rest = rest.strip_suffix(".gz").unwrap_or(rest);
    let (stamp, counter) = rest.split_once('.').unwrap_or((rest, "0"));
    (stamp.to_owned(), counter.parse().unwrap_or_default())
}
