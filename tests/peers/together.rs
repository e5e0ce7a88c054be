//! Tracebacks of many writers, Python among them, stay together: promises 1 to 4 for records.
//!
//! Six `clh-tee` processes get 500 tracebacks each, in pieces that end anywhere, and two
//! concurrent-log-handler processes log as many. Every file of the chain must consist of whole
//! records and exceed the limit by less than the last one; no record is lost, and each writer's
//! records are in order.

use std::collections::BTreeMap;
use std::io::Write;
use std::thread;

use crate::harness::{Dice, Peer, Place, PythonWriter, Tee};

/// How many records each writer writes.
const RECORDS: usize = 500;

const LIMIT: usize = 8192;

/// Returns a traceback of 5 to 40 lines.
fn record(name: &str, seq: usize) -> String {
    let lines = (0..4 + seq * 7 % 36).map(|number| format!("  {name} {seq} {number}\n"));
    format!("Traceback {name} {seq}\n") + &lines.collect::<String>()
}

/// Returns all records of a writer as input.
fn input(name: &str, null: bool) -> Vec<u8> {
    let ended = |mut record: String| {
        if null {
            record.pop();
            record.push('\0');
        }
        record.into_bytes()
    };
    (0..RECORDS).flat_map(|seq| ended(record(name, seq))).collect()
}

/// Runs all writers at once with these options, and checks what they leave.
fn stay_together(options: &str) {
    let (place, peer) = (Place::fresh(), Peer::of_version("0.9.31"));
    let (limit, count) = (LIMIT.to_string(), RECORDS.to_string());
    let python = |name: &str| {
        let args = [&limit, "999", "1", name, &count, "records"];
        PythonWriter::ready(&peer, &place.path("app.log"), &args)
    };
    let mut pythons: Vec<PythonWriter> = ["p0", "p1"].into_iter().map(python).collect();
    thread::scope(|scope| {
        for name in ["t0", "t1", "t2", "t3", "t4", "t5"] {
            let tee = Tee::new(&place).args("-q --max-bytes 8192B --backups 999 --gzip");
            let mut tee = tee.args(options).args("app.log").start();
            scope.spawn(move || {
                let mut to = tee.take_input();
                let mut dice = Dice::new(name.bytes().map(u64::from).sum());
                let input = input(name, options.contains("-z"));
                let mut rest = &input[..];
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(1 + dice.below(rest.len().min(2000)));
                    to.write_all(piece).expect("feed the program");
                    rest = after;
                }
                drop(to);
                tee.finish().expect_quiet_success();
            });
        }
        pythons.iter_mut().for_each(PythonWriter::go);
        pythons.into_iter().for_each(PythonWriter::wait);
    });
    check(&place);
}

fn check(place: &Place) {
    let mut files = place.backups("app.log");
    files.push("app.log".to_owned());
    assert!((50..990).contains(&files.len()), "{} files", files.len());
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let content = String::from_utf8(place.read(&file)).expect("UTF-8");
        let (mut rest, mut last) = (&content[..], 0);
        while !rest.is_empty() {
            let first = rest.lines().next().unwrap_or_default();
            let name = first.split(' ').nth(1).unwrap_or_default();
            let seq = next.entry(name.to_owned()).or_default();
            let expected = record(name, *seq);
            assert!(rest.starts_with(&expected), "'{file}' goes on with {first}, not {seq}");
            (rest, last) = (&rest[expected.len()..], expected.len());
            *seq += 1;
        }
        assert!(content.len() - last < LIMIT, "'{file}' was full before its last record");
        assert!(file == "app.log" || content.len() >= LIMIT, "'{file}' was not full");
    }
    assert_eq!(next.len(), 8);
    assert!(next.values().all(|count| *count == RECORDS), "{next:?}");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn what_a_line_begins() {
    // A feeder may have to wait for its turn.
    stay_together("--record-start ^Traceback --record-timeout 1m");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn what_ends_in_nul() {
    stay_together("-z");
}
