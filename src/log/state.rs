//! What a hold works on: the log, its backups, and what is known of both from
//! one hold to the next.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use crate::active::{Active, Unwritten};
use crate::compress::background::Background;
use crate::error::{Error, Result};
use crate::event::{Notice, Stats, Unappended};
use crate::file::sync;
use crate::lock::Held;
use crate::log::mismatch::Watch;
use crate::log::repair::Change;
use crate::names::listing::Listing;
use crate::rotation::Backups;
use crate::rotation::backoff::Backoff;
use crate::rotation::options::SyncPolicy;
use crate::rotation::recovery::{self, Leftovers};
use crate::sys;

/// How often a rotation is prepared before it is done all the same.
const PREPARATIONS: usize = 4;

/// The log and its backups.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is known or not by itself")]
pub(crate) struct Log {
    /// The log now appended to.
    pub(crate) active: Active,
    /// Its backups, names and settings.
    pub(crate) backups: Backups,
    /// What was found to be mended, or that it is not known yet.
    pub(super) leftovers: Option<Leftovers>,
    /// What could not be mended, and has been told of.
    unmended: BTreeSet<PathBuf>,
    /// When to rotate again after it failed.
    pub(super) backoff: Backoff,
    /// What others' rotations have shown of their settings.
    pub(crate) mismatch: Watch,
    /// Whether it is known that somebody rotates the log by the clock.
    pub(super) timed: bool,
    /// Whether the last backup could not be compressed.
    pub(super) uncompressed: bool,
    /// Whether there is something that only a batch's end forces to disk.
    unsynced: bool,
    /// Whether there are new names that only a batch's end forces to disk.
    pub(super) renamed: bool,
    /// Whether it was reported that there is no fsync.
    no_fsync: bool,
    /// Whether it was reported that the log has no name.
    nameless: bool,
    /// Whether it was reported that an access list was refused.
    acl_refused: bool,
    /// Whether it was reported that the limit on the size of files is met.
    pub(super) at_file_limit: bool,
    /// How many bytes were put in that the background does not know of.
    own: u64,
    /// Troubles to be told.
    pub(crate) notices: Vec<Notice>,
    /// Counts.
    pub(crate) stats: Stats,
}

