//! Twelve writers, Python among them, rotate every second by the real clock.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::dated::Found;
use crate::harness::generations::is_gz;
use crate::harness::{Peer, Place, Tee, until};

/// The minimum number of rotations.
const ROTATIONS: usize = 10;

/// Returns line `seq` of writer `name`; `timed_writer.py` has the same.
fn line(name: &str, seq: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(seq % 26).expect("a letter"));
    format!("{name} {seq} {}\n", letter.to_string().repeat(seq * 7 % 90))
}

struct Python {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts a writer and waits until it is ready to write.
    fn ready(peer: &Peer, place: &Place, gzip: bool, name: &str) -> Self {
        let mut command = peer.script("timed_writer.py");
        command.arg(place.path("app.log")).args([if gzip { "1" } else { "0" }, name]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("start Python");
        let orders = child.stdin.take().expect("stdin is a pipe");
        let answers = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut python = Self { child, orders, answers };
        assert_eq!(python.hear(), "ready\n", "Python could not start");
        python
    }

    /// Lets it start or end.
    fn go(&mut self) {
        self.orders.write_all(b"go\n").expect("tell Python");
    }

    /// Returns the next line that it prints.
    fn hear(&mut self) -> String {
        let mut word = String::new();
        self.answers.read_line(&mut word).expect("hear from Python");
        word
    }

    /// Lets it end; returns how many lines it wrote.
    fn finish(mut self) -> usize {
        self.go();
        let count = self.hear().trim().parse().expect("a number of lines");
        let status = self.child.wait().expect("wait for Python");
        assert!(status.success(), "Python writer: {status}");
        count
    }
}

/// Feeds lines of `name` to a writer, a few at a time, until `enough` is set; returns how many.
fn feed(mut input: ChildStdin, name: &str, enough: &AtomicBool) -> usize {
    let mut seq = 0;
    while !enough.load(Ordering::Relaxed) {
        let lines: String = (seq..seq + 1 + seq % 5).map(|seq| line(name, seq)).collect();
        seq += 1 + seq % 5;
        input.write_all(lines.as_bytes()).expect("feed the program");
        thread::sleep(Duration::from_millis(2));
    }
    seq
}

fn backups(place: &Place) -> usize {
    place.names().iter().filter(|name| name.starts_with("app.log.")).count()
}

/// Runs 4 Python and 8 `clh-tee` writers on one log.
fn mix(gzip: bool) {
    let (peer, place) = (Peer::of_version("0.9.31"), Place::fresh());
    let python = |i| Python::ready(&peer, &place, gzip, &format!("p{i}"));
    let mut pythons: Vec<Python> = (0..4).map(python).collect();
    let options = format!("-q --when S --backups 0 {} app.log", if gzip { "--gzip" } else { "" });
    let mut tees: Vec<_> = (0..8).map(|_| Tee::new(&place).args(&options).start()).collect();
    let enough = AtomicBool::new(false);

    let mut counts: BTreeMap<String, usize> = thread::scope(|scope| {
        let (place, enough) = (&place, &enough);
        pythons.iter_mut().for_each(Python::go);
        let feeders: Vec<_> = tees
            .iter_mut()
            .enumerate()
            .map(|(i, tee)| (format!("t{i}"), tee.take_input()))
            .map(|(name, input)| {
                scope.spawn(move || {
                    let count = feed(input, &name, enough);
                    (name, count)
                })
            })
            .collect();
        until(Duration::from_secs(60), "enough rotations", || backups(place) > ROTATIONS);
        enough.store(true, Ordering::Relaxed);
        feeders.into_iter().map(|feeder| feeder.join().expect("a feeder")).collect()
    });
    for (i, python) in pythons.into_iter().enumerate() {
        counts.insert(format!("p{i}"), python.finish());
    }
    for tee in tees {
        tee.finish().expect_quiet_success();
    }
    // If Python rotated the log, what was compressed ahead is useless; the next writer removes it.
    Tee::new(&place).args(&options).run(line("last", 0).as_bytes()).expect_quiet_success();
    counts.insert("last".to_owned(), 1);
    check(&place, &counts, gzip);
}

/// Asserts that no line is lost, doubled or out of order, and that no file is left over.
fn check(place: &Place, counts: &BTreeMap<String, usize>, gzip: bool) {
    let found = Found::in_dir(place.dir());
    assert_eq!(found.others, [""; 0], "strangers");
    for backup in &found.backups {
        assert_eq!(is_gz(&backup.name), gzip, "{}", backup.name);
    }
    let (mut next, all): (BTreeMap<&str, usize>, _) = (BTreeMap::new(), found.all());
    for found in all.split_inclusive(|byte| *byte == b'\n') {
        let found = std::str::from_utf8(found).expect("a line as it was written");
        let name = found.split(' ').next().unwrap_or_default();
        let (name, _) = counts.get_key_value(name).unwrap_or_else(|| panic!("no line: {found:?}"));
        let seq = next.entry(name).or_default();
        assert_eq!(found, line(name, *seq), "next line of {name}");
        *seq += 1;
    }
    for (name, count) in counts {
        assert!(*count > 100 || name == "last", "{name} wrote {count} lines");
        assert_eq!(next.get(name.as_str()), Some(count), "lines of {name}");
    }
    let time = fs::read_to_string(place.path(".__app.lock")).expect("read the lock file");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let time: u64 = time.parse().expect("the time of the next rotation");
    assert!((now - 30..=now + 1).contains(&time), "{time}, and now is {now}");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn plain() {
    mix(false);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn gzip() {
    mix(true);
}
