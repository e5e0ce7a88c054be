//! A log shipped to another machine by rsyslog, as `docs/shippers.md` describes.
//!
//! The settings are the page's own. Twelve writers, Python among them, rotate the log two hundred
//! times with compression. They never write so fast that the shipper is a whole log behind, and now
//! and then others replace them. The test compares what arrives with what was written, line by
//! line. It also shows the limits that the page states: what is lost, and what is not, when the
//! shipper is stopped.

mod rsyslog;
mod settings;

use std::collections::HashMap;
use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Instant;

use crate::harness::{Dice, Peer, Place, Running, Tee};
use rsyslog::Shipping;

/// The minimum number of rotations.
const ROTATIONS: usize = 200;

/// After so many rotations all writers end and others replace them.
const SHIFT: usize = 50;

/// The limit, in bytes.
const LIMIT: usize = 16 * 1024;

/// How far the shipper may be behind, in bytes: less than a log.
const BEHIND: usize = LIMIT / 4 * 3;

/// Backups to keep, as text: more than the test makes.
const BACKUPS: &str = "999";

/// The length of a line that is too long for rsyslog's default.
const LONG: usize = 20_000;

/// A writer that the test feeds.
enum Writer {
    Tee(Running, ChildStdin),
    Python(Child, ChildStdin),
}

impl Writer {
    fn tee(place: &Place) -> Self {
        let options = format!("-q --gzip --max-bytes {LIMIT} --backups {BACKUPS} app.log");
        let mut tee = Tee::new(place).args(&options).start();
        let input = tee.take_input();
        Self::Tee(tee, input)
    }

    fn python(place: &Place, peer: &Peer) -> Self {
        let mut command = peer.script("follower.py");
        command.arg(place.path("app.log")).args([&LIMIT.to_string(), BACKUPS]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("start Python");
        let input = child.stdin.take().expect("stdin is a pipe");
        Self::Python(child, input)
    }

    fn feed(&mut self, lines: &str) {
        let (Self::Tee(_, input) | Self::Python(_, input)) = self;
        input.write_all(lines.as_bytes()).expect("a writer takes its input");
    }

    /// Ends its input and waits for its end.
    fn finish(self) {
        match self {
            Self::Tee(tee, input) => {
                drop(input);
                tee.finish().expect_quiet_success();
            }
            Self::Python(mut child, input) => {
                drop(input);
                let status = child.wait().expect("wait for Python");
                assert!(status.success(), "Python writer: {status}");
            }
        }
    }
}

/// What was written and has not been checked yet.
#[derive(Default)]
struct Written {
    /// Each writer's lines, in order.
    lines: Vec<Vec<String>>,
    /// The length of each line, in the order of writing.
    lengths: Vec<usize>,
}

impl Written {
    /// Makes a few lines of writer number `writer`.
    fn some(&mut self, writer: usize, dice: &mut Dice) -> String {
        let mut some = String::new();
        for _ in 0..=dice.below(4) {
            let seq = self.lines[writer].len();
            let length = if writer == 3 && seq == 100 { LONG } else { seq * 7 % 90 };
            let line = format!("w{writer} {seq} tab\tend {}", "x".repeat(length));
            self.lengths.push(line.len() + 1);
            some += &line;
            some.push('\n');
            self.lines[writer].push(line);
        }
        some
    }

    /// Returns how many bytes are still on the way when `arrived` lines have arrived.
    fn on_the_way(&self, arrived: usize) -> usize {
        self.lengths.iter().skip(arrived).sum()
    }

