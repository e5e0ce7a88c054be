//! How a log's backups are named, by number or by the clock, and what depends on that.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Escaped, Result};
use crate::file::permissions::Ownership;
use crate::file::{file_id, regular_file};
use crate::names::listing::{Entry, Listing};
use crate::names::{self, Form, Meaning, Names};
use crate::rotation::plan::Rotation;
use crate::rotation::timetable::Timetable;
use crate::rotation::{dated, numbered};
use crate::sys::Metadata;

#[derive(Debug)]
pub(crate) enum Naming {
    /// `app.log.1` is the newest, and each rotation moves every backup up by one.
    Numbered,
    /// Each backup has the start of its interval in its name.
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
            Self::Dated(time) => dated::plan_rotation(names, time.stamp(), backups, listing),
        }
    }

    pub(crate) fn count(&self, names: &Names, listing: &Listing) -> u64 {
        match self {
            Self::Numbered => numbered::count(names, listing),
            Self::Dated(time) => dated::calendar(listing, time.precision()).len() as u64,
        }
    }

    /// Returns the paths of the backups, oldest first.
    pub(crate) fn history(&self, names: &Names, listing: &Listing) -> Vec<PathBuf> {
        match self {
            Self::Numbered => numbered::history(names, listing),
            Self::Dated(time) => {
                let calendar = dated::calendar(listing, time.precision());
                calendar.iter().map(|(dated, form)| dated.path(names, *form)).collect()
            }
        }
    }

    /// Returns whether the next rotation shortens a history of `there` backups, which are more than
    /// are kept. By the clock, a killed writer leaves one too many, perhaps in both forms.
    pub(crate) fn is_to_be_cut(&self, names: &Names, there: u64, kept: u64) -> bool {
        match self {
            Self::Numbered => numbered::is_to_be_cut(names, kept),
            Self::Dated(_) => there - kept > 2,
        }
    }

    /// Returns the plain path of the backup that this `meaning` describes, if it is one that is
    /// kept.
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
                let ours = dated.stamp.precision == timetable.precision();
                ours.then(|| dated.path(names, Form::Plain))
            }
            _ => None,
        }
    }

    /// Returns the backup with this `identity`, if it exists only in plain form.
    pub(crate) fn plain_of(
        &self,
        identity: u64,
        names: &Names,
        kept: u64,
        listing: &Listing,
    ) -> Result<Option<(PathBuf, Metadata)>> {
        for Entry { path, meaning, .. } in listing.entries.iter().filter(|entry| entry.regular) {
            if self.plain_form(names, kept, meaning).as_ref() == Some(path)
                && let Some(metadata) = regular_file(path)?
                && file_id(&metadata) == identity
                && regular_file(&names::compressed(path))?.is_none()
            {
                return Ok(Some((path.clone(), metadata)));
            }
        }
        Ok(None)
    }

    /// Returns an error for each other log that is named like a surplus backup.
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
        let forms = match self {
            Self::Numbered => Form::BOTH.map(|form| names.backup(1, form)),
            Self::Dated(timetable) => {
                let newest = dated::newest(names, timetable.precision())?;
                Form::BOTH.map(|form| newest.path(names, form))
            }
        };
        let found = |path| {
            let metadata = regular_file(path).ok().flatten()?;
            Some(Ownership::at(path, &metadata))
        };
        forms.iter().map(PathBuf::as_path).find_map(found)
    }
}

pub(crate) fn another_log(verb: &'static str, path: PathBuf, lock: &Path) -> Error {
    let lock = Escaped(lock.file_name().unwrap_or_default().as_encoded_bytes());
    let reason = format!("it is a log of its own, with the lock file '{lock}'");
    Error::new(verb, path, io::Error::other(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::Backups;
    use crate::rotation::options::Options;
    use crate::time::schedule::{Schedule, When};
    use std::fs;

    #[test]
    fn by_the_clock_what_a_killed_writer_leaves_is_no_history_to_be_cut() {
        for (there, kept, surplus) in
            [(3, 1, None), (4, 1, Some(4)), (4, 4, None), (4, 0, None), (9, 4, Some(9))]
        {
            let dir = tempfile::tempdir().unwrap();
            for day in 1..=there {
                fs::write(dir.path().join(format!("app.log.2026-10-0{day}")), b"line\n").unwrap();
            }
            let names = Names::new(&dir.path().join("app.log")).unwrap();
            let daily = Options::default().schedule(Some(Schedule::new(When::Day)));
            let backups = Backups::new(names, daily.backups(kept));
            assert_eq!(backups.surplus(&backups.list().unwrap()), surplus, "{there} {kept}");
        }
    }
}
