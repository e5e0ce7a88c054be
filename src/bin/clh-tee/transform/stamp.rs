//! Timestamps.

use std::time::SystemTime;

use clh_tee::Zone;

const RFC3339: &str = "%Y-%m-%dT%H:%M:%S%.3f%:z";

/// TAI64 counts from 2^62 seconds before 1970, when TAI was 10 seconds ahead of UTC. Like multilog,
/// this ignores leap seconds since then.
const TAI64: u64 = (1 << 62) + 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    Unix,
    /// The format of multilog, TAI64N: `@` and 24 hexadecimal digits.
    Tai64n,
    Pattern(String),
}

impl Format {
    pub(super) fn rfc3339() -> Self {
        Self::Pattern(RFC3339.to_owned())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "rfc3339" => Ok(Self::rfc3339()),
            "unix" => Ok(Self::Unix),
            "tai64n" => Ok(Self::Tai64n),
            pattern if pattern.contains('%') => {
                let shown = Zone::utc().format(pattern, SystemTime::UNIX_EPOCH)?;
                if shown.chars().any(char::is_control) {
                    return Err("control characters are refused".to_owned());
                }
                Ok(Self::Pattern(pattern.to_owned()))
            }
            _ => Err("give rfc3339, unix, tai64n, or a pattern such as '%F %T'".to_owned()),
        }
    }
}

pub(super) struct Stamp {
    format: Format,
    zone: Zone,
}

impl Stamp {
    pub(super) fn new(format: Format, utc: bool) -> Self {
        Self { format, zone: if utc { Zone::utc() } else { Zone::local() } }
    }

    pub(super) fn show(&self, time: SystemTime) -> String {
        let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match &self.format {
            Format::Unix => format!("{}.{:03}", since_1970.as_secs(), since_1970.subsec_millis()),
            Format::Tai64n => {
                let seconds = TAI64.wrapping_add(since_1970.as_secs());
                format!("@{seconds:016x}{:08x}", since_1970.subsec_nanos())
            }
            // No value of the clock may cost a line; %y, for instance, fails outside a range of a
            // hundred years.
            Format::Pattern(pattern) => {
                let shown = self.zone.format(pattern, time);
                shown.or_else(|_| self.zone.format(RFC3339, time)).unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn shown(format: &str, zone: &str, seconds: u64, nanos: u32) -> String {
        let zone = Zone::named(zone.as_ref()).expect("the system has a time zone database");
        let stamp = Stamp { format: Format::parse(format).unwrap(), zone };
        stamp.show(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos))
    }

    #[test]
    fn writes_rfc3339_with_milliseconds_and_offset() {
        let at = |zone, seconds| shown("rfc3339", zone, seconds, 123_999_999);
        assert_eq!(at("UTC", 1_795_356_245), "2026-11-22T14:04:05.123+00:00");
        assert_eq!(at("Europe/Berlin", 1_795_356_245), "2026-11-22T15:04:05.123+01:00");
        assert_eq!(at("Asia/Kolkata", 1_795_356_245), "2026-11-22T19:34:05.123+05:30");
        assert_eq!(at("America/New_York", 1_795_356_245), "2026-11-22T09:04:05.123-05:00");
        // The hour that occurs twice.
        assert_eq!(at("Europe/Berlin", 1_792_888_200), "2026-10-25T02:30:00.123+02:00");
        assert_eq!(at("Europe/Berlin", 1_792_891_800), "2026-10-25T02:30:00.123+01:00");
        assert_eq!(shown("rfc3339", "UTC", 0, 0), "1970-01-01T00:00:00.000+00:00");
    }

    #[cfg(unix)]
    #[test]
    fn knows_the_time_zone_of_the_system() {
        let date = std::process::Command::new("date").arg("+%:z").output();
        let date = String::from_utf8(date.expect("run date").stdout).expect("UTF-8");
        let stamp = Stamp::new(Format::parse("%:z").unwrap(), false);
        assert_eq!(stamp.show(SystemTime::now()), date.trim());
    }

    #[test]
    fn writes_unix_and_tai64n() {
        assert_eq!(shown("unix", "UTC", 1_763_823_845, 7_000_000), "1763823845.007");
        // The example in tai64nlocal's manual: 1999-08-23 21:03:43.787492500 in California.
        let manual = shown("tai64n", "UTC", 935_467_445, 787_492_500);
        assert_eq!(manual, "@4000000037c219bf2ef02e94");
        // Windows counts in steps of 100 ns.
        assert_eq!(shown("tai64n", "UTC", 0, 100), "@400000000000000a00000064");
    }

    #[test]
    fn writes_patterns() {
        let shown = |pattern| shown(pattern, "Europe/Berlin", 1_795_356_245, 123_456_700);
        assert_eq!(shown("%d.%m.%Y %H:%M:%S,%3f"), "22.11.2026 15:04:05,123");
        assert_eq!(shown("%b %e %T %Z"), "Nov 22 15:04:05 CET");
        assert_eq!(shown("[%s.%N] 100 %%"), "[1795356245.123456700] 100 %");
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (format, hint) in [
            ("iso", "rfc3339, unix, tai64n"),
            ("", "rfc3339, unix, tai64n"),
            ("%F %!", "`!`"),
            ("%", "end of format"),
            ("%F%n", "control"),
            ("%F\t%T", "control"),
            ("\x1b[1m%F", "control"),
            ("%F\u{9b}", "control"),
        ] {
            let why = Format::parse(format).unwrap_err();
            assert!(why.contains(hint) && !why.contains('\n'), "{format:?}: {why}");
        }
    }

    #[test]
    fn strange_clocks_cost_no_line() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let late = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 39);
        for format in ["rfc3339", "unix", "tai64n", "%y", "%G"] {
            let stamp = Stamp { format: Format::parse(format).unwrap(), zone: Zone::utc() };
            for time in [before, late, SystemTime::UNIX_EPOCH] {
                assert_ne!(stamp.show(time), "", "{format}");
            }
        }
    }
}
