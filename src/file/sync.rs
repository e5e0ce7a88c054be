//! fsync, if the file system supports it.
//!
//! Some file systems (FUSE, 9p) refuse it. That is not a failure: the log reports it once. Any
//! other error, above all EIO, stays an error.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::sys;

/// Devices that refused, with the error number. It is a property of the file system, so all logs of
/// the process share one list.
static REFUSED: Mutex<BTreeMap<u64, i32>> = Mutex::new(BTreeMap::new());

pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    tolerate(file, file.sync_data())
}

pub(crate) fn sync_all(file: &File) -> io::Result<()> {
    tolerate(file, file.sync_all())
}

/// Syncs the names in `dir`. This does nothing for a directory that we may write but not read, and
/// on Windows.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    match File::open(dir) {
        Ok(open) => sync_all(&open).map_err(Error::on("sync", dir)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(Error::new("sync", dir, error)),
    }
}

/// Returns the reason if files on `device` cannot be synced, as far as known.
pub(crate) fn refusal(device: u64) -> Option<io::Error> {
    let refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    refused.get(&device).map(|number| io::Error::from_raw_os_error(*number))
}

fn tolerate(file: &File, outcome: io::Result<()>) -> io::Result<()> {
    let Err(error) = outcome else { return Ok(()) };
    if !sys::is_unsupported(&error) {
        return Err(error);
    }
    let (device, _) = sys::identity(&sys::about(file)?);
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    refused.entry(device).or_insert(error.raw_os_error().unwrap_or_default());
    Ok(())
}
