//! Regular expressions on bytes; the door to the crate regex.

pub(crate) use regex::bytes::Regex as Pattern;

/// Reads a regular expression. It is Unicode's as far as what it meets is
/// UTF-8, and any other byte is a byte.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| {
        // The crate draws the place where it went wrong, over several lines,
        // and says last what is wrong.
        let drawn = error.to_string();
        let reason = drawn.trim_end().lines().next_back().unwrap_or_default();
        reason.strip_prefix("error: ").unwrap_or(reason).to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_one_line_what_is_wrong() {
        assert_eq!(pattern("a(b").unwrap_err(), "unclosed group");
        for wrong in ["*", "[z-a]", r"(a)\1", r"\", "(?<n", "a{99999999}", r"\pX"] {
            let reason = pattern(wrong).unwrap_err();
            assert!(!reason.is_empty() && !reason.contains('\n'), "{wrong}: {reason:?}");
        }
    }
}
