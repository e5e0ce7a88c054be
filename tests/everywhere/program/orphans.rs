//! A writer adopts what a Python process that died in mid-rotation left.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::tee;
use crate::harness::Place;

/// Writes a file that was last changed `minutes` ago.
fn put(place: &Place, name: &str, bytes: &[u8], minutes: u64) {
    place.write(name, bytes);
    let file = File::options().write(true).open(place.path(name)).expect("open the file");
    let then = SystemTime::now() - Duration::from_secs(60 * minutes);
    file.set_modified(then).expect("set its time");
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("compress");
    encoder.finish().expect("compress")
}

/// Runs the next writer on one line; asserts that it reports one orphan.
fn expect_one_adopted(place: &Place, options: &str) {
    let ended = tee(place, options).run(b"fresh\n");
    ended.expect(0);
    let told = ended.stderr();
    assert_eq!(told.matches("was left by a writer that died").count(), 1, "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

/// Asserts the content of the files, and that there are no others except the lock.
fn expect_files(place: &Place, files: &[(&str, &str)]) {
    for (name, content) in files {
        assert_eq!(String::from_utf8_lossy(&place.read(name)), *content, "in {name}");
    }
    let mut names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    names.push(".__app.lock");
    names.sort_unstable();
    assert_eq!(place.names(), names);
}

#[test]
fn one_goes_where_its_age_puts_it() {
    let place = Place::fresh();
    put(&place, "app.log.1", b"one\n", 20);
    put(&place, "app.log.2", b"two\n", 60);
    put(&place, "app.log.rotate.12345678901", b"orphan\n", 40);
    put(&place, "app.log", b"log\n", 1);
    expect_one_adopted(&place, "");
    let after = [
        ("app.log", "log\nfresh\n"),
        ("app.log.1", "one\n"),
        ("app.log.2", "orphan\n"),
        ("app.log.3", "two\n"),
    ];
    expect_files(&place, &after);
}

#[test]
fn half_a_compressed_one_goes_and_the_whole_is_compressed() {
    let place = Place::fresh();
    put(&place, "app.log.1.gz", &gz(b"one\n"), 50);
    put(&place, "app.log.rotate.12345678901", b"orphan\n", 40);
    put(&place, "app.log.rotate.12345678901.gz", &gz(b"orphan\n")[..9], 39);
    put(&place, "app.log", b"log\n", 1);
    expect_one_adopted(&place, "--gzip");
    let after =
        [("app.log", "log\nfresh\n"), ("app.log.1.gz", "orphan\n"), ("app.log.2.gz", "one\n")];
    expect_files(&place, &after);
}

#[test]
fn a_torn_line_is_ended() {
    let place = Place::fresh();
    put(&place, "app.log", b"whole\ntor", 1);
    tee(&place, "").run(b"fresh\n").expect_quiet_success();
    expect_files(&place, &[("app.log", "whole\ntor\nfresh\n")]);
}
