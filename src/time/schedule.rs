//! When a log is to be rotated, and how its backups are named for that.
//!
//! Everything follows Python 3.11's `logging.handlers`, and so concurrent-log-handler, because
//! writers must agree on one time and on names: in seconds since 1970 and by the local clock.
//! The oddities are kept too: for midnight and weekdays the interval moves only the start that
//! a backup is named by, not the next time (Python 3.13 and later count it, so there writers
//! agree only at an interval of 1); and where daylight saving changes before the next time, an
//! hour is taken off or added, for a weekday even twice.

// Python knows no zone by its name on Windows.
#[cfg(all(test, unix))]
mod tests;

use crate::time::zone::{Civil, Zone};

const DAY: i64 = 24 * 60 * 60;

/// The clock change for daylight saving, as Python assumes it.
const DST_SHIFT: i64 = 60 * 60;

/// What a log is rotated by (CLH's `when`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Seconds: `S`.
    Second,
    /// Minutes: `M`.
    Minute,
    /// Hours: `H`.
    Hour,
    /// Days of 24 hours: `D`.
    Day,
    /// Midnight, or another time of the day: `MIDNIGHT`.
    Midnight,
    /// A day of the week: `W0` to `W6`.
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
    /// All of them, in the order of Python's `W0` to `W6`.
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

/// When a log is to be rotated (CLH's `ConcurrentTimedRotatingFileHandler`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Schedule {
    when: When,
    interval: u32,
    /// The second at which a day ends.
    day_end: i64,
    utc: bool,
}

impl Schedule {
    /// Returns the schedule that rotates once in each unit, by local time.
    pub fn new(when: When) -> Self {
        Self { when, interval: 1, day_end: DAY, utc: false }
    }

    /// Sets how many units an interval has, at least 1 (CLH's `interval`).
    pub fn interval(mut self, units: u32) -> Self {
        self.interval = units;
        self
    }

    /// Sets the time of day for [`When::Midnight`] and [`When::Weekday`], in seconds since
    /// midnight (CLH's `atTime`). Other units ignore it.
    pub fn at_time(mut self, second: u32) -> Self {
        self.day_end = second.into();
        self
    }

    /// Sets whether times are UTC instead of local.
    pub fn utc(mut self, utc: bool) -> Self {
        self.utc = utc;
        self
    }

    /// Returns a schedule that names backups with this precision and gives `next`, or a time soon
    /// after it.
    pub(crate) fn guess(precision: usize, next: i64, now: i64, utc: bool) -> Self {
        let left = (next - now).max(1);
        let (when, unit) = match precision {
            6 => (When::Second, 1),
            5 => (When::Minute, 60),
            4 => (When::Hour, 60 * 60),
            _ => {
                let zone = if utc { Zone::utc() } else { Zone::local() };
                // Midnight is the end of a day.
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
            // The end of the day, by default, is the only time beyond it.
            Self { day_end: end, .. } if *end > DAY => Some("a day has 86400 seconds"),
            _ => None,
        }
    }

    pub(crate) fn zone(&self) -> Zone {
        if self.utc { Zone::utc() } else { Zone::local() }
    }

    /// Returns how many seconds a unit has, and how many parts of a date and time a backup's name.
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

    /// Returns the next time if none is known yet (`computeRollover`).
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

    /// Returns the next time after a rotation (`doRollover`), always in the future. Where
    /// Python takes an hour off that leads back, it rotates at every line until the hour is
    /// over.
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

    /// Returns whether a writer with this schedule could have set `next`, now or earlier. A
    /// time that has come is not doubted.
    pub(crate) fn could_give(&self, next: i64, now: i64, zone: &Zone) -> bool {
        let latest = self.next(now, zone);
        match self.when {
            // The clock may have been set back a little since.
            When::Second | When::Minute | When::Hour | When::Day => next <= latest + DAY,
            // Daylight saving moves the time by at most two hours.
            When::Midnight | When::Weekday(_) => {
                let near = (next - latest).abs() <= 2 * DST_SHIFT;
                // A rotation in the very second of such a time adds an interval.
                let added = self.day_end < DAY && next <= now + self.period() + 2 * DST_SHIFT;
                next <= now || near || added
            }
        }
    }

    /// Returns the local start of the interval that ends at `next`; the hour differs if
    /// daylight saving has changed since.
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
