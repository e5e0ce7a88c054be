//! Recognizes the time at the beginning of a line.
//!
//! It is shown unchanged, because only the writer knows its clock and zone.

use std::time::{SystemTime, UNIX_EPOCH};

use super::zone::Zone;

/// Zones that may follow a date.
const ZONES: [&str; 5] = ["Z", "+00:00", "-00:00", "+0000", "-0000"];

/// RFC 3339, also with another separator.
const DATES: [&str; 3] = ["0000-00-00T00:00:00", "0000-00-00 00:00:00", "0000-00-00_00:00:00"];

/// The formats of syslog and TAI64N.
const OTHERS: [&str; 3] = ["aaa 00 00:00:00", "aaa  0 00:00:00", "@4hhhhhhhhhhhhhhhhhhhhhhh"];

/// The TAI64 label of 1970, as multilog counts.
const TAI64: i64 = (1 << 62) + 10;

/// How far a writer's clock may be ahead, in seconds.
const AHEAD: i64 = 24 * 60 * 60;

/// What may come before the time; `--format json` begins a line with the second.
const BEFORE: [&[u8]; 2] = [b"[", b"{\"time\":\""];

/// Returns the time at the beginning of `line`, if there is one, possibly after a bracket or in
/// JSON: a date with or without fraction and zone, syslog's format, seconds since 1970, or TAI64N.
pub(crate) fn time(line: &[u8]) -> Option<String> {
    let line = BEFORE.iter().find_map(|before| line.strip_prefix(*before)).unwrap_or(line);
    let with_fraction = |length| length + fraction(&line[length..]);
    let date = matching(line, &DATES).map(with_fraction);
    let date = date.map(|length| length + matching(&line[length..], &ZONES).unwrap_or(0));
    // Ten digits are seconds from 2001 to 2286.
    let seconds = || (digits(line) == 10).then(|| with_fraction(10));
    let length = date.or_else(|| matching(line, &OTHERS)).or_else(seconds)?;
    // The patterns match only ASCII.
    String::from_utf8(line[..length].to_vec()).ok()
}

/// Returns that time in whole seconds since 1970. A time without a zone is taken to be in `zone`.
pub(crate) fn second(line: &[u8], zone: &Zone) -> Option<i64> {
    let text = time(line)?;
    if let Some(label) = text.strip_prefix('@') {
        return i64::from_str_radix(&label[..16], 16).ok()?.checked_sub(TAI64);
    }
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        // Syslog's format has no year.
        let now = seconds(SystemTime::now());
        let year = zone.civil(now).fields[0];
        return [year, year - 1].into_iter().find_map(|year| {
            let second = zone.parse("%Y %b %d %H:%M:%S", &format!("{year} {text}"))?;
            (second <= now + AHEAD).then_some(second)
        });
    }
    let unix = text.split(['.', ',']).next().and_then(|whole| whole.parse().ok());
    unix.or_else(|| zone.instant(&text.replacen('_', "T", 1)).map(seconds))
}

/// Returns whole seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> i64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    since_1970.try_into().unwrap_or(i64::MAX)
}

/// Returns the length of the first of `patterns` that `text` begins with. In a pattern, `0` matches
/// a digit, `a` a letter, `h` a hexadecimal digit, and any other character itself.
fn matching(text: &[u8], patterns: &[&str]) -> Option<usize> {
    let matches = |(byte, pattern): (&u8, u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'h' => byte.is_ascii_hexdigit(),
        other => *byte == other,
    };
    let begins = |pattern: &&&str| {
        text.len() >= pattern.len() && text.iter().zip(pattern.bytes()).all(matches)
    };
    patterns.iter().find(begins).map(|pattern| pattern.len())
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Returns the length of a decimal fraction, including its point or comma.
fn fraction(text: &[u8]) -> usize {
    match text {
        [b'.' | b',', rest @ ..] if digits(rest) > 0 => 1 + digits(rest),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_as_they_stand() {
        for text in [
            "2026-11-22T17:05:00Z",
            "2026-11-22T17:05:00.123+01:00",
            "2026-11-22 17:05:00,123",
            "2026-11-22 17:05:00",
            "2026-11-22T17:05:00-0800",
            "Nov 22 17:05:00",
            "Nov  2 17:05:00",
            "@4000000037c219bf2ef02e94",
            "1795366800",
            "1795366800.5",
        ] {
            let json = format!("{{\"time\":\"{text}\",\"message\":\"line\"}}");
            for line in [format!("{text} line"), format!("[{text}] line"), text.to_owned(), json] {
                assert_eq!(time(line.as_bytes()).as_deref(), Some(text));
            }
        }
        for line in
            ["", "line 1", "2026-11-22", "17:05:00", "179536680", "17953668001", "@400", "[x]"]
        {
            assert_eq!(time(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn times_are_instants() {
        for text in [
            "2026-11-22T17:05:00Z",
            "2026-11-22T18:05:00.9+01:00",
            "2026-11-22 17:05:00,123",
            "2026-11-22_17:05:00",
            "2026-11-22T09:05:00-0800",
            "@400000006b0320c600000000",
            "1795367100",
        ] {
            assert_eq!(second(text.as_bytes(), &Zone::utc()), Some(1_795_367_100), "{text}");
        }
        // It belongs to this year, or to the last one if it would be in the future.
        let now = seconds(SystemTime::now());
        for ago in [0, 3600, 300 * AHEAD, 363 * AHEAD] {
            let then = UNIX_EPOCH + std::time::Duration::from_secs((now - ago).try_into().unwrap());
            let text = Zone::utc().format("%b %e %T", then).unwrap();
            assert_eq!(second(text.as_bytes(), &Zone::utc()), Some(now - ago), "{text}");
        }
    }
}
