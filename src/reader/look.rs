//! A look: the log, its backups and dead writers' leftovers at one instant.
//!
//! It holds the lock only to list the directory and to open new files. Those open files are then
//! read, wherever rotations move them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::found::{Access, Found, Known, Opened};
use crate::error::{Error, Result};
use crate::file::{file_id, open_to_read, symbolic_link};
use crate::lock::{Held, Lock};
use crate::names::stamp::Dated;
use crate::names::{Form, Meaning, Names};
use crate::sys;

/// How many descriptors to leave free when they run out.
const SPARE: usize = 8;

/// Without the lock: how often to look again until nothing changes.
const TRIES: usize = 10;

#[derive(Debug)]
pub(super) struct Spot {
    pub(super) names: Names,
    pub(super) lock: PathBuf,
}

/// The backups by name, each with its forms.
#[derive(Debug, Default)]
struct Listing {
    slots: BTreeMap<u64, Paths>,
    /// Backups by the clock, newest first.
    dated: BTreeMap<Reverse<Dated>, Paths>,
    temps: BTreeMap<String, Paths>,
}

type Paths = Vec<(PathBuf, Form)>;

#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) log: Option<Found>,
    /// The slots that have new files, newest first.
    pub(super) fresh: Vec<Vec<Found>>,
    /// The known files of the slot after those, or of all backups by the clock.
    pub(super) anchor: Vec<u64>,
    pub(super) traces: Vec<u64>,
    /// Generations that dead writers left in mid-rotation.
    pub(super) orphans: Vec<Found>,
    pub(super) names: usize,
    pub(super) troubles: Vec<Error>,
    pub(super) unlocked: Option<Error>,
}

impl Spot {
    /// Looks from the newest backup to a `known` one and opens new files, except backups last
    /// changed before `since`. Updates the identities of `opened` files. Calls `meanwhile` before
    /// the lock is released.
    pub(super) fn look<'a>(
        &self,
        known: &mut Known,
        opened: impl Iterator<Item = Opened<'a>>,
        since: Option<SystemTime>,
        mut meanwhile: impl FnMut(),
    ) -> Result<Sight> {
        let mut lock = Lock::existing(self.lock.clone());
        let held = lock.acquire();
        let is_locked = held.as_ref().is_ok_and(Held::is_locked);
        known.renew(opened);
        let mut sight = self.sight(known, since)?;
        // Without the lock, the chain may shift during the look.
        for _ in 0..if is_locked { 0 } else { TRIES } {
            let again = self.sight(known, since)?;
            let same = sight.identities().eq(again.identities());
            sight = again;
            if same {
                break;
            }
        }
        meanwhile();
        sight.unlocked = held.err();
        Ok(sight)
    }

    /// Finds and opens the file with this identity.
    pub(super) fn find(&self, identity: u64) -> Result<Option<Arc<File>>> {
        // If the lock cannot be opened, that has been reported.
        let mut lock = Lock::existing(self.lock.clone());
        let held = lock.acquire();
        let listing = self.list()?;
        let paths = listing.slots.into_values().chain(listing.dated.into_values());
        let mut paths = paths.chain(listing.temps.into_values()).flatten().map(|(path, _)| path);
        let is_it = |path: &PathBuf| {
            sys::look_at(path).is_ok_and(|metadata| file_id(&metadata) == identity)
        };
        let open = paths
            .find(is_it)
            .map(|path| open_to_read(&path).map(Arc::new).map_err(Error::on("open", &path)));
        drop(held);
        open.transpose()
    }

    pub(super) fn log_now(&self) -> Option<u64> {
        let metadata = sys::look_at(self.names.log());
        metadata.ok().map(|metadata| file_id(&metadata))
    }

    fn sight(&self, known: &Known, since: Option<SystemTime>) -> Result<Sight> {
        let mut sight = Sight { log: self.log(known)?, ..Sight::default() };
        let listing = self.list()?;
        sight.names = listing.slots.len() + listing.dated.len() + listing.temps.len();
        // Beside a plain file, a compressed one is incomplete.
        let first = |paths: Paths| paths.into_iter().min_by_key(|(_, form)| *form);
        for (path, form) in listing.temps.into_values().filter_map(first) {
            let found = sight.look_at(path, form, known);
            sight.orphans.extend(found);
        }
        let slots = sight.walk(listing.slots.into_values(), known, false);
        let dated = sight.walk(listing.dated.into_values(), known, true);
        // All backups follow one naming; the newest one shows which.
        let newest = |found: &[Vec<Found>]| found.first()?.first().map(|found| found.modified);
        let (newer, older) =
            if newest(&dated) > newest(&slots) { (dated, slots) } else { (slots, dated) };
        sight.fresh = newer.into_iter().chain(older).collect();
        sight.open(since);
        Ok(sight)
    }

    fn list(&self) -> Result<Listing> {
        let mut listing = Listing::default();
        let listed = self.names.list(self.lock.parent());
        for entry in listed.map_err(Error::on("look for backups in", self.names.dir()))?.entries {
            let (paths, form) = match entry.meaning {
                Meaning::Backup(slot, form) => (listing.slots.entry(slot).or_default(), form),
                Meaning::Dated(it, form) => (listing.dated.entry(Reverse(it)).or_default(), form),
                Meaning::RotationTemp(it, form) => (listing.temps.entry(it).or_default(), form),
                Meaning::Private(_) | Meaning::OtherLog(_) | Meaning::Other => continue,
            };
            paths.push((entry.path, form));
        }
        Ok(listing)
    }

    fn log(&self, known: &Known) -> Result<Option<Found>> {
        let path = self.names.log();
        let cannot = |error| Error::new("open", path, error);
        let at_path = match sys::look_at(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Ok(it) if it.is_symlink() => return Err(cannot(symbolic_link(path))),
            Ok(it) if it.is_dir() => {
                return Err(cannot(io::Error::from_raw_os_error(sys::IS_A_DIRECTORY)));
            }
            Ok(it) if !it.is_file() => {
                return Err(cannot(io::Error::other("it is not a regular file")));
            }
            metadata => metadata.map_err(cannot)?,
        };
        let (metadata, access) = match open_to_read(path) {
            Ok(file) => (sys::about(&file).map_err(cannot)?, Access::Open(Arc::new(file))),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => (at_path, Access::Refused(cannot(error))),
        };
        let found = Found::new(path.to_owned(), Form::Plain, &metadata, known)?;
        Ok(Some(Found { access, ..found }))
    }
}

