//! The time of the next rotation by the clock, which all writers share.
//!
//! The lock file contains only this time, in decimal digits, so it is read and written under the
//! lock. The writer that rotates writes the next time. A writer that finds no valid time computes
//! and writes one.

use std::fs::File;
use std::path::Path;

use crate::error::Result;
use crate::file::open_to_read;
use crate::lock::Held;
use crate::names::stamp::Stamp;
use crate::names::{Meaning, Names};
use crate::sys::{self, FileExt};
use crate::time;
use crate::time::schedule::Schedule;
use crate::time::zone::Zone;

/// The first valid time, in the year 2000. A clock that shows less was never set (CLH's
/// `MIN_VALID_TIMESTAMP`).
const FIRST: i64 = 946_684_800;

/// The last valid time, in the year 9999.
const LAST: i64 = 253_370_764_800;

/// How many bytes of the lock file are read.
const LONGEST: usize = 64;

#[derive(Debug)]
pub(crate) struct Timetable {
    schedule: Schedule,
    zone: Zone,
    /// The clock when last read.
    now: i64,
    /// The lock file's time when last read.
    next: i64,
    /// Whether a doubt about that time has been returned.
    doubted: bool,
}

/// Deduces the schedule from the newest backup's name and the lock file, if both allow it.
pub(crate) fn shown(names: &Names, lock_dir: Option<&Path>, utc: bool) -> Option<Schedule> {
    let listing = names.list(lock_dir).ok()?;
    let is_backup = |meaning: &_| matches!(meaning, Meaning::Backup(..) | Meaning::Dated(..));
    let backups = listing.entries.iter().filter(|entry| entry.regular && is_backup(&entry.meaning));
    let newest = backups.max_by_key(|entry| sys::look_at(&entry.path).ok()?.modified().ok())?;
    let Meaning::Dated(dated, _) = newest.meaning else { return None };
    let next = time_at(&open_to_read(&names.lock(lock_dir)).ok()?)?;
    Some(Schedule::guess(dated.stamp.precision, next, time::now(), utc))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The schedule does not give this time.
    Other,
    Missing,
}

impl Timetable {
    pub(crate) fn new(schedule: Schedule) -> Self {
        let zone = schedule.zone();
        Self { schedule, zone, now: 0, next: i64::MAX, doubted: false }
    }

    pub(crate) fn precision(&self) -> usize {
        self.schedule.precision()
    }

    pub(crate) fn next(&self) -> u64 {
        u64::try_from(self.next).unwrap_or_default()
    }

    pub(crate) fn is_beyond_an_interval(&self, changed: i64) -> bool {
        self.now.saturating_sub(changed) > self.schedule.period()
    }

    /// Reads the clock and the time of the next rotation. If the lock file has no time, one is
    /// written now, and synced if `sync`; if that fails, the time is valid until the next look.
    /// Returns once what is suspicious about a time. Even a suspicious time is followed: otherwise
    /// a Python writer with other settings would write it again and again.
    pub(crate) fn look(&mut self, held: &mut Held<'_>, sync: bool) -> Result<Option<Doubt>> {
        self.look_at_clock();
        let found = time_in(held);
        if let Ok(Some(next)) = found {
            let known = std::mem::replace(&mut self.next, next) == next;
            let sound =
                known || self.now < FIRST || self.schedule.could_give(next, self.now, &self.zone);
            return Ok(self.doubt(Doubt::Other, !sound));
        }
        if self.now < FIRST {
            self.next = i64::MAX;
            return Ok(None);
        }
        self.next = self.schedule.first(self.now, &self.zone).min(LAST);
        found.and_then(|_| write(self.next, held, sync))?;
        Ok(self.doubt(Doubt::Missing, true))
    }

    fn doubt(&mut self, doubt: Doubt, there: bool) -> Option<Doubt> {
        (there && !std::mem::replace(&mut self.doubted, there)).then_some(doubt)
    }

    pub(crate) fn look_at_clock(&mut self) {
        self.now = time::now();
    }

