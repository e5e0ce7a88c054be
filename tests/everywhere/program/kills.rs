//! A killed lock holder does not block other writers, and a killed writer loses no line that is in
//! the log.
//!
//! A writer is killed at a random point in the middle of rotations, several times, while another
//! writer goes on. A writer that comes later must leave nothing behind that does not belong there.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write, stdin};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;

use super::{A_WHILE, BACKUPS, SOON, check_compressed, tee};
use crate::harness::{HeldLock, Place, check_numbered, numbered, stays, until};

/// Set for a test process that is to hold a lock; its value is the lock's path.
const LOCK: &str = "CLH_TEE_TEST_LOCK";

/// How many lines the surviving writer gets.
const LINES: usize = 40;

/// How many rotations a writer completes before it is killed.
const ROTATIONS: usize = 4;

/// Acquires the lock at `path`, says so, and waits.
fn hold(path: &OsStr) {
    let _held = HeldLock::take(path.as_ref());
    println!("\nheld");
    stdin().read_line(&mut String::new()).expect("wait for the other process");
}

/// Starts a process that acquires the lock, and waits until it has it. The process is this test
/// program again, limited to the one test that calls `hold`.
fn start_holder(place: &Place) -> Child {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", "--nocapture", "program::kills::a_holder_lets_go_when_it_is_killed"]);
    command.env(LOCK, place.path(".__app.lock")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("start a holder");
    let stdout = child.stdout.as_mut().expect("stdout is a pipe");
    let said = BufReader::new(stdout).lines().map_while(Result::ok).find(|line| line == "held");
    assert!(said.is_some(), "the holder has no lock");
    child
}

#[test]
fn a_holder_lets_go_when_it_is_killed() {
    if let Some(lock) = env::var_os(LOCK) {
        return hold(&lock);
    }
    let place = Place::fresh();
    let mut holder = start_holder(&place);
    let mut writer = tee(&place, "").start();
    writer.feed(b"one\n");
    stays(A_WHILE, "the writer waits", || place.read("app.log").is_empty());
    holder.kill().expect("kill the holder");
    holder.wait().expect("wait for the holder");
    until(SOON, "the line is in", || place.read("app.log") == b"one\n");
    writer.finish().expect_quiet_success();
}

/// Feeds lines until the pipe breaks.
fn feed_until_killed(mut input: ChildStdin, name: &str) {
    let mut lines = (0..).map(|seq| numbered(name, seq));
    while lines.next().is_some_and(|line| input.write_all(line.as_bytes()).is_ok()) {}
}

/// Kills one writer in the middle of rotations while another goes on; returns the other's name and
/// how many lines it appended.
fn kill_one_of_two(place: &Place, name: &str) -> (String, usize) {
    let options = format!("--gzip --max-bytes 2K --backups {BACKUPS}");
    let (mut killed, mut other) = (tee(place, &options).start(), tee(place, &options).start());
    let feeder = killed.take_input();
    let enough = place.backups("app.log").len() + ROTATIONS;
    let survivor = format!("survivor-{name}");
    thread::scope(|scope| {
        scope.spawn(|| feed_until_killed(feeder, name));
        for seq in 0..LINES / 2 {
            other.feed(numbered(&survivor, seq).as_bytes());
        }
        until(SOON, "rotations", || place.backups("app.log").len() >= enough);
        killed.cut_down();
    });
    for seq in LINES / 2..LINES {
        other.feed(numbered(&survivor, seq).as_bytes());
    }
    other.finish().expect_quiet_success();
    (survivor, LINES)
}

/// Removes a partial line of `name` from `chain`: the one after its `count` whole lines.
fn without_torn(chain: &[u8], name: &str, count: usize) -> Vec<u8> {
    let next = numbered(name, count);
    let is_torn = |line: &&[u8]| next.as_bytes().starts_with(line.trim_ascii_end());
    chain
        .split_inclusive(|b| *b == b'\n')
        .filter(|line| !is_torn(line))
        .flatten()
        .copied()
        .collect()
}

#[test]
fn a_killed_writer_costs_no_line_that_was_in() {
    let place = Place::fresh();
    let names = ["killed-1", "killed-2", "killed-3", "killed-4"];
    let mut counts: BTreeMap<String, usize> =
        names.iter().map(|name| kill_one_of_two(&place, name)).collect();

    let options = format!("--gzip --max-bytes 2K --backups {BACKUPS}");
    tee(&place, &options).run(numbered("last", 0).as_bytes()).expect_quiet_success();
    counts.insert("last".into(), 1);

    let mut chain = place.chain("app.log");
    for name in names {
        let count = whole_lines(&chain, name);
        assert!(count > 0, "{name} has put nothing in");
        chain = without_torn(&chain, name, count);
        counts.insert(name.into(), count);
    }
    check_numbered(&chain, &counts);
    check_compressed(&place);
}

/// Returns how many whole lines of `name` are in `chain`, in order from the first.
fn whole_lines(chain: &[u8], name: &str) -> usize {
    let begins = format!("{name} ");
    let lines = chain.split_inclusive(|b| *b == b'\n');
    let lines = lines.filter(|line| line.starts_with(begins.as_bytes()));
    lines.zip(0..).take_while(|(line, seq)| *line == numbered(name, *seq).as_bytes()).count()
}
