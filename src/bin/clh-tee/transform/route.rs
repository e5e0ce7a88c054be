//! Decides by regular expressions which logs a record goes to.

use std::iter;

use super::select::Pattern;

/// LOG is number 0; then come the logs of `copies`, and then those of `diverts`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Routes {
    pub(crate) copies: Vec<Pattern>,
    pub(crate) diverts: Vec<Pattern>,
}

impl Routes {
    /// Returns the number of logs.
    pub(crate) fn logs(&self) -> usize {
        1 + self.copies.len() + self.diverts.len()
    }

    /// Returns the number and the pattern of each further log.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (usize, &Pattern)> {
        (1..).zip(self.copies.iter().chain(&self.diverts))
    }

    /// Returns the logs for a record, given which patterns match it. The first matching divert
    /// decides.
    pub(super) fn of(
        &self,
        matches: impl Fn(usize, &Pattern) -> bool,
    ) -> impl Iterator<Item = usize> {
        let is_match = |(log, pattern): &(usize, &Pattern)| matches(*log, pattern);
        let home = self.patterns().skip(self.copies.len()).find(&is_match);
        let home = home.map_or(0, |(log, _)| log);
        iter::once(home).chain(
            self.patterns()
                .take(self.copies.len())
                .filter(is_match)
                .map(|(log, _)| log)
                .collect::<Vec<_>>(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern;
    use super::super::select::matches;
    use super::*;

    #[test]
    fn every_copy_and_the_first_to_divert_count() {
        let patterns = |texts: [&str; 2]| texts.map(|text| pattern(text).expect("a pattern"));
        let (copies, diverts) = (patterns(["a", "b"]).into(), patterns(["c", "a.*c|d"]).into());
        let routes = Routes { copies, diverts };
        assert_eq!(routes.logs(), 5);
        let of = |text: &str| {
            let lines: Vec<_> = text.split('\n').map(|line| line.as_bytes().into()).collect();
            routes.of(|_, pattern| matches(pattern, &lines)).collect::<Vec<_>>()
        };
        for (text, logs) in [
            ("x", &[0][..]),
            ("a", &[0, 1]),
            ("ab", &[0, 1, 2]),
            ("abcd", &[3, 1, 2]),
            ("d", &[4]),
            ("x\nb\na", &[0, 1, 2]),
        ] {
            assert_eq!(of(text), logs, "{text}");
        }
    }
}
