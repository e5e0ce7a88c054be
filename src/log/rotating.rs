//! Decides whether to rotate the log, and handles rotations that fail.

use std::io::{self, ErrorKind};

use super::state::Log;
use crate::active::records::Records;
use crate::error::{Error, Result};
use crate::event::Notice;
use crate::file::{began, changed};
use crate::lock::Held;
use crate::log::repair::Change;
use crate::rotation::dated;
use crate::rotation::options::SyncPolicy;
use crate::rotation::recovery::Leftovers;
use crate::rotation::timetable::{Doubt, Timetable, time_in};
use crate::sys::{self, Metadata};
use crate::time;

impl Log {
    /// Finds out when the log is to be rotated. If it is rotated by size only, a lock file that is
    /// not empty shows another writer that rotates it by the clock.
    pub(super) fn look_at_time(&mut self, held: &mut Held<'_>) {
        if self.active.is_special() {
            return;
        }
        match self.backups.naming.timetable_mut() {
            Some(timetable) => {
                let sync = self.backups.options.sync != SyncPolicy::None;
                match timetable.look(held, sync) {
                    Ok(Some(doubt)) => self.report_doubt(doubt, held),
                    Ok(None) => {}
                    Err(error) => self.rotation_fails(error),
                }
            }
            None if self.timed || held.is_blank() => {}
            None => {
                self.timed = true;
                // An unreadable time proves nothing.
                if let Ok(Some(_)) = time_in(held) {
                    self.notices.push(Notice::TimedElsewhere { lock: held.path().to_owned() });
                }
            }
        }
    }

    /// Removes the time of the next rotation from the lock file, if this log is rotated by size and
    /// no writer follows that time. That is so if lines were appended after it without a rotation;
    /// or if it is in the future and no process that we can see has the log or the lock file open.
    /// A later writer that needs a time writes a new one.
    pub(super) fn forget_time(&mut self, held: &mut Held<'_>) -> Result<Option<Change>> {
        if self.backups.naming.timetable().is_some() {
            return Ok(None);
        }
        let Some(next) = time_in(held)? else { return Ok(None) };
        let lock = held.path().to_owned();
        let log = self.active.metadata()?;
        let written = log.as_ref().and_then(changed);
        let identity = |file: Option<Metadata>| file.as_ref().map(sys::identity);
        let files =
            [(self.active.path(), identity(log)), (&*lock, identity(sys::look_at(&lock).ok()))];
        let is_ahead = next > time::now();
        let is_used = is_ahead
            && sys::openers(files)
                .iter()
                .any(|(_, open)| !matches!(open, None | Some([None, None])));
        if is_used || !(is_ahead || written.is_some_and(|written| written > next)) {
            return Ok(None);
        }
        held.may_write()?;
        held.set_content(b"", self.backups.options.sync != SyncPolicy::None)?;
        self.notices.retain(|notice| !matches!(notice, Notice::TimedElsewhere { .. }));
        Ok(Some(Change::Forgotten(lock)))
    }

    /// A missing time is suspicious only if an older log exists.
    fn report_doubt(&mut self, doubt: Doubt, held: &Held<'_>) {
        let Some(timetable) = self.backups.naming.timetable() else { return };
        let (lock, next) = (held.path().to_owned(), timetable.next());
        let log = self.active.metadata().ok().flatten().filter(|log| log.len() > 0);
        let old = log.and_then(|log| began(&log));
        self.notices.extend(match doubt {
            Doubt::Other => Some(Notice::OtherTime { lock, next }),
            Doubt::Missing => old
                .is_some_and(|old| timetable.is_beyond_an_interval(old))
                .then_some(Notice::TimeLost { lock, next }),
        });
    }

    pub(super) fn is_due(&self) -> bool {
        let due = self.backups.naming.timetable().is_some_and(Timetable::is_due);
        due && !self.active.is_special()
    }

    /// Rotates the log if its time has come. If there is no log, only the next time is written. The
    /// only error is that the lock, released to prepare the rotation, cannot be acquired again.
    pub(super) fn rotate_if_due(&mut self, held: &mut Held<'_>, renewed: bool) -> Result<()> {
        if let Some(timetable) = self.backups.naming.timetable_mut() {
            timetable.look_at_clock();
        }
        if !self.is_due() || !self.backoff.is_over() {
            return Ok(());
        }
        self.get_ready(held, Self::is_due)?;
        if !self.is_due() {
            return Ok(());
        }
        if renewed && self.active.is_missing() && self.backups.options.max_bytes > 0 {
            // Python creates the log to look at its size. If that fails, there is none to rotate,
            // and the append reports the error.
            drop(self.create(held));
        }
        if !self.active.is_missing() {
            self.try_to_rotate(held, renewed);
        } else if let Err(error) = self.backups.pass(held) {
            self.rotation_fails(error);
        } else {
            self.remove_surplus(held);
        }
        Ok(())
    }

