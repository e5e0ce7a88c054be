//! Backups by number: the log becomes slot 1, and every backup moves up by one.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use crate::compress;
use crate::error::{Error, Result};
use crate::file::{open_to_read, regular_file};
use crate::names::listing::Listing;
use crate::names::{Form, Meaning, Names};
use crate::rotation::naming::another_log;
use crate::rotation::plan::{Backup, Chain, Found, Rotation, plan};
use crate::sys;

pub(crate) fn plan_rotation(names: &Names, backups: u64, listing: &Listing) -> Result<Rotation> {
    let room = plan(&chain(names, backups, listing)?, Some(1), backups);
    let first = room.remove.first().or(room.shift.first().map(|(backup, _)| backup));
    if let Some(path) = first.map(|backup| backup.path(names)) {
        sys::can_rename(&path).map_err(Error::on("rename", &path))?;
    }
    Ok(Rotation { room, backup: names.backup(1, Form::Plain), surplus: Vec::new() })
}

/// Returns the number of the last slot in use. A number far beyond the others, such as a date, is
/// not a slot of the chain.
pub(crate) fn count(names: &Names, listing: &Listing) -> u64 {
    if listing.is_unknown() {
        let chain = chain(names, u64::MAX, listing);
        return chain.map_or(u64::MAX, |chain| chain.slots.len() as u64);
    }
    let mut slots: Vec<u64> = listed(listing).map(|backup| backup.slot).collect();
    slots.sort_unstable();
    let ranked = slots.into_iter().zip(1..).filter(|(slot, rank)| *slot <= 2 * rank);
    ranked.map(|(slot, rank)| slot.max(rank)).max().unwrap_or(0)
}

/// Returns the paths of the backups in these slots, oldest first.
pub(crate) fn history(names: &Names, listing: &Listing) -> Vec<PathBuf> {
    let last = count(names, listing);
    let mut backups: Vec<_> = listed(listing).filter(|backup| backup.slot <= last).collect();
    backups.sort_by_key(|backup| (Reverse(backup.slot), backup.form));
    backups.into_iter().map(|backup| backup.path(names)).collect()
}

fn listed(listing: &Listing) -> impl Iterator<Item = Backup> {
    listing.entries.iter().filter(|entry| entry.regular).filter_map(|entry| {
        let Meaning::Backup(slot, form) = entry.meaning else { return None };
        Some(Backup { slot, form })
    })
}

/// Returns whether slot `kept` and the next one were last filled by the same rotation. Once
/// rotations remove what leaves slot `kept`, that slot changes later than the next one.
pub(crate) fn is_to_be_cut(names: &Names, kept: u64) -> bool {
    let changed = |slot| {
        let paths = Form::BOTH.map(|form| names.backup(slot, form));
        let files = paths.iter().filter_map(|path| regular_file(path).ok()?);
        files.map(|metadata| sys::changed(&metadata)).max()
    };
    match (changed(kept), changed(kept.saturating_add(1))) {
        (Some(last), Some(beyond)) => last <= beyond + 1,
        _ => false,
    }
}

/// Looks up the backups, newest first. If a slot's name belongs to another log or to something that
/// is not a regular file, that is an error: only "no such file" means that a name is free.
pub(crate) fn chain(names: &Names, backups: u64, listing: &Listing) -> Result<Chain> {
    let mut chain = Chain::default();
    for slot in 1..=backups {
        let mut found = Vec::new();
        for form in Form::BOTH {
            let backup = Backup { slot, form };
            let path = names.backup(slot, form);
            let metadata = regular_file(&path)?;
            // Check a free name, too: that log's writers may be about to create it.
            if (metadata.is_some() || form == Form::Plain)
                && let Some(lock) = listing.lock_of(&path)
            {
                return Err(another_log("move", path, &lock));
            }
            if let Some(metadata) = metadata {
                let modified = metadata.modified().map_err(Error::on("look at", &path))?;
                found.push(Found { backup, modified });
            }
        }
        if found.is_empty() {
            break;
        }
        if found.len() == 2 && is_one_generation(&names.backup(slot, Form::Plain), false)? {
            chain.doubled.push(found.remove(0).backup);
        }
        // Of two generations in one slot, the newer comes first.
        found.sort_by_key(|found: &Found| Reverse(found.modified));
        chain.slots.push(found);
    }
    Ok(chain)
}

/// Returns whether the backup `plain` and its compressed form are one generation: the plain content
/// is the same or a beginning of the other. Two generations of equal lines can look like that, so
/// in a slot both must also have the same time of last change, which compression preserves. By the
/// clock, Python gives the two forms different times, but two generations have two names.
pub(crate) fn is_one_generation(plain: &Path, timed: bool) -> Result<bool> {
    let same = || {
        let compressed = open_to_read(&crate::names::compressed(plain))?;
        let at_once = sys::about(&compressed)?.modified()? == sys::look_at(plain)?.modified()?;
        Ok((timed || at_once) && compress::same_generation(plain, &compressed)?)
    };
    same().map_err(Error::on("compare", plain))
}
