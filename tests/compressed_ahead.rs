//! Rotation does not stall the writers: a log is compressed while it grows.
//! What was compressed ahead gets into a backup only if the log holds it.
//!
//! Each test lets a writer compress a part of a log ahead, and then something
//! happens to log, writer or private file. Whoever rotates the log next must
//! leave backups that inflate to what the log held, and no private file but
//! that of the log there is.

mod harness;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::{Place, Tee, until};

/// Ample time for a few megabytes.
const SOON: Duration = Duration::from_secs(60);

/// The limit; it is one above which logs are compressed ahead.
const LIMIT: usize = 4 << 20;

/// Returns about so many bytes of lines, no two of which are the same.
fn lines(name: &str, bytes: usize) -> Vec<u8> {
    let line = |number: usize| format!("{name} {number:08} and something more to make it long\n");
    (0..bytes / line(0).len()).flat_map(|number| line(number).into_bytes()).collect()
}

/// Appends `lines` as a writer that compresses.
fn append(place: &Place, lines: &[u8]) {
    let tee = Tee::new(place).args("-q --gzip --max-bytes 4M --backups 50 app.log");
    tee.run(lines).expect_quiet_success();
}

/// Returns the private files.
fn private(place: &Place) -> Vec<PathBuf> {
    let names = place.names().into_iter();
    let ours = names.filter(|name| name.starts_with(".__app.log.") && is_gz(name));
    ours.map(|name| place.path(&name)).collect()
}

/// Tells whether a file is a compressed one, by its name.
fn is_gz(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "gz")
}

/// Returns a place with a log below its limit, a part of which is compressed.
fn begun(lines: &[u8]) -> Place {
    assert!(lines.len() < LIMIT);
    let place = Place::fresh();
    append(&place, lines);
    assert_eq!(private(&place).len(), 1, "compressed ahead");
    place
}

/// Asserts that the chain holds just this, compressed but for the log, and
/// that no private file is left but perhaps the log's own.
#[track_caller]
fn holds(place: &Place, lines: &[u8]) {
    assert!(place.chain("app.log") == lines, "the chain holds what was appended");
    assert!(place.backups("app.log").iter().all(|name| is_gz(name)), "compressed");
    assert!(private(place).len() <= 1, "nothing stale");
}

#[test]
fn the_next_writer_goes_on_with_it() {
    let all = lines("a", 3 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = begun(first);
    let before = private(&place);
    append(&place, rest);
    holds(&place, &all);
    assert_eq!(place.backups("app.log").len(), 2);
    assert_ne!(private(&place), before, "it has become a backup");
}

#[test]
fn what_a_killed_writer_compressed_is_used() {
    let all = lines("a", 2 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q --gzip --max-bytes 4M --backups 50 app.log");
    let mut tee = tee.start();
    tee.feed(first);
    until(SOON, "a part is compressed", || !private(&place).is_empty());
    until(SOON, "all is in", || place.read("app.log").len() == first.len());
    tee.cut_down();
    append(&place, rest);
    holds(&place, &all);
}

#[test]
#[cfg(unix)]
fn a_rotation_by_python_in_between_makes_it_stale() {
    use std::process::Stdio;

    use harness::Peer;

    let first = lines("a", LIMIT / 2);
    let place = begun(&first);
    let mut python = Peer::of_version("0.9.31").script("writer.py");
    python.arg(place.path("app.log")).args(["1000000", "50", "1", "p", "1"]);
    let run = python.stdin(Stdio::null()).output().expect("run Python");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let rest = lines("b", 2 * LIMIT);
    append(&place, &rest);
    holds(&place, &[first, b"p 0 \n".to_vec(), rest].concat());
}

#[test]
fn a_log_that_was_emptied_is_compressed_anew() {
    let place = begun(&lines("a", LIMIT / 2));
    File::options().write(true).truncate(true).open(place.path("app.log")).expect("empty the log");
    let rest = lines("b", 2 * LIMIT);
    append(&place, &rest);
    holds(&place, &rest);
}

#[test]
fn a_log_that_was_removed_leaves_nothing_to_its_successor() {
    // Its inode is free then, and likely to be the next log's.
    let place = begun(&lines("a", LIMIT / 2));
    fs::remove_file(place.path("app.log")).expect("remove the log");
    let rest = lines("b", 2 * LIMIT);
    append(&place, &rest);
    holds(&place, &rest);
}

#[test]
fn a_private_file_that_was_damaged_is_not_used() {
    let all = lines("a", 2 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = begun(first);
    let path = &private(&place)[0];
    let mut bytes = fs::read(path).expect("read the private file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("write the private file");
    append(&place, rest);
    holds(&place, &all);
}

#[test]
fn somebody_who_sits_on_the_private_file_stops_nobody() {
    let all = lines("a", 2 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = begun(first);
    let sat_on = File::open(&private(&place)[0]).expect("open the private file");
    fs2::FileExt::lock_exclusive(&sat_on).expect("lock the private file");
    append(&place, rest);
    assert!(place.backups("app.log").iter().all(|name| is_gz(name)), "compressed all the same");
    drop(sat_on);
    append(&place, b"and one line more\n");
    assert!(place.chain("app.log") == [&all[..], b"and one line more\n"].concat());
}
