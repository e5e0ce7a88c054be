//! The names of all files around a log.
//!
//! Writers meet by name alone, so the names of the lock file, the backups and the leftovers are
//! part of the protocol. All follow from the log's absolute path by concurrent-log-handler's rules.

pub(crate) mod listing;
pub(crate) mod stamp;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

use self::stamp::Dated;
use crate::sys;

const IDENTITY_DIGITS: usize = 16;

/// The longest suffix that a name gets: that of Python's compressed temporary file, with 64 random
/// bits in decimal.
const LONGEST_SUFFIX: usize = ".rotate.18446744073709551615.gz".len();

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Form {
    Plain,
    Gzip,
}

impl Form {
    pub(crate) const BOTH: [Self; 2] = [Self::Plain, Self::Gzip];

    fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
        }
    }
}

/// What a name found beside the log means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A backup: its slot and form.
    Backup(u64, Form),
    Dated(Dated, Form),
    /// Python's temporary file of a rotation: its random digits and form.
    RotationTemp(String, Form),
    /// A private file: the identity of the log that it was made from.
    Private(u64),
    /// A log that is named like a backup of this one: its lock file.
    OtherLog(PathBuf),
    /// Anything else that begins with the log's name and a dot.
    Other,
}

#[derive(Debug, Clone)]
pub(crate) struct Names {
    log: PathBuf,
}

impl Names {
    /// Makes `path` absolute like Python's `os.path.abspath`, which resolves `.` and `..` textually
    /// and symbolic links not at all.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let log = normal(&std::path::absolute(path)?);
        if log.file_name().is_none() {
            // The path is the root directory.
            return Err(io::Error::from_raw_os_error(sys::IS_A_DIRECTORY));
        }
        Ok(Self { log })
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    pub(crate) fn dir(&self) -> &Path {
        self.log.parent().unwrap_or(&self.log)
    }

    pub(crate) fn name(&self) -> &OsStr {
        self.log.file_name().unwrap_or_default()
    }

    /// Returns the lock file's path, in `elsewhere` if given.
    pub(crate) fn lock(&self, elsewhere: Option<&Path>) -> PathBuf {
        let name = [OsStr::new(".__"), self.stem(), OsStr::new(".lock")];
        elsewhere.unwrap_or(self.dir()).join(OsString::from_iter(name))
    }

    /// Returns the log's name without one `.log` at its end.
    fn stem(&self) -> &OsStr {
        match (self.log.file_stem(), self.log.extension()) {
            (Some(stem), Some(extension)) if extension == "log" => stem,
            // Std sees no extension here, because nothing precedes the dot.
            _ if self.name() == ".log" => OsStr::new(""),
            _ => self.name(),
        }
    }

    pub(crate) fn backup(&self, slot: u64, form: Form) -> PathBuf {
        self.followed_by(&slot.to_string(), form)
    }

    fn followed_by(&self, rest: &str, form: Form) -> PathBuf {
        self.around("", &format!(".{rest}{}", form.ending()))
    }

    /// Returns what follows the log's name and a dot, without `.gz`.
    fn rest<'a>(&self, name: &'a OsStr) -> Option<(&'a [u8], Form)> {
        let (name, ours) = (name.as_encoded_bytes(), self.name().as_encoded_bytes());
        let rest = name.strip_prefix(ours)?.strip_prefix(b".")?;
        Some(match rest.strip_suffix(b".gz") {
            Some(stem) => (stem, Form::Gzip),
            None => (rest, Form::Plain),
        })
    }

    /// Returns the private file of the log with this identity. Of Python's names only the lock
    /// file's begins with `.__`, and that never ends in `.gz`.
    pub(crate) fn private(&self, identity: u64) -> PathBuf {
        self.around(".__", &format!(".{identity:0IDENTITY_DIGITS$x}.gz"))
    }

    fn around(&self, before: &str, behind: &str) -> PathBuf {
        let name = [OsStr::new(before), self.name(), OsStr::new(behind)];
        self.dir().join(OsString::from_iter(name))
    }

    /// Returns what a file named `name` is to this log, or nothing unless the name is exactly one
    /// that a writer makes.
    pub(crate) fn meaning(&self, name: &OsStr) -> Option<Meaning> {
        let (ours, bytes) = (self.name().as_encoded_bytes(), name.as_encoded_bytes());
        if let Some(rest) = bytes.strip_prefix(b".__") {
            let rest = rest.strip_prefix(ours)?.strip_prefix(b".")?;
            return identity(rest.strip_suffix(b".gz")?).map(Meaning::Private);
        }
        let (rest, form) = self.rest(name)?;
        match rest.strip_prefix(b"rotate.") {
            Some(digits) if digits.len() >= 8 && all_digits(digits) => {
                let digits = String::from_utf8(digits.to_vec()).ok()?;
                Some(Meaning::RotationTemp(digits, form))
            }
            Some(_) => None,
            None => match number(rest) {
                Some(slot) => Some(Meaning::Backup(slot, form)),
                None => Dated::read(rest).map(|dated| Meaning::Dated(dated, form)),
            },
        }
    }

    /// Returns by how many bytes the longest name that a rotation makes, ours or Python's, exceeds
    /// `name_max`.
    pub(crate) fn excess(&self, name_max: usize) -> usize {
        (sys::name_length(self.name()) + LONGEST_SUFFIX).saturating_sub(name_max)
    }
}

