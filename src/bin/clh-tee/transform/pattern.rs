//! Regular expressions on bytes; the door to the crate regex.

use regex::bytes::RegexBuilder;

pub(crate) use regex::bytes::Regex as Pattern;

/// Parses a regular expression on bytes, as grep's in the C locale: what is not ASCII matches
/// only itself. Unicode's classes are slower, and loading their tables costs every run time.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    RegexBuilder::new(text).unicode(false).build().map_err(|error| {
        // The last of several lines says what is wrong; the others draw the place.
        let drawn = error.to_string();
        let reason = drawn.trim_end().lines().next_back().unwrap_or_default();
        match reason.strip_prefix("error: ").unwrap_or(reason) {
            "Unicode not allowed here" => "classes hold ASCII only; give (ä|ö) for [äö]".into(),
            reason => reason.to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_one_line_what_is_wrong() {
        assert_eq!(pattern("a(b").unwrap_err(), "unclosed group");
        for wrong in ["*", "[z-a]", r"(a)\1", r"\", "(?<n", "a{99999999}", r"\pX", "[ä]"] {
            let reason = pattern(wrong).unwrap_err();
            assert!(!reason.is_empty() && !reason.contains('\n'), "{wrong}: {reason:?}");
        }
    }

    #[test]
    fn is_about_bytes() {
        let matches = |text, line: &[u8]| pattern(text).unwrap().is_match(line);
        assert!(matches("(?i)größe", "GRößE".as_bytes()));
        assert!(matches("^(ä|ö)+$", "äöä".as_bytes()));
        assert!(matches(r"^x.\d\b", b"x\xff7"));
        assert!(!matches(r"\w", "ä".as_bytes()));
    }
}
