//! A writer's recovery on request, with a full report.
//!
//! It runs the same code as a writer, so it cannot differ. The report is the difference between the
//! directory's names before and after, under one hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::event::Notice;
use crate::names::listing::Entry;
use crate::names::{Meaning, Names};
use crate::sys::{self, Identity};

/// The report of a [repair](crate::Hold::repair).
#[derive(Debug)]
#[non_exhaustive]
pub struct Repair {
    /// The changes, sorted by name.
    pub changes: Vec<Change>,
    /// What could not be repaired, and which orphans were adopted.
    pub notices: Vec<Notice>,
}

/// A change to the files around a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Change {
    /// A file was renamed.
    Renamed { from: PathBuf, to: PathBuf },
    /// A file was removed.
    Removed(PathBuf),
    /// A file was created.
    Made(PathBuf),
    /// The log ended in a partial line and got its newline.
    Ended(PathBuf),
    /// The lock file contained a time of the next rotation that no writer follows. It was removed.
    Forgotten(PathBuf),
}

/// The paths of the files around a log, by identity and time of last change. The time of birth
/// would not do, because overlayfs changes it at a rename.
#[derive(Debug)]
pub(crate) struct Files(BTreeMap<(Identity, SystemTime), PathBuf>);

impl Files {
    pub(crate) fn of(names: &Names, lock_dir: Option<&Path>) -> Result<Self> {
        let listing = names.list(lock_dir).map_err(Error::on("look into", names.dir()))?;
        let ours = |entry: &Entry| !matches!(entry.meaning, Meaning::OtherLog(_) | Meaning::Other);
        let ours = listing.entries.into_iter().filter(ours).map(|entry| entry.path);
        // This look is not under the lock, so a file that has vanished since is no change of ours.
        let known = |path: PathBuf| {
            let metadata = sys::look_at(&path).ok()?;
            Some(((sys::identity(&metadata), metadata.modified().ok()?), path))
        };
        Ok(Self(ours.filter_map(known).collect()))
    }

    pub(crate) fn changes(&self, now: &Self) -> Vec<Change> {
        let before = self.0.iter().filter_map(|(identity, from)| match now.0.get(identity) {
            None => Some(Change::Removed(from.clone())),
            Some(to) if to != from => Some(Change::Renamed { from: from.clone(), to: to.clone() }),
            Some(_) => None,
        });
        let made = now.0.iter().filter(|(identity, _)| !self.0.contains_key(identity));
        let mut changes: Vec<Change> =
            before.chain(made.map(|(_, path)| Change::Made(path.clone()))).collect();
        changes.sort();
        changes
    }
}
