//! A hold: everything that happens while the lock is held.
//!
//! One hold appends one batch of lines:
//!
//! ```text
//! begin     is the open log still the one at its path? how long is it?
//!           by the clock: when is it to be rotated?
//! append    repair what a dead writer left (once, and before each rotation)
//!           rotate if the time has come
//!           while records are left: rotate if the log is full, write what fits
//! finish    release the lock; only then fsync
//! ```
//!
//! The result is the same as with Python, which checks the size before every record. A record is a
//! line, unless [`Records`] says that lines stay together.

use std::io::{Read, Seek, SeekFrom};
use std::ops::{Deref, DerefMut};
use std::slice;

use super::state::Log;
use crate::active::records::Records;
use crate::error::{Error, Result};
use crate::event::Unappended;
use crate::lock::Held;
use crate::log::repair::{Files, Repair};
use crate::rotation::options::SyncPolicy;
use crate::sys;

/// The time between acquiring and releasing the lock. No other writer can append or rotate
/// meanwhile.
///
/// Dropping it releases the lock too, but leaves the work of [`Hold::finish`] to the next hold.
#[derive(Debug)]
pub struct Hold<'a> {
    /// Before `held`, so that it is closed before the lock is released.
    log: Attended<'a>,
    held: Held<'a>,
}

/// Closes the log when dropped, on systems where it does not stay open.
#[derive(Debug)]
struct Attended<'a>(&'a mut Log);

impl Deref for Attended<'_> {
    type Target = Log;

    fn deref(&self) -> &Log {
        self.0
    }
}

impl DerefMut for Attended<'_> {
    fn deref_mut(&mut self) -> &mut Log {
        self.0
    }
}

impl Drop for Attended<'_> {
    fn drop(&mut self) {
        if !sys::LOG_STAYS_OPEN {
            self.active.close();
        }
    }
}

impl<'a> Hold<'a> {
    pub(crate) fn begin(held: Held<'a>, log: &'a mut Log) -> Result<Self> {
        let mut begun = Self { log: Attended(log), held };
        let (log, held) = (&mut *begun.log, &mut begun.held);
        log.look(held)?;
        if log.leftovers.is_none() {
            log.look_for_leftovers();
        }
        Ok(begun)
    }

    /// Returns whether it takes only a few system calls to append `records` and
    /// [release](Hold::release): nothing has to be repaired, compressed or synced.
    #[doc(hidden)]
    #[must_use]
    pub fn is_quick(&self, records: Records<'_>) -> bool {
        let options = &self.log.backups.options;
        // By the clock, each rotation syncs the time of the next one.
        let fast = options.gzip.is_none() && options.schedule.is_none();
        let background = &self.log.backups.background;
        let fits = (fast || self.log.fitting(records) == records.len())
            && self.log.payable(records) == records.len()
            && !background.has_too_many_open();
        fits && !self.log.active.is_special()
            && !self.log.is_due()
            && !self.log.must_mend()
            && options.sync != SyncPolicy::Batch
    }

    /// Returns how many bytes others have appended since our last hold; if they rotated the log,
    /// how many are in the new one, and at least 1. If it is not 0, a busy writer should pause
    /// briefly after this hold: a waiting process is woken when the lock becomes free, and it loses
    /// the lock to a writer that acquires it again at once.
    #[doc(hidden)]
    #[must_use]
    pub fn others(&self) -> u64 {
        self.log.active.others
    }

    /// Appends `lines`, and rotates whenever the log is full. A last line without a newline gets
    /// one. The lock may be released for a moment between two lines, for compression that cannot
    /// wait.
    ///
    /// # Errors
    ///
    /// If not all lines can be written. The error says how many bytes were appended.
    pub fn append(&mut self, lines: &[u8]) -> std::result::Result<(), Unappended> {
        self.append_ended(lines, false)
    }