impl Log {
    /// Returns a log of which nothing has been looked at yet.
    pub(crate) fn new(active: Active, backups: Backups) -> Self {
        Self {
            active,
            backups,
            leftovers: None,
            unmended: BTreeSet::new(),
            backoff: Backoff::default(),
            mismatch: Watch::default(),
            timed: false,
            uncompressed: false,
            unsynced: false,
            renamed: false,
            no_fsync: false,
            nameless: false,
            acl_refused: false,
            at_file_limit: false,
            own: 0,
            notices: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Looks for what dead writers left. Where the directory may be written
    /// and not read, nothing is found, and that is reported. Beside a FIFO
    /// nothing is ours.
    pub(super) fn look_for_leftovers(&mut self) {
        let listing =
            if self.active.is_special() { Ok(Listing::default()) } else { self.backups.list() };
        let listing = listing.unwrap_or_else(|error| {
            self.report_unmended(error);
            Listing::unknown(self.backups.options.lock_dir.as_deref())
        });
        let log = self.active.private_identity().map(|log| (log, self.active.size()));
        self.leftovers = Some(Leftovers::find(&self.backups, listing, log));
    }

    /// Tells whether something was found that has to be mended.
    pub(super) fn must_mend(&self) -> bool {
        self.leftovers.as_ref().is_some_and(|found| !found.is_empty())
    }

    /// Mends what was found.
    pub(super) fn mend(&mut self, held: &mut Held<'_>) {
        if self.must_mend() {
            let found = self.leftovers.replace(Leftovers::default()).unwrap_or_default();
            for notice in recovery::mend(&found, held, &mut self.backups) {
                // What cannot be mended is found again before each rotation.
                let news = match &notice {
                    Notice::CannotMend(error) => self.unmended.insert(error.path().to_owned()),
                    _ => true,
                };
                self.notices.extend(news.then_some(notice));
            }
        }
    }

    /// Ends a torn end of the log with a newline; tells whether it has done so.
    pub(super) fn end_torn_end(&mut self, held: &mut Held<'_>) -> Option<Change> {
        let before = self.active.size();
        if let Err(error) = self.active.end_partial_line(held) {
            self.notices.push(Notice::CannotMend(error));
        }
        let path = self.active.path().to_owned();
        (self.active.size() > before).then_some(Change::Ended(path))
    }

    /// Returns how many bytes of `lines` go in before the log must rotate.
    pub(super) fn fitting(&self, lines: &[u8]) -> usize {
        match self.backups.options.max_bytes {
            0 => lines.len(),
            limit => fitting(lines, self.active.room(limit)),
        }
    }

    /// Tells, once, of something that stays as it is.
    pub(super) fn report_unmended(&mut self, error: Error) {
        if self.unmended.insert(error.path().to_owned()) {
            self.notices.push(Notice::CannotMend(error));
        }
    }

    /// Makes the missing log. If there are backups, its writer may have died
    /// between two steps of a rotation.
    pub(super) fn create(&mut self, held: &mut Held<'_>) -> Result<()> {
        let like = self.backups.naming.newest(&self.backups.names);
        self.renamed = true;
        let outcome = self.active.create(held, like.as_ref());
        match outcome {
            Err(error) if error.is_missing_directory() && self.backups.options.create_dir => {
                let dir = self.backups.names.dir();
                fs::create_dir_all(dir).map_err(Error::on("create directory", dir))?;
                self.active.create(held, like.as_ref())
            }
            outcome => outcome,
        }
    }

    /// Appends lines that fit.
    pub(super) fn append(
        &mut self,
        held: &mut Held<'_>,
        lines: &[u8],
    ) -> std::result::Result<(), Unappended> {
        if self.active.is_missing() {
            self.create(held)?;
        }
        let outcome = self.active.append(held, lines).or_else(|failure| {
            let full =
                matches!(failure.error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            if !full {
                return Err(failure);
            }
            // What a rotation has removed may have taken its room until now, or
            // until a moment ago.
            self.backups.background.free();
            let rest = self.active.append(held, &lines[failure.kept..]);
            rest.map_err(|again| Unwritten { kept: failure.kept + again.kept, ..again })
        });
        let appended = outcome.as_ref().map_or_else(|failure| failure.kept, |()| lines.len());
        self.stats.bytes += appended as u64;
        self.own += appended as u64;
        self.unsynced = true;
        outcome.map_err(|failure| Unappended { appended, error: failure.error })
    }

    /// Releases the lock, does `work` and acquires the lock again. Others may
    /// have appended and rotated then.
    pub(super) fn pause(
        &mut self,
        held: &mut Held<'_>,
        work: impl FnOnce(&Background),
    ) -> Result<()> {
        self.note_growth();
        if !sys::LOG_STAYS_OPEN {
            self.active.close();
        }
        held.pause(|| work(&self.backups.background))?;
        self.look(held)
    }

    /// Looks at the log, now that nobody else changes it.
    pub(super) fn look(&mut self, held: &mut Held<'_>) -> Result<()> {
        self.active.refresh(held)?;
        let replaced = self.active.take_replaced();
        if held.is_another() {
            // Two writers may have rotated at once, which shows no settings.
            self.mismatch.forget();
        } else if let Some(old) = replaced {
            self.look_for_mismatch(&old);
        }
        self.look_at_time(held);
        Ok(())
    }

    /// Compresses what we have added, if it is so much that others would have to
    /// wait for it otherwise; the lock is released meanwhile. So are files that
    /// are kept open, if they are many.
    pub(super) fn keep_up(&mut self, held: &mut Held<'_>) -> Result<()> {
        if self.backups.background.has_too_many_open() {
            let mut outcome = Ok(());
            self.pause(held, |background| outcome = background.settle())?;
            outcome?;
        }
        self.note_growth();
        if self.backups.background.credit() == 0 {
            self.pause(held, Background::pay)?;
        }
        Ok(())
    }

    /// Sees to it that the log, which is full or due, can be rotated with hardly
    /// anything to compress under the lock, which is released meanwhile. Another
    /// process may have rotated it then.
    pub(super) fn get_ready(&mut self, held: &mut Held<'_>) -> Result<()> {
        // A process that is stopped while it is at the private file is not
        // waited for.
        for _ in 0..PREPARATIONS {
            let Some(identity) = self.active.private_identity() else { break };
            if self.backups.is_ready(&self.active) {
                break;
            }
            let size = self.active.size();
            self.pause(held, |background| background.prepare(identity, size))?;
            if self.active.private_identity() != Some(identity) {
                break;
            }
        }
        Ok(())
    }

    /// Returns how many bytes of `lines` go in before what is owed must be paid.
    pub(super) fn payable(&self, lines: &[u8]) -> usize {
        fitting(lines, self.backups.background.credit().max(1))
    }

    /// Tells the background how large the log is now, and how much of that is new.
    fn note_growth(&mut self) {
        let own = std::mem::take(&mut self.own);
        if let Some(identity) = self.active.private_identity()
            && own > 0
        {
            self.backups.background.has_grown(identity, self.active.size(), own);
        }
    }

    /// Notes that a log was not made as it was asked for, if that is news.
    pub(crate) fn note_unmet(&mut self) {
        if self.active.take_unmet() {
            let refused = io::Error::from_raw_os_error(sys::NOT_PERMITTED);
            let error = Error::new("set mode or owner of", self.active.path(), refused);
            self.notices.push(Notice::CannotOwn(error));
        }
    }

    /// Notes that a log was made without its access list, if that is news.
    pub(crate) fn note_refused(&mut self) {
        if let Some(error) = self.active.take_refused()
            && !std::mem::replace(&mut self.acl_refused, true)
        {
            let error = Error::new("set the access list of", self.active.path(), error);
            self.notices.push(Notice::CannotKeepAcl(error));
        }
    }

    /// Reports, once, that the log has no name left.
    pub(crate) fn note_nameless(&mut self) {
        if self.active.nameless && !std::mem::replace(&mut self.nameless, true) {
            self.notices.push(Notice::Nameless { path: self.active.path().to_owned() });
        }
    }

    /// Reports, once, that the log's file system has no fsync.
    pub(crate) fn note_no_fsync(&mut self) {
        if !self.no_fsync
            && let Some(error) = self.active.device().and_then(sync::refusal)
        {
            self.no_fsync = true;
            self.notices.push(Notice::CannotSync(Error::new("sync", self.active.path(), error)));
        }
    }

    /// Lets go of the lock, and forces the batch to disk if that is wanted.
    pub(super) fn let_go(&mut self, held: Held<'_>) -> Result<()> {
        if sys::LOG_STAYS_OPEN {
            drop(held);
            self.note_growth();
            self.sync_batch()
        } else {
            self.note_growth();
            let outcome = self.sync_batch();
            self.active.close();
            drop(held);
            outcome
        }
    }

    /// Forces the batch to disk, if that is wanted of every batch: what was
    /// rotated, the log, and the name of a new one.
    fn sync_batch(&mut self) -> Result<()> {
        let unsynced = std::mem::take(&mut self.unsynced);
        if !unsynced || self.backups.options.sync != SyncPolicy::Batch {
            return Ok(());
        }
        let outcome = self.backups.background.settle().and(self.active.sync());
        if std::mem::take(&mut self.renamed) {
            outcome.and(sync::sync_dir(self.backups.names.dir()))
        } else {
            outcome
        }
    }
}

/// Returns how many bytes of `lines` go in before the log must rotate, if there
/// is `room` for so many up to its limit.
///
/// A line goes in if the log is below its limit where the line begins, so the
/// log may pass its limit, but by one line only. The answer always lies at a
/// line's end; it is 0 if the log is full already.
fn fitting(lines: &[u8], room: u64) -> usize {
    let Some(last) = room.checked_sub(1) else {
        return 0;
    };
    let last = usize::try_from(last).unwrap_or(usize::MAX);
    let tail = lines.get(last..).unwrap_or_default();
    memchr::memchr(b'\n', tail).map_or(lines.len(), |end| last + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Python does it: one line after the other.
    fn slowly(lines: &[u8], room: u64) -> usize {
        let mut taken = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if taken as u64 >= room {
                break;
            }
            taken += line.len();
        }
        taken
    }

    proptest! {
        #[test]
        fn fits_as_line_by_line(lines in "([a-c]{0,5}\n){0,12}", room in 0u64..50) {
            prop_assert_eq!(fitting(lines.as_bytes(), room), slowly(lines.as_bytes(), room));
        }
    }
}
