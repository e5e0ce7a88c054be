//! Lists the files in a log's directory and classifies them by name. Only this file lists it.
//!
//! A backup's name can also be another log's: `job.1` may be the newest backup of `job`, or a log
//! named `job.1`. Every log that was ever written to has a lock file, and a backup has none, so the
//! lock file decides.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Meaning, Names};

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) meaning: Meaning,
    pub(crate) regular: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// In no order.
    pub(crate) entries: Vec<Entry>,
    /// The lock files of logs that are named like a backup of this one; `None` if the directory
    /// cannot be listed.
    locks: Option<BTreeSet<OsString>>,
    /// A separate directory for lock files.
    lock_dir: Option<PathBuf>,
}

impl Names {
    /// Lists the log's directory. Lock files may also be in `lock_dir`.
    pub(crate) fn list(&self, lock_dir: Option<&Path>) -> io::Result<Listing> {
        let (mut entries, mut locks) = (Vec::new(), BTreeSet::new());
        for entry in fs::read_dir(self.dir())? {
            let entry = entry?;
            let name = entry.file_name();
            if self.may_lock_another(&name) {
                locks.insert(name);
                continue;
            }
            let other = || self.rest(&name).map(|_| Meaning::Other);
            let Some(meaning) = self.meaning(&name).or_else(other) else { continue };
            let regular = entry.file_type().is_ok_and(|kind| kind.is_file());
            entries.push(Entry { path: entry.path(), meaning, regular });
        }
        let mut listing = Listing::unknown(lock_dir.filter(|dir| *dir != self.dir()));
        let known = !locks.is_empty() || listing.lock_dir.is_some();
        listing.locks = Some(locks);
        for entry in entries.iter_mut().filter(|_| known) {
            if let Meaning::Backup(..) | Meaning::Dated(..) = entry.meaning
                && let Some(lock) = listing.lock_of(&entry.path)
            {
                entry.meaning = Meaning::OtherLog(lock);
            }
        }
        Ok(Listing { entries, ..listing })
    }

    /// Returns whether `name` could be the lock file of a log that is named like a backup of
    /// this one.
    fn may_lock_another(&self, name: &OsStr) -> bool {
        let rest = name.as_encoded_bytes().strip_prefix(b".__");
        let rest = rest.and_then(|rest| rest.strip_prefix(self.name().as_encoded_bytes()));
        rest.is_some_and(|rest| {
            rest.starts_with(b".") && rest.ends_with(b".lock") && rest.len() > 5
        })
    }
}

impl Listing {
    /// Returns the listing of an unreadable directory.
    pub(crate) fn unknown(lock_dir: Option<&Path>) -> Self {
        Self { lock_dir: lock_dir.map(Path::to_owned), ..Self::default() }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.locks.is_none()
    }

    /// Returns the lock file of `path`, which is named like a backup, if it is a log.
    pub(crate) fn lock_of(&self, path: &Path) -> Option<PathBuf> {
        let name = [OsStr::new(".__"), path.file_name()?, OsStr::new(".lock")];
        let name = OsString::from_iter(name);
        let beside = path.with_file_name(&name);
        let is_beside = match &self.locks {
            Some(locks) => locks.contains(&name),
            None => beside.symlink_metadata().is_ok(),
        };
        let elsewhere = || self.lock_dir.as_ref().map(|dir| dir.join(&name));
        let there = |lock: &PathBuf| lock.symlink_metadata().is_ok();
        let lock = is_beside.then_some(beside).or_else(|| elsewhere().filter(there))?;
        // The log `job.1.log` has the same lock file.
        let mut longer = path.as_os_str().to_owned();
        longer.push(".log");
        Path::new(&longer).symlink_metadata().is_err().then_some(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_backup_s_name_with_a_lock_file_is_another_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("locks")).unwrap();
        let files = "job.1 .__job.1.lock job.2 .__job.lock job.3 job.3.log .__job.3.lock \
            job.2026-11-20 locks/.__job.2026-11-20.lock";
        for name in files.split_whitespace() {
            fs::write(path(name), "").unwrap();
        }
        let names = Names::new(&path("job")).unwrap();
        let others = |lock_dir: Option<&Path>| {
            let other = |entry: Entry| {
                if let Meaning::OtherLog(lock) = entry.meaning {
                    Some((entry.path, lock))
                } else {
                    None
                }
            };
            let listed = names.list(lock_dir).unwrap().entries;
            listed.into_iter().filter_map(other).collect::<BTreeMap<_, _>>()
        };
        let (one, two) = (path("job.1"), path("job.2026-11-20"));
        let (beside, elsewhere) = (path(".__job.1.lock"), path("locks/.__job.2026-11-20.lock"));
        assert_eq!(others(None), BTreeMap::from([(one.clone(), beside.clone())]));
        let both = BTreeMap::from([(one.clone(), beside.clone()), (two, elsewhere)]);
        assert_eq!(others(Some(&path("locks"))), both);
        let unknown = Listing::unknown(None);
        assert_eq!(unknown.lock_of(&one), Some(beside));
        assert_eq!(unknown.lock_of(&path("job.2")), None);
    }
}
