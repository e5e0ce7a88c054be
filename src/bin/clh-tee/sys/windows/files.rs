//! Users, the umask, and the directories of settings.

use std::env;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf, Prefix};

pub(crate) const NO_OWNERS: Option<&str> =
    Some("files have no modes and no such owners on Windows; leave the option out");

pub(crate) const NAMES_HAVE_CASE: bool = false;

/// In the working directory, because no file is created before there is a line.
pub(crate) const NOWHERE: &str = ".clh-tee.nowhere";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Umask(());

/// Does nothing, because [`NO_OWNERS`] has been reported.
pub(crate) fn set_umask(_mask: u32) -> Umask {
    Umask(())
}

pub(crate) fn without<T>(_before: Option<Umask>, start: impl FnOnce() -> T) -> T {
    start()
}

/// Users and groups have no numbers.
pub(crate) fn user_id(_name: &str) -> Option<u32> {
    None
}

pub(crate) fn group_id(_name: &str) -> Option<u32> {
    None
}

pub(crate) fn user_name(_uid: u32) -> Option<String> {
    None
}

pub(crate) fn user() -> String {
    env::var_os("USERNAME").unwrap_or_default().to_string_lossy().into_owned()
}

pub(crate) fn host() -> io::Result<OsString> {
    env::var_os("COMPUTERNAME")
        .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "%COMPUTERNAME% is not set"))
}

/// Files in the user's own directory are trusted, because no other user may write there.
pub(crate) fn is_trusted(_file: &Metadata) -> bool {
    true
}

pub(crate) fn of_the_user() -> Option<PathBuf> {
    env::var_os("APPDATA").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// None: every user may create files in `%PROGRAMDATA%`, and their owner is unknown here.
pub(crate) const OF_THE_SYSTEM: Option<&str> = None;

/// Returns a resolved path as people write it, without `\\?\` before its drive.
pub(crate) fn plain(resolved: PathBuf) -> PathBuf {
    let mut parts = resolved.components();
    if let Some(Component::Prefix(prefix)) = parts.next()
        && let Prefix::VerbatimDisk(letter) = prefix.kind()
    {
        return Path::new(&format!("{}:", char::from(letter))).join(parts.as_path());
    }
    resolved
}

pub(crate) fn raise_limit() {}
