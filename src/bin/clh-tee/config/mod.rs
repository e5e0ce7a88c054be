//! Settings from a file, so that all writers of a log agree.
//!
//! `search` finds the file, `document` reads what is in it, `pattern` tells
//! which logs a section is about, and `known` which settings there are. What
//! the settings mean is not known here: they are texts, and go the way of what
//! stands on the command line.

mod document;
mod known;
mod pattern;
mod search;

use std::path::{Path, PathBuf};

use clh_tee::Escaped;

use self::pattern::{Pattern, Target};

pub(crate) use self::document::value;
pub(crate) use self::known::{Kind, Known, misspelt};
pub(crate) use self::search::{Found, find};

/// What a file says.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file's path.
    path: PathBuf,
    /// What it sets, in its order; what is for every log comes first.
    sections: Vec<Section>,
}

/// What a file sets for some logs.
#[derive(Debug)]
struct Section {
    /// Which logs it is about; all, if there is none.
    pattern: Option<Pattern>,
    /// What it sets, in the file's order.
    settings: Vec<Setting>,
}

/// What a file says about one option.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The option, by what the program knows it as.
    pub(crate) id: String,
    /// The option's name.
    pub(crate) name: String,
    /// The texts that it is given; without one it is as if it were not given.
    pub(crate) values: Vec<String>,
    /// Where its name stands.
    at: Place,
    /// Where its value stands.
    value_at: Place,
}

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The line.
    line: usize,
    /// The character in it.
    column: usize,
}

impl Config {
    /// Reads the text of the file that was found.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with the place.
    pub(crate) fn read(found: Found, known: &[Known]) -> Result<Self, String> {
        let sections = document::sections(&found.text, known)
            .map_err(|(place, fault)| at(&found.path, place, &fault))?;
        Ok(Self { path: found.path, sections })
    }

    /// Returns what is set, section by section, for every log there might be.
    pub(crate) fn all(&self) -> impl Iterator<Item = &[Setting]> {
        self.sections.iter().map(|section| &*section.settings)
    }

    /// Returns what is set for `log`, each option once: what stands later in
    /// the file goes first.
    pub(crate) fn settings_for(&self, log: &Path) -> Vec<&Setting> {
        let target = Target::new(log);
        let is_meant = |section: &&Section| match &section.pattern {
            Some(pattern) => pattern.matches(&target),
            None => true,
        };
        let mut settings: Vec<&Setting> = Vec::new();
        for setting in self.sections.iter().filter(is_meant).flat_map(|section| &section.settings) {
            settings.retain(|earlier| earlier.id != setting.id);
            settings.push(setting);
        }
        settings
    }

    /// Tells, for people, where `setting` stands.
    pub(crate) fn origin(&self, setting: &Setting) -> String {
        format!("{}:{}", Escaped::path(&self.path), setting.at.line)
    }

    /// Tells what is wrong with the value of `setting`.
    pub(crate) fn fault(&self, setting: &Setting, fault: &str) -> String {
        at(&self.path, setting.value_at, fault)
    }
}

/// Tells what is wrong at a place in a file.
fn at(path: &Path, place: Place, fault: &str) -> String {
    let (path, fault) = (Escaped::path(path), Escaped(fault.as_bytes()));
    format!("{path}:{}:{}: {fault}", place.line, place.column)
}
