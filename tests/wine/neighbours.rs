//! Python writers here and `clh-tee` under Wine share one log, by the locks of the host system.
//!
//! Wine implements `LockFileEx` with `fcntl` locks, so Python is set to lock with `fcntl` too,
//! instead of `flock`. All writers rotate and compress all the time. Afterwards every line of each
//! writer must be there, whole, once and in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::harness::{Peer, Place, PythonWriter, Running, check_numbered, numbered};
use crate::started;

/// The limit, as text.
const LIMIT: &str = "4096";

/// Backups to keep, as text: more than the test makes.
const BACKUPS: &str = "999";

/// Lines of each Python writer. Python's speed decides how long the test takes.
const PYTHON_LINES: usize = 1500;

/// The maximum number of lines of each `clh-tee`.
const TEE_LINES: usize = 1000;

/// Starts a `clh-tee` and waits until its first line is in the log.
fn tee(place: &Place, name: &str, gzip: &str) -> Running {
    let options = format!("--max-bytes {LIMIT} --backups {BACKUPS} {gzip}");
    started(place, &options, &numbered(name, 0))
}

/// Starts a Python writer and waits until it is ready.
fn python(place: &Place, name: &str, gzip: &str) -> PythonWriter {
    let gz = if gzip.is_empty() { "0" } else { "1" };
    let args = [LIMIT, BACKUPS, gz, name, &PYTHON_LINES.to_string(), "fcntl"];
    PythonWriter::ready(&Peer::of_version("0.9.31"), &place.path("app.log"), &args)
}

/// Feeds a writer line by line, with pauses, until `enough` is set; returns how many lines it got,
/// the first one included.
fn feed(writer: &mut Running, name: &str, enough: &AtomicBool) -> usize {
    let mut seq = 1;
    while seq < TEE_LINES && !enough.load(Ordering::Relaxed) {
        writer.feed(numbered(name, seq).as_bytes());
        seq += 1;
        thread::sleep(Duration::from_millis(2));
    }
    seq
}

/// Runs 2 Python writers and 3 writers under Wine on one log.
fn mix(gzip: &str) {
    let place = Place::fresh();
    let mut pythons = ["p1", "p3"].map(|name| python(&place, name, gzip));
    let mut tees = ["t1", "t2", "t3"].map(|name| (name, tee(&place, name, gzip)));
    let enough = AtomicBool::new(false);
    let mut counts: BTreeMap<String, usize> = thread::scope(|scope| {
        let mut feeders = Vec::new();
        for (name, tee) in &mut tees {
            let (name, enough) = (*name, &enough);
            feeders.push(scope.spawn(move || (name.to_owned(), feed(tee, name, enough))));
        }
        pythons.iter_mut().for_each(PythonWriter::go);
        pythons.into_iter().for_each(PythonWriter::wait);
        enough.store(true, Ordering::Relaxed);
        feeders.into_iter().map(|feeder| feeder.join().expect("a feeder")).collect()
    });
    for (_, tee) in tees {
        tee.finish().expect_quiet_success();
    }

    counts.extend(["p1", "p3"].map(|name| (name.to_owned(), PYTHON_LINES)));
    let turns = check_numbered(&place.chain("app.log"), &counts);
    assert!(turns > 20, "only {turns} turns: they wrote one after another, not at once");
    let slots = place.backups("app.log").len();
    assert!((5..990).contains(&slots), "{slots} backups: the test tests too little, or too much");
    assert_eq!(place.names().len(), slots + 2, "nothing but log, chain and lock");
}

#[test]
fn plain() {
    mix("");
}

#[test]
fn gzip() {
    mix("--gzip");
}
