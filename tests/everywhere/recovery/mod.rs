//! What crashes and strangers' settings leave is put right, and nothing of it
//! is lost: promise 8, and the tables of leftovers one row at a time.
//!
//! Each leftover is made by hand, with times of change in the past; then a
//! writer appends one line, and the directory must be the one that is right,
//! name by name and line by line, compressed files inflated. What only looks
//! like a leftover must be there unchanged. What several programs with
//! different settings leave to each other is compared with a model, slot by
//! slot, over random sequences of `clh-tee` and Python writers.

mod leftovers;
mod orphans;
// Python is a program of this system's.
#[cfg(unix)]
mod settings;
mod slots;

use std::fs::{self, File};
use std::io::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use crate::harness::generations::{Found, Kind, files};
use crate::harness::{Ended, Place, Tee, stays, until};
use flate2::Compression;
use flate2::write::GzEncoder;

/// The line that every next writer appends.
const FRESH: &str = "fresh\n";

/// Ample time for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// A directory with leftovers, and what is expected of the next writer.
struct Site(Place);

impl Site {
    /// Makes an empty one.
    fn new() -> Self {
        Self(Place::fresh())
    }

    /// Makes a file, compressed if its name says so, that was last changed so
    /// many minutes ago.
    fn put(&self, name: &str, content: &str, minutes: u64) -> &Self {
        let bytes = match name.strip_suffix(".gz") {
            Some(_) => gz(content.as_bytes()),
            None => content.as_bytes().to_vec(),
        };
        self.put_bytes(name, &bytes, minutes)
    }

    /// Makes a file of these bytes.
    fn put_bytes(&self, name: &str, bytes: &[u8], minutes: u64) -> &Self {
        self.0.write(name, bytes);
        let file = File::options().write(true).open(self.0.path(name)).expect("open a file");
        file.set_modified(ago(minutes)).expect("set a file's time");
        self
    }

    /// Lets the next writer append its line.
    fn next(&self, args: &str) -> Ended {
        self.run(args, FRESH)
    }

    /// Lets a writer append something.
    fn run(&self, args: &str, input: &str) -> Ended {
        let ended = Tee::new(&self.0).args("-q").args(args).args("app.log").run(input.as_bytes());
        ended.expect(0);
        ended
    }

    /// Asserts that there are exactly these files beside the lock.
    #[track_caller]
    fn expect(&self, wanted: &[(&str, &str)]) {
        let found = files(self.0.dir(), "app.log");
        let mut is: Vec<(String, String)> = found.into_iter().filter_map(shown).collect();
        let mut wanted: Vec<(String, String)> =
            wanted.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        is.sort();
        wanted.sort();
        assert_eq!(is, wanted);
    }

    /// Asserts that `name` was last changed so many minutes ago.
    #[track_caller]
    fn expect_age(&self, name: &str, minutes: u64) {
        let time = fs::metadata(self.0.path(name)).and_then(|m| m.modified()).expect("stat");
        let age = SystemTime::now().duration_since(time).expect("in the past");
        assert_eq!((age.as_secs() + 20) / 60, minutes, "age of {name}");
    }
}

/// Returns a file's name and text; nothing for the lock.
fn shown(file: Found) -> Option<(String, String)> {
    if file.kind == Kind::Lock {
        return None;
    }
    let text = file
        .content
        .map_or("(not whole)".into(), |bytes| String::from_utf8_lossy(&bytes).into_owned());
    Some((file.name, text))
}

/// Returns the time so many minutes ago.
fn ago(minutes: u64) -> SystemTime {
    // One clock for all files: the two forms of a generation have the same time.
    static NOW: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);
    *NOW - Duration::from_secs(60 * minutes)
}

/// Compresses.
fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("compress");
    gz.finish().expect("compress")
}

/// Asserts that it was told which orphan was adopted, and nothing else.
#[track_caller]
fn expect_adopted(ended: &Ended, orphans: &[&str]) {
    let stderr = ended.stderr();
    let told = stderr.lines().filter(|line| line.contains("was left by a writer that died"));
    assert_eq!(told.count(), orphans.len(), "{stderr}");
    assert_eq!(stderr.lines().count(), orphans.len(), "{stderr}");
    for orphan in orphans {
        assert!(stderr.contains(&format!("'{orphan}'")), "names {orphan}: {stderr}");
    }
}
