//! The files that a look found: which are known already, and their generations, each once and in
//! order.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::look::Sight;
use super::part::At;
use crate::compress::{self, Relation};
use crate::error::{Error, Result};
use crate::file::file_id;
use crate::names::Form;
use crate::sys::{self, Metadata};

/// The identities of files seen so far, the latest last.
#[derive(Debug, Default)]
pub(super) struct Known(VecDeque<u64>);

/// An open file and its identity.
pub(super) type Opened<'a> = (&'a mut u64, &'a File);

impl Known {
    /// Updates the identities of open files: a file that overlayfs copies up gets another time of
    /// birth.
    pub(super) fn renew<'a>(&mut self, opened: impl IntoIterator<Item = Opened<'a>>) {
        for (identity, file) in opened {
            // If that fails, the old identity is kept.
            let now = sys::about(file).map_or(*identity, |metadata| file_id(&metadata));
            if now != *identity {
                *identity = now;
                self.add(now);
            }
        }
    }

    pub(super) fn has(&self, identity: u64) -> bool {
        self.0.iter().rev().any(|known| *known == identity)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, identity: u64) {
        if !self.has(identity) {
            self.0.push_back(identity);
        }
    }

    pub(super) fn keep(&mut self, count: usize) {
        self.0.drain(..self.0.len().saturating_sub(count));
    }
}

#[derive(Debug)]
pub(super) enum Access {
    Open(Arc<File>),
    /// Not opened yet, because too many files are open.
    Later,
    Skipped,
    Refused(Error),
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) form: Form,
    pub(super) identity: u64,
    pub(super) modified: SystemTime,
    pub(super) size: u64,
    pub(super) known: bool,
    pub(super) access: Access,
}

impl Found {
    pub(super) fn new(
        path: PathBuf,
        form: Form,
        metadata: &Metadata,
        known: &Known,
    ) -> Result<Self> {
        let modified = metadata.modified().map_err(Error::on("look at", &path))?;
        let (identity, size, access) = (file_id(metadata), metadata.len(), Access::Later);
        let mut found = Self { path, form, identity, modified, size, known: false, access };
        found.known = known.has(identity) || known.has(found.trace());
        Ok(found)
    }

    /// Its identity and file, if it is open.
    pub(super) fn opened(&mut self) -> Option<Opened<'_>> {
        if let Access::Open(file) = &self.access { Some((&mut self.identity, file)) } else { None }
    }

    pub(super) fn opened_plain(&self) -> Option<(u64, Arc<File>)> {
        match (&self.access, self.form) {
            (Access::Open(file), Form::Plain) => Some((self.identity, Arc::clone(file))),
            _ => None,
        }
    }

    /// Returns a hash of the name and the time of last change, which a backup by the clock keeps
    /// when it is compressed or copied up by overlayfs.
    pub(super) fn trace(&self) -> u64 {
        let compressed = self.form == Form::Gzip;
        let plain = if compressed { self.path.with_extension("") } else { self.path.clone() };
        let mut hasher = DefaultHasher::new();
        (plain, self.modified).hash(&mut hasher);
        hasher.finish()
    }
}

/// Returns the new backups, oldest first, each generation once.
pub(super) fn fresh_of(sight: Sight) -> Vec<Found> {
    let mut fresh: Vec<Found> = sight.fresh.into_iter().flat_map(once_each).collect();
    for orphan in sight.orphans.into_iter().filter(|orphan| !orphan.known) {
        // After all newer ones: rotations continued without it.
        let newer = |found: &Found| found.modified > orphan.modified;
        let index = fresh.iter().rposition(newer).map_or(0, |index| index + 1);
        fresh.insert(index, orphan);
    }
    fresh.reverse();
    fresh
}

/// Returns the new generations of one slot, newest first.
fn once_each(mut files: Vec<Found>) -> Vec<Found> {
    files.sort_by_key(|found| Reverse(found.modified));
    let [a, b] = &files[..] else { return files };
    let plain_first = a.form == Form::Plain;
    let (plain, compressed) = if plain_first { (a, b) } else { (b, a) };
    let related = match (&plain.access, &compressed.access) {
        (Access::Open(plain), Access::Open(compressed)) => relation(plain, compressed),
        // An unreadable file is reported, and the other one is read.
        _ => Ok(Relation::Apart),
    };
    let wanted = match related {
        Ok(Relation::Apart) => None,
        Ok(Relation::MorePlain) => Some(Form::Plain),
        // An unreadable file is reported when it is read.
        Ok(Relation::Same | Relation::MoreCompressed) | Err(_) => Some(Form::Gzip),
    };
    let seen = wanted.is_some() && files.iter().any(|found| found.known);
    files.retain(|found| !found.known && !seen && wanted.is_none_or(|form| form == found.form));
    files
}

/// Removes the oldest generation with the same content as the plain `file`; returns its position.
pub(super) fn take_out(fresh: &mut Vec<Found>, file: &Arc<File>) -> Option<usize> {
    let is_same = |found: &Found| match (&found.access, found.form) {
        (Access::Open(other), Form::Gzip) => {
            relation(file, other).is_ok_and(|related| related == Relation::Same)
        }
        _ => false,
    };
    let index = fresh.iter().position(is_same)?;
    fresh.remove(index);
    Some(index)
}

fn relation(plain: &Arc<File>, compressed: &Arc<File>) -> io::Result<Relation> {
    let [plain, compressed] = [plain, compressed].map(|file| At::begin(Arc::clone(file)));
    compress::relation(plain, compressed)
}