impl Sight {
    /// Returns the backups with new files, newest first. Beyond a known backup a chain has no new
    /// ones. Names by the clock may be out of order, so there `all` are checked.
    fn walk(
        &mut self,
        backups: impl Iterator<Item = Paths>,
        known: &Known,
        all: bool,
    ) -> Vec<Vec<Found>> {
        let mut fresh = Vec::new();
        for paths in backups {
            let look_at = |(path, form)| self.look_at(path, form, known);
            let files: Vec<Found> = paths.into_iter().filter_map(look_at).collect();
            if all {
                self.traces.extend(files.iter().map(Found::trace));
            }
            let seen = files.iter().filter(|found| found.known);
            self.anchor.extend(seen.map(|found| found.identity));
            let met = files.iter().any(|found| found.known);
            if files.iter().any(|found| !found.known) {
                fresh.push(files);
            }
            if met && !all {
                break;
            }
        }
        fresh
    }

    fn look_at(&mut self, path: PathBuf, form: Form, known: &Known) -> Option<Found> {
        let looked = match sys::look_at(&path) {
            Ok(metadata) if metadata.is_file() => Found::new(path, form, &metadata, known),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::new("look at", path, error))
            }
            // Not a backup, or gone, which cannot happen while the lock is held.
            _ => return None,
        };
        looked.map_err(|error| self.troubles.push(error)).ok()
    }

    /// Opens files that are new and not older than `since`, oldest first, because the oldest is
    /// removed first.
    fn open(&mut self, since: Option<SystemTime>) {
        // If one of two files in a slot is known, the other is compared with it.
        let slots = self.fresh.iter_mut().rev().flatten();
        let orphans = self.orphans.iter_mut().filter(|found| !found.known);
        let mut opened: Vec<&mut Found> = Vec::new();
        for found in orphans.chain(slots) {
            if since.is_some_and(|since| found.modified < since) {
                found.access = Access::Skipped;
                continue;
            }
            match open_to_read(&found.path) {
                Ok(file) => found.access = Access::Open(Arc::new(file)),
                Err(error) if sys::is_too_many_open(&error) => {
                    // The others are opened when they are needed.
                    opened.iter_mut().rev().take(SPARE).for_each(|f| f.access = Access::Later);
                    return;
                }
                Err(error) => {
                    found.access = Access::Refused(Error::new("open", &found.path, error));
                }
            }
            opened.push(found);
        }
    }

    fn identities(&self) -> impl Iterator<Item = u64> {
        let files = self.log.iter().chain(self.fresh.iter().flatten()).chain(&self.orphans);
        files.map(|found| found.identity).chain(self.anchor.iter().copied())
    }
}
