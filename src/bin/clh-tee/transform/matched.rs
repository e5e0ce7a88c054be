//! Which patterns match a record that is too long to be examined as a whole.

use super::select::Pattern;
use super::settings::Settings;

#[derive(Clone)]
pub(crate) struct Matched {
    /// For each rule, whether it matches; the same for each log.
    rules: Vec<bool>,
    logs: Vec<bool>,
}

impl Matched {
    pub(super) fn nothing(settings: &Settings) -> Self {
        let (rules, logs) = (settings.rules.0.len(), settings.routes.logs());
        Self { rules: vec![false; rules], logs: vec![false; logs] }
    }

    /// Records which patterns match a part of the record.
    pub(super) fn see(&mut self, settings: &Settings, matches: impl Fn(usize, &Pattern) -> bool) {
        for (number, rule) in settings.rules.0.iter().enumerate() {
            self.rules[number] = self.rules[number] || matches(number, &rule.pattern);
        }
        for (log, pattern) in settings.routes.patterns() {
            self.logs[log] = self.logs[log] || matches(log, pattern);
        }
    }

    /// Returns the patterns that match either of two parts of a record.
    pub(crate) fn or(mut self, other: Self) -> Self {
        let rules = self.rules.iter_mut().zip(other.rules);
        for (one, other) in rules.chain(self.logs.iter_mut().zip(other.logs)) {
            *one |= other;
        }
        self
    }
}

impl Settings {
    /// Returns the logs that a record goes to, which are none if the rules drop it.
    pub(crate) fn logs_for(&self, matched: Option<&Matched>) -> Vec<usize> {
        let Some(matched) = matched else { return vec![0] };
        if !self.rules.keep(|number, _| matched.rules[number]) {
            return Vec::new();
        }
        self.routes.of(|log, _| matched.logs[log]).collect()
    }
}
