//! A log is followed beside eight writers at full speed; two of them are Python's.
//!
//! `CLH_TEE_TESTS=all` makes them write a million lines instead of 200,000.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Peer, Place, until};

/// How many `clh-tee` write.
const TEES: usize = 6;
/// How many Python processes write.
const PYTHONS: usize = 2;

/// The limit of all writers.
const LIMIT: &str = "65536";
/// Backups to keep: more than the test makes.
const BACKUPS: &str = "9999";

/// How long the reader may take after the writers have ended.
const BEHIND: Duration = Duration::from_secs(60);

/// Returns line `seq` of the writer `name`, the same as in `writer.py`.
fn line(name: &str, seq: usize) -> String {
    let letter = b'a' + u8::try_from(seq % 26).expect("a letter");
    format!("{name} {seq} {}\n", char::from(letter).to_string().repeat(seq * 7 % 90))
}

/// Starts a Python writer that is ready to write `count` lines.
fn start_python(place: &Place, name: &str, gzip: bool, count: usize) -> Child {
    let mut command = Peer::of_version("0.9.31").script("writer.py");
    command.arg(place.path("app.log")).args([LIMIT, BACKUPS]);
    command.args([if gzip { "1" } else { "0" }, name, &count.to_string()]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start Python");
    let mut word = String::new();
    let stdout = child.stdout.take().expect("stdout is a pipe");
    BufReader::new(stdout).read_line(&mut word).expect("hear from Python");
    assert_eq!(word, "ready\n");
    child
}

/// Lets a `clh-tee` write `count` lines as fast as it takes them.
fn write_by_tee(place: &Place, name: &str, gzip: bool, count: usize) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
    command.args(["-q", "--max-bytes", LIMIT, "--backups", BACKUPS, "app.log"]);
    command.args(gzip.then_some("--gzip")).current_dir(place.dir()).stdin(Stdio::piped());
    let mut child = command.spawn().expect("start clh-tee");
    let mut input = BufWriter::new(child.stdin.take().expect("stdin is a pipe"));
    for seq in 0..count {
        input.write_all(line(name, seq).as_bytes()).expect("feed clh-tee");
    }
    drop(input);
    assert!(child.wait().expect("wait for clh-tee").success());
}

/// Asserts that each written line was read once, and each writer's lines in order.
fn check(read: &[u8], counts: &BTreeMap<String, usize>) {
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    for found in read.split_inclusive(|byte| *byte == b'\n') {
        let found = std::str::from_utf8(found).expect("a line as it was written");
        let name = found.split(' ').next().unwrap_or_default();
        let seq = next.entry(name).or_default();
        assert_eq!(found, line(name, *seq), "the next line of {name}");
        *seq += 1;
    }
    let next: BTreeMap<String, usize> =
        next.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    assert_eq!(&next, counts, "lines of each writer");
}

/// Follows the log while all writers write.
fn beside_writers(gzip: bool) {
    let all = env::var_os("CLH_TEE_TESTS").is_some_and(|value| value == "all");
    let (by_tee, by_python) = if all { (150_000, 50_000) } else { (31_000, 7_000) };
    let tees = (0..TEES).map(|n| (format!("t{n}"), by_tee));
    // `writer.py` makes no pauses for these names.
    let pythons = (0..PYTHONS).map(|n| (format!("p{}", 2 * n), by_python));
    let counts: BTreeMap<String, usize> = tees.chain(pythons).collect();
    let size: usize =
        counts.iter().flat_map(|(name, count)| (0..*count).map(|n| line(name, n).len())).sum();

    let place = Place::fresh();
    let out = place.path("read");
    let mut reader = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
    reader.args(["--read", "-f", "app.log"]).current_dir(place.dir());
    reader.stdout(File::create(&out).expect("make a file")).stderr(Stdio::piped());
    let mut reader = reader.spawn().expect("start the reader");

    let mut pythons: Vec<Child> = counts
        .iter()
        .filter(|(name, _)| name.starts_with('p'))
        .map(|(name, count)| start_python(&place, name, gzip, *count))
        .collect();
    let began = Instant::now();
    thread::scope(|scope| {
        for (name, count) in counts.iter().filter(|(name, _)| name.starts_with('t')) {
            let place = &place;
            scope.spawn(move || write_by_tee(place, name, gzip, *count));
        }
        for python in &mut pythons {
            let mut gate = python.stdin.take().expect("stdin is a pipe");
            gate.write_all(b"go\n").expect("start Python writing");
        }
    });
    for mut python in pythons {
        assert!(python.wait().expect("wait for Python").success());
    }
    let (written, ended) = (began.elapsed(), Instant::now());
    until(BEHIND, "everything is read", || {
        fs::metadata(&out).expect("look at what was read").len() >= size as u64
    });
    let behind = ended.elapsed();
    kill(Pid::from_raw(i32::try_from(reader.id()).expect("a process id")), Signal::SIGTERM)
        .expect("end the reader");
    assert!(reader.wait().expect("wait for the reader").success());
    let mut told = String::new();
    std::io::Read::read_to_string(&mut reader.stderr.take().expect("a pipe"), &mut told)
        .expect("read its messages");
    assert_eq!(told, "");
    check(&fs::read(&out).expect("read what was read"), &counts);

    let backups = place.backups("app.log");
    let lines: usize = counts.values().sum();
    println!(
        "{lines} lines in {written:.1?}, read {behind:.1?} later, {} rotations; \
         none missed, none doubled",
        backups.len()
    );
    assert!(backups.len() > 100, "it was rotated");
    if gzip {
        // Python's backups have a file name in the gzip header.
        let by_python =
            |name: &&String| fs::read(place.path(name)).expect("read a backup").get(3) == Some(&8);
        let rotations = backups.iter().filter(by_python).count();
        println!("{rotations} of them Python's");
        assert!(rotations > 0, "Python was among the rotators");
    }
}

#[test]
#[ignore = "needs python3 with CLH"]
fn plain() {
    beside_writers(false);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn compressed() {
    beside_writers(true);
}
