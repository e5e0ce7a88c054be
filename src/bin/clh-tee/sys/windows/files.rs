//! Users, and what is theirs: files that are made, and settings.

use std::env;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf, Prefix};

/// Why files cannot be given a mode or an owner.
pub(crate) const NO_OWNERS: Option<&str> =
    Some("files have no modes and no such owners on Windows; leave the option out");

/// Whether names that differ in case only are two.
pub(crate) const NAMES_HAVE_CASE: bool = false;

/// What can be opened as a log whatever is wrong with the one that was asked for:
/// a name in the working directory, where nothing is made before there is a line.
pub(crate) const NOWHERE: &str = ".clh-tee.nowhere";

/// A umask that was in force when we began. There is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Umask(());

/// Does nothing: [`NO_OWNERS`] has been said before.
pub(crate) fn set_umask(_mask: u32) -> Umask {
    Umask(())
}

/// Does something, without a umask as ever.
pub(crate) fn without<T>(_before: Option<Umask>, start: impl FnOnce() -> T) -> T {
    start()
}

/// Returns none: users have no numbers.
pub(crate) fn user_id(_name: &str) -> Option<u32> {
    None
}

/// Returns none: groups have no numbers.
pub(crate) fn group_id(_name: &str) -> Option<u32> {
    None
}

/// Returns none: users have no numbers.
pub(crate) fn user_name(_uid: u32) -> Option<String> {
    None
}

/// Returns the name of the user, as the system has put it into the environment.
pub(crate) fn user() -> String {
    env::var_os("USERNAME").unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the host's name, as the system has put it into the environment.
///
/// # Errors
///
/// If it is not there.
pub(crate) fn host() -> io::Result<OsString> {
    env::var_os("COMPUTERNAME")
        .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "%COMPUTERNAME% is not set"))
}

/// Tells whether a file in the user's own directory is the user's: nobody else
/// may write there.
pub(crate) fn is_trusted(_file: &Metadata) -> bool {
    true
}

/// Returns where users keep their settings, if this one has a place for that.
pub(crate) fn of_the_user() -> Option<PathBuf> {
    env::var_os("APPDATA").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The file with settings for all users. There is none: into `%PROGRAMDATA%`, where
/// it would be, every user may put files, and nothing here tells whose they are.
pub(crate) const OF_THE_SYSTEM: Option<&str> = None;

/// Returns a resolved path as people write it: without the `\\?\` before its
/// drive.
pub(crate) fn plain(resolved: PathBuf) -> PathBuf {
    let mut parts = resolved.components();
    let drive = parts.next().and_then(|first| match first {
        Component::Prefix(prefix) => match prefix.kind() {
            Prefix::VerbatimDisk(letter) => Some(format!("{}:", char::from(letter))),
            _ => None,
        },
        _ => None,
    });
    drive.map_or_else(|| resolved.clone(), |drive| Path::new(&drive).join(parts.as_path()))
}

/// Does nothing: as many files may be open as are wanted.
pub(crate) fn raise_limit() {}
