//! Settings from a file, so that all writers of a log agree.
//!
//! `search` finds the file, `document` parses it, and `pattern` decides which logs a section
//! applies to. Here settings are texts; the command line interprets them. Only this file uses the
//! crate strsim.

mod document;
mod pattern;
mod search;

use std::cell::LazyCell;
use std::path::Path;

use clh_tee::Escaped;

use self::pattern::Pattern;

pub(crate) use self::document::{sections, value};
pub(crate) use self::search::{Found, find};

/// The similarity that two names need for a suggestion; the same as clap's.
const ALIKE: f64 = 0.7;

/// The same for a variable name that could also be another program's.
const NEARLY: f64 = 0.9;

/// An option, as far as a settings file is concerned.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: String,
    /// Messages show the first.
    pub(crate) names: Vec<String>,
    /// `None` if only the command line can set it.
    pub(crate) kind: Option<Kind>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Flag,
    /// One text or number. `true` means `bare`, and `false` means "not given" if allowed.
    One { bare: Option<String>, may_be_off: bool },
    /// A list of texts.
    Many,
}

/// The settings for some logs, or, without a pattern, for all.
#[derive(Debug)]
pub(crate) struct Section {
    pattern: Option<Pattern>,
    pub(crate) settings: Vec<Setting>,
}

#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether it applies to some logs only.
    pub(crate) is_own: bool,
    /// Empty if the option counts as not given.
    pub(crate) values: Vec<String>,
    /// Its position, as `FILE:LINE`.
    pub(crate) origin: String,
    /// The position of its value, as `FILE:LINE:COLUMN`.
    value_at: String,
}

impl Setting {
    pub(crate) fn fault(&self, fault: &str) -> String {
        format!("{}: {}", self.value_at, Escaped(fault.as_bytes()))
    }
}

/// Returns the settings for `log`, each option once: the last one in the file wins.
pub(crate) fn settings_for<'a>(sections: &'a [Section], log: &Path) -> Vec<&'a Setting> {
    let names = LazyCell::new(|| pattern::names(log));
    let is_meant =
        |section: &&Section| section.pattern.as_ref().is_none_or(|pattern| pattern.matches(&names));
    let mut settings: Vec<&Setting> = Vec::new();
    for setting in sections.iter().filter(is_meant).flat_map(|section| &section.settings) {
        settings.retain(|earlier| earlier.id != setting.id);
        settings.push(setting);
    }
    settings
}

fn known_as<'a>(known: &'a [Known], name: &str) -> Option<&'a Known> {
    known.iter().find(|option| option.names.iter().any(|known| known == name))
}

fn unknown(known: &[Known], name: &str) -> String {
    let settings = known.iter().filter(|option| option.kind.is_some());
    let names = settings.flat_map(|option| &option.names).map(String::as_str);
    match nearest(&name.replace('_', "-"), names.chain([document::SECTIONS]), ALIKE) {
        Some(nearest) => format!("unknown setting '{name}'; did you mean '{nearest}'?"),
        None => format!("unknown setting '{name}'; --print-config shows all"),
    }
}

/// Returns the option that `name` is probably meant to be.
pub(crate) fn misspelt<'a>(known: &'a [Known], name: &str) -> Option<&'a str> {
    let names = known.iter().flat_map(|option| &option.names).map(String::as_str);
    if known_as(known, name).is_some() { None } else { nearest(name, names, NEARLY) }
}

pub(crate) fn is_near(name: &str, other: &str) -> bool {
    strsim::jaro(name, other) > NEARLY
}

fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>, alike: f64) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro(name, other);
    let nearest = names.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    nearest.filter(|nearest| likeness(nearest) > alike)
}