    /// Appends `record`, which may have several lines, as one record: it is never split over two
    /// files, the limit is tested only before it, and if it cannot be written completely, none of
    /// it is in the log. A last line without a newline gets one.
    ///
    /// # Errors
    ///
    /// If the record cannot be written.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("app.log");
    /// use clh_tee::RotatingLog;
    ///
    /// let mut log = RotatingLog::options().max_bytes(10).open(&path)?;
    /// let mut hold = log.hold()?;
    /// hold.append_record(b"Traceback:\n  line 7\n")?;
    /// hold.append_record(b"Traceback:\n  line 8\n")?;
    /// hold.finish()?;
    /// assert_eq!(std::fs::read(&path)?, b"Traceback:\n  line 8\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_record(&mut self, record: &[u8]) -> std::result::Result<(), Unappended> {
        self.append_ended(record, true)
    }

    /// Appends `bytes`, as one record if `together`, and a newline if the last one is missing.
    fn append_ended(
        &mut self,
        bytes: &[u8],
        together: bool,
    ) -> std::result::Result<(), Unappended> {
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            let outcome = self.append_ended(&[bytes, b"\n"].concat(), together);
            return outcome.map_err(|unappended| Unappended {
                appended: unappended.appended.min(bytes.len()),
                ..unappended
            });
        }
        let all = 0..bytes.len();
        let together = if together { slice::from_ref(&all) } else { &[] };
        self.append_while(Records::new(bytes, together), |_| true).map(|_| ())
    }

    /// Appends `records`, as many at a time as the log or the compression has room for. It stops
    /// when `goes_on`, called with the number of bytes appended so far, returns false, because a
    /// hold that rotates or compresses often makes others wait. Returns how many bytes were
    /// appended; it is 0 only if there were none.
    ///
    /// # Errors
    ///
    /// As for [`Hold::append`].
    #[doc(hidden)]
    pub fn append_while(
        &mut self,
        records: Records<'_>,
        goes_on: impl Fn(usize) -> bool,
    ) -> std::result::Result<usize, Unappended> {
        self.held.regain()?;
        self.log.mend(&mut self.held);
        self.log.rotate_if_due(&mut self.held, true)?;
        let mut appended = 0;
        while appended < records.len() && (appended == 0 || goes_on(appended)) {
            let rest = records.skip(appended);
            let room = self.log.keep_up(&mut self.held);
            let room = room.and_then(|()| self.log.make_room(&mut self.held, rest));
            let fitting = room.map_err(|error| Unappended { appended, error })?;
            let fitting = self.log.payable(rest.first(fitting));
            match self.log.append(&mut self.held, rest.first(fitting)) {
                Ok(()) => appended += fitting,
                Err(Unappended { appended: more, error }) => {
                    appended += more;
                    if !self.log.rotate_at_file_limit(&mut self.held, &error) {
                        return Err(Unappended { appended, error });
                    }
                }
            }
        }
        self.log.stats.batches += 1;
        Ok(appended)
    }

    /// Appends the rest of `record`, from its position, as one record, like
    /// [`Hold::append_record`]. It reads `record` piece by piece, so it needs little memory.
    /// `record` must end with a newline. Returns how many bytes were appended.
    ///
    /// # Errors
    ///
    /// If `record` cannot be read or written. Then none of it is in the log, unless the log is not
    /// a regular file.
    #[doc(hidden)]
    pub fn append_record_from(
        &mut self,
        record: &mut (impl Read + Seek),
    ) -> std::result::Result<usize, Unappended> {
        self.held.regain()?;
        self.log.mend(&mut self.held);
        self.log.rotate_if_due(&mut self.held, true)?;
        let cannot_seek = |error| Unappended::from(Error::new("read", "the record", error));
        let begin = record.stream_position().map_err(cannot_seek)?;
        loop {
            self.log.keep_up(&mut self.held)?;
            // Only the position of the record's first byte matters.
            self.log.make_room(&mut self.held, b"\n"[..].into())?;
            match self.log.append_from(&mut self.held, record) {
                Err(failure)
                    if failure.appended == 0
                        && self.log.rotate_at_file_limit(&mut self.held, &failure.error) =>
                {
                    record.seek(SeekFrom::Start(begin)).map_err(cannot_seek)?;
                }
                outcome => {
                    self.log.stats.batches += u64::from(outcome.is_ok());
                    return outcome;
                }
            }
        }
    }

    /// Rotates the log if its time has come. Like Python, it creates no new log before there is a
    /// line: an empty log would become the backup of an interval without lines.
    pub(crate) fn rotate_if_due(&mut self) -> Result<()> {
        self.log.rotate_if_due(&mut self.held, false)
    }

    /// Rotates now, unless the log is empty or not a regular file.
    ///
    /// # Errors
    ///
    /// If the rotation fails. No line is lost.
    pub fn rotate(&mut self) -> Result<()> {
        self.held.regain()?;
        self.log.mend(&mut self.held);
        self.log.rotate_if_due(&mut self.held, true)?;
        self.log.get_ready(&mut self.held, |_| true)?;
        if self.log.active.size() == 0 { Ok(()) } else { self.log.rotate(&mut self.held, true) }
    }

    /// Returns whether a rotation removes more backups than the oldest one, because more exist than
    /// are kept.
    #[doc(hidden)]
    #[must_use]
    pub fn cuts_history(&self) -> bool {
        self.log.cuts
    }

    /// Does what a writer does before it appends its first line: repairs what dead writers left,
    /// and adds the newline to a partial last line.
    ///
    /// # Errors
    ///
    /// If the log's directory cannot be read. The result says what could not be repaired.
    pub fn repair(&mut self) -> Result<Repair> {
        self.held.regain()?;
        let files =
            |log: &Log| Files::of(&log.backups.names, log.backups.options.lock_dir.as_deref());
        let before = files(&self.log)?;
        let forgotten = self.log.forget_time(&mut self.held)?;
        self.log.look_for_leftovers();
        self.log.mend(&mut self.held);
        let ended = self.log.end_torn_end(&mut self.held);
        if let Err(error) =
            self.log.backups.list().and_then(|listed| self.log.backups.plan(&listed))
        {
            self.log.report_unmended(error);
        }
        let mut changes = before.changes(&files(&self.log)?);
        changes.extend(ended.into_iter().chain(forgotten));
        Ok(Repair { changes, notices: std::mem::take(&mut self.log.notices) })
    }

    /// Releases the lock and then does the remaining work, such as syncing rotated logs.
    ///
    /// # Errors
    ///
    /// If a file cannot be synced.
    pub fn finish(self) -> Result<()> {
        let Self { mut log, held } = self;
        let outcome = log.let_go(held).and(log.backups.background.settle());
        log.backups.background.do_share();
        outcome
    }

    /// Releases the lock and leaves what can be done later to the
    /// [`Background`](crate::Background).
    ///
    /// # Errors
    ///
    /// If every batch is to be synced and the system cannot do it.
    #[doc(hidden)]
    pub fn release(self) -> Result<()> {
        let Self { mut log, held } = self;
        log.let_go(held)
    }
}
