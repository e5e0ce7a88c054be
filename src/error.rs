//! The library's errors: the operation that failed, its path, and the system's reason.
//!
//! A problem that loses no line is not an error but a [`Notice`](crate::Notice).

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::sys;

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// An operation that failed: what was tried, on which path, and why it failed.
///
/// It is displayed as `cannot VERB 'PATH': REASON`, with the path [escaped](Escaped).
#[derive(Debug)]
pub struct Error {
    /// A verb that follows "cannot".
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Error {
    pub(crate) fn new(verb: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self { verb, path: path.into(), source }
    }

    /// Returns a closure for `map_err`.
    pub(crate) fn on(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::new(verb, path, source)
    }

    /// Returns the operation: a verb, with its object if needed, that follows "cannot".
    #[must_use]
    pub fn verb(&self) -> &'static str {
        self.verb
    }

    /// Returns the path on which it failed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the kind of the underlying error.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Returns whether a file could not be created because its directory is missing.
    #[must_use]
    pub fn is_missing_directory(&self) -> bool {
        self.verb == "create" && self.kind() == io::ErrorKind::NotFound
    }

    /// Returns whether the lock file's file system does not support locks. Retrying does not help;
    /// a lock directory on a local disk does.
    #[must_use]
    pub fn is_locking_unsupported(&self) -> bool {
        self.verb == "lock" && sys::is_unsupported(&self.source)
    }

    /// Returns the system's error.
    #[must_use]
    pub fn io_error(&self) -> &io::Error {
        &self.source
    }

    /// Returns the reason in the system's words, without "(os error N)".
    #[must_use]
    pub fn reason(&self) -> String {
        reason(&self.source)
    }
}

/// Returns the reason of an error in the system's words, without the "(os error N)" that
/// [`io::Error`] adds.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => sys::reason(number),
        None => error.to_string(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} '{}': {}", self.verb, Escaped::path(&self.path), self.reason())
    }
}

/// The displayed text includes the reason, so `source` returns nothing; see [`Error::io_error`].
impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}

/// Unicode's `Default_Ignorable_Code_Point` (bidirectional marks, zero-width characters, tags)
/// without U+FE00–FE0F, which many emoji need; plus line and paragraph separators and interlinear
/// annotations.
#[rustfmt::skip]
const UNSEEN: [RangeInclusive<char>; 16] = [
    '\u{ad}'..='\u{ad}', '\u{34f}'..='\u{34f}', '\u{61c}'..='\u{61c}', '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}', '\u{180b}'..='\u{180f}', '\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}', '\u{3164}'..='\u{3164}', '\u{feff}'..='\u{feff}', '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}', '\u{1bca0}'..='\u{1bca3}', '\u{1d173}'..='\u{1d17a}', '\u{e0000}'..='\u{e0fff}',
];

/// Text from outside, escaped for display.
///
/// Control characters, characters that hide or reorder text (bidirectional marks, zero-width
/// characters, line separators) and bytes that are not UTF-8 appear as `\xNN`. So no file name can
/// control a terminal or imitate a message.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl<'a> Escaped<'a> {
    /// Wraps a path.
    #[must_use]
    pub fn path(path: &'a Path) -> Self {
        Self(path.as_os_str().as_encoded_bytes())
    }

    /// Returns whether `character` is escaped: a control character, or an invisible one that hides,
    /// joins or reorders other characters.
    #[must_use]
    pub fn escapes(character: char) -> bool {
        let is_unseen = |range: &RangeInclusive<char>| range.contains(&character);
        character.is_control() || (character >= '\u{ad}' && UNSEEN.iter().any(is_unseen))
    }

    /// Wraps bytes.
    #[must_use]
    pub fn text(text: &'a OsStr) -> Self {
        Self(text.as_encoded_bytes())
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.utf8_chunks() {
            for character in part.valid().chars() {
                if Self::escapes(character) {
                    character.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| hex(f, byte))?;
                } else {
                    write!(f, "{character}")?;
                }
            }
            part.invalid().iter().try_for_each(|byte| hex(f, *byte))?;
        }
        Ok(())
    }
}

fn hex(f: &mut fmt::Formatter<'_>, byte: u8) -> fmt::Result {
    write!(f, "\\x{byte:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_verb_path_and_the_reason_without_its_number() {
        let reason = io::Error::from_raw_os_error(sys::FORBIDDEN);
        let error = Error::new("open", "a\nb", reason).to_string();
        let reason = error.strip_prefix(r"cannot open 'a\x0ab': ").unwrap();
        // The exact words are the system's.
        assert!(reason.ends_with("denied") && !reason.contains("os error"), "{reason}");
    }

    #[test]
    fn escapes_control_characters_unseen_ones_and_what_is_not_utf8() {
        let shown = Escaped(b"\x1b[1m\xff \xc3\xa4\xc2\x9b").to_string();
        assert_eq!(shown, "\\x1b[1m\\xff ä\\xc2\\x9b");
        // Characters that hide or reorder text.
        for character in "\u{200b}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{2069}\u{feff}".chars()
        {
            let shown = Escaped(format!("a{character}b").as_bytes()).to_string();
            assert!(shown.starts_with("a\\xe") && shown.is_ascii(), "{shown}");
        }
        let plain = "ä € 𝄞 ❤\u{fe0f} שלום";
        assert_eq!(Escaped(plain.as_bytes()).to_string(), plain);
    }
}
