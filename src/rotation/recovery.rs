//! Repairs what a writer left that died during a rotation.
//!
//! Rotations happen under the lock. A writer that holds it and finds a half-done rotation knows
//! that the process behind it is dead, and finishes the rotation:
//!
//! | found | it is | and becomes |
//! |---|---|---|
//! | `.__app.log.ID.gz`, a backup's content | ours, about to take its place | that backup, compressed |
//! | `.__app.log.ID.gz`, of the present log | ours, compressed ahead | (stays) |
//! | `.__app.log.ID.gz`, anything else | ours, of no use any more | nothing |
//! | `app.log.N` and `app.log.N.gz`, the same | ours, placed already | the compressed one |
//! | the two, not the same | two generations | two slots |
//! | `app.log.STAMP` and `.gz`, the same | as above, by the clock | the compressed one |
//! | the two, the latter partial | Python's, being compressed | compressed again |
//! | the two, not the same | two generations | (stay) |
//! | `app.log.rotate.DIGITS` | a whole log of Python's | the slot of its age |
//! | the same and its `.gz` | the latter may be partial | as if it were not there |
//! | `app.log.rotate.DIGITS.gz` alone | the same, compressed | the slot of its age |
//!
//! A gap in the chain needs no repair: the next shift closes it. If the log is missing after a
//! rotation by the clock, it is created; if the next time was not written either, that time passes
//! with nothing to rotate. Like those of a rotation, the steps here can be interrupted; the next
//! writer starts again.
//!
//! Only regular files with exactly these names are touched.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::compress;
use crate::compress::private_file::{Compressed, PrivateFile};
use crate::error::{Error, Result};
use crate::event::Notice;
use crate::file::permissions::Ownership;
use crate::file::regular_file;
use crate::lock::Held;
use crate::names::listing::Listing;
use crate::names::{self, Form, Meaning};
use crate::rotation::plan::{Found, plan};
use crate::rotation::{Backups, numbered, rename};
use crate::sys::Metadata;

/// The level for a leftover if this writer does not compress.
const LEVEL: u32 = 6;

#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    /// Python's temporary files of rotations, by their digits.
    temps: BTreeMap<String, BTreeMap<Form, PathBuf>>,
    /// The identities of private files.
    privates: Vec<u64>,
    /// The plain paths of backups that exist in both forms.
    doubles: Vec<PathBuf>,
    pub(crate) listing: Listing,
}

impl Leftovers {
    /// Finds the leftovers. The private file of the current log, `log`, with its identity and size,
    /// is not one.
    pub(crate) fn find(backups: &Backups, listing: Listing, log: Option<(u64, u64)>) -> Self {
        let (names, mut found, mut forms) = (&backups.names, Self::default(), BTreeMap::new());
        // Anything but a regular file is not ours.
        for entry in listing.entries.iter().filter(|entry| entry.regular) {
            match &entry.meaning {
                // By the clock there is no chain into which to adopt it, and Python leaves none.
                Meaning::RotationTemp(digits, form) if backups.naming.timetable().is_none() => {
                    let forms = found.temps.entry(digits.clone()).or_default();
                    forms.insert(*form, entry.path.clone());
                }
                Meaning::Private(identity) => {
                    let growing = log.is_some_and(|(log, size)| {
                        log == *identity && PrivateFile::is_growing(&names.private(log), size)
                    });
                    found.privates.extend((!growing).then_some(*identity));
                }
                meaning => {
                    let kept = backups.options.most_backups();
                    if let Some(plain) = backups.naming.plain_form(names, kept, meaning) {
                        *forms.entry(plain).or_insert(0) += 1;
                    }
                }
            }
        }
        let twice = forms.into_iter().filter(|(_, files)| *files == 2).map(|(plain, _)| plain);
        found.doubles = twice.filter(|plain| !backups.apart.contains(plain)).collect();
        Self { listing, ..found }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.temps.is_empty() && self.privates.is_empty() && self.doubles.is_empty()
    }
}

/// Repairs the leftovers; returns what was adopted, and what could not be repaired and stays.
pub(crate) fn mend(found: &Leftovers, held: &mut Held<'_>, backups: &mut Backups) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut report = |outcome: Result<Option<Notice>>| {
        notices.extend(outcome.unwrap_or_else(|error| Some(Notice::CannotMend(error))));
    };
    for identity in &found.privates {
        report(finish_or_remove(*identity, found, held, backups).map(|()| None));
    }
    if !found.doubles.is_empty() {
        report(part(found, held, backups).map(|()| None));
    }
    // Without backups there is no chain into which to adopt it.
    if !backups.options.truncates() {
        let orphans = by_age(found, backups).unwrap_or_else(|error| {
            report(Err(error));
            Vec::new()
        });
        for orphan in orphans {
            report(adopt(&orphan, &found.listing, held, backups));
        }
    }
    notices
}

