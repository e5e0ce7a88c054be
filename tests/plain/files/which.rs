//! Which file is written: awkward names, a log that is moved away, and logs that are not regular
//! files, which are written but never rotated.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileTypeExt;

use nix::sys::signal::Signal::{SIGTERM, SIGUSR2};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::SOON;
use crate::harness::{HeldLock, Place, Tee, until};

#[test]
fn a_log_that_was_moved_away_is_made_anew() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    fs::rename(place.path("app.log"), place.path("moved")).expect("move the log away");
    tee.feed(b"two\n");
    until(SOON, "the line is in", || place.read("app.log") == b"two\n");
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("moved"), b"one\n");
}

#[test]
fn a_log_that_was_replaced_is_the_new_one() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    // Of the same size, so only the inode differs.
    place.write("new", b"ONE\n");
    fs::rename(place.path("new"), place.path("app.log")).expect("replace the log");
    tee.feed(b"two\n");
    until(SOON, "the line is in", || place.read("app.log") == b"ONE\ntwo\n");
    tee.finish().expect_quiet_success();
}

#[test]
fn a_log_that_was_emptied_is_appended_to() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    place.write("app.log", b"");
    tee.feed(b"two\n");
    until(SOON, "the line is in", || place.read("app.log") == b"two\n");
    let ended = tee.finish();
    assert!(ended.expect(0).stderr().contains("'app.log' was cut from 4B to 0B without"));
}

#[test]
fn a_relative_log_is_where_it_was_at_the_start() {
    let place = Place::fresh();
    fs::create_dir(place.path("sub")).expect("make a directory");
    Tee::new(&place).args("sub/../sub/./app.log").run(b"one\n").expect_quiet_success();
    assert_eq!(place.read("sub/app.log"), b"one\n");
    assert!(place.path("sub/.__app.lock").exists());
}

#[test]
fn a_name_that_begins_with_a_dash() {
    let place = Place::fresh();
    Tee::new(&place).args("./-x.log").run(b"one\n").expect_quiet_success();
    assert_eq!(place.names(), ["-x.log", ".__-x.lock"]);
}

#[test]
fn a_fifo_is_written_and_never_rotated() {
    let place = Place::fresh();
    mkfifo(&place.path("app.log"), Mode::from_bits_truncate(0o600)).expect("make a FIFO");
    // On Linux, opening a FIFO for both does not wait.
    let mut fifo =
        OpenOptions::new().read(true).write(true).open(place.path("app.log")).expect("open");
    let tee = Tee::new(&place).args("--max-bytes 1 --gzip app.log");
    tee.run(b"one\ntwo\nthree").expect_quiet_success();
    let mut through = [0; 14];
    fifo.read_exact(&mut through).expect("read the FIFO");
    assert_eq!(&through, b"one\ntwo\nthree\n");
    let left = fs::metadata(place.path("app.log")).expect("stat").file_type();
    assert!(left.is_fifo());
    assert_eq!(place.names(), [".__app.lock", "app.log"]);
}

#[test]
fn a_log_that_becomes_a_fifo_holds_up_nobody() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("-q --drain-timeout 100ms app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    fs::rename(place.path("app.log"), place.path("moved")).expect("move the log away");
    mkfifo(&place.path("app.log"), Mode::from_bits_truncate(0o600)).expect("make a FIFO");
    tee.feed(b"two\n");
    let told = "cannot open 'app.log': no process has the FIFO open to read";
    until(SOON, "it is reported", || tee.stderr_so_far().contains(told));
    // The lock is free between two attempts.
    drop(HeldLock::take(&place.path(".__app.lock")));
    tee.signal(SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert!(ended.stderr().ends_with("1 line lost, as follows\ntwo\n"), "{}", ended.stderr());
}

#[test]
fn a_fifo_is_written_when_a_reader_comes() {
    let place = Place::fresh();
    mkfifo(&place.path("app.log"), Mode::from_bits_truncate(0o600)).expect("make a FIFO");
    let mut tee = Tee::new(&place).args("-q app.log").start();
    // More than a FIFO holds, so writes wait for the reader.
    let lines = b"a line\n".repeat(20_000);
    tee.feed(&lines);
    until(SOON, "it is reported", || tee.stderr_so_far().contains("no process has the FIFO open"));
    let mut reader = OpenOptions::new().read(true).open(place.path("app.log")).expect("open");
    tee.end_input();
    let mut through = Vec::new();
    reader.read_to_end(&mut through).expect("read the FIFO");
    tee.finish().expect(0);
    assert!(through == lines);
}

#[test]
fn dev_null_is_written_and_never_rotated() {
    let place = Place::fresh();
    place.open_to_all();
    // Run as nobody, so that a fault cannot cost root a device. Nobody cannot make a lock file in
    // /dev; none is needed, because a device orders its writers itself.
    let options = "--max-bytes 1 --backups 0 /dev/null";
    let mut tee = Tee::new(&place).args(options).without_rights().start();
    tee.feed(b"one\ntwo\nthree\n");
    tee.until_echoed(b"one\ntwo\nthree\n");
    tee.signal(SIGUSR2);
    tee.finish().expect_quiet_success();
    assert!(fs::metadata("/dev/null").expect("stat").file_type().is_char_device());
}
