//! Backups by the clock: the log is named after the start of its interval, and
//! the newest backups stay.
//!
//! The names are concurrent-log-handler's, but for one thing. Where a log is
//! rotated by size too, and its older backups of one interval are gone, CLH
//! gives their names anew; taken for the oldest, the log of this moment is then
//! removed at once. Here the numbers go on.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::names::listing::Listing;
use crate::names::stamp::{Dated, Stamp};
use crate::names::{Form, Meaning, Names};
use crate::rotation::plan::{Plan, Rotation};

/// The backups of a log, the oldest first, and in which forms each is there.
pub(crate) type Calendar = BTreeMap<Dated, Vec<Form>>;

/// Returns the backups of this precision that were listed.
fn calendar(listing: &Listing, precision: usize) -> Calendar {
    let mut calendar = Calendar::new();
    for entry in listing.entries.iter().filter(|entry| entry.regular) {
        if let Meaning::Dated(dated, form) = entry.meaning
            && dated.stamp.precision() == precision
        {
            calendar.entry(dated).or_default().push(form);
        }
    }
    // In the order of their names.
    for forms in calendar.values_mut() {
        forms.sort_unstable();
    }
    calendar
}

/// Plans how the log becomes the backup of this `stamp`.
///
/// # Errors
///
/// If it cannot be told whether a name is free.
pub(crate) fn plan_rotation(
    names: &Names,
    stamp: Stamp,
    backups: u64,
    listing: &Listing,
) -> Result<Rotation> {
    let mut calendar = calendar(listing, stamp.precision());
    for counter in next_counter(&calendar, stamp)..=u64::MAX {
        let dated = Dated { stamp, counter };
        if is_free(names, dated, listing)? {
            calendar.insert(dated, vec![Form::Plain]);
            let surplus = surplus(&calendar, backups).into_iter();
            let surplus = surplus.map(|(dated, form)| dated.path(names, form)).collect();
            let backup = dated.path(names, Form::Plain);
            return Ok(Rotation { room: Plan::default(), backup, surplus });
        }
    }
    Err(Error::new("name a backup of", names.log(), ErrorKind::AlreadyExists.into()))
}

/// Returns the paths of the oldest backups beyond those that are kept, where the
/// log is not rotated.
pub(crate) fn surplus_of(
    names: &Names,
    precision: usize,
    backups: u64,
    listing: &Listing,
) -> Vec<PathBuf> {
    let surplus = surplus(&calendar(listing, precision), backups).into_iter();
    surplus.map(|(dated, form)| dated.path(names, form)).collect()
}

/// Tells whether nothing has the name of this backup, in either form. Only
/// "no such file" means that. A log's name is not free while it is missing.
fn is_free(names: &Names, dated: Dated, listing: &Listing) -> Result<bool> {
    for form in [Form::Plain, Form::Gzip] {
        let path = dated.path(names, form);
        match path.symlink_metadata() {
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::new("look at", path, error)),
        }
    }
    Ok(listing.lock_of(&dated.path(names, Form::Plain)).is_none())
}

/// Returns the path of the newest backup, if there is one.
pub(crate) fn newest(names: &Names, precision: usize) -> Option<PathBuf> {
    let (dated, forms) = calendar(&names.list(None).ok()?, precision).pop_last()?;
    Some(dated.path(names, *forms.first()?))
}

/// Returns the paths of the backups that are plain only.
pub(crate) fn plain_only(names: &Names, precision: usize, listing: &Listing) -> Vec<PathBuf> {
    let calendar = calendar(listing, precision);
    let plain = calendar.iter().filter(|(_, forms)| forms[..] == [Form::Plain]);
    plain.map(|(dated, _)| dated.path(names, Form::Plain)).collect()
}

/// Returns the number that follows all of this `stamp`.
fn next_counter(calendar: &Calendar, stamp: Stamp) -> u64 {
    let (first, last) = (Dated { stamp, counter: 0 }, Dated { stamp, counter: u64::MAX });
    let last = calendar.range(first..=last).next_back();
    last.map_or(0, |(dated, _)| dated.counter.saturating_add(1))
}

/// Returns the oldest backups beyond the newest `keep`; 0 keeps all. Each form
/// counts, as with CLH.
fn surplus(calendar: &Calendar, keep: u64) -> Vec<(Dated, Form)> {
    if keep == 0 {
        return Vec::new();
    }
    let files: Vec<_> = calendar
        .iter()
        .flat_map(|(dated, forms)| forms.iter().map(|form| (*dated, *form)))
        .collect();
    let beyond = files.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
    files.into_iter().take(beyond).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_are_surplus_and_numbers_go_on() {
        let stamp = |day| Stamp::new([2026, 11, day, 0, 0, 0], 3);
        let dated = |day, counter| Dated { stamp: stamp(day), counter };
        let calendar = Calendar::from([
            (dated(1, 0), vec![Form::Plain, Form::Gzip]),
            (dated(2, 7), vec![Form::Gzip]),
            (dated(2, 12), vec![Form::Plain]),
        ]);
        assert_eq!(surplus(&calendar, 0), []);
        assert_eq!(surplus(&calendar, u64::MAX), []);
        let first = |form| (dated(1, 0), form);
        assert_eq!(surplus(&calendar, 3), [first(Form::Plain)]);
        let oldest = [first(Form::Plain), first(Form::Gzip), (dated(2, 7), Form::Gzip)];
        assert_eq!(surplus(&calendar, 1), oldest);
        assert_eq!(next_counter(&calendar, stamp(2)), 13);
        assert_eq!(next_counter(&calendar, stamp(3)), 0);
    }
}
