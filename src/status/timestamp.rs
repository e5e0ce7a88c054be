//! The time that a line may begin with.
//!
//! It is shown as it is: only the writer knows its clock and zone.

/// Returns the time at the beginning of `line`, with or without a bracket: RFC 3339 or a little
/// less, syslog's, seconds since 1970, or TAI64N.
pub(super) fn leading(line: &[u8]) -> Option<String> {
    let line = line.strip_prefix(b"[").unwrap_or(line);
    let length = dated(line).or_else(|| syslog(line)).or_else(|| tai(line)).or_else(|| unix(line));
    // It is ASCII.
    length.and_then(|length| String::from_utf8(line[..length].to_vec()).ok())
}

/// Returns the length of what matches `pattern` at the beginning of `text`: `0` stands for a
/// digit, `a` for a letter, anything else for itself.
fn matching(text: &[u8], pattern: &str) -> Option<usize> {
    let matches = |(byte, pattern): (&u8, u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        other => *byte == other,
    };
    let text = text.get(..pattern.len())?;
    text.iter().zip(pattern.bytes()).all(matches).then_some(pattern.len())
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// With its point or comma.
fn fraction(text: &[u8]) -> usize {
    match text {
        [b'.' | b',', rest @ ..] if digits(rest) > 0 => 1 + digits(rest),
        _ => 0,
    }
}

/// `2026-11-22T17:05:00.123+01:00`; also a blank for the `T`, a comma for the point, and no
/// zone.
fn dated(line: &[u8]) -> Option<usize> {
    let separators = ["T", " ", "_"];
    let clock = separators.map(|between| format!("0000-00-00{between}00:00:00"));
    let mut length = clock.iter().find_map(|clock| matching(line, clock))?;
    length += fraction(&line[length..]);
    let zone = &line[length..];
    let zones = ["Z", "+00:00", "-00:00", "+0000", "-0000"];
    Some(length + zones.iter().find_map(|form| matching(zone, form)).unwrap_or(0))
}

/// `Nov 22 17:05:00` or `Nov  2 17:05:00`.
fn syslog(line: &[u8]) -> Option<usize> {
    matching(line, "aaa 00 00:00:00").or_else(|| matching(line, "aaa  0 00:00:00"))
}

/// `@4000000037c219bf2ef02e94`
fn tai(line: &[u8]) -> Option<usize> {
    let digits = line.strip_prefix(b"@4")?.get(..23)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(25)
}

/// `1795366800` or `1795366800.123`, of this century.
fn unix(line: &[u8]) -> Option<usize> {
    let seconds = matching(line, "0000000000").filter(|length| digits(line) == *length)?;
    Some(seconds + fraction(&line[seconds..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_as_they_stand() {
        for time in [
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
            assert_eq!(leading(format!("{time} text").as_bytes()).as_deref(), Some(time));
            assert_eq!(leading(format!("[{time}] text").as_bytes()).as_deref(), Some(time));
            assert_eq!(leading(time.as_bytes()).as_deref(), Some(time));
        }
    }

    #[test]
    fn other_lines_begin_with_no_time() {
        for line in
            ["", "line 1", "2026-11-22", "17:05:00", "179536680", "17953668001", "@400", "[x]"]
        {
            assert_eq!(leading(line.as_bytes()), None, "{line}");
        }
    }
}
