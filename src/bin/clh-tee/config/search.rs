//! Where the file is, and whether it is to be trusted.
//!
//! A file that is named must be there. Else the user's own is taken, or else
//! the system's; that there is none is the usual case, and costs two calls.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use clh_tee::Escaped;

use crate::messages::{Report, reason};
use crate::sys::{OF_THE_SYSTEM, is_trusted, of_the_user};

/// What the file is called in the user's directory of such files.
const NAME: &str = "clh-tee.toml";

/// The longest file that is read; a longer one is a mistake.
const LONGEST: u64 = 1 << 20;

/// A file that was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its path.
    pub(super) path: PathBuf,
    /// What is in it.
    pub(super) text: String,
}

/// Finds the file that is `named`, or else the first there is. An empty name
/// stands for no file.
///
/// # Errors
///
/// If the one that is named, or that was found, cannot be read.
pub(crate) fn find(named: Option<&OsStr>, report: &Report) -> Result<Option<Found>, String> {
    if let Some(named) = named {
        let path = Path::new(named);
        if named.is_empty() {
            return Ok(None);
        }
        let file = File::open(path).map_err(|error| cannot("open", path, &error))?;
        return read(path, file).map(Some);
    }
    if let Some(path) = of_the_user().map(|directory| directory.join(NAME))
        && let Some(file) = open_own(&path, report)?
    {
        return read(&path, file).map(Some);
    }
    let Some(path) = OF_THE_SYSTEM.map(Path::new) else { return Ok(None) };
    match File::open(path) {
        Ok(file) => read(path, file).map(Some),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(cannot("open", path, &error)),
    }
}

/// Opens the user's own file, if there is one.
///
/// With `sudo`, or in a service that has given up root's rights, the home
/// directory may be another user's. What stands there is not for us: it could
/// make root write anywhere.
fn open_own(path: &Path, report: &Report) -> Result<Option<File>, String> {
    let (metadata, file) = match File::open(path) {
        Ok(file) => match file.metadata() {
            Ok(metadata) => (metadata, Ok(file)),
            Err(error) => return Err(cannot("read", path, &error)),
        },
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => match fs::metadata(path) {
            Ok(metadata) => (metadata, Err(error)),
            // Who keeps even the directory from us is another user.
            Err(_) => return Ok(None),
        },
    };
    if !is_trusted(&metadata) {
        let path = Escaped::path(path);
        report.warn(&format!("'{path}' belongs to another user; it is not read"));
        return Ok(None);
    }
    file.map(Some).map_err(|error| cannot("open", path, &error))
}

/// Tells whether there is no such file.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Reads an open file.
fn read(path: &Path, file: File) -> Result<Found, String> {
    let mut bytes = Vec::new();
    let read = file.take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| cannot("read", path, &error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("cannot read '{}': it is longer than 1 MiB", Escaped::path(path)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let place = super::document::place(&String::from_utf8_lossy(good), good.len());
        super::at(path, place, "this is not UTF-8")
    })?;
    Ok(Found { path: path.to_owned(), text })
}

/// Says what cannot be done to the file at `path`.
fn cannot(verb: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {verb} '{}': {}", Escaped::path(path), reason(error))
}