    pub(crate) fn is_due(&self) -> bool {
        self.now >= self.next && self.now >= FIRST
    }

    /// Returns the stamp of the interval that ends now.
    pub(crate) fn stamp(&self) -> Stamp {
        let start = self.schedule.start(self.next, self.now, &self.zone);
        Stamp::new(start.fields, self.precision())
    }

    /// Writes the time of the next rotation. If that fails, the old one stays valid.
    pub(crate) fn turn(&mut self, held: &mut Held<'_>, sync: bool) -> Result<()> {
        let next = self.schedule.next(self.now, &self.zone).min(LAST);
        write(next, held, sync)?;
        self.next = next;
        Ok(())
    }
}

fn write(next: i64, held: &mut Held<'_>, sync: bool) -> Result<()> {
    held.may_write()?;
    held.set_content(next.to_string().as_bytes(), sync)
}

/// Returns the time in the lock file, which has one if any writer rotates by the clock.
pub(crate) fn time_in(held: &Held<'_>) -> Result<Option<i64>> {
    if held.is_blank() {
        return Ok(None);
    }
    held.content(LONGEST).map(|content| read_time(&content))
}

pub(crate) fn time_at(file: &File) -> Option<i64> {
    let mut content = [0; LONGEST];
    let length = file.read_at(&mut content, 0).ok()?;
    read_time(&content[..length])
}

/// Parses a time like Python's `int`, without the forms that no writer uses.
fn read_time(content: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(content).ok()?;
    text.trim().parse().ok().filter(|time| (FIRST..=LAST).contains(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::permissions::Asked;
    use crate::lock::Lock;
    use crate::time::schedule::When;
    use std::fs;
    use std::path::PathBuf;

    fn lock() -> (tempfile::TempDir, PathBuf, Lock) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = Lock::new(path.clone(), Asked::default(), false).unwrap();
        (dir, path, lock)
    }

    #[test]
    fn reads_what_can_be_meant() {
        for (content, time) in [
            (&b"1782907200"[..], Some(1_782_907_200)),
            (b" 1782907200\n", Some(1_782_907_200)),
            (b"946684800", Some(FIRST)),
            (b"946684799", None),
            (b"-1782907200", None),
            (b"99999999999999", None),
            (b"1782907200x", None),
            (b"1782907200.5", None),
            (b"\xff", None),
            (b"", None),
        ] {
            assert_eq!(read_time(content), time, "{content:?}");
        }
    }

    #[test]
    fn a_time_that_the_schedule_does_not_give_counts_and_is_doubted_once() {
        let (_dir, path, mut lock) = lock();
        let midnight = Schedule::new(When::Midnight).utc(true);
        for (schedule, ahead, doubt) in [
            (Schedule::new(When::Hour), 25 * 3600 - 60, None),
            (Schedule::new(When::Hour), 25 * 3600 + 60, Some(Doubt::Other)),
            (Schedule::new(When::Hour).interval(4), 25 * 3600 + 60, None),
            (midnight, 3 * 86_400, Some(Doubt::Other)),
            (midnight, -3 * 86_400, None),
        ] {
            let mut table = Timetable::new(schedule);
            table.look_at_clock();
            let next = (table.now + ahead).to_string();
            fs::write(&path, &next).unwrap();
            let mut held = lock.acquire().unwrap();
            assert_eq!(table.look(&mut held, false).unwrap(), doubt, "{schedule:?} {ahead}");
            assert_eq!(table.look(&mut held, false).unwrap(), None);
            assert_eq!(fs::read_to_string(&path).unwrap(), next);
        }
    }

    #[test]
    fn the_longest_interval_ends_at_a_time_that_can_be_meant() {
        let (_dir, path, mut lock) = lock();
        let mut table = Timetable::new(Schedule::new(When::Day).interval(u32::MAX));
        let mut held = lock.acquire().unwrap();
        table.look(&mut held, false).unwrap();
        table.turn(&mut held, false).unwrap();
        assert_eq!(time_at(&File::open(path).unwrap()), Some(LAST));
    }
}
