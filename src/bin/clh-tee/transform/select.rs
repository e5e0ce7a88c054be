//! Which lines go into the log.

use super::pattern::Pattern;

/// One rule: lines that match it are kept, or left out.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Whether they are kept.
    pub(crate) keep: bool,
    /// What they match.
    pub(crate) pattern: Pattern,
}

/// Rules in the order given, of which the last that matches decides, as with
/// multilog's `+` and `-`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(pub(crate) Vec<Rule>);

impl Rules {
    /// Tells whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether a line is kept.
    ///
    /// One that no rule matches is left out if the first rule names what is to
    /// be kept. So a single rule does what `grep -E` or `grep -vE` does.
    pub(super) fn keep(&self, text: &[u8]) -> bool {
        let last = self.0.iter().rev().find(|rule| rule.pattern.is_match(text));
        last.map_or_else(|| self.0.first().is_none_or(|rule| !rule.keep), |rule| rule.keep)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern::pattern;
    use super::*;

    /// Returns those of a few lines that are kept by rules, each given with a
    /// `+` or a `-` in front.
    fn kept(rules: &[&str]) -> Vec<&'static str> {
        let rule = |text: &&str| Rule {
            keep: text.starts_with('+'),
            pattern: pattern(&text[1..]).unwrap(),
        };
        let rules = Rules(rules.iter().map(rule).collect());
        let lines = ["", "error: disk", "error: noise", "info", "warning: disk"];
        lines.into_iter().filter(|line| rules.keep(line.as_bytes())).collect()
    }

    #[test]
    fn one_rule_does_what_grep_does() {
        assert_eq!(kept(&["+disk"]), ["error: disk", "warning: disk"]);
        assert_eq!(kept(&["-disk"]), ["", "error: noise", "info"]);
        assert_eq!(kept(&["+^$"]), [""]);
        assert_eq!(kept(&[]).len(), 5);
    }

    #[test]
    fn the_last_match_decides() {
        assert_eq!(kept(&["+error", "-noise"]), ["error: disk"]);
        assert_eq!(kept(&["-", "+disk"]), ["error: disk", "warning: disk"]);
        assert_eq!(kept(&["-error", "+disk"]), ["", "error: disk", "info", "warning: disk"]);
        assert_eq!(kept(&["+error", "-disk", "+^warn"]), ["error: noise", "warning: disk"]);
    }
}
