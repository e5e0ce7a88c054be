//! Local time.
//!
//! Instants are whole seconds since 1970, as in concurrent-log-handler. The local zone follows the
//! rules of the C library, which Python uses: `TZ` names a file below `TZDIR` or is a POSIX zone;
//! without `TZ` the zone is in `/etc/localtime`, or else it is UTC. This file reads the zone files
//! itself, because jiff scans its whole database before it opens one, which takes as long as the
//! rest of a short run. Windows has no such files: there the system names the local zone, and jiff
//! has the others built in.
//!
//! Only this file uses jiff, so time stamps, backup names and parsed times agree on one zone.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::SystemTime;
use std::{env, fs};

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::sys;

const ZONES: &str = "/usr/share/zoneinfo";

/// A time zone.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    /// Year, month, day, hour, minute and second; month and day count from 1.
    pub(crate) fields: [u32; 6],
    /// Monday is 0.
    pub(crate) weekday: i64,
    pub(crate) dst: bool,
}

impl Civil {
    pub(crate) fn second_of_day(&self) -> i64 {
        let [_, _, _, hour, minute, second] = self.fields.map(i64::from);
        (hour * 60 + minute) * 60 + second
    }
}

impl Zone {
    /// Returns the local zone of this process: that of `TZ` if set, otherwise the system's. It is
    /// UTC if `TZ` names no zone.
    #[must_use]
    pub fn local() -> Self {
        match env::var_os("TZ") {
            Some(name) => Self::named(&name).unwrap_or_else(Self::utc),
            None => Self(of_system().unwrap_or(TimeZone::UTC)),
        }
    }

    /// Returns the value of `TZ` if it is set but names no zone.
    #[must_use]
    pub fn misnamed() -> Option<OsString> {
        env::var_os("TZ").filter(|name| Self::named(name).is_none())
    }

    /// Returns the zone with this name, or with this definition in the format of `TZ`.
    #[must_use]
    pub fn named(name: &OsStr) -> Option<Self> {
        let name = name.to_str()?;
        let name = name.strip_prefix(':').unwrap_or(name);
        if name.is_empty() {
            return Some(Self::utc());
        }
        let dir = env::var_os("TZDIR").unwrap_or_else(|| ZONES.into());
        let zone = in_file(&Path::new(&dir).join(name), name);
        let zone = zone.or_else(|| TimeZone::posix(name).ok());
        // This name works even on a system without zone files.
        let zone = zone.or_else(|| (name == "UTC").then_some(TimeZone::UTC));
        // Windows has no zone files; jiff has the zones built in.
        let built_in = || if sys::LOCAL_ZONE.is_none() { TimeZone::get(name).ok() } else { None };
        zone.or_else(built_in).map(Self)
    }

    /// Returns UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Formats a time in this zone with a strftime pattern.
    ///
    /// # Errors
    ///
    /// If a part of the pattern is unknown or does not apply to this time. The text says which.
    pub fn format(&self, pattern: &str, time: SystemTime) -> Result<String, String> {
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX).to_zoned(self.0.clone());
        strtime::format(pattern, &time).map_err(|error| error.to_string())
    }

    /// Parses a date, with or without a time of day, in this zone unless it has an offset.
    #[must_use]
    pub fn instant(&self, text: &str) -> Option<SystemTime> {
        let exact = || text.parse::<Zoned>().map(|zoned| zoned.timestamp());
        let civil = || text.parse::<DateTime>()?.to_zoned(self.0.clone());
        let time = text.parse::<Timestamp>().or_else(|_| exact());
        Some(time.or_else(|_| Ok::<_, jiff::Error>(civil()?.timestamp())).ok()?.into())
    }

    /// Parses a time in this zone with a strptime pattern; returns seconds since 1970.
    pub(crate) fn parse(&self, pattern: &str, text: &str) -> Option<i64> {
        let civil = strtime::parse(pattern, text).and_then(|time| time.to_datetime()).ok()?;
        Some(civil.to_zoned(self.0.clone()).ok()?.timestamp().as_second())
    }

    /// Returns the local time at an instant, clamped to the years 1 to 9999.
    pub(crate) fn civil(&self, instant: i64) -> Civil {
        let beyond = if instant < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let instant = Timestamp::from_second(instant).unwrap_or(beyond);
        let info = self.0.to_offset_info(instant);
        let clock = info.offset().to_datetime(instant);
        let year = u32::try_from(clock.year()).unwrap_or_default();
        let rest = [clock.month(), clock.day(), clock.hour(), clock.minute(), clock.second()];
        let [month, day, hour, minute, second] = rest.map(|field| field.unsigned_abs().into());
        Civil {
            fields: [year, month, day, hour, minute, second],
            weekday: clock.weekday().to_monday_zero_offset().into(),
            dst: info.dst().is_dst(),
        }
    }

    pub(crate) fn is_dst(&self, instant: i64) -> bool {
        self.civil(instant).dst
    }
}

/// Returns the system's zone. Its file is usually a link into the database, and the link's target
/// gives the name.
fn of_system() -> Option<TimeZone> {
    let Some(path) = sys::LOCAL_ZONE else { return TimeZone::try_system().ok() };
    let link = fs::read_link(path).ok();
    let name = link.as_ref().and_then(|link| Some(link.to_str()?.split_once("/zoneinfo/")?.1));
    in_file(Path::new(path), name.unwrap_or("local"))
}

fn in_file(path: &Path, name: &str) -> Option<TimeZone> {
    TimeZone::tzif(name, &fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(OsStr::new(name)).unwrap_or_else(Zone::utc)
    }

    #[test]
    fn knows_clock_day_and_daylight_saving() {
        let berlin = zone("Europe/Berlin");
        let summer = berlin.civil(1_782_907_200);
        let fields = [2026, 7, 1, 14, 0, 0];
        assert_eq!(summer, Civil { fields, weekday: 2, dst: true });
        assert!(!berlin.is_dst(1_767_225_600));
        assert_eq!(Zone::utc().civil(0).fields, [1970, 1, 1, 0, 0, 0]);
        let written_out = zone("CET-1CEST,M3.5.0,M10.5.0/3");
        assert_eq!(written_out.civil(1_782_907_200), summer);
        // Every instant has a local time.
        for instant in [i64::MIN, i64::MAX] {
            assert!((0..7).contains(&Zone::utc().civil(instant).weekday));
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_the_c_library_takes_for_a_zone_is_one() {
        let hour = |name| zone(name).civil(1_782_907_200).fields[3];
        for name in [":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"] {
            assert_eq!(hour(name), 14, "{name}");
        }
        for name in ["", ":", "UTC"] {
            assert_eq!(hour(name), 12, "{name}");
        }
        for name in ["Nowhere/Else", "/etc/passwd", "europe/berlin", "nonsense", "../../../etc"] {
            assert!(Zone::named(OsStr::new(name)).is_none(), "{name}");
        }
        assert_eq!(hour("EST5EDT"), 8);
        assert_eq!(hour("<+0330>-3:30"), 15);
    }

    #[test]
    fn times_are_exact_or_local() {
        let at = |text: &str| {
            let time = zone("Europe/Berlin").instant(text)?;
            Some(time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs())
        };
        for text in ["2026-11-22T10:00:00Z", "2026-11-22T11:00+01:00", "2026-11-22 11:00"] {
            assert_eq!(at(text), Some(1_795_341_600), "{text}");
        }
        assert_eq!(at("2026-11-22"), Some(1_795_302_000));
        assert_eq!(at("2026-07-01T14:00:00"), Some(1_782_907_200));
        for text in ["", "x", "2026-13-01", "2026-11-22T25:00"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
