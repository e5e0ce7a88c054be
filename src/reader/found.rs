//! The files that were found, and which of them are known.

use std::collections::VecDeque;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::file::file_id;
use crate::names::Form;
use crate::sys::{self, Metadata};

/// The identities that have been seen, the latest at the end.
#[derive(Debug, Default)]
pub(super) struct Known(VecDeque<u64>);

/// An open file and its identity.
pub(super) type Opened<'a> = (&'a mut u64, &'a File);

impl Known {
    /// Updates the identities of open files: where overlayfs copies a file up it gets another
    /// time of birth.
    pub(super) fn renew<'a>(&mut self, opened: impl IntoIterator<Item = Opened<'a>>) {
        for (identity, file) in opened {
            // Without an answer the identity stays.
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
    /// Too many are open.
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

    /// What a backup by the clock keeps when it is compressed or copied up by overlayfs: its
    /// name and time of change.
    pub(super) fn trace(&self) -> u64 {
        let compressed = self.form == Form::Gzip;
        let plain = if compressed { self.path.with_extension("") } else { self.path.clone() };
        let mut hasher = DefaultHasher::new();
        (plain, self.modified).hash(&mut hasher);
        hasher.finish()
    }
}
