//! What exists only on Windows.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;

use super::{BACKUPS, SOON, tee};
use crate::harness::{Place, until};

/// Other processes may read and write an open file, but neither rename nor delete it. Python opens
/// files like this.
const SHARED_FOR_READING_AND_WRITING: u32 = 1 | 2;

#[test]
fn what_only_unix_has_is_refused() {
    for option in ["--chmod 600", "--owner root", "--umask 077"] {
        let place = Place::fresh();
        let ended = tee(&place, option).run(b"");
        ended.expect(2);
        let name = option.split(' ').next().expect("a name");
        let told = ended.stderr();
        assert!(told.contains(name) && told.contains("Windows"), "{told}");
        assert_eq!(place.names(), [""; 0], "nothing was made");
    }
}

#[test]
fn a_rotation_is_put_off_while_somebody_has_the_log_open() {
    let place = Place::fresh();
    let mut writer = tee(&place, &format!("--max-bytes 4 --backups {BACKUPS}")).start();
    writer.feed(b"one\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    let mut options = OpenOptions::new();
    options.read(true).share_mode(SHARED_FOR_READING_AND_WRITING);
    let reader = options.open(place.path("app.log")).expect("open the log");
    for line in ["two\n", "three\n"] {
        writer.feed(line.as_bytes());
        until(SOON, "the line is in", || place.read("app.log").ends_with(line.as_bytes()));
    }
    assert_eq!(place.backups("app.log"), [""; 0]);
    until(SOON, "it is reported", || writer.stderr_so_far().contains("cannot rotate 'app.log'"));

    drop(reader);
    until(SOON, "it rotates again", || {
        writer.feed(b"four\n");
        !place.backups("app.log").is_empty()
    });
    let ended = writer.finish();
    ended.expect(0);
    let told: Vec<String> = ended.stderr().lines().map(str::to_owned).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].ends_with("; the log grows past its limit"), "{told:?}");
    assert!(told[1].ends_with("rotating 'app.log' works again"), "{told:?}");
    assert!(place.chain("app.log").starts_with(b"one\ntwo\nthree\nfour\n"));
}
