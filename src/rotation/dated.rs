//! Backups by the clock: a log is named after the start of its interval, and the newest backups are
//! kept.
//!
//! The names are concurrent-log-handler's, with one exception. CLH may reuse the names of removed
//! backups of the same interval; the log that it just rotated then counts as the oldest and is
//! removed at once. Here the numbers continue.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::names::listing::Listing;
use crate::names::stamp::{Dated, Stamp};
use crate::names::{Form, Meaning, Names};
use crate::rotation::plan::{Plan, Rotation};

/// The files of backups, oldest first; a backup can have both forms.
pub(crate) type Calendar = BTreeSet<(Dated, Form)>;

pub(crate) fn calendar(listing: &Listing, precision: usize) -> Calendar {
    let dated = listing.entries.iter().filter(|entry| entry.regular).filter_map(|entry| {
        let Meaning::Dated(dated, form) = entry.meaning else { return None };
        (dated.stamp.precision == precision).then_some((dated, form))
    });
    dated.collect()
}

pub(crate) fn plan_rotation(
    names: &Names,
    stamp: Stamp,
    backups: u64,
    listing: &Listing,
) -> Result<Rotation> {
    let mut calendar = calendar(listing, stamp.precision);
    for counter in next_counter(&calendar, stamp)..=u64::MAX {
        let dated = Dated { stamp, counter };
        if is_free(names, dated, listing)? {
            calendar.insert((dated, Form::Plain));
            let surplus = surplus(names, &calendar, backups);
            let backup = dated.path(names, Form::Plain);
            return Ok(Rotation { room: Plan::default(), backup, surplus });
        }
    }
    Err(Error::new("name a backup of", names.log(), ErrorKind::AlreadyExists.into()))
}

/// Returns the oldest files beyond the newest `keep`; 0 keeps all. Each form counts, as in CLH.
pub(crate) fn surplus(names: &Names, calendar: &Calendar, keep: u64) -> Vec<PathBuf> {
    let keep = if keep == 0 { usize::MAX } else { usize::try_from(keep).unwrap_or(usize::MAX) };
    let oldest = calendar.iter().take(calendar.len().saturating_sub(keep));
    oldest.map(|(dated, form)| dated.path(names, *form)).collect()
}

/// Returns whether a name is free. Only "no such file" means that. Another log's name is never
/// free, even while that log does not exist.
fn is_free(names: &Names, dated: Dated, listing: &Listing) -> Result<bool> {
    for form in Form::BOTH {
        let path = dated.path(names, form);
        match path.symlink_metadata() {
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::new("look at", path, error)),
        }
    }
    Ok(listing.lock_of(&dated.path(names, Form::Plain)).is_none())
}

pub(crate) fn newest(names: &Names, precision: usize) -> Option<Dated> {
    calendar(&names.list(None).ok()?, precision).last().map(|(dated, _)| *dated)
}

fn next_counter(calendar: &Calendar, stamp: Stamp) -> u64 {
    let at = |counter, form| (Dated { stamp, counter }, form);
    let last = calendar.range(at(0, Form::Plain)..=at(u64::MAX, Form::Gzip)).next_back();
    last.map_or(0, |(dated, _)| dated.counter.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_backup_gets_the_next_number_that_neither_form_nor_another_log_has() {
        let stamp = Stamp::new([2026, 10, 1, 0, 0, 0], 3);
        for (there, next) in [
            (&[][..], "app.log.2026-10-01"),
            (&["app.log.2026-10-02"], "app.log.2026-10-01"),
            (&["app.log.2026-10-01"], "app.log.2026-10-01.1"),
            // Numbers of removed backups are not used again.
            (&["app.log.2026-10-01.4.gz"], "app.log.2026-10-01.5"),
            // A directory is no backup, but has the name.
            (&["app.log.2026-10-01.gz/"], "app.log.2026-10-01.1"),
            (&["app.log.2026-10-01", ".__app.log.2026-10-01.1.lock"], "app.log.2026-10-01.2"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            for name in there {
                let path = dir.path().join(name.trim_end_matches('/'));
                if name.ends_with('/') {
                    fs::create_dir(path).unwrap();
                } else {
                    fs::write(path, b"line\n").unwrap();
                }
            }
            let names = Names::new(&dir.path().join("app.log")).unwrap();
            let rotation = plan_rotation(&names, stamp, 0, &names.list(None).unwrap()).unwrap();
            assert_eq!(rotation.backup, dir.path().join(next));
        }
    }
}
