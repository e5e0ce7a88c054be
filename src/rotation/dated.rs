//! Backups by the clock: a log is named after the start of its interval, and the newest backups
//! stay.
//!
//! The names are concurrent-log-handler's, with one exception. CLH may reuse the names of
//! removed backups of the same interval; the log just rotated then counts as the oldest and is
//! removed at once. Here the numbers go on.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::names::listing::Listing;
use crate::names::stamp::{Dated, Stamp};
use crate::names::{Form, Meaning, Names};
use crate::rotation::plan::{Plan, Rotation};

/// Backups, oldest first, and the forms in which each exists.
pub(crate) type Calendar = BTreeMap<Dated, Vec<Form>>;

fn calendar(listing: &Listing, precision: usize) -> Calendar {
    let mut calendar = Calendar::new();
    for entry in listing.entries.iter().filter(|entry| entry.regular) {
        if let Meaning::Dated(dated, form) = entry.meaning
            && dated.stamp.precision() == precision
        {
            calendar.entry(dated).or_default().push(form);
        }
    }
    for forms in calendar.values_mut() {
        forms.sort_unstable();
    }
    calendar
}

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

/// Returns the backups beyond the newest `backups`, for when the log is not rotated.
pub(crate) fn surplus_of(
    names: &Names,
    precision: usize,
    backups: u64,
    listing: &Listing,
) -> Vec<PathBuf> {
    let surplus = surplus(&calendar(listing, precision), backups).into_iter();
    surplus.map(|(dated, form)| dated.path(names, form)).collect()
}

/// Only "no such file" means free. Another log's name is not free, even while that log is
/// missing.
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

pub(crate) fn newest(names: &Names, precision: usize) -> Option<PathBuf> {
    let (dated, forms) = calendar(&names.list(None).ok()?, precision).pop_last()?;
    Some(dated.path(names, *forms.first()?))
}

pub(crate) fn plain_only(names: &Names, precision: usize, listing: &Listing) -> Vec<PathBuf> {
    let calendar = calendar(listing, precision);
    let plain = calendar.iter().filter(|(_, forms)| forms[..] == [Form::Plain]);
    plain.map(|(dated, _)| dated.path(names, Form::Plain)).collect()
}

fn next_counter(calendar: &Calendar, stamp: Stamp) -> u64 {
    let (first, last) = (Dated { stamp, counter: 0 }, Dated { stamp, counter: u64::MAX });
    let last = calendar.range(first..=last).next_back();
    last.map_or(0, |(dated, _)| dated.counter.saturating_add(1))
}

/// Returns the oldest files beyond the newest `keep`; 0 keeps all. Each form counts, as in CLH.
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
