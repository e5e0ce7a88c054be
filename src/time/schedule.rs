//! When a log is rotated by the clock, and what its backups are named.
//!
//! Everything follows `logging.handlers` of Python 3.11, and so concurrent-log-handler, because all
//! writers must compute the same times and names, in seconds since 1970 and by the local clock.
//! That includes two oddities. For midnight and weekdays the interval affects only the start in a
//! backup's name, not the next time. (Python 3.13 and later respect it for the next time, so there
//! writers agree only at an interval of 1.) And if daylight saving changes before the next time, an
//! hour is subtracted or added; for a weekday even twice.

// On Windows, Python does not find a zone by its name.
#[cfg(all(test, unix))]
mod tests;

use crate::time::zone::{Civil, Zone};

const DAY: i64 = 24 * 60 * 60;

/// The clock change for daylight saving that Python assumes.
const DST_SHIFT: i64 = 60 * 60;

/// The unit of a [`Schedule`], or the moment at which it rotates (CLH's `when`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Every second: `S`.
    Second,
    /// Every minute: `M`.
    Minute,
    /// Every hour: `H`.
    Hour,
    /// Every 24 hours: `D`.
    Day,
    /// At midnight, or at another [time of day](Schedule::at_time): `MIDNIGHT`.
    Midnight,
    /// On a day of the week: `W0` to `W6`.
    Weekday(Weekday),
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// All days, in the order of Python's `W0` to `W6`.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];
}

/// When a log is rotated by the clock (CLH's `ConcurrentTimedRotatingFileHandler`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Schedule {
    when: When,
    interval: u32,
    /// The second of the day at which it ends.
    day_end: i64,
    utc: bool,
}

impl Schedule {
    /// Returns a schedule that rotates once per unit, by local time.
    pub fn new(when: When) -> Self {
        Self { when, interval: 1, day_end: DAY, utc: false }
    }

    /// Sets the number of units between rotations, at least 1 (CLH's `interval`).
    pub fn interval(mut self, units: u32) -> Self {
        self.interval = units;
        self
    }

    /// Sets the time of day in seconds since midnight for [`When::Midnight`] and [`When::Weekday`]
    /// (CLH's `atTime`). Other units ignore it.
    pub fn at_time(mut self, second: u32) -> Self {
        self.day_end = second.into();
        self
    }

    /// Sets whether to use UTC instead of local time.
    pub fn utc(mut self, utc: bool) -> Self {
        self.utc = utc;
        self
    }

    /// Returns a schedule that names backups with this precision and whose next time is `next` or
    /// soon after it.
    pub(crate) fn guess(precision: usize, next: i64, now: i64, utc: bool) -> Self {
        let left = (next - now).max(1);
        let (when, unit) = match precision {
            6 => (When::Second, 1),
            5 => (When::Minute, 60),
            4 => (When::Hour, 60 * 60),
            _ => {
                let zone = if utc { Zone::utc() } else { Zone::local() };
                // Midnight belongs to the day that it ends.
                let clock = zone.civil(next - 1);
                let day = Weekday::ALL.into_iter().find(|day| *day as i64 == clock.weekday);
                let weekly = day.filter(|_| left > DAY + 2 * DST_SHIFT).map(When::Weekday);
                let when = weekly.unwrap_or(When::Midnight);
                return Self { day_end: clock.second_of_day() + 1, utc, ..Self::new(when) };
            }
        };
        let units = u32::try_from((left - 1) / unit + 1).unwrap_or(u32::MAX);
        Self::new(when).utc(utc).interval(units)
    }

    pub(crate) fn fault(&self) -> Option<&'static str> {
        match self {
            Self { interval: 0, .. } => Some("an interval has at least one unit"),
            // The default, the end of the day, is the only larger value allowed.
            Self { day_end: end, .. } if *end > DAY => Some("a day has 86400 seconds"),
            _ => None,
        }
    }

    pub(crate) fn zone(&self) -> Zone {
        if self.utc { Zone::utc() } else { Zone::local() }
    }

    /// Returns the length of a unit in seconds, and how many fields of the date and time a backup's
    /// name has.
    fn unit(&self) -> (i64, usize) {
        match self.when {
            When::Second => (1, 6),
            When::Minute => (60, 5),
            When::Hour => (60 * 60, 4),
            When::Day | When::Midnight => (DAY, 3),
            When::Weekday(_) => (7 * DAY, 3),
        }
    }

    pub(crate) fn precision(&self) -> usize {
        self.unit().1
    }

    /// Returns the length of an interval in seconds.
    pub(crate) fn period(&self) -> i64 {
        self.unit().0 * i64::from(self.interval)
    }

    /// Returns the next time if the lock file has none yet (`computeRollover`).
    pub(crate) fn first(&self, now: i64, zone: &Zone) -> i64 {
        let day = match self.when {
            When::Midnight => None,
            When::Weekday(day) => Some(day as i64),
            _ => return now + self.period(),
        };
        let clock = zone.civil(now);
        let (mut wait, mut today) = (self.day_end - clock.second_of_day(), clock.weekday);
        if wait < 0 {
            wait += DAY;
            today = (today + 1) % 7;
        }
        match day {
            Some(day) if day != today => {
                let days = (day - today).rem_euclid(7);
                corrected(now + wait + days * DAY, clock.dst, zone)
            }
            _ => now + wait,
        }
    }

    /// Returns the next time after a rotation (`doRollover`), which is always in the future. Where
    /// Python's correction by an hour gives a time in the past, Python rotates at every line for an
    /// hour.
    pub(crate) fn next(&self, now: i64, zone: &Zone) -> i64 {
        let mut next = self.first(now, zone);
        if next <= now {
            next += self.period();
        }
        match self.when {
            When::Midnight | When::Weekday(_) => {
                let corrected = corrected(next, zone.is_dst(now), zone);
                if corrected > now { corrected } else { next }
            }
            _ => next,
        }
    }

    /// Returns whether a writer with this schedule could have set `next`, now or earlier. A time
    /// that has passed is always accepted.
    pub(crate) fn could_give(&self, next: i64, now: i64, zone: &Zone) -> bool {
        let latest = self.next(now, zone);
        match self.when {
            // The clock may have been set back a little since.
            When::Second | When::Minute | When::Hour | When::Day => next <= latest + DAY,
            // Daylight saving moves the time by at most two hours.
            When::Midnight | When::Weekday(_) => {
                let near = (next - latest).abs() <= 2 * DST_SHIFT;
                // A rotation exactly at the scheduled second adds an interval.
                let added = self.day_end < DAY && next <= now + self.period() + 2 * DST_SHIFT;
                next <= now || near || added
            }
        }
    }

    /// Returns the local start of the interval that ends at `next`. Its hour differs if daylight
    /// saving has changed since.
    pub(crate) fn start(&self, next: i64, now: i64, zone: &Zone) -> Civil {
        let start = next - self.period();
        let then = zone.civil(start);
        match (zone.is_dst(now), then.dst) {
            (true, false) => zone.civil(start + DST_SHIFT),
            (false, true) => zone.civil(start - DST_SHIFT),
            _ => then,
        }
    }
}

fn corrected(next: i64, dst_now: bool, zone: &Zone) -> i64 {
    match (dst_now, zone.is_dst(next)) {
        (false, true) => next - DST_SHIFT,
        (true, false) => next + DST_SHIFT,
        _ => next,
    }
}
