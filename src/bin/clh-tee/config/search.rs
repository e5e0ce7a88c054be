//! Finds the settings file and decides whether to trust it.
//!
//! A file given by name must exist. Otherwise it is the user's own or, without one, the system's.
//! Usually there is neither, which costs two system calls.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use clh_tee::Escaped;

use crate::messages::{Report, reason};
use crate::sys::{OF_THE_SYSTEM, is_trusted, of_the_user};

const NAME: &str = "clh-tee.toml";

/// A longer file is a mistake.
const LONGEST: u64 = 1 << 20;

#[derive(Debug)]
pub(crate) struct Found {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Found {
    /// Returns the line of the byte at `offset`, as `FILE:LINE`, and its column in characters from
    /// 1.
    pub(super) fn place(&self, offset: usize) -> (String, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        (format!("{}:{line}", Escaped::path(&self.path)), column)
    }

    pub(super) fn fault(&self, offset: usize, fault: &str) -> String {
        let (line, column) = self.place(offset);
        format!("{line}:{column}: {}", Escaped(fault.as_bytes()))
    }
}

/// Returns the file `named`, or else the first that exists. An empty name means no file.
pub(crate) fn find(named: Option<&OsStr>, report: &Report) -> Result<Option<Found>, String> {
    if let Some(named) = named {
        let path = PathBuf::from(named);
        return if named.is_empty() { Ok(None) } else { read(File::open(&path), path).map(Some) };
    }
    let own = || {
        let path = of_the_user()?.join(NAME);
        Some((open_own(&path, report)?, path))
    };
    let of_the_system = || {
        let path = PathBuf::from(OF_THE_SYSTEM?);
        let file = File::open(&path);
        (!file.as_ref().is_err_and(is_missing)).then_some((file, path))
    };
    own().or_else(of_the_system).map(|(file, path)| read(file, path)).transpose()
}

/// Opens the user's own file, if it exists.
///
/// With `sudo`, or in a service that has dropped root's rights, the home directory may be another
/// user's. Then the file is ignored, because it could make root write anywhere.
fn open_own(path: &Path, report: &Report) -> Option<io::Result<File>> {
    let file = File::open(path);
    let metadata = match &file {
        Ok(file) => file.metadata(),
        Err(error) if is_missing(error) => return None,
        // If we may not enter the directory, it is another user's.
        Err(_) => Ok(fs::metadata(path).ok()?),
    };
    if metadata.as_ref().is_ok_and(|metadata| !is_trusted(metadata)) {
        let path = Escaped::path(path);
        report.warn(&format!("'{path}' belongs to another user; it is not read"));
        return None;
    }
    Some(metadata.and(file))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn read(file: io::Result<File>, path: PathBuf) -> Result<Found, String> {
    let cannot = |verb, error: &io::Error| {
        format!("cannot {verb} '{}': {}", Escaped::path(&path), reason(error))
    };
    let mut bytes = Vec::new();
    let file = file.map_err(|error| cannot("open", &error))?;
    let read = file.take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| cannot("read", &error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("cannot read '{}': it is longer than 1 MiB", Escaped::path(&path)));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Found { path, text }),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
            Err(Found { path, text }.fault(good, "this is not UTF-8"))
        }
    }
}
