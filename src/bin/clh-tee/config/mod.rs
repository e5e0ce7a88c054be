//! Settings from a file, so that all writers of a log agree.
//!
//! `search` finds the file, `document` parses it, `pattern` says which logs a section is
//! about, and `known` which settings there are. Here settings are texts: what they mean is
//! up to the command line.

mod document;
mod known;
mod pattern;
mod search;

use std::cell::LazyCell;
use std::path::Path;

use clh_tee::Escaped;

use self::pattern::{Pattern, Target};

pub(crate) use self::document::value;
pub(crate) use self::known::{Kind, Known, misspelt};
pub(crate) use self::search::{Found, find};

/// The sections of a file, in its order; what is for every log comes first.
#[derive(Debug, Default)]
pub(crate) struct Config(Vec<Section>);

/// What a file sets for some logs.
#[derive(Debug)]
struct Section {
    /// `None`: for all logs.
    pattern: Option<Pattern>,
    settings: Vec<Setting>,
}

/// What a file says about one option.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The option's id on the command line.
    pub(crate) id: String,
    pub(crate) name: String,
    /// Without any, the option counts as not given.
    pub(crate) values: Vec<String>,
    /// Where it stands: `FILE:LINE`.
    pub(crate) origin: String,
    /// Where its value stands: `FILE:LINE:COLUMN`.
    value_at: String,
}

impl Setting {
    /// Returns a message about the value.
    pub(crate) fn fault(&self, fault: &str) -> String {
        format!("{}: {}", self.value_at, Escaped(fault.as_bytes()))
    }
}

impl Config {
    /// # Errors
    ///
    /// What is wrong with the file, with the place.
    pub(crate) fn read(file: &Found, known: &[Known]) -> Result<Self, String> {
        document::sections(file, known).map(Self)
    }

    /// Returns the settings of each section.
    pub(crate) fn all(&self) -> impl Iterator<Item = &[Setting]> {
        self.0.iter().map(|section| &*section.settings)
    }

    /// Returns the settings for `log`, each option once: later ones in the file win.
    pub(crate) fn settings_for(&self, log: &Path) -> Vec<&Setting> {
        let target = LazyCell::new(|| Target::new(log));
        let is_meant = |section: &&Section| {
            section.pattern.as_ref().is_none_or(|pattern| pattern.matches(&target))
        };
        let mut settings: Vec<&Setting> = Vec::new();
        for setting in self.0.iter().filter(is_meant).flat_map(|section| &section.settings) {
            settings.retain(|earlier| earlier.id != setting.id);
            settings.push(setting);
        }
        settings
    }
}
