//! Backups by the clock: the log is named after the start of its interval, and
//! the newest backups stay.
//!
//! The names are concurrent-log-handler's, but for one thing. Where a log is
//! rotated by size too, and its older backups of one interval are gone, CLH
//! gives their names anew; taken for the oldest, the log of this moment is then
//! removed at once. Here the numbers go on.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::compress;
use crate::error::{Error, Result};
use crate::file::regular_file;
use crate::lock::Held;
use crate::names::{self, Form};
use crate::rotation::plan::Plan;
use crate::rotation::{Backups, Rotation};
use crate::time::stamp::{Dated, Stamp};

/// How hard is compressed what a writer left to us who compresses.
const LEVEL: u32 = 6;

/// The backups of a log, the oldest first, and in which forms each is there.
pub(crate) type Calendar = BTreeMap<Dated, Vec<Form>>;

impl Backups {
    /// Looks which backups there are whose names have so many parts.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read.
    pub(crate) fn calendar(&self, precision: usize) -> Result<Calendar> {
        let mut calendar = Calendar::new();
        let unreadable = Error::on("look for backups in", self.names.dir());
        let mut read = || {
            for entry in fs::read_dir(self.names.dir())? {
                let entry = entry?;
                if let Some((dated, form)) = Dated::read(&self.names, &entry.file_name(), precision)
                    && entry.file_type()?.is_file()
                {
                    calendar.entry(dated).or_default().push(form);
                }
            }
            Ok(())
        };
        read().map_err(unreadable)?;
        // In the order of their names.
        for forms in calendar.values_mut() {
            forms.sort_unstable();
        }
        Ok(calendar)
    }

    /// Plans how the log becomes the backup of this `stamp`.
    ///
    /// # Errors
    ///
    /// If it cannot be told whether a name is free.
    pub(crate) fn plan_dated(&self, stamp: Stamp) -> Result<Rotation> {
        let mut counter = 0;
        // Where none is ever removed, a free name was free always, and the
        // directory, which may be large then, need not be looked through.
        if self.options.backups > 0 || !self.is_free(Dated { stamp, counter })? {
            // One that cannot be read tells nothing, but names do.
            let calendar = self.calendar(stamp.precision()).unwrap_or_default();
            counter = next_counter(&calendar, stamp);
        }
        for counter in counter..=u64::MAX {
            let dated = Dated { stamp, counter };
            if self.is_free(dated)? {
                let backup = dated.path(&self.names, Form::Plain);
                return Ok(Rotation { room: Plan::default(), backup });
            }
        }
        Err(Error::new("name a backup of", self.names.log(), ErrorKind::AlreadyExists.into()))
    }

    /// Tells whether nothing has the name of this backup, in either form. Only
    /// "no such file" means that.
    fn is_free(&self, dated: Dated) -> Result<bool> {
        for form in [Form::Plain, Form::Gzip] {
            let path = dated.path(&self.names, form);
            match path.symlink_metadata() {
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Error::new("look at", path, error)),
            }
        }
        Ok(true)
    }

    /// Removes the oldest backups beyond those that are kept. Returns what
    /// could not be removed, and why.
    pub(crate) fn remove_surplus(&mut self, _: &mut Held<'_>) -> Vec<Error> {
        let (Some(timetable), 1..) = (&self.timetable, self.options.backups) else {
            return Vec::new();
        };
        let calendar = match self.calendar(timetable.precision()) {
            Ok(calendar) => calendar,
            Err(error) => return vec![error],
        };
        let surplus = surplus(&calendar, self.options.backups);
        let remove = |(dated, form): (Dated, Form)| {
            let path = dated.path(&self.names, form);
            self.remove(&path).err()
        };
        surplus.into_iter().filter_map(remove).collect()
    }

    /// Sees to a backup that stands in both forms, at `plain` and beside it.
    /// One generation loses its plain form; if a killed writer was not done with
    /// compressing it, that is done anew. Two generations stay.
    pub(crate) fn settle_dated(&mut self, plain: &Path, held: &mut Held<'_>) -> Result<()> {
        if self.settle_double(plain)? {
            return Ok(());
        }
        let Some(metadata) = regular_file(plain)? else { return Ok(()) };
        let half = names::compressed(plain);
        if !compress::is_half_of(&half, plain).map_err(Error::on("compare", plain))? {
            self.apart.insert(plain.to_owned());
            return Ok(());
        }
        // Somebody asked for compression, though it may not be us. The half is
        // replaced, not removed: should it be somebody else's, who is still at
        // it and removes the plain one in the end, there is always a whole one.
        let compressed = self.compress_at(self.options.gzip.unwrap_or(LEVEL), plain, &metadata)?;
        self.place(&compressed, plain, held)
    }

    /// Returns the path of the newest backup, if there is one.
    pub(crate) fn newest_dated(&self, precision: usize) -> Option<PathBuf> {
        let (dated, forms) = self.calendar(precision).ok()?.pop_last()?;
        Some(dated.path(&self.names, *forms.first()?))
    }

    /// Returns the paths of the backups that are plain only.
    pub(crate) fn plain_dated(&self, precision: usize) -> Result<Vec<PathBuf>> {
        let calendar = self.calendar(precision)?;
        let plain = calendar.iter().filter(|(_, forms)| forms[..] == [Form::Plain]);
        Ok(plain.map(|(dated, _)| dated.path(&self.names, Form::Plain)).collect())
    }
}

/// Returns the number that follows all of this `stamp`.
fn next_counter(calendar: &Calendar, stamp: Stamp) -> u64 {
    let (first, last) = (Dated { stamp, counter: 0 }, Dated { stamp, counter: u64::MAX });
    let last = calendar.range(first..=last).next_back();
    last.map_or(0, |(dated, _)| dated.counter.saturating_add(1))
}

/// Returns the oldest backups beyond the newest `keep`. Each form counts, as
/// with CLH.
fn surplus(calendar: &Calendar, keep: u64) -> Vec<(Dated, Form)> {
    let files: Vec<_> = calendar
        .iter()
        .flat_map(|(dated, forms)| forms.iter().map(|form| (*dated, *form)))
        .collect();
    let beyond = files.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
    files.into_iter().take(beyond).collect()
}
