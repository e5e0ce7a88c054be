//! A file that was found, and which have been found before.

use std::collections::VecDeque;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::file::file_id;
use crate::names::Form;
use crate::sys::Metadata;

/// The files that have been seen, the one seen last at the end.
#[derive(Debug, Default)]
pub(super) struct Known(VecDeque<u64>);

impl Known {
    /// Tells whether the file of this identity has been seen.
    pub(super) fn has(&self, identity: u64) -> bool {
        self.0.iter().rev().any(|known| *known == identity)
    }

    /// Tells whether none has been seen.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in the file of this identity.
    pub(super) fn add(&mut self, identity: u64) {
        if !self.has(identity) {
            self.0.push_back(identity);
        }
    }

    /// Forgets all but the last `count`.
    pub(super) fn keep(&mut self, count: usize) {
        self.0.drain(..self.0.len().saturating_sub(count));
    }
}

/// Whether a file that was found is open.
#[derive(Debug)]
pub(super) enum Access {
    /// It is.
    Open(Arc<File>),
    /// Not yet, for there are too many.
    Later,
    /// It is not wanted.
    Skipped,
    /// It may not be read.
    Refused(Error),
}

/// A file that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it was.
    pub(super) path: PathBuf,
    /// Plain or compressed.
    pub(super) form: Form,
    /// Which file it is, for good.
    pub(super) identity: u64,
    /// When it was changed last.
    pub(super) modified: SystemTime,
    /// Its size.
    pub(super) size: u64,
    /// It has been seen before.
    pub(super) known: bool,
    /// Whether it is open.
    pub(super) access: Access,
}

impl Found {
    /// Returns what was found at `path`, which `metadata` is about.
    pub(super) fn new(
        path: PathBuf,
        form: Form,
        metadata: &Metadata,
        known: &Known,
        access: Access,
    ) -> Result<Self> {
        let modified = metadata.modified().map_err(Error::on("look at", &path))?;
        let identity = file_id(metadata);
        let size = metadata.len();
        let mut found = Self { path, form, identity, modified, size, known: false, access };
        let as_plain = || trace(&found.path.with_extension(""), modified);
        found.known = known.has(identity) || form == Form::Gzip && known.has(as_plain());
        Ok(found)
    }

    /// Returns what a plain backup by the clock has in common with what it is
    /// compressed to later: its name and when it was changed.
    pub(super) fn trace(&self) -> Option<u64> {
        (self.form == Form::Plain).then(|| trace(&self.path, self.modified))
    }
}

/// Returns a number for a plain file at `path` that was changed then.
fn trace(path: &Path, modified: SystemTime) -> u64 {
    let mut hasher = DefaultHasher::new();
    (path, modified).hash(&mut hasher);
    hasher.finish()
}
