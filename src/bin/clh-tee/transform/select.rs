//! Selects lines for the log by regular expressions. Only this file uses the crate regex.

use std::borrow::Cow;

use clap::ArgMatches;
use clap::parser::ValueSource;
use regex::bytes::RegexBuilder;

use super::grep::as_in_grep;
pub(crate) use regex::bytes::Regex as Pattern;

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) keep: bool,
    pub(super) pattern: Pattern,
}

/// Rules in the order given. The last one that matches decides, as with multilog's `+` and `-`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(pub(super) Vec<Rule>);

impl Rules {
    /// Returns the rules in order, across both options. Those of the command line come last; if
    /// only `typed` rules are wanted, they are the only ones.
    pub(crate) fn of(matches: &ArgMatches, typed: bool) -> Self {
        let given = |id, keep| {
            let (source, places) = (matches.value_source(id), matches.indices_of(id));
            let patterns = matches.get_many(id).into_iter().flatten().cloned();
            let rules = patterns.map(move |pattern| Rule { keep, pattern });
            places.into_iter().flatten().map(move |place| (source, place)).zip(rules)
        };
        let mut rules: Vec<_> = given("select", true).chain(given("deselect", false)).collect();
        rules.retain(|((source, _), _)| !typed || *source == Some(ValueSource::CommandLine));
        rules.sort_by_key(|(place, _)| *place);
        Self(rules.into_iter().map(|(_, rule)| rule).collect())
    }

    /// Returns whether the rules keep a record. `matches` says whether the rule with this number
    /// and pattern matches it. If no rule matches, the record is dropped if the first rule is one
    /// to keep records. So a single rule does the same as `grep -E` or `grep -vE`.
    pub(super) fn keep(&self, matches: impl Fn(usize, &Pattern) -> bool) -> bool {
        let mut rules = self.0.iter().enumerate().rev();
        let last = rules.find(|(number, rule)| matches(*number, &rule.pattern));
        let unmatched = || self.0.first().is_none_or(|rule| !rule.keep);
        last.map_or_else(unmatched, |(_, rule)| rule.keep)
    }
}

/// Returns whether a record matches: whether any of its lines does.
pub(super) fn matches(pattern: &Pattern, lines: &[Cow<'_, [u8]>]) -> bool {
    lines.iter().any(|line| pattern.is_match(line))
}

/// Parses a regular expression on bytes, like grep's in the C locale: a character that is not ASCII
/// matches only itself. Unicode's classes are slower, and loading their tables costs time in every
/// run.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    RegexBuilder::new(&as_in_grep(text)?).unicode(false).build().map_err(|error| {
        // The last of several lines says what is wrong; the others draw the position.
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
