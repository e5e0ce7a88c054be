//! A storm of kills: a line that was once in the log stays there, once.
//!
//! Twelve writers, Python among them, append to one log with a small limit for some seconds. They
//! are killed by SIGKILL at random moments and replaced. Meanwhile the test acquires the lock again
//! and again and notes the lines in the log. At the end one more writer repairs what is left. Then
//! every noted line is in the log or a backup, no line is there twice, no line is partial except a
//! killed writer's last, and no file is left over.
//!
//! `CLH_TEE_TESTS=all` runs it for twenty seconds.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Dice, HeldLock, Peer, Place, Tee};

/// The newest version of Python's package, which leaves a plain slot 1 alone.
const NEWEST: &str = "0.9.31";

/// How many writers run at any time.
const WRITERS: usize = 12;
/// How many of them are Python's.
const PYTHONS: usize = 4;

/// The limit of all writers.
const LIMIT: &str = "20000";
/// Backups to keep, as text: more than the test makes.
const BACKUPS: &str = "9999";

/// The longest life of a writer, in milliseconds.
const LIFE: usize = 300;

/// Returns line `seq` of the writer `name`, the same as in `writer.py`.
fn line(name: &str, seq: usize) -> String {
    let letter = b'a' + u8::try_from(seq % 26).expect("a letter");
    format!("{name} {seq} {}\n", char::from(letter).to_string().repeat(seq * 7 % 90))
}

/// Starts a `clh-tee` that reads standard input.
fn start_tee(place: &Place, gzip: bool) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
    command.args(["-q", "--max-bytes", LIMIT, "--backups", BACKUPS, "app.log"]);
    command.args(gzip.then_some("--gzip")).current_dir(place.dir());
    command.stdin(Stdio::piped()).spawn().expect("start clh-tee")
}

/// Starts a Python writer and lets it write.
fn start_python(place: &Place, name: &str, gzip: bool) -> Child {
    let mut command = Peer::of_version(NEWEST).script("writer.py");
    command.arg(place.path("app.log")).args([LIMIT, BACKUPS]);
    command.args([if gzip { "1" } else { "0" }, name, "100000"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("start Python");
    let mut word = String::new();
    let stdout = child.stdout.take().expect("stdout is a pipe");
    BufReader::new(stdout).read_line(&mut word).expect("hear from Python");
    child.stdin.take().expect("stdin is a pipe").write_all(b"go\n").expect("start it");
    child
}

/// Feeds lines of `name` until the writer is gone.
fn feed(child: &mut Child, name: &str) {
    let mut input = child.stdin.take().expect("stdin is a pipe");
    let mut seq = 0;
    while input.write_all(line(name, seq).as_bytes()).is_ok() {
        seq += 1;
        if seq % 50 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Runs writers number `number` one after another and kills each.
fn live_and_die(place: &Place, number: usize, gzip: bool, over: &AtomicBool, kills: &AtomicUsize) {
    let mut dice = Dice::new(number as u64 + 1);
    for life in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("w{number}-{life}");
        let python = number < PYTHONS;
        let mut child =
            if python { start_python(place, &name, gzip) } else { start_tee(place, gzip) };
        let time = Duration::from_millis(1 + dice.below(LIFE) as u64);
        thread::scope(|scope| {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
            scope.spawn(move || {
                thread::sleep(time);
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("kill");
            });
            if !python {
                feed(&mut child, &name);
            }
        });
        child.wait().expect("wait for the writer");
        kills.fetch_add(1, Ordering::Relaxed);
    }
}

/// Notes, while holding the lock, the whole lines in the log.
fn note(place: &Place, seen: &mut HashSet<Vec<u8>>) {
    let _held = HeldLock::take(&place.path(".__app.lock"));
    let log = place.read("app.log");
    let whole = log.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    seen.extend(whole.map(<[u8]>::to_vec));
}

/// Returns whether `found` is a line exactly as a writer got it.
fn is_whole(found: &[u8]) -> bool {
    let text = std::str::from_utf8(found).unwrap_or_default();
    let mut words = text.split(' ');
    match (words.next(), words.next().and_then(|seq| seq.parse().ok())) {
        (Some(name), Some(seq)) => text == line(name, seq),
        _ => false,
    }
}

/// Runs the storm and checks what is left.
fn storm(gzip: bool) {
    let long = env::var_os("CLH_TEE_TESTS").is_some_and(|value| value == "all");
    let time = Duration::from_secs(if long { 20 } else { 4 });
    let place = Place::fresh();
    let (over, kills, mut seen) = (AtomicBool::new(false), AtomicUsize::new(0), HashSet::new());
    thread::scope(|scope| {
        for number in 0..WRITERS {
            let (place, over, kills) = (&place, &over, &kills);
            scope.spawn(move || live_and_die(place, number, gzip, over, kills));
        }
        let began = Instant::now();
        while began.elapsed() < time {
            note(&place, &mut seen);
            thread::sleep(Duration::from_millis(20));
        }
        over.store(true, Ordering::Relaxed);
    });
    note(&place, &mut seen);

    let gzip = if gzip { "--gzip" } else { "" };
    let args = format!("-q --max-bytes {LIMIT} --backups {BACKUPS} {gzip} app.log");
    Tee::new(&place).args(&args).run(b"last 1 hhhhhhh\n").expect(0);

    let mut found: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for line in place.chain("app.log").split_inclusive(|byte| *byte == b'\n') {
        *found.entry(line.to_vec()).or_default() += 1;
    }
    let kills = kills.into_inner();
    let lost = seen.iter().filter(|line| is_whole(line) && !found.contains_key(*line)).count();
    let doubled = found.iter().filter(|(line, times)| is_whole(line) && **times > 1).count();
    let torn: usize =
        found.iter().filter(|(line, _)| !is_whole(line)).map(|(_, times)| times).sum();
    println!(
        "{kills} kills, {} lines noted, {} kept: {lost} lost, {doubled} doubled, {torn} torn",
        seen.len(),
        found.len()
    );
    assert!(kills > 20 && seen.len() > 1000, "too little has happened to show anything");
    assert_eq!((lost, doubled), (0, 0), "lost and doubled");
    assert!(torn <= kills, "more torn lines than kills");
    let stray = |name: &String| name.contains("rotate") || name.starts_with(".__app.log");
    let strays: Vec<String> = place.names().into_iter().filter(stray).collect();
    assert_eq!(strays, [""; 0], "nothing lies about");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn of_plain_writers() {
    storm(false);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn of_writers_that_compress() {
    storm(true);
}
