//! How a log's backups are named, by number or by the clock, and what depends on that.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Escaped, Result};
use crate::file::permissions::Ownership;
use crate::file::{file_id, regular_file};
use crate::names::listing::{Entry, Listing};
use crate::names::{Form, Meaning, Names};
use crate::rotation::plan::Rotation;
use crate::rotation::timetable::Timetable;
use crate::rotation::{dated, numbered};
use crate::sys::Metadata;

#[derive(Debug)]
pub(crate) enum Naming {
    /// `app.log.1` is the newest, and every backup moves up by one.
    Numbered,
    /// Each keeps the start of its interval in its name.
    Dated(Timetable),
}

impl Naming {
    pub(crate) fn timetable(&self) -> Option<&Timetable> {
        if let Self::Dated(timetable) = self { Some(timetable) } else { None }
    }

    pub(crate) fn timetable_mut(&mut self) -> Option<&mut Timetable> {
        if let Self::Dated(timetable) = self { Some(timetable) } else { None }
    }

    pub(crate) fn plan(&self, names: &Names, backups: u64, listing: &Listing) -> Result<Rotation> {
        match self {
            Self::Numbered => numbered::plan_rotation(names, backups, listing),
            Self::Dated(timetable) => {
                dated::plan_rotation(names, timetable.stamp(), backups, listing)
            }
        }
    }

    /// Returns how many backups there are.
    pub(crate) fn count(&self, names: &Names, listing: &Listing) -> u64 {
        match self {
            Self::Numbered => numbered::count(names, listing),
            Self::Dated(timetable) => dated::count(timetable.precision(), listing),
        }
    }

    /// Returns whether the next rotation shortens a history of more than `kept` backups.
    pub(crate) fn is_to_be_cut(&self, names: &Names, kept: u64) -> bool {
        match self {
            Self::Numbered => numbered::is_to_be_cut(names, kept),
            Self::Dated(_) => true,
        }
    }

    /// Returns the plain path of the backup that this `meaning` describes, if it is one of
    /// those kept.
    pub(crate) fn plain_form(
        &self,
        names: &Names,
        kept: u64,
        meaning: &Meaning,
    ) -> Option<PathBuf> {
        match (self, meaning) {
            (Self::Numbered, Meaning::Backup(slot, _)) => {
                (*slot <= kept).then(|| names.backup(*slot, Form::Plain))
            }
            (Self::Dated(timetable), Meaning::Dated(dated, _)) => {
                let ours = dated.stamp.precision() == timetable.precision();
                ours.then(|| dated.path(names, Form::Plain))
            }
            _ => None,
        }
    }

    /// Returns the plain-only backup that is the file with this `identity`.
    pub(crate) fn plain_of(
        &self,
        identity: u64,
        names: &Names,
        backups: u64,
        listing: &Listing,
    ) -> Result<Option<(PathBuf, Metadata)>> {
        let plain = match self {
            Self::Numbered => numbered::plain_only(names, backups, listing)?,
            Self::Dated(timetable) => dated::plain_only(names, timetable.precision(), listing),
        };
        for path in plain {
            if let Some(metadata) = regular_file(&path)?
                && file_id(&metadata) == identity
            {
                return Ok(Some((path, metadata)));
            }
        }
        Ok(None)
    }

    /// Returns an error for each other log whose name makes it look like a surplus backup.
    pub(crate) fn not_removed(&self, names: &Names, listing: &Listing) -> Vec<Error> {
        let error = |entry: &Entry| {
            let Meaning::OtherLog(lock) = &entry.meaning else { return None };
            let meaning = names.meaning(entry.path.file_name()?)?;
            self.plain_form(names, 0, &meaning)?;
            Some(another_log("remove", entry.path.clone(), lock))
        };
        listing.entries.iter().filter_map(error).collect()
    }

    pub(crate) fn newest(&self, names: &Names) -> Option<Ownership> {
        let path = match self {
            Self::Numbered => numbered::newest(names),
            Self::Dated(timetable) => dated::newest(names, timetable.precision()),
        }?;
        let metadata = regular_file(&path).ok().flatten()?;
        Some(Ownership::at(&path, &metadata))
    }
}

pub(crate) fn another_log(verb: &'static str, path: PathBuf, lock: &Path) -> Error {
    let lock = Escaped(lock.file_name().unwrap_or_default().as_encoded_bytes());
    let reason = format!("it is a log of its own, with the lock file '{lock}'");
    Error::new(verb, path, io::Error::other(reason))
}
