//! What another user can put under the names around a log. SECURITY.md promises that this cannot
//! make the program write to, empty, compress or remove a file elsewhere, nor hang.
//!
//! Each name is taken by each kind of file, and each mode of the program runs on it. The file
//! elsewhere must be unchanged, unless a hard link makes it the log itself.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::harness::{Place, Tee, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

const PRECIOUS: &[u8] = b"precious\n";

const NAMES: [&str; 7] = [
    "app.log",
    ".__app.lock",
    "app.log.1",
    "app.log.1.gz",
    "app.log.2",
    "app.log.rotate.4711",
    "app.log.rotate.4711.gz",
];

const KINDS: [&str; 6] = ["symlink", "dangling", "hard link", "FIFO", "directory", "socket"];

const MODES: [&str; 9] = [
    "--max-bytes 100 --backups 2",
    "--max-bytes 100 --backups 2 --gzip",
    "--max-bytes 100 --backups 0",
    "--when S --backups 2 --gzip",
    "--mkdir --chmod 666 --sync batch",
    "--rotate --backups 2 --gzip",
    "--repair --backups 2 --gzip",
    "--status --count",
    "--read",
];

/// Makes a file of this kind; links lead to `elsewhere`.
fn make(kind: &str, path: &Path, elsewhere: &Path) {
    match kind {
        "symlink" => symlink(elsewhere, path).expect("make a link"),
        "dangling" => symlink(elsewhere.with_extension("none"), path).expect("make a link"),
        "hard link" => fs::hard_link(elsewhere, path).expect("make a link"),
        "FIFO" => mkfifo(path, Mode::S_IRWXU).expect("make a FIFO"),
        "directory" => fs::create_dir(path).expect("make a directory"),
        _ => drop(UnixListener::bind(path).expect("make a socket")),
    }
}

/// Runs one mode where `name` is a file of this kind.
fn attack(name: &str, kind: &str, mode: &str) {
    let what = format!("{name}, a {kind}, {mode}");
    let (place, other) = (Place::fresh(), Place::fresh());
    let elsewhere = other.path("precious");
    fs::write(&elsewhere, PRECIOUS).expect("write a file");
    let before = fs::metadata(&elsewhere).expect("look at a file");
    if name != "app.log" {
        place.write("app.log", b"a line that was there\n");
    }
    make(kind, &place.path(name), &elsewhere);

    let mut tee = Tee::new(&place).args("-q --lock-timeout 1s --drain-timeout 0s");
    if mode.starts_with("--r") || mode.starts_with("--status") {
        tee = Tee::new(&place);
    }
    let mut tee = tee.args(mode).args("app.log").start();
    // The program may have ended before it read anything.
    let lines = b"a line of the flood\n".repeat(30);
    drop(std::io::Write::write_all(&mut tee.take_input(), &lines));
    if kind == "FIFO" && name == "app.log" {
        // Without a reader, only a signal ends it.
        until(SOON, "the end", || tee.alive().then(|| kill(tee.pid(), Signal::SIGTERM)).is_none());
    }
    let ended = tee.end_within(SOON);
    assert!(!ended.stderr().contains("panicked"), "{what}: {}", ended.stderr());

    assert_eq!(other.names(), ["precious"], "{what}");
    let after = fs::metadata(&elsewhere).expect("look at a file");
    assert_eq!(after.ino(), before.ino(), "{what}");
    if kind == "hard link" && name == "app.log" {
        return;
    }
    assert_eq!(fs::read(&elsewhere).expect("read a file"), PRECIOUS, "{what}");
    let facts = |about: &fs::Metadata| (about.mode(), about.uid(), about.gid(), about.mtime());
    assert_eq!(facts(&after), facts(&before), "{what}");
}

#[test]
fn no_name_leads_to_a_file_elsewhere() {
    for name in NAMES {
        for kind in KINDS {
            for mode in MODES {
                attack(name, kind, mode);
            }
        }
    }
}
