//! Users, the umask, and the directories of settings.

use std::env;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Group, Uid, User, geteuid, gethostname};

/// Why files cannot have a mode or an owner, if they cannot.
pub(crate) const NO_OWNERS: Option<&str> = None;

pub(crate) const NAMES_HAVE_CASE: bool = true;

/// A log that can always be opened, for --keep-going.
pub(crate) const NOWHERE: &str = "/dev/null";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Umask(Mode);

pub(crate) fn set_umask(mask: u32) -> Umask {
    // On some systems the type is narrower.
    let bits = nix::libc::mode_t::try_from(mask).unwrap_or_default();
    Umask(umask(Mode::from_bits_truncate(bits)))
}

/// Runs `start` with the umask `before` ours, if we changed it: a command keeps its own umask.
pub(crate) fn without<T>(before: Option<Umask>, start: impl FnOnce() -> T) -> T {
    let ours = before.map(|before| umask(before.0));
    let started = start();
    ours.map(umask);
    started
}

/// A static libc would load libraries to look up users and groups, and crash.
const READS_FILES: bool = cfg!(target_feature = "crt-static");

pub(crate) fn user_id(name: &str) -> Option<u32> {
    if READS_FILES {
        return entry("/etc/passwd", 0, name)?.get(2)?.parse().ok();
    }
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

pub(crate) fn group_id(name: &str) -> Option<u32> {
    if READS_FILES {
        return entry("/etc/group", 0, name)?.get(2)?.parse().ok();
    }
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

pub(crate) fn user_name(uid: u32) -> Option<String> {
    if READS_FILES {
        return entry("/etc/passwd", 2, &uid.to_string())?.into_iter().next();
    }
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

/// Returns the fields of the first line in `file` whose field `number` is `value`.
fn entry(file: &str, number: usize, value: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(|line| line.split(':').map(str::to_owned).collect());
    lines.find(|fields: &Vec<String>| fields.get(number).is_some_and(|it| it == value))
}

pub(crate) fn user() -> String {
    let uid = geteuid().as_raw();
    user_name(uid).unwrap_or_else(|| uid.to_string())
}

pub(crate) fn host() -> io::Result<OsString> {
    Ok(gethostname()?)
}

pub(crate) fn is_trusted(file: &Metadata) -> bool {
    [0, geteuid().as_raw()].contains(&file.uid())
}

pub(crate) fn of_the_user() -> Option<PathBuf> {
    // A relative path counts as not set (XDG Base Directory).
    let directory = |text: OsString| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
    let given = env::var_os("XDG_CONFIG_HOME").and_then(directory);
    let usual = || Some(env::var_os("HOME").and_then(directory)?.join(".config"));
    given.or_else(usual)
}

pub(crate) const OF_THE_SYSTEM: Option<&str> = Some("/etc/clh-tee.toml");

/// Returns a resolved path as people write it, which on Unix it already is.
pub(crate) fn plain(resolved: PathBuf) -> PathBuf {
    resolved
}

pub(crate) fn raise_limit() {
    // If that fails, files are opened one after another.
    getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most))
        .unwrap_or_default();
}
