//! A clock that the test sets, for the program and for Python.
//!
//! The program runs with libfaketime, which reads the time from a file whenever the program asks
//! for it. In Python the clock is replaced, because one process runs all cases.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Place, Tee};

/// Returns Debian's path of the library, for any processor.
fn library() -> PathBuf {
    let dirs = fs::read_dir("/usr/lib").expect("list /usr/lib").filter_map(Result::ok);
    let path = |dir: fs::DirEntry| dir.path().join("faketime/libfaketime.so.1");
    let found = dirs.map(path).find(|path| path.exists());
    found.expect("this test needs libfaketime: apt-get install faketime")
}

/// The clock of the programs in a place.
pub(crate) struct Clock {
    /// The path of libfaketime.
    library: PathBuf,
    /// The file with the time.
    file: PathBuf,
}

impl Clock {
    /// Returns the clock of `place`, which is not set yet.
    pub(crate) fn of(place: &Place) -> Self {
        Self { library: library(), file: place.path("clock") }
    }

    pub(crate) fn set(&self, now: i64) {
        // By rename, so that no program reads half of it.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{now}\n")).expect("write the time");
        fs::rename(&new, &self.file).expect("set the clock");
    }

    /// Makes a run of the program see the clock, in this time zone.
    pub(crate) fn shown_to(&self, tee: Tee, zone: &str) -> Tee {
        let env = self.env(zone);
        env.into_iter().fold(tee, |tee, (name, value)| tee.env(name, &value))
    }

    /// Removes what libfaketime leaves behind for killed processes.
    pub(crate) fn forget_the_dead() {
        for entry in fs::read_dir("/dev/shm").expect("list /dev/shm").filter_map(Result::ok) {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| {
                name.strip_prefix("sem.faketime_sem_").or(name.strip_prefix("faketime_shm_"))
            });
            if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                // Another test may have removed it first.
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    /// Returns the variables that make a program see the clock, in this time zone.
    pub(crate) fn env(&self, zone: &str) -> [(&'static str, String); 7] {
        let path = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        [
            ("LD_PRELOAD", path(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", path(&self.file)),
            ("FAKETIME_FMT", "%s".to_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
            ("TZ", zone.to_owned()),
        ]
    }
}