    /// Returns how many bytes of `records` to append now. A full log is rotated first. If that
    /// fails, the log grows, because lines matter more than the limit. The only error is that the
    /// lock, released to prepare the rotation, cannot be acquired again.
    pub(super) fn make_room(&mut self, held: &mut Held<'_>, records: Records<'_>) -> Result<usize> {
        if self.fitting(records) == 0 && self.backoff.is_over() {
            self.get_ready(held, |log| log.fitting(records) == 0)?;
        }
        Ok(match self.fitting(records) {
            0 if !self.backoff.is_over() => records.len(),
            0 if !self.try_to_rotate(held, true) => records.len(),
            0 => self.fitting(records),
            fitting => fitting,
        })
    }

    /// Rotates a log that has reached the process's file size limit (`ulimit -f`); returns whether
    /// there is a new log.
    pub(super) fn rotate_at_file_limit(&mut self, held: &mut Held<'_>, error: &Error) -> bool {
        let options = &self.backups.options;
        // Truncating a log that has no limit would lose lines.
        let may = !options.truncates() || options.max_bytes > 0;
        let size = self.active.size();
        if error.kind() != ErrorKind::FileTooLarge || size == 0 || !may || !self.backoff.is_over() {
            return false;
        }
        if !self.try_to_rotate(held, true) {
            return false;
        }
        if !std::mem::replace(&mut self.at_file_limit, true) {
            self.notices.push(Notice::FileSizeLimit { size });
        }
        true
    }

    fn try_to_rotate(&mut self, held: &mut Held<'_>, renewed: bool) -> bool {
        self.rotate(held, renewed).map_err(|error| self.rotation_fails(error)).is_ok()
    }

    fn rotation_fails(&mut self, error: Error) {
        self.notices.extend(self.backoff.extend().then_some(Notice::CannotRotate(error)));
    }

    /// Rotates the log. Unless it is `renewed`, the next line creates the new one.
    pub(super) fn rotate(&mut self, held: &mut Held<'_>, renewed: bool) -> Result<()> {
        self.look_for_leftovers();
        if self.must_mend() {
            self.mend(held);
            self.look_for_leftovers();
        }
        let listed = self.leftovers.take().unwrap_or_default().listing;
        self.leftovers = Some(Leftovers::default());
        // Lines come first: the log is rotated even if there is no room for the newline, and that
        // may make room.
        drop(self.active.end_partial_line(held));
        self.renamed = true;
        let outcome = self.backups.rotate(held, &mut self.active, renewed, &listed);
        // A backup may have been made even if a later step failed.
        self.notices.extend(self.backups.rotated.take().map(Notice::Rotated));
        let trouble = outcome.map_err(|error| explained(error, held))?;
        self.stats.rotations += 1;
        self.notices.extend(self.backoff.end().then_some(Notice::RotatesAgain));
        let news = trouble.is_some() && !self.uncompressed;
        self.uncompressed = trouble.is_some();
        self.notices.extend(trouble.filter(|_| news).map(Notice::CannotCompress));
        self.report_unremoved();
        Ok(())
    }

    /// Removes surplus backups if there was no log to rotate.
    fn remove_surplus(&mut self, held: &mut Held<'_>) {
        let Some(timetable) = self.backups.naming.timetable() else { return };
        match self.backups.list() {
            Ok(listing) => {
                let (names, kept) = (&self.backups.names, self.backups.kept(&listing));
                let calendar = dated::calendar(&listing, timetable.precision());
                let surplus = dated::surplus(names, &calendar, kept);
                self.backups.remove_surplus(surplus, &listing, held);
                self.report_unremoved();
            }
            Err(error) => self.report_unmended(error),
        }
    }

    fn report_unremoved(&mut self) {
        for error in std::mem::take(&mut self.backups.unremoved) {
            self.report_unmended(error);
        }
    }
}

/// Explains a failed rotation if something else moved the log or a backup at the same time, which
/// only a broken lock allows.
fn explained(error: Error, held: &Held<'_>) -> Error {
    if !held.is_at_its_path() {
        let reason = "it was removed while it was held, so another writer may have rotated too";
        return Error::new("trust lock file", held.path(), io::Error::other(reason));
    }
    if error.kind() == ErrorKind::NotFound && error.verb() == "rename" {
        let reason = "something that does not hold the lock has moved or removed it";
        return Error::new("rename", error.path(), io::Error::other(reason));
    }
    error
}
