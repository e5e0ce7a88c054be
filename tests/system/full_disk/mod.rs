//! A full disk costs no line; the program reports it once when it begins and once when it ends:
//! promises 2 and 7.
//!
//! The disk is a tmpfs of 256 KB, and a producer sends 1 MB. Then the disk grows, or it stays full
//! and the writer is ended. Numbered lines show what is in the log, in which order, and what is
//! missing. Every generation except the last must have the size that Python would give it, so the
//! chain was not shifted while nothing could be written. `file_size` does the same without a disk,
//! with the limit on the size of a file (`RLIMIT_FSIZE`).

mod file_size;
mod no_threads;
mod small;

use std::io::Write;
use std::path::Path;
use std::process::ChildStdin;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::harness::generations::{Kind, files};
use crate::harness::{Ended, Running, until};

/// How many lines a producer sends.
const LINES: usize = 16_384;

/// The length of a line; all together are 1 MB.
const LINE: usize = 64;

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// Returns line `number` of the producer `name`.
fn line(name: &str, number: usize) -> String {
    let mut line = format!("{name} {number:06} ");
    // Irregular, so that compression does not make it tiny.
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while line.len() < LINE - 1 {
        mixed ^= mixed << 13;
        mixed ^= mixed >> 7;
        mixed ^= mixed << 17;
        line.push(char::from(b'a' + u8::try_from(mixed % 26).expect("a letter")));
    }
    line + "\n"
}

/// Sends lines `from..to` of `name` as fast as possible. Returns the input, still open, or nothing
/// if the pipe broke.
fn produce(mut input: ChildStdin, name: &'static str, from: usize, to: usize) -> Producer {
    thread::spawn(move || {
        let lines: Vec<u8> = (from..to).flat_map(|n| line(name, n).into_bytes()).collect();
        input.write_all(&lines).is_ok().then_some(input)
    })
}

/// A producer at work.
type Producer = JoinHandle<Option<ChildStdin>>;

/// Waits until the program has printed `what`.
fn until_said(tee: &Running, what: &str) {
    until(SOON, what, || tee.stderr_so_far().contains(what));
}

/// Asserts that `what` was printed so many times.
#[track_caller]
fn expect_said(stderr: &str, what: &str, times: usize) {
    assert_eq!(stderr.matches(what).count(), times, "{what}: {}", short(stderr));
}

/// Returns only the lines that are messages.
fn short(stderr: &str) -> String {
    stderr.lines().filter(|l| l.starts_with("clh-tee: ")).collect::<Vec<_>>().join("\n")
}

/// Returns the numbers of the lines of `name` in `bytes`, in order.
///
/// # Panics
///
/// If there is a line that `name` did not send, except markers of dropped lines, or a partial or
/// joined line.
fn numbers(bytes: &[u8], name: &str) -> Vec<usize> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let lines = text.split_inclusive('\n');
    let lines = lines.filter(|l| l.starts_with(name) && !l.starts_with("clh-tee: "));
    lines
        .map(|found| {
            let number = found.split(' ').nth(1).and_then(|word| word.parse().ok());
            let number = number.unwrap_or_else(|| panic!("no line: {found:?}"));
            assert_eq!(found, line(name, number), "as it was sent");
            number
        })
        .collect()
}

/// Returns the generations of the log in `dir`, oldest first, the log last.
///
/// # Panics
///
/// If there is any other file except the lock.
fn chain(dir: &Path) -> Vec<Vec<u8>> {
    let mut slots = Vec::new();
    let mut log = Vec::new();
    for file in files(dir, "app.log") {
        let content = file.content.unwrap_or_else(|| panic!("'{}' is not whole", file.name));
        match file.kind {
            Kind::Log => log = content,
            Kind::Backup(slot) => slots.push((slot, content)),
            Kind::Lock => {}
            Kind::Temp | Kind::Other => panic!("'{}' is left over", file.name),
        }
    }
    slots.sort_by_key(|(slot, _)| std::cmp::Reverse(*slot));
    for ((slot, _), wanted) in slots.iter().rev().zip(1..) {
        assert_eq!(*slot, wanted, "slots without a gap, one file each");
    }
    slots.into_iter().map(|(_, content)| content).chain([log]).collect()
}

/// Asserts that every generation except the log has the size that `limit` gives.
#[track_caller]
fn expect_sizes(chain: &[Vec<u8>], limit: usize) {
    for (index, generation) in chain.iter().rev().enumerate().skip(1) {
        let size = generation.len();
        assert!((limit..limit + LINE).contains(&size), "slot {index} has {size} bytes");
    }
}

/// Asserts that the given up lines directly follow those in the log and that the message has their
/// number. Returns how many lines were in the log and how many were given up.
#[track_caller]
fn expect_given_up(chain: &[Vec<u8>], ended: &Ended, name: &str) -> (usize, usize) {
    let log = numbers(&chain.concat(), name);
    let rescued = numbers(&ended.err, name);
    let all: Vec<usize> = log.iter().chain(&rescued).copied().collect();
    assert_eq!(all, (0..all.len()).collect::<Vec<_>>(), "the first lines, in order");
    let stderr = ended.stderr();
    let lost = match rescued.len() {
        1 => "1 line lost, as follows".to_owned(),
        count => format!("{count} lines lost, as follows"),
    };
    expect_said(&stderr, &lost, 1);
    (log.len(), rescued.len())
}
