//! What differs between backups by number and by the clock.
//!
//! Each question here has an answer in [`numbered`](crate::rotation::numbered) and one in
//! [`dated`](crate::rotation::dated); [`rotation`](crate::rotation) and
//! [`recovery`](crate::rotation::recovery) ask without knowing which it is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::file::{file_id, regular_file};
use crate::lock::Held;
use crate::names::{Form, Meaning};
use crate::rotation::{Backups, Rotation};
use crate::sys::Metadata;
use crate::time::stamp::Dated;

impl Backups {
    /// Plans a rotation.
    ///
    /// # Errors
    ///
    /// If something is in its way.
    pub(crate) fn plan(&mut self, held: &Held<'_>) -> Result<Rotation> {
        match &self.timetable {
            None => self.plan_numbered(),
            Some(timetable) => {
                held.may_write()?;
                self.plan_dated(timetable.stamp())
            }
        }
    }

    /// Returns the path of the plain form of the backup called `name`, if that
    /// is one of those that are kept.
    pub(crate) fn plain_form(&self, name: &OsStr) -> Option<PathBuf> {
        match &self.timetable {
            None => match self.names.meaning(name)? {
                Meaning::Backup(slot, _) if slot <= self.options.backups => {
                    Some(self.names.backup(slot, Form::Plain))
                }
                _ => None,
            },
            Some(timetable) => {
                let (dated, _) = Dated::read(&self.names, name, timetable.precision())?;
                Some(dated.path(&self.names, Form::Plain))
            }
        }
    }

    /// Returns the path of the backup that is plain only and the file of this
    /// `identity`, and what it is, if there is one.
    pub(crate) fn plain_of(&mut self, identity: u64) -> Result<Option<(PathBuf, Metadata)>> {
        let plain = match &self.timetable {
            None => self.plain_numbered(),
            Some(timetable) => self.plain_dated(timetable.precision()),
        };
        for path in plain? {
            if let Some(metadata) = regular_file(&path)?
                && file_id(&metadata) == identity
            {
                return Ok(Some((path, metadata)));
            }
        }
        Ok(None)
    }

    /// Sees to a backup that stands in both forms, the plain one at `plain`:
    /// one generation loses its plain form.
    pub(crate) fn settle(&mut self, plain: &Path, held: &mut Held<'_>) -> Result<()> {
        match &self.timetable {
            None => self.settle_double(plain).map(drop),
            Some(_) => self.settle_dated(plain, held),
        }
    }

    /// Returns what the newest backup is, if there is one.
    pub(crate) fn newest(&self) -> Option<Metadata> {
        let path = match &self.timetable {
            None => self.newest_numbered(),
            Some(timetable) => self.newest_dated(timetable.precision()),
        };
        regular_file(&path?).ok().flatten()
    }
}
