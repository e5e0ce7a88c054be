//! Four writers share one log and rotate and compress it all the time.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::{BACKUPS, check_compressed, tee};
use crate::harness::{Place, Running, check_numbered, numbered, until};

/// Lines of each writer.
const LINES: usize = 250;

/// Feeds a writer its lines after the first one by one, with pauses, so that the writers take
/// turns.
fn feed(writer: &mut Running, name: &str) {
    for seq in 1..LINES {
        writer.feed(numbered(name, seq).as_bytes());
        thread::sleep(Duration::from_millis(4));
    }
}

#[test]
fn four_lose_and_double_nothing() {
    let place = Place::fresh();
    let options = format!("--gzip --max-bytes 2K --backups {BACKUPS}");
    let mut writers: Vec<(String, Running)> =
        (0..4).map(|n| (format!("t{n}"), tee(&place, &options).start())).collect();
    // One that starts late would append everything at once.
    for (name, writer) in &mut writers {
        writer.feed(numbered(name, 0).as_bytes());
        let first = numbered(name, 0);
        until(Duration::from_secs(30), "its first line is in", || {
            String::from_utf8_lossy(&place.read("app.log")).contains(&first)
        });
    }
    thread::scope(|scope| {
        for (name, writer) in &mut writers {
            scope.spawn(|| feed(writer, name));
        }
    });

    let counts: BTreeMap<String, usize> =
        writers.iter().map(|(name, _)| (name.clone(), LINES)).collect();
    for (_, writer) in writers {
        writer.finish().expect_quiet_success();
    }
    let turns = check_numbered(&place.chain("app.log"), &counts);
    assert!(turns > 8, "only {turns} turns: they wrote one after another, not at once");
    let slots = check_compressed(&place);
    assert!(slots > 10, "only {slots} rotations");
}
