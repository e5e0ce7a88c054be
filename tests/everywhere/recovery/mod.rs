//! A writer repairs what crashes and other writers' settings leave, and loses none of it: promise
//! 8, and the tables of leftovers row by row.
//!
//! Each test makes a leftover with old file times and runs a writer on one line. Then the directory
//! must be right: every name and every line, compressed files decompressed. A file that only looks
//! like a leftover must be unchanged. For several programs with different settings, random
//! sequences of `clh-tee` and Python writers are compared with a model, slot by slot.

mod leftovers;
mod orphans;
// Wine cannot run this system's Python.
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

/// The line that the next writer appends.
const FRESH: &str = "fresh\n";

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// A directory with leftovers, and assertions about the next writer.
struct Site(Place);

impl Site {
    fn new() -> Self {
        Self(Place::fresh())
    }

    /// Makes a file that was last changed `minutes` ago, compressed if its name says so.
    fn put(&self, name: &str, content: &str, minutes: u64) -> &Self {
        let bytes = match name.strip_suffix(".gz") {
            Some(_) => gz(content.as_bytes()),
            None => content.as_bytes().to_vec(),
        };
        self.put_bytes(name, &bytes, minutes)
    }

    fn put_bytes(&self, name: &str, bytes: &[u8], minutes: u64) -> &Self {
        self.0.write(name, bytes);
        let file = File::options().write(true).open(self.0.path(name)).expect("open a file");
        file.set_modified(ago(minutes)).expect("set a file's time");
        self
    }

    /// Runs the next writer on its line.
    fn next(&self, args: &str) -> Ended {
        self.run(args, FRESH)
    }

    /// Runs a writer on `input`.
    fn run(&self, args: &str, input: &str) -> Ended {
        let ended = Tee::new(&self.0).args("-q").args(args).args("app.log").run(input.as_bytes());
        ended.expect(0);
        ended
    }

    /// Asserts that exactly these files are beside the lock.
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

    /// Asserts that `name` was last changed `minutes` ago.
    #[track_caller]
    fn expect_age(&self, name: &str, minutes: u64) {
        let time = fs::metadata(self.0.path(name)).and_then(|m| m.modified()).expect("stat");
        let age = SystemTime::now().duration_since(time).expect("in the past");
        assert_eq!((age.as_secs() + 20) / 60, minutes, "age of {name}");
    }
}

/// Returns a file's name and text, or nothing for the lock.
fn shown(file: Found) -> Option<(String, String)> {
    if file.kind == Kind::Lock {
        return None;
    }
    let text = file
        .content
        .map_or("(not whole)".into(), |bytes| String::from_utf8_lossy(&bytes).into_owned());
    Some((file.name, text))
}

fn ago(minutes: u64) -> SystemTime {
    // One "now" for all files, so that both forms of a generation get the same time.
    static NOW: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);
    *NOW - Duration::from_secs(60 * minutes)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("compress");
    gz.finish().expect("compress")
}

/// Asserts that the writer reported this orphan as adopted, and nothing else.
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