    /// Asserts that each line arrived once, and each writer's lines in order.
    fn check(&self, arrived: &[String]) {
        let mut times: HashMap<&str, usize> = HashMap::new();
        for line in arrived {
            *times.entry(line).or_default() += 1;
        }
        let missing = self.lines.iter().flatten().filter(|l| !times.contains_key(l.as_str()));
        let missing: Vec<_> = missing.collect();
        let doubled = arrived.len() - times.len();
        let sent: usize = self.lines.iter().map(Vec::len).sum();
        println!("sent {sent}, arrived {}, doubled {doubled}", arrived.len());
        let first = missing.first().map(|line| line.chars().take(80).collect::<String>());
        assert!(missing.is_empty(), "{} missing, first {first:?}", missing.len());
        assert_eq!(doubled, 0, "doubled lines");
        assert_eq!(arrived.len(), sent, "strange lines among those that arrived");
        for (writer, lines) in self.lines.iter().enumerate() {
            let name = format!("w{writer} ");
            let its = arrived.iter().filter(|line| line.starts_with(&name));
            assert!(its.eq(lines.iter()), "the order of {name}'s lines");
        }
    }
}

#[test]
#[ignore = "needs rsyslog and python3 with CLH"]
fn every_line_arrives_once_over_two_hundred_rotations() {
    let place = Place::fresh();
    let peer = Peer::of_version("0.9.31");
    let mut shipping = Shipping::start(&place);
    let mut written = Written { lines: vec![Vec::new(); 12], ..Written::default() };
    let mut dice = Dice::new(7);
    let start = Instant::now();

    for until in (SHIFT..=ROTATIONS).step_by(SHIFT) {
        let mut writers: Vec<Writer> = (0..8).map(|_| Writer::tee(&place)).collect();
        writers.extend((0..4).map(|_| Writer::python(&place, &peer)));
        while place.backups("app.log").len() < until {
            for (number, writer) in writers.iter_mut().enumerate() {
                writer.feed(&written.some(number, &mut dice));
            }
            let keeps_up = || written.on_the_way(shipping.arrived()) <= BEHIND;
            crate::harness::until(rsyslog::PATIENCE, "the shipper keeps up", keeps_up);
        }
        writers.into_iter().for_each(Writer::finish);
    }
    println!("{} rotations in {:?}", place.backups("app.log").len(), start.elapsed());

    shipping.until_arrived(written.lengths.len());
    written.check(&shipping.finish());
}

/// Returns lines `from..to` of a single writer.
fn numbered(from: usize, to: usize) -> Vec<u8> {
    (from..to).flat_map(|n| format!("line {n} {}\n", "x".repeat(40)).into_bytes()).collect()
}

fn append(place: &Place, limit: &str, from: usize, to: usize) {
    let options = format!("-q --gzip --max-bytes {limit} --backups 99 app.log");
    Tee::new(place).args(&options).run(&numbered(from, to)).expect_quiet_success();
}

/// Returns what arrived as the file of a single writer would hold it.
fn joined(arrived: &[String]) -> Vec<u8> {
    arrived.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

#[test]
#[ignore = "needs rsyslog"]
fn a_stop_of_the_shipper_costs_nothing_if_nothing_rotates() {
    let place = Place::fresh();
    let mut shipping = Shipping::start(&place);
    append(&place, "1M", 0, 100);
    shipping.until_arrived(100);
    shipping.stop_sender();
    append(&place, "1M", 100, 200);
    shipping.start_sender();
    shipping.until_arrived(200);
    append(&place, "1M", 200, 300);
    shipping.until_arrived(300);
    assert_eq!(joined(&shipping.finish()), numbered(0, 300));
}

#[test]
#[ignore = "needs rsyslog"]
fn what_rotates_away_while_the_shipper_is_stopped_is_not_sent() {
    let place = Place::fresh();
    let mut shipping = Shipping::start(&place);
    append(&place, "4K", 0, 50);
    shipping.until_arrived(50);
    shipping.stop_sender();
    append(&place, "4K", 50, 300);
    let left = place.read("app.log");
    assert!(place.backups("app.log").len() > 1, "the log rotated");
    let count = memchr::memchr_iter(b'\n', &left).count();
    shipping.start_sender();
    shipping.until_arrived(50 + count);
    let arrived = joined(&shipping.finish());
    assert_eq!(arrived, [numbered(0, 50), left].concat(), "the page says what is lost, and why");
}
