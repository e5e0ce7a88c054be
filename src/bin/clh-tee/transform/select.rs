//! Which lines go into the log.

use clap::ArgMatches;

use super::pattern::Pattern;

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) keep: bool,
    pub(super) pattern: Pattern,
}

/// Rules in the order given, of which the last that matches decides, as with
/// multilog's `+` and `-`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(pub(super) Vec<Rule>);

impl Rules {
    /// Returns the rules of --select and --deselect in the order given, across both. Those from the
    /// command line come last.
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let given = |id, keep| {
            let (source, places) = (matches.value_source(id), matches.indices_of(id));
            let patterns = matches.get_many(id).into_iter().flatten().cloned();
            let rules = patterns.map(move |pattern| Rule { keep, pattern });
            places.into_iter().flatten().map(move |place| (source, place)).zip(rules)
        };
        let mut rules: Vec<_> = given("select", true).chain(given("deselect", false)).collect();
        rules.sort_by_key(|(place, _)| *place);
        Self(rules.into_iter().map(|(_, rule)| rule).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A line that no rule matches is dropped if the first rule says what to keep. So a
    /// single rule does what `grep -E` or `grep -vE` does.
    pub(super) fn keep(&self, text: &[u8]) -> bool {
        let last = self.0.iter().rev().find(|rule| rule.pattern.is_match(text));
        last.map_or_else(|| self.0.first().is_none_or(|rule| !rule.keep), |rule| rule.keep)
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command};

    use super::super::Settings;
    use super::super::pattern::pattern;
    use super::*;

    /// Rules are given with a `+` (keep) or a `-` (drop) in front.
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

    #[test]
    fn rules_keep_their_order_across_both_options() {
        for args in ["--select=a --deselect=b", "--deselect=b --select=a --select=^b --deselect=c"]
        {
            let command = Settings::augment_args(Command::new("clh-tee"));
            let matches = command.get_matches_from(["clh-tee"].into_iter().chain(args.split(' ')));
            let given = Rules::of(&matches).0.into_iter().map(|rule| {
                format!("--{}={}", if rule.keep { "select" } else { "deselect" }, rule.pattern)
            });
            assert_eq!(given.collect::<Vec<_>>().join(" "), args);
        }
    }
}
