//! Users, and what is theirs: files that are made, and settings.

use std::env;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Group, Uid, User, geteuid, gethostname};

/// Why files cannot be given a mode or an owner, if that is so.
pub(crate) const NO_OWNERS: Option<&str> = None;

/// Whether names that differ in case only are two.
pub(crate) const NAMES_HAVE_CASE: bool = true;

/// What can be opened as a log whatever is wrong with the one that was asked for.
pub(crate) const NOWHERE: &str = "/dev/null";

/// A umask that was in force when we began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Umask(Mode);

/// Sets the umask; returns the one that was in force before.
pub(crate) fn set_umask(mask: u32) -> Umask {
    // Its type is narrower on some systems than on others.
    let bits = nix::libc::mode_t::try_from(mask).unwrap_or_default();
    Umask(umask(Mode::from_bits_truncate(bits)))
}

/// Does something without our own umask, if `before` is what it replaced: it is
/// none of a command's business.
pub(crate) fn without<T>(before: Option<Umask>, start: impl FnOnce() -> T) -> T {
    let ours = before.map(|before| umask(before.0));
    let started = start();
    ours.map(umask);
    started
}

/// Returns the number of the user of this name.
pub(crate) fn user_id(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

/// Returns the number of the group of this name.
pub(crate) fn group_id(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// Returns the name of the user of this number.
pub(crate) fn user_name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

/// Returns the name of the user whose rights we have, or else the number.
pub(crate) fn user() -> String {
    let uid = geteuid().as_raw();
    user_name(uid).unwrap_or_else(|| uid.to_string())
}

/// Returns the host's name.
pub(crate) fn host() -> io::Result<OsString> {
    Ok(gethostname()?)
}

/// Tells whether a file belongs to us or to root.
pub(crate) fn is_trusted(file: &Metadata) -> bool {
    [0, geteuid().as_raw()].contains(&file.uid())
}

/// Returns where users keep their settings, if this one has a place for that.
pub(crate) fn of_the_user() -> Option<PathBuf> {
    // What is not absolute is as good as not set (XDG Base Directory).
    let directory = |text: OsString| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
    let given = env::var_os("XDG_CONFIG_HOME").and_then(directory);
    let usual = || Some(env::var_os("HOME").and_then(directory)?.join(".config"));
    given.or_else(usual)
}

/// The file with settings for all users.
pub(crate) const OF_THE_SYSTEM: Option<&str> = Some("/etc/clh-tee.toml");

/// Returns a resolved path as people write it, which it is.
pub(crate) fn plain(resolved: PathBuf) -> PathBuf {
    resolved
}

/// Lets as many files be open as the system permits.
pub(crate) fn raise_limit() {
    // Where it cannot be raised, files are opened when their turn comes.
    getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most))
        .unwrap_or_default();
}
