//! What the clock on the wall shows at an instant.
//!
//! Instants are whole seconds since 1970, as everywhere in
//! concurrent-log-handler. Which zone is the local one, the C library's rules
//! say: `TZ` if it is set, else `/etc/localtime`, else UTC.
//!
//! This file is the library's only door to jiff.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone(TimeZone);

/// What the clock on the wall shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    /// Year, month, day, hour, minute and second; months and days count from 1.
    pub(crate) fields: [u32; 6],
    /// The day of the week; Monday is 0.
    pub(crate) weekday: i64,
    /// Whether it is daylight saving time.
    pub(crate) dst: bool,
}

impl Civil {
    /// Returns how many seconds of the day are over, by the clock.
    pub(crate) fn second_of_day(&self) -> i64 {
        let [_, _, _, hour, minute, second] = self.fields.map(i64::from);
        (hour * 60 + minute) * 60 + second
    }
}

impl Zone {
    /// Returns the zone of this process.
    pub(crate) fn local() -> Self {
        Self(TimeZone::system())
    }

    /// Returns Greenwich's, where no clock is ever changed.
    pub(crate) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Returns what the clock shows at an instant; at one before the year 1 or
    /// after 9999, what it shows at the nearest in between.
    pub(crate) fn civil(&self, instant: i64) -> Civil {
        let beyond = if instant < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let instant = Timestamp::from_second(instant).unwrap_or(beyond);
        let info = self.0.to_offset_info(instant);
        let clock = info.offset().to_datetime(instant);
        let date = [i32::from(clock.year()), clock.month().into(), clock.day().into()];
        let time = [clock.hour(), clock.minute(), clock.second()].map(i32::from);
        let [year, month, day] = date;
        let [hour, minute, second] = time;
        let fields = [year, month, day, hour, minute, second];
        Civil {
            fields: fields.map(|field| u32::try_from(field).unwrap_or_default()),
            weekday: clock.weekday().to_monday_zero_offset().into(),
            dst: info.dst().is_dst(),
        }
    }

    /// Tells whether it is daylight saving time at an instant.
    pub(crate) fn is_dst(&self, instant: i64) -> bool {
        self.civil(instant).dst
    }

    /// Returns the zone of this name, of the time zone database or in POSIX's
    /// way of writing one.
    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        Self(TimeZone::get(name).or_else(|_| TimeZone::posix(name)).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_clock_day_and_daylight_saving() {
        let zone = Zone::named("Europe/Berlin");
        let summer = zone.civil(1_782_907_200);
        let fields = [2026, 7, 1, 14, 0, 0];
        assert_eq!(summer, Civil { fields, weekday: 2, dst: true });
        assert!(!zone.is_dst(1_767_225_600));
        assert_eq!(Zone::utc().civil(0).fields, [1970, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn a_zone_may_be_written_out() {
        let zone = Zone::named("CET-1CEST,M3.5.0,M10.5.0/3");
        assert_eq!(zone.civil(1_782_907_200), Zone::named("Europe/Berlin").civil(1_782_907_200));
    }

    #[test]
    fn there_is_no_instant_without_a_clock() {
        for instant in [i64::MIN, i64::MAX] {
            assert!((0..7).contains(&Zone::utc().civil(instant).weekday));
        }
    }
}
