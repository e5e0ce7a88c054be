//! The log, its backups, and what is known about both between holds.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::slice;

use crate::active::records::Records;
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

/// How many bytes of a record are read and appended at a time.
const PIECE: usize = 256 * 1024;

/// How often to prepare a rotation before rotating unprepared.
const PREPARATIONS: usize = 4;

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is known or not by itself")]
pub(crate) struct Log {
    pub(crate) active: Active,
    pub(crate) backups: Backups,
    /// What dead writers left; `None` if not known yet.
    pub(super) leftovers: Option<Leftovers>,
    /// Leftovers that could not be repaired and were reported.
    unmended: BTreeSet<PathBuf>,
    pub(super) backoff: Backoff,
    pub(crate) mismatch: Watch,
    /// Whether it is known that another writer rotates by the clock.
    pub(super) timed: bool,
    /// Whether the last backup could not be compressed.
    pub(super) uncompressed: bool,
    /// Whether appended lines wait for the fsync of a batch.
    unsynced: bool,
    /// Whether new names wait for the fsync of a batch.
    pub(super) renamed: bool,
    /// Whether each was reported already: no fsync, no name, a refused access list, the file size
    /// limit.
    no_fsync: bool,
    nameless: bool,
    acl_refused: bool,
    pub(super) at_file_limit: bool,
    /// Whether it was reported that there are more backups than we keep.
    pub(super) cuts: bool,
    /// Whether it was reported that another process truncated the log.
    shortened: bool,
    /// How many appended bytes the background work does not know about.
    own: u64,
    pub(crate) notices: Vec<Notice>,
    pub(crate) stats: Stats,
}

impl Log {
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
            cuts: false,
            shortened: false,
            own: 0,
            notices: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Looks for what dead writers left. A directory that is writable but not readable is reported.
    /// Beside a FIFO nothing is ours.
    pub(super) fn look_for_leftovers(&mut self) {
        let listing =
            if self.active.is_special() { Ok(Listing::default()) } else { self.backups.list() };
        let listing = listing.unwrap_or_else(|error| {
            self.report_unmended(error);
            Listing::unknown(self.backups.options.lock_dir.as_deref())
        });
        if let Some(there) = self.backups.surplus(&listing)
            && !std::mem::replace(&mut self.cuts, true)
        {
            let kept = self.backups.options.most_backups();
            self.notices.push(Notice::FewerBackups { there, kept });
        }
        let log = self.active.private_identity().map(|log| (log, self.active.size()));
        self.leftovers = Some(Leftovers::find(&self.backups, listing, log));
    }

    pub(super) fn must_mend(&self) -> bool {
        self.leftovers.as_ref().is_some_and(|found| !found.is_empty())
    }

    pub(super) fn mend(&mut self, held: &mut Held<'_>) {
        if self.must_mend() {
            let found = self.leftovers.replace(Leftovers::default()).unwrap_or_default();
            for notice in recovery::mend(&found, held, &mut self.backups) {
                // What cannot be repaired is found again before each rotation.
                let news = match &notice {
                    Notice::CannotMend(error) => self.unmended.insert(error.path().to_owned()),
                    _ => true,
                };
                self.notices.extend(news.then_some(notice));
            }
        }
    }

    /// Adds the newline to a partial last line; returns the change, if any.
    pub(super) fn end_torn_end(&mut self, held: &mut Held<'_>) -> Option<Change> {
        let before = self.active.size();
        if let Err(error) = self.active.end_partial_line(held) {
            self.notices.push(Notice::CannotMend(error));
        }
        let path = self.active.path().to_owned();
        (self.active.size() > before).then_some(Change::Ended(path))
    }

    pub(super) fn fitting(&self, records: Records<'_>) -> usize {
        match self.backups.options.max_bytes {
            0 => records.len(),
            limit => fitting(records, self.active.room(limit)),
        }
    }

