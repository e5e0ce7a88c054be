//! What a writer's recovery does, done now and told in full.
//!
//! It is the same recovery, so it cannot differ from a writer's. What it did is
//! not asked of it but seen: the directory's names and the files that bear them
//! are compared, before and after, under one hold.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::event::Notice;
use crate::file::file_id;
use crate::names::Names;
use crate::sys;
use crate::time::stamp::{Dated, PRECISIONS};

/// What a repair has done.
#[derive(Debug)]
#[non_exhaustive]
pub struct Repair {
    /// What has changed, in order of names.
    pub changes: Vec<Change>,
    /// What could not be mended, and which orphans are backups now.
    pub notices: Vec<Notice>,
}

/// One change to the files around a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Change {
    /// A file has another name.
    Renamed {
        /// The name that it had.
        from: PathBuf,
        /// The name that it has.
        to: PathBuf,
    },
    /// A file is gone.
    Removed(PathBuf),
    /// There is a new file.
    Made(PathBuf),
    /// The log's torn last line has got its newline.
    Ended(PathBuf),
}

/// Tells whether `name` is that of a backup, an orphan or a private file.
fn is_ours(names: &Names, name: &OsStr) -> bool {
    let dated = |precision| Dated::read(names, name, precision).is_some();
    let mut precisions = PRECISIONS;
    names.meaning(name).is_some() || precisions.any(dated)
}

/// The files around a log: which name each has. A file is known by what its
/// name's number stands for, for good.
#[derive(Debug)]
pub(crate) struct Files(BTreeMap<u64, PathBuf>);

impl Files {
    /// Looks which there are: backups, orphans and private files.
    pub(crate) fn of(names: &Names) -> Result<Self> {
        let unreadable = || Error::on("look into", names.dir());
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(names.dir()).map_err(unreadable())? {
            let entry = entry.map_err(unreadable())?;
            if !is_ours(names, &entry.file_name()) {
                continue;
            }
            // Gone meanwhile, it is none of ours: it is not under the lock.
            let path = names.dir().join(entry.file_name());
            if let Ok(metadata) = sys::look_at(&path) {
                files.insert(file_id(&metadata), path);
            }
        }
        Ok(Self(files))
    }

    /// Returns what has changed until `now`.
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