/// Places a private file whose process died before placing it, or removes it.
fn finish_or_remove(
    identity: u64,
    found: &Leftovers,
    held: &mut Held<'_>,
    backups: &mut Backups,
) -> Result<()> {
    let path = backups.names.private(identity);
    let Some(compressed) = Compressed::of_dead_maker(path)? else { return Ok(()) };
    let (names, kept) = (&backups.names, backups.options.most_backups());
    let plain = backups.naming.plain_of(identity, names, kept, &found.listing)?;
    if let Some((plain, metadata)) = plain
        && compressed.is_admitted_by(&Ownership::at(&plain, &metadata))?
        && compressed.holds(&plain, metadata.len())?
    {
        return backups.place(&compressed, &plain, held);
    }
    // Dropping it removes it.
    Ok(())
}

/// Separates the two forms of a backup: one generation loses its plain form, two get two slots.
fn part(found: &Leftovers, held: &mut Held<'_>, backups: &mut Backups) -> Result<()> {
    let timed = backups.naming.timetable().is_some();
    for plain in &found.doubles {
        if regular_file(plain)?.is_none() || regular_file(&names::compressed(plain))?.is_none() {
            continue;
        }
        if numbered::is_one_generation(plain, timed)? {
            backups.remove(plain)?;
        } else if timed {
            settle_dated(plain, held, backups)?;
        }
    }
    if timed {
        return Ok(());
    }
    let kept = backups.options.most_backups();
    let plan = plan(&numbered::chain(&backups.names, kept, &found.listing)?, None, kept);
    backups.carry_out(&plan, held)
}

/// Handles a backup by the clock whose two forms differ. If a killed writer was compressing it, it
/// is compressed again; two generations stay.
fn settle_dated(plain: &Path, held: &mut Held<'_>, backups: &mut Backups) -> Result<()> {
    let Some(metadata) = regular_file(plain)? else { return Ok(()) };
    let half = names::compressed(plain);
    if !compress::is_half_of(&half, plain).map_err(Error::on("compare", plain))? {
        backups.apart.insert(plain.to_owned());
        return Ok(());
    }
    // Another writer wanted compression, though perhaps we do not. Replace the incomplete file
    // instead of removing it: if that writer is alive after all and removes the plain file, a whole
    // file remains.
    let level = backups.options.gzip.unwrap_or(LEVEL);
    let compressed = backups.compress_at(level, plain, &metadata)?;
    backups.place(&compressed, plain, held)
}

/// A generation that a rotation by Python left outside the chain.
struct Orphan {
    path: PathBuf,
    form: Form,
    metadata: Metadata,
    modified: SystemTime,
}

/// Returns the orphans, oldest first, and removes incomplete compressed forms.
fn by_age(found: &Leftovers, backups: &mut Backups) -> Result<Vec<Orphan>> {
    let mut orphans = Vec::new();
    for forms in found.temps.values() {
        let mut files = Vec::new();
        for (form, path) in forms {
            if let Some(metadata) = regular_file(path)? {
                let modified = metadata.modified().map_err(Error::on("look at", path))?;
                files.push(Orphan { path: path.clone(), form: *form, metadata, modified });
            }
        }
        // Python removes the plain file only when the compressed one is complete.
        if let [_, half] = &files[..] {
            backups.remove(&half.path)?;
        }
        orphans.extend(files.into_iter().next());
    }
    orphans.sort_by_key(|orphan| orphan.modified);
    Ok(orphans)
}

/// Moves an orphan behind every newer backup: Python peers, which adopt nothing, may have rotated
/// since.
fn adopt(
    orphan: &Orphan,
    listing: &Listing,
    held: &mut Held<'_>,
    backups: &mut Backups,
) -> Result<Option<Notice>> {
    let kept = backups.kept(listing);
    let chain = numbered::chain(&backups.names, kept, listing)?;
    let newer = |slot: &Vec<Found>| slot.iter().any(|found| found.modified > orphan.modified);
    let slot = chain.slots.iter().rposition(newer).map_or(1, |index| index as u64 + 2);
    let plan = plan(&chain, Some(slot), kept);
    let Some(slot) = plan.free else {
        // The chain would have removed it.
        return backups.remove(&orphan.path).map(|()| None);
    };
    let compressed = match orphan.form {
        Form::Plain => backups.compress(&orphan.path, &orphan.metadata)?,
        Form::Gzip => None,
    };
    // Without its time it would look like the newest when the next orphan is adopted.
    let compressed = compressed.filter(|found| {
        found.metadata().is_ok_and(|about| about.modified().ok() == Some(orphan.modified))
    });
    backups.carry_out(&plan, held)?;
    let backup = backups.names.backup(slot, orphan.form);
    rename(&orphan.path, &backup)?;
    if let Some(compressed) = compressed {
        backups.place(&compressed, &backup, held)?;
    }
    Ok(Some(Notice::Adopted { orphan: orphan.path.clone(), slot }))
}