    /// Reports once that something could not be repaired.
    pub(super) fn report_unmended(&mut self, error: Error) {
        if self.unmended.insert(error.path().to_owned()) {
            self.notices.push(Notice::CannotMend(error));
        }
    }

    /// Creates the missing log. If there are backups, its writer may have died in mid-rotation.
    pub(super) fn create(&mut self, held: &mut Held<'_>) -> Result<()> {
        let like = self.backups.naming.newest(&self.backups.names);
        self.renamed = true;
        match self.active.create(held, like.as_ref()) {
            Err(error) if error.is_missing_directory() && self.backups.options.create_dir => {
                let dir = self.backups.names.dir();
                fs::create_dir_all(dir).map_err(Error::on("create directory", dir))?;
                self.active.create(held, like.as_ref())
            }
            outcome => outcome,
        }
    }

    pub(super) fn append(
        &mut self,
        held: &mut Held<'_>,
        records: Records<'_>,
    ) -> std::result::Result<(), Unappended> {
        if self.active.is_missing() {
            self.create(held)?;
        }
        let outcome = self.active.append(held, records).or_else(|failure| {
            let full =
                matches!(failure.error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            if !full {
                return Err(failure);
            }
            // The space of what a rotation removed may not be free yet.
            self.backups.background.free();
            let rest = self.active.append(held, records.skip(failure.kept));
            rest.map_err(|again| Unwritten { kept: failure.kept + again.kept, ..again })
        });
        let appended = outcome.as_ref().map_or_else(|failure| failure.kept, |()| records.len());
        self.stats.bytes += appended as u64;
        self.own += appended as u64;
        self.unsynced = true;
        outcome.map_err(|failure| Unappended { appended, error: failure.error })
    }

    /// Appends the rest of `record` as one record. After an error none of it is in the log, unless
    /// the log is not a regular file.
    pub(super) fn append_from(
        &mut self,
        held: &mut Held<'_>,
        record: &mut impl Read,
    ) -> std::result::Result<usize, Unappended> {
        if let Err(error) = self.active.end_partial_line(held) {
            return Err(Unappended { appended: 0, error });
        }
        let (size, mut appended, mut piece) = (self.active.size(), 0, vec![0; PIECE]);
        loop {
            let path = self.active.path();
            let outcome = record.read(&mut piece).map_err(Error::on("append to", path));
            let outcome = outcome.map_err(Unappended::from).and_then(|count| {
                let all = 0..count;
                let together = Records::new(&piece[..count], slice::from_ref(&all));
                self.append(held, together).map(|()| count)
            });
            match outcome {
                Ok(0) => return Ok(appended),
                Ok(count) => appended += count,
                Err(Unappended { appended: more, error }) if self.active.is_special() => {
                    return Err(Unappended { appended: appended + more, error });
                }
                Err(failure) => {
                    self.active.cut_back(held, size);
                    self.stats.bytes -= appended as u64;
                    self.own -= appended as u64;
                    return Err(failure);
                }
            }
        }
    }

    /// Releases the lock, does `work` and acquires the lock again. Others may have appended and
    /// rotated meanwhile.
    pub(super) fn pause<T>(
        &mut self,
        held: &mut Held<'_>,
        work: impl FnOnce(&Background) -> T,
    ) -> Result<T> {
        self.note_growth();
        if !sys::LOG_STAYS_OPEN {
            self.active.close();
        }
        let outcome = held.pause(|| {
            self.backups.background.close_small();
            work(&self.backups.background)
        })?;
        self.look(held).map(|()| outcome)
    }

    pub(super) fn look(&mut self, held: &mut Held<'_>) -> Result<()> {
        self.active.refresh(held)?;
        if held.is_another() {
            // Two writers may have rotated almost at once, which says nothing about settings.
            self.mismatch.forget();
        }
        if let Some(old) = self.active.replaced.take() {
            if !held.is_another() {
                self.look_for_mismatch(&old);
            }
            self.backups.background.close_later([old]);
        }
        if let Some((from, to)) = self.active.shortened.take()
            && !self.backups.options.truncates()
            && !std::mem::replace(&mut self.shortened, true)
        {
            self.notices.push(Notice::Shortened { from, to });
        }
        self.look_at_time(held);
        Ok(())
    }

    /// Compresses what we added if others would otherwise have to wait for that, and closes files
    /// if many are open; the lock is released meanwhile.
    pub(super) fn keep_up(&mut self, held: &mut Held<'_>) -> Result<()> {
        if self.backups.background.has_too_many_open() {
            self.pause(held, Background::settle)??;
        }
        self.note_growth();
        if self.backups.background.credit() == 0 {
            self.pause(held, Background::pay)?;
        }
        Ok(())
    }

    /// Prepares a log that `is_over`, so that a rotation has hardly anything to compress under the
    /// lock. The lock is released meanwhile, so another process may rotate the log.
    pub(super) fn get_ready(
        &mut self,
        held: &mut Held<'_>,
        is_over: impl Fn(&Self) -> bool,
    ) -> Result<()> {
        // Limited, because the process that has the private file may have been stopped.
        for _ in 0..PREPARATIONS {
            // The log may be another one by now, and no less full.
            let Some(identity) = self.active.private_identity().filter(|_| is_over(self)) else {
                break;
            };
            if self.backups.is_ready(&self.active) {
                break;
            }
            let size = self.active.size();
            if !self.pause(held, |background| background.prepare(identity, size))? {
                break;
            }
        }
        Ok(())
    }

    /// Returns how many bytes of `records` may be appended before compression must catch up.
    pub(super) fn payable(&self, records: Records<'_>) -> usize {
        fitting(records, self.backups.background.credit().max(1))
    }

    fn note_growth(&mut self) {
        let own = std::mem::take(&mut self.own);
        if let Some(identity) = self.active.private_identity()
            && own > 0
        {
            self.backups.background.has_grown(identity, self.active.size(), own);
        }
    }

    /// Reports once each what the log's file does not support.
    pub(super) fn note_refusals(&mut self) {
        let path = self.active.path().to_owned();
        if self.active.take_unmet() {
            let refused = io::Error::from_raw_os_error(sys::NOT_PERMITTED);
            let error = Error::new("set mode or owner of", &path, refused);
            self.notices.push(Notice::CannotOwn(error));
        }
        if let Some(error) = self.active.refused.take()
            && !std::mem::replace(&mut self.acl_refused, true)
        {
            let error = Error::new("set the access list of", &path, error);
            self.notices.push(Notice::CannotKeepAcl(error));
        }
        if self.active.nameless && !std::mem::replace(&mut self.nameless, true) {
            self.notices.push(Notice::Nameless { path: path.clone() });
        }
        if !self.no_fsync
            && let Some(error) = self.active.device().and_then(sync::refusal)
        {
            self.no_fsync = true;
            self.notices.push(Notice::CannotSync(Error::new("sync", path, error)));
        }
    }

    pub(super) fn let_go(&mut self, held: Held<'_>) -> Result<()> {
        let outcome = if sys::LOG_STAYS_OPEN {
            drop(held);
            self.note_growth();
            self.sync_batch()
        } else {
            self.note_growth();
            let outcome = self.sync_batch();
            self.active.close();
            drop(held);
            outcome
        };
        self.backups.background.close_small();
        outcome
    }

    /// If every batch is synced: syncs rotated logs, the log, and the name of a new log.
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

/// Returns how many bytes of `records` to append with `room` bytes left up to the limit. A record
/// is appended if it begins below the limit. The result is always the end of a record; it is 0 if
/// the log is full.
fn fitting(records: Records<'_>, room: u64) -> usize {
    let Some(last) = room.checked_sub(1) else {
        return 0;
    };
    records.end_after(usize::try_from(last).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Counts line by line, like Python.
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
            prop_assert_eq!(fitting(lines.as_bytes().into(), room), slowly(lines.as_bytes(), room));
        }
    }
}