/// Returns the path of the compressed form of the backup `plain`.
pub(crate) fn compressed(plain: &Path) -> PathBuf {
    let mut path = plain.as_os_str().to_owned();
    path.push(Form::Gzip.ending());
    path.into()
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            _ => normal.push(component),
        }
    }
    normal
}

fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

/// Parses a slot or counter. `01` is neither, because no writer writes it.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    let plain = all_digits(bytes) && !bytes.starts_with(b"0");
    plain.then(|| std::str::from_utf8(bytes).ok()?.parse().ok()).flatten()
}

fn identity(bytes: &[u8]) -> Option<u64> {
    let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let exact = bytes.len() == IDENTITY_DIGITS && bytes.iter().all(lower);
    exact.then(|| u64::from_str_radix(std::str::from_utf8(bytes).ok()?, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Names {
        Names::new(Path::new(path)).unwrap()
    }

    /// On Windows, adds a drive letter.
    fn full(path: &str) -> PathBuf {
        std::path::absolute(path).unwrap()
    }

    #[test]
    fn lock_drops_one_log_and_is_hidden() {
        for (log, lock) in [
            ("/var/log/app.log", "/var/log/.__app.lock"),
            ("/d/app", "/d/.__app.lock"),
            ("/d/a b.LOG", "/d/.__a b.LOG.lock"),
            ("/d/.log", "/d/.__.lock"),
            ("/d/x.log.log", "/d/.__x.log.lock"),
        ] {
            assert_eq!(names(log).lock(None), full(lock));
        }
        assert_eq!(names("/d/app.log").lock(Some(Path::new("/l"))), Path::new("/l/.__app.lock"));
    }

    #[test]
    fn path_is_made_absolute_by_its_letters() {
        assert_eq!(names("/a/./b//../c.log").log(), full("/a/c.log"));
        assert_eq!(names("/../c.log/").log(), full("/c.log"));
        assert!(names("c.log").log().is_absolute());
        assert!(Names::new(Path::new("/")).is_err());
    }

    #[test]
    fn every_name_made_is_understood() {
        let names = names("/d/app.log");
        let temp = full("/d/app.log.rotate.13843000.gz");
        for (path, meaning) in [
            (names.backup(12, Form::Plain), Meaning::Backup(12, Form::Plain)),
            (names.backup(1, Form::Gzip), Meaning::Backup(1, Form::Gzip)),
            (names.private(0xab), Meaning::Private(0xab)),
            (temp, Meaning::RotationTemp("13843000".into(), Form::Gzip)),
        ] {
            assert_eq!(names.meaning(path.file_name().unwrap()), Some(meaning));
        }
    }

    #[test]
    fn what_only_looks_similar_is_left_alone() {
        let strangers = "app.log app.log. app.log.0 app.log.01 app.log.1.gz.gz app.log.1.bak \
            app.log.rotate.1234567 app.log.rotate.12345678.tmp app.log.rotate.12345678x \
            xapp.log.1 .__app.lock .__app.log.00000000000000AB.gz .__app.log.ab.gz \
            app.log.-1 app.log.+1 app.log.99999999999999999999 app.log.2026-11-2 \
            app.log.2026-13-02 app.log.2026-02-29 app.log.0000-01-01 app.log.2026-11-02. \
            app.log.2026-11-02.0 app.log.2026-11-02.01 app.log.2026-11-02.1.2 \
            app.log.2026-11-02.bak app.log.2026-11-02.gz.gz app.log.old.2026-11-02 \
            app.log.2026-11-02_1 app.log.+026-11-02 app.log.٢026-11-02 xapp.log.2026-11-02 \
            app.log2026-11-02";
        for stranger in strangers.split(' ') {
            assert_eq!(names("/d/app.log").meaning(OsStr::new(stranger)), None, "{stranger}");
        }
        assert!(names("/d/app.log").meaning(OsStr::new("app.log.2024-02-29")).is_some());
    }

    #[test]
    fn excess_counts_the_longest_name() {
        assert_eq!(names("/d/app.log").excess(38), 0);
        assert_eq!(names("/d/app.log").excess(37), 1);
    }
}
