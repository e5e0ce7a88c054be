//! Parses the values of options.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use clh_tee::{Escaped, Zone};
use jiff::Span;
use jiff::civil::date;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Later times could overflow the clock.
const LONGEST_TIME: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

pub(crate) fn size(text: &str) -> Result<u64, String> {
    let parsed = parse_size::Config::new().with_binary().parse_size(text);
    parsed.map_err(|_| "give a size such as 4096, 512K, 10M or 1.5G".to_owned())
}

/// Returns whether a size is given as bytes, with a B.
pub(super) fn is_in_bytes(text: &OsStr) -> bool {
    let number = text.to_str().and_then(|text| text.strip_suffix(['b', 'B']));
    number.is_some_and(|number| number.ends_with(|last: char| last.is_ascii_digit()))
}

pub(crate) fn length(text: &str) -> Result<usize, String> {
    match usize::try_from(size(text)?) {
        Ok(0) => Err("give at least 1".to_owned()),
        Ok(length) if isize::try_from(length).is_ok() => Ok(length),
        _ => Err("this is more than memory can hold".to_owned()),
    }
}

pub(crate) fn count(text: &str) -> Result<u64, String> {
    // To tail, +5 means another count than 5.
    let count = text.parse().ok().filter(|_| !text.starts_with('+'));
    count.ok_or_else(|| "give a number such as 5".to_owned())
}

pub(crate) fn level(text: &str) -> Result<u32, String> {
    let level = text.parse().ok().filter(|level| (1..=9).contains(level));
    level.ok_or_else(|| "give a number from 1 to 9".to_owned())
}

/// Parses a time; a bare number is in seconds.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let parsed = match text.parse() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        // With units, such as `1h 30m`; a month has 31 days.
        Err(_) => text
            .parse()
            .ok()
            .and_then(|span: Span| span.to_duration(date(2001, 1, 1)).ok()?.try_into().ok()),
    };
    match parsed {
        Some(time) if time <= LONGEST_TIME => Ok(time),
        Some(_) => Err("give less than a hundred years".to_owned()),
        None => Err("give a time such as 5s, 500ms or 2m".to_owned()),
    }
}

/// Parses an age. Logrotate would take a bare number as days.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    match (time(text), text.parse::<f64>()) {
        (Ok(time), Ok(_)) if !time.is_zero() => {
            Err(format!("give it with a unit, such as {text}d for days"))
        }
        (Err(_), _) => Err("give a time such as 4w, 90d or 12h".to_owned()),
        (time, _) => time,
    }
}

/// Refuses a text that is not a point in time.
pub(super) fn known_point(text: &str) -> Result<String, String> {
    let known = point(text, &Zone::utc()).map(|_| text.to_owned());
    known.ok_or_else(|| "give a time such as 2h, yesterday, 22:00 or 2026-11-22T10:00".to_owned())
}

/// Returns a point in time, given exactly, as a time of day, or as how long ago it is.
pub(super) fn point(text: &str, zone: &Zone) -> Option<SystemTime> {
    let now = SystemTime::now();
    let ago = text.strip_suffix(" ago").unwrap_or(text);
    if let Ok(ago) = time(ago.strip_prefix('-').unwrap_or(ago)) {
        return now.checked_sub(ago);
    }
    let today = zone.format("%F", now).ok()?;
    let noon = zone.instant(&format!("{today}T12:00"))?;
    let yesterday = zone.format("%F", noon - DAY).ok()?;
    let at = |day: &str, clock: &str| zone.instant(&format!("{day}T{clock:0>5}"));
    match text.split_once(' ').unwrap_or((text, "00:00")) {
        ("now", _) => Some(now),
        ("today", clock) => at(&today, clock),
        ("yesterday", clock) => at(&yesterday, clock),
        _ if text.contains('-') => zone.instant(text),
        _ => at(&today, text).filter(|time| *time <= now).or_else(|| at(&yesterday, text)),
    }
}

/// Returns what is wrong if this is the name of a lock file, a backup or a compressed file.
pub(super) fn fault_of_log(log: &Path) -> Option<String> {
    let name = log.file_name()?.to_str()?;
    let shown = Escaped::path(log);
    if name.starts_with(".__") && log.extension().is_some_and(|end| end == "lock") {
        return Some(format!("'{shown}' is a lock file; give the log that it belongs to"));
    }
    let plain = name.strip_suffix(".gz");
    let (base, slot) = plain.unwrap_or(name).rsplit_once('.')?;
    let is_slot = !slot.is_empty() && slot.bytes().all(|byte| byte.is_ascii_digit());
    let base = log.with_file_name(base);
    if is_slot && base.is_file() {
        let base = Escaped::path(&base);
        return Some(format!("'{shown}' is a backup of '{base}'; give '{base}'"));
    }
    let why = "is compressed; a log is plain, and its backups are compressed with --gzip";
    plain.map(|_| format!("'{shown}' {why} (zcat reads it)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("7", 7),
            ("512K", 524_288),
            ("1MiB", 1 << 20),
            ("1.5G", 3 << 29),
            ("2k", 2048),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "x", "-1", "12X", "1e99G", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_units_or_are_in_seconds() {
        for (text, millis) in [
            ("5s", 5000),
            ("2m", 120_000),
            ("100ms", 100),
            ("3", 3000),
            ("0", 0),
            ("0.5", 500),
            ("1h 30m", 5_400_000),
            ("2days", 172_800_000),
            ("1w", 604_800_000),
            ("1month", 31 * 86_400_000),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "x", "-1", "5 parsecs", "inf", "nan", "101years", "1e19"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_ago_or_exact() {
        let utc = |text| point(text, &Zone::utc());
        for text in ["2h", "-2h", "2 hours ago", "2h ago"] {
            let then = utc(text).unwrap();
            let ago = SystemTime::now().duration_since(then).unwrap();
            assert!((7200..7260).contains(&ago.as_secs()), "{text}: {ago:?}");
        }
        for text in ["2026-11-22T10:00:00Z", "2026-11-22T11:00+01:00", "2026-11-22 10:00"] {
            let age = utc(text).unwrap().duration_since(UNIX_EPOCH).unwrap();
            assert_eq!(age, Duration::from_secs(1_795_341_600), "{text}");
        }
        for text in ["", "x", "-", "2026-13-01", "2026-11-22T25:00", "25:00", "today 9", "tomorrow"]
        {
            assert!(utc(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_clock_without_a_day_is_one_that_has_passed() {
        for text in ["00:00", "9:30", "12:00", "23:59:59"] {
            let age = SystemTime::now().duration_since(point(text, &Zone::utc()).unwrap());
            assert!(age.unwrap() < DAY + Duration::from_secs(60), "{text}");
        }
    }
}
