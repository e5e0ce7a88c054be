//! `--status` describes a log, reports every fault and changes nothing; `--repair` does what the
//! next writer would do, and reports it.
//!
//! Each fault is put into a healthy log and must be found, alone. All JSON output is checked
//! against the schema in `docs`. Names, inodes, sizes, modes and times before and after show that
//! nothing changes. What a repair leaves is compared with what a writer leaves that also appends
//! one line.

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

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

struct Site(Place);

/// What a directory listing shows of a file: name, inode, size, mode, and the times of the last
/// change of content and inode.
type Seen = (String, u64, u64, u32, i64, i64, i64, i64);

impl Site {
    /// Makes a log with two compressed backups and no faults.
    fn healthy() -> Self {
        let site = Self(Place::fresh());
        site.0.write(".__app.lock", b"");
        site.put("app.log", "2026-11-22 12:00:05 five\n2026-11-22 12:00:06 six\n", 1);
        site.put("app.log.1.gz", "2026-11-22 12:00:03 three\n2026-11-22 12:00:04 four\n", 2);
        site.put("app.log.2.gz", "2026-11-22 12:00:01 one\n2026-11-22 12:00:02 two\n", 3);
        site
    }

    /// Makes a file that was last changed `minutes` ago, compressed if its name says so.
    fn put(&self, name: &str, content: &str, minutes: u64) {
        let gz = name.strip_suffix(".gz").is_some();
        let bytes = if gz { gzipped(content.as_bytes()) } else { content.as_bytes().to_vec() };
        self.put_bytes(name, &bytes, minutes);
    }

    fn put_bytes(&self, name: &str, bytes: &[u8], minutes: u64) {
        // One "now" for all files, so that both forms of a generation get the same time.
        static NOW: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);
        self.0.write(name, bytes);
        let file = fs::File::options().write(true).open(self.0.path(name)).expect("open a file");
        file.set_modified(*NOW - Duration::from_secs(60 * minutes)).expect("set a file's time");
    }

    /// Runs the program with these arguments and the log's name.
    fn run(&self, args: &str) -> Ended {
        Tee::new(&self.0).args(args).arg("app.log").run(b"")
    }

    /// Returns the status as JSON; asserts that `--status` changes nothing.
    #[track_caller]
    fn look(&self, args: &str) -> (i32, Value) {
        let before = self.seen();
        let ended = self.run(&format!("--status --json {args}"));
        assert_eq!(self.seen(), before, "a look changes nothing");
        assert_eq!(ended.stderr(), "", "standard error");
        let value = serde_json::from_slice(&ended.out).expect("JSON");
        (ended.status.code().expect("it was not killed"), value)
    }

    /// Returns the status as text.
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

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("compress");
    gz.finish().expect("compress")
}

/// Returns the names of the faults, or of the notes.
fn names(look: &Value, fault: bool) -> Vec<&str> {
    let findings = look["findings"].as_array().expect("an array");
    let wanted = findings.iter().filter(|finding| finding["fault"] == fault);
    wanted.map(|finding| finding["finding"].as_str().expect("a name")).collect()
}
