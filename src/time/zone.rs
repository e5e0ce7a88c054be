//! What the clock on the wall shows at an instant.
//!
//! Instants are whole seconds since 1970, as everywhere in
//! concurrent-log-handler. Which zone is the local one, the C library's rules
//! say, for Python asks it: `TZ` is the name of a file, or else a zone written
//! out as POSIX has it; without it there is `/etc/localtime`; and else it is
//! UTC. The files are read here, since jiff looks through the whole database
//! before it opens one, which takes as long as all else at the start. Windows has
//! no such files: it says which zone is the local one, and jiff brings the others
//! along.
//!
//! This file is the library's only door to jiff.

use std::ffi::OsStr;
use std::path::Path;
use std::{env, fs};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::sys;

/// Where the zones are.
const ZONES: &str = "/usr/share/zoneinfo";

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
        match env::var_os("TZ") {
            Some(name) => Self::named(&name),
            None => Self(of_system().unwrap_or(TimeZone::UTC)),
        }
    }

    /// Returns the zone that is called or written out so.
    pub(crate) fn named(name: &OsStr) -> Self {
        let name = name.to_str().unwrap_or_default();
        let name = name.strip_prefix(':').unwrap_or(name);
        let dir = env::var_os("TZDIR").unwrap_or_else(|| ZONES.into());
        let zone = in_file(&Path::new(&dir).join(name));
        let zone = zone.or_else(|| TimeZone::posix(name).ok()).or_else(|| in_program(name));
        Self(zone.unwrap_or(TimeZone::UTC))
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
}

/// Returns the zone of this name that the program brings along, where the
/// system has none.
fn in_program(name: &str) -> Option<TimeZone> {
    match sys::LOCAL_ZONE {
        Some(_) => None,
        None => TimeZone::get(name).ok(),
    }
}

/// Returns the zone of the system, if it is known.
fn of_system() -> Option<TimeZone> {
    match sys::LOCAL_ZONE {
        Some(path) => in_file(Path::new(path)),
        None => TimeZone::try_system().ok(),
    }
}

/// Returns the zone that the file at `path` holds, if it does.
fn in_file(path: &Path) -> Option<TimeZone> {
    TimeZone::tzif("local", &fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(OsStr::new(name))
    }

    #[test]
    fn knows_clock_day_and_daylight_saving() {
        let zone = zone("Europe/Berlin");
        let summer = zone.civil(1_782_907_200);
        let fields = [2026, 7, 1, 14, 0, 0];
        assert_eq!(summer, Civil { fields, weekday: 2, dst: true });
        assert!(!zone.is_dst(1_767_225_600));
        assert_eq!(Zone::utc().civil(0).fields, [1970, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn a_zone_may_be_written_out() {
        let written_out = zone("CET-1CEST,M3.5.0,M10.5.0/3");
        assert_eq!(written_out.civil(1_782_907_200), zone("Europe/Berlin").civil(1_782_907_200));
    }

    #[test]
    #[cfg(unix)]
    fn what_the_c_library_takes_for_a_zone_is_one() {
        let hour = |name| zone(name).civil(1_782_907_200).fields[3];
        for name in [":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"] {
            assert_eq!(hour(name), 14, "{name}");
        }
        for name in ["", ":", "UTC", "Nowhere/Else", "/etc/passwd", "nonsense", "../../../etc"] {
            assert_eq!(hour(name), 12, "{name}");
        }
        assert_eq!(hour("EST5EDT"), 8);
        assert_eq!(hour("<+0330>-3:30"), 15);
    }

    #[test]
    fn there_is_no_instant_without_a_clock() {
        for instant in [i64::MIN, i64::MAX] {
            assert!((0..7).contains(&Zone::utc().civil(instant).weekday));
        }
    }
}
