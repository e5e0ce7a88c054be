//! `--read` prints the whole chain of a log, oldest line first, and can follow it.
//!
//! `whole` makes chains of every kind and compares what is read with what they hold; `faults` does
//! the same with damaged ones. In `shifted` the chain is rotated away while it is read. `followed`
//! follows a log through everything that can happen to it. In `elsewhere` its directory or disk is
//! replaced. In `beside_writers` eight writers, Python among them, run at full speed: each writer's
//! lines must arrive whole, once and in order. With `CLH_TEE_TESTS=all` those are a million lines.

mod beside_writers;
mod cut;
mod elsewhere;
mod faults;
mod followed;
mod shifted;
mod whole;

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use crate::harness::{Ended, Place, Running, Tee};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(30);

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(content).expect("compress");
    gz.finish().expect("compress")
}

/// Returns lines numbered from `from` up to `to`, all of one length.
fn numbered(from: usize, to: usize) -> String {
    (from..to).fold(String::new(), |mut lines, number| {
        writeln!(lines, "line {number:06} of this test").expect("write to a string");
        lines
    })
}

/// Writes the file `name`, compressed if its name says so.
fn lay(place: &Place, name: &str, content: &str) {
    let gz = name.strip_suffix(".gz").is_some();
    let bytes = if gz { gzipped(content.as_bytes()) } else { content.as_bytes().to_vec() };
    place.write(name, &bytes);
}

/// Sets the time of last change of `name` to `seconds` ago.
fn age(place: &Place, name: &str, seconds: u64) {
    let file = std::fs::File::options().write(true).open(place.path(name)).expect("open a file");
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("set the time");
}

/// Runs `--read` on `app.log` with these options.
fn read(place: &Place, options: &str) -> Ended {
    Tee::new(place).args("--read").args(options).args("app.log").start().finish()
}

/// Starts to follow `app.log`.
fn follow(place: &Place) -> Running {
    Tee::new(place).args("--read -f app.log").start()
}

/// Appends lines to `app.log` with these options.
fn append(place: &Place, options: &str, lines: &str) {
    let tee = Tee::new(place).args("-q").args(options).args("app.log");
    tee.run(lines.as_bytes()).expect_quiet_success();
}

/// Returns whether `reader` waits for a lock.
fn waits_for_lock(reader: &Running) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").expect("read /proc/locks");
    let pid = reader.pid().to_string();
    let waits = |line: &str| line.contains("->") && line.split(' ').any(|word| word == pid);
    locks.lines().any(waits)
}

/// Asserts that `read` is exactly these lines.
#[track_caller]
fn compare(read: &[u8], lines: &str) {
    let same = read.iter().zip(lines.as_bytes()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&read[same..], &lines.as_bytes()[same..]);
    assert!(
        left.is_empty() && right.is_empty(),
        "after {same} bytes: {:?}, and should be {:?}",
        String::from_utf8_lossy(&left[..left.len().min(200)]),
        String::from_utf8_lossy(&right[..right.len().min(200)]),
    );
}

/// Asserts that exactly this was read, without a message.
#[track_caller]
fn expect(ended: &Ended, lines: &str) {
    ended.expect_quiet_success();
    compare(&ended.out, lines);
}

/// Asserts that exactly this was read, with a message that its lines have no times.
#[track_caller]
fn expect_undated(ended: &Ended, lines: &str) {
    ended.expect(0);
    let undated = "no line of 'app.log' begins with a known time stamp; showing all lines";
    assert_eq!(ended.stderr(), format!("clh-tee: warning: {undated}\n"));
    compare(&ended.out, lines);
}

/// Asserts that exactly this was read, and that each of `words` is in the message about missing
/// lines.
#[track_caller]
fn expect_loss(ended: &Ended, lines: &str, words: &[&str]) {
    ended.expect(1);
    compare(&ended.out, lines);
    for word in words {
        assert!(ended.stderr().contains(word), "tells of {word}");
    }
}
