//! `--status` shows what there is of a log, tells every fault and changes
//! nothing; `--repair` does what the next writer would do, and says so.
//!
//! Each fault is put into a log that was healthy, and must be found, alone. All
//! that is printed as JSON is held against the schema in `docs`. That nothing
//! changes is seen from names, inodes, sizes, modes and times before and after.
//! What a repair leaves is compared with what a writer leaves, who puts one line
//! more into the log.

mod faults;
mod looks;
mod processes;
mod repairs;
mod schema;
mod timed;

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::harness::{Ended, HeldLock, Place, Tee};
use flate2::Compression;
use flate2::write::GzEncoder;
use schema::expect_valid;
use serde_json::Value;

/// Ample time for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// A directory with a log.
struct Site(Place);

/// What can be seen of a file without reading it: name, inode, size, mode, and
/// when content and inode were changed.
type Seen = (String, u64, u64, u32, i64, i64, i64, i64);

impl Site {
    /// Makes a log of two compressed backups that nothing is wrong with.
    fn healthy() -> Self {
        let site = Self(Place::fresh());
        site.0.write(".__app.lock", b"");
        site.put("app.log", "2026-11-22 12:00:05 five\n2026-11-22 12:00:06 six\n", 1);
        site.put("app.log.1.gz", "2026-11-22 12:00:03 three\n2026-11-22 12:00:04 four\n", 2);
        site.put("app.log.2.gz", "2026-11-22 12:00:01 one\n2026-11-22 12:00:02 two\n", 3);
        site
    }

    /// Makes a file, compressed if its name says so, that was last changed so
    /// many minutes ago.
    fn put(&self, name: &str, content: &str, minutes: u64) {
        let gz = name.strip_suffix(".gz").is_some();
        let bytes = if gz { gzipped(content.as_bytes()) } else { content.as_bytes().to_vec() };
        self.put_bytes(name, &bytes, minutes);
    }

    /// Makes a file of these bytes.
    fn put_bytes(&self, name: &str, bytes: &[u8], minutes: u64) {
        // One instant for all: two forms of one generation were changed at the same time.
        static NOW: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);
        self.0.write(name, bytes);
        let file = fs::File::options().write(true).open(self.0.path(name)).expect("open a file");
        file.set_modified(*NOW - Duration::from_secs(60 * minutes)).expect("set a file's time");
    }

    /// Runs the program with these arguments and the log's name.
    fn run(&self, args: &str) -> Ended {
        Tee::new(&self.0).args(args).arg("app.log").run(b"")
    }

    /// Looks at the log, as JSON; asserts that this changes nothing.
    #[track_caller]
    fn look(&self, args: &str) -> (i32, Value) {
        let before = self.seen();
        let ended = self.run(&format!("--status --json {args}"));
        assert_eq!(self.seen(), before, "a look changes nothing");
        assert_eq!(ended.stderr(), "", "standard error");
        let value = serde_json::from_slice(&ended.out).expect("JSON");
        (ended.status.code().expect("it was not killed"), value)
    }

    /// Looks at the log, as text.
    fn text(&self, args: &str) -> String {
        let ended = self.run(&format!("--status {args}"));
        String::from_utf8(ended.out.clone()).expect("text")
    }

    /// Returns what can be seen of the directory and its files.
    fn seen(&self) -> Vec<Seen> {
        let names = [".".to_owned()].into_iter().chain(self.0.names());
        let seen = |name: String| {
            let m = fs::symlink_metadata(self.0.path(&name)).expect("stat");
            let times = (m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec());
            (name, m.ino(), m.size(), m.mode(), times.0, times.1, times.2, times.3)
        };
        names.map(seen).collect()
    }
}

/// Compresses.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("compress");
    gz.finish().expect("compress")
}

/// Returns the names of the findings, faults or notes.
fn names(look: &Value, fault: bool) -> Vec<&str> {
    let findings = look["findings"].as_array().expect("an array");
    let wanted = findings.iter().filter(|finding| finding["fault"] == fault);
    wanted.map(|finding| finding["finding"].as_str().expect("a name")).collect()
}
