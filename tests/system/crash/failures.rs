//! Each call about a file fails, once or from then on.
//!
//! Everything that was read must be in the log at the end; or it is on standard error, the exit
//! status is not 0 and a message says why. Status 0 means that the whole input is in the log. No
//! line is ever partial, joined with another, doubled or out of order. The next writer,
//! undisturbed, repairs the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::kills::{Tally, all_good, named};
use super::sample;
use super::scenes::{LIMIT, MORE, SCENES, Scene, line, lines};
use super::session::{LINES, LOG, SOON, Session, pieces};
use crate::harness::generations::{Kind, Verdict, files};
use crate::harness::strace::{Call, Recording, Strace, catches_signals};
use crate::harness::{Ended, Running, until};

/// How many runs go on at once; most of them wait.
const AT_ONCE: usize = 4;

/// How long a disturbed writer runs before the test ends it.
const ALONE: Duration = Duration::from_millis(400);

/// A call to disturb, and how.
struct Disturbance<'a> {
    /// The recorded call.
    call: &'a Call,
    /// The error that it returns.
    error: &'static str,
    /// Whether all later calls of this name fail, too.
    lasting: bool,
}

impl Disturbance<'_> {
    /// Returns it in words, for strace and for people.
    fn told(&self) -> String {
        let lasting = if self.lasting { ", and all later ones" } else { "" };
        format!("{} at {}{lasting}", self.error, named(self.call))
    }
}

/// Returns the errors that a call can return.
///
/// EMFILE comes from calls that make a descriptor. EINTR comes, as in POSIX, from calls on an open
/// file and from `open`, not from calls on names such as `rename`; and no call is interrupted
/// forever. A call that only reads cannot fail with a full disk. Releasing a lock never waits, so
/// nothing interrupts it.
fn errors(call: &Call, lasting: bool) -> Vec<&'static str> {
    let interruptible =
        ["openat", "write", "fsync", "fdatasync", "ftruncate", "flock", "fchmod", "fchown", "read"];
    let mut errors = vec!["EIO", "EACCES"];
    if call.changes() {
        errors.push("ENOSPC");
    }
    if call.name == "openat" {
        errors.push("EMFILE");
    }
    let waits = interruptible.contains(&call.name.as_str()) && !call.args.contains("LOCK_UN");
    if !lasting && waits {
        errors.push("EINTR");
    }
    errors
}

/// Returns whether to disturb a call: one that changes something, locks, or looks at a file. Calls
/// about pipes do not concern the log.
fn is_disturbed(call: &Call) -> bool {
    let looks = ["flock", "statx", "newfstatat", "openat", "getdents64", "pread64", "read"];
    let pipe = ["<pipe:", "<socket:", "<anon_inode:"];
    let is_pipe = pipe.iter().any(|kind| call.args.contains(kind));
    call.changes() || (looks.contains(&call.name.as_str()) && !is_pipe)
}

/// Runs a disturbed session, and ends it if it does not end by itself. Returns whether the right
/// call was disturbed.
fn disturbed(session: &Session, recording: &Recording, by: &Disturbance) -> (Ended, bool) {
    let aim = recording.aim(by.call, session.place.dir()).expect("within reach");
    let plus = if by.lasting { "+" } else { "" };
    let (name, number) = (&by.call.name, aim.number);
    let inject = format!("{name}:error={}:when={number}{plus}", by.error);
    let mut running = session.tee().start();
    until(SOON, "the program has started", || catches_signals(running.pid()));
    let (output, path) = (session.calls(), aim.path.as_deref());
    let strace = Strace::attach(running.pid(), &output, &[inject], path);
    let mut input = running.take_input();
    for piece in pieces(session.scene.pieces) {
        if input.write_all(&piece).is_err() {
            break;
        }
        let last = &piece[piece.len() - line("line", 0).len()..];
        wait(&mut running, || std::fs::read(session.log()).is_ok_and(|log| log.ends_with(last)));
    }
    drop(input);
    if by.lasting {
        wait(&mut running, || false);
        if running.alive() {
            running.kill(Signal::SIGTERM);
        }
    }
    let start = Instant::now();
    while start.elapsed() < SOON && running.alive() {
        thread::sleep(Duration::from_millis(5));
    }
    if running.alive() {
        running.kill(Signal::SIGKILL);
    }
    let ended = running.end_within(SOON);
    // Pipes between threads do not fail.
    let calls = strace.finish();
    let mut injected = calls.iter().filter(|call| call.injected).peekable();
    let hit = injected.peek().is_some() && injected.all(is_disturbed);
    (ended, hit)
}

/// Waits until `is_so` returns true, the program ends, or [`ALONE`] is over.
fn wait(running: &mut Running, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < ALONE && !is_so() && running.alive() {
        thread::sleep(Duration::from_millis(2));
    }
}

/// Checks how a disturbed session ended, and what the next writer makes of its directory.
fn judge(session: &Session, ended: &Ended) -> Verdict {
    let mut verdict = Verdict::default();
    let mut fault = |text: String| verdict.faults.push(text);
    let code = ended.status.code();
    let stderr = ended.stderr();
    if ended.status.signal() == Some(9) {
        fault(format!("does not end: {stderr}"));
    } else if code != Some(0) && code != Some(1) {
        fault(format!("ends with {}: {stderr}", ended.status));
    }
    if code != Some(0) && !stderr.contains("clh-tee: ") {
        fault(format!("ends with {} without a word", ended.status));
    }
    let mut said = BTreeMap::new();
    for message in stderr.lines().filter(|l| l.starts_with("clh-tee: ")) {
        *said.entry(message).or_insert(0) += 1;
    }
    for (message, times) in said {
        if times > 1 && !message.contains("was left by a writer") {
            fault(format!("said {times} times: {message}"));
        }
    }
    let rescued: BTreeSet<Vec<u8>> = stderr
        .lines()
        .filter(|l| l.starts_with("line "))
        .map(|l| format!("{l}\n").into_bytes())
        .collect();
    let told_lost = lost_by_message(&stderr);
    if told_lost != rescued.len() {
        let rescued = rescued.len();
        fault(format!("says that {told_lost} lines are lost and tells {rescued}: {stderr}"));
    }
    if !session.scene.are_whole(rescued.len()) {
        verdict.faults.push(format!("a record is lost in part: {stderr}"));
    }
    let next = session.go_on(session.scene.args, &line("fresh", 0));
    verdict.faults.extend(next);
    let is = chain(session, &rescued, &mut verdict);
    compare(session, &is, &rescued, code == Some(0), &mut verdict);
    verdict
}

/// Returns how many lines are lost according to the messages.
fn lost_by_message(stderr: &str) -> usize {
    let before = |text: &str| {
        let (before, _) = text.split_once(" lost, as follows")?;
        let mut words = before.rsplit(' ');
        words.next()?;
        words.next()?.parse::<usize>().ok()
    };
    stderr.lines().filter_map(before).sum()
}

/// Returns the lines of the chain, oldest first; reports what is wrong with it.
fn chain(session: &Session, rescued: &BTreeSet<Vec<u8>>, verdict: &mut Verdict) -> Vec<Vec<u8>> {
    let mut slots = BTreeMap::new();
    let mut log = Vec::new();
    for file in files(&session.dir(), LOG) {
        match (file.kind, file.content) {
            (Kind::Lock, _) => {}
            (Kind::Log, Some(content)) => log = content,
            (Kind::Backup(slot), Some(content)) => {
                if slots.insert(slot, content).is_some() {
                    verdict.faults.push(format!("slot {slot} holds two files"));
                }
            }
            (Kind::Log | Kind::Backup(_), None) => {
                verdict.faults.push(format!("'{}' is not whole", file.name));
            }
            _ => verdict.left_over.push(file.name),
        }
    }
    let highest = slots.last_key_value().map_or(0, |(slot, _)| *slot);
    if highest != slots.len() as u64 {
        verdict.faults.push(format!("there are gaps: {:?}", slots.keys()));
    }
    // One file may be missing: the one that a rotation removed to make room before it failed.
    let keep = session.scene.keep;
    // A file that grew because no rotation worked takes the room of several.
    let size: usize = slots.values().map(Vec::len).sum();
    let full = slots.len() + 1 >= keep || session.scene.is_capped() && size / LIMIT + 1 >= keep;
    slots.insert(0, log);
    let all: Vec<u8> = slots.into_values().rev().flatten().collect();
    let lines: Vec<Vec<u8>> =
        all.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let oldest = &[session.before.all(), line("line", 0)].concat()[..line("x", 0).len()];
    let is_there = lines.first().is_some_and(|first| first == oldest);
    if !full && !is_there && !rescued.contains(oldest) {
        verdict.faults.push("the oldest is gone without need".to_owned());
    }
    lines
}

/// Compares the lines that are there with the expected ones.
fn compare(
    session: &Session,
    is: &[Vec<u8>],
    rescued: &BTreeSet<Vec<u8>>,
    claims_all: bool,
    verdict: &mut Verdict,
) {
    let mut before = session.before.clone();
    if before.log.last().is_some_and(|last| *last != b'\n') {
        before.log.push(b'\n');
    }
    let all = [before.all(), lines("line", 0, LINES), line("fresh", 0)].concat();
    let wanted: Vec<&[u8]> = all.split_inclusive(|byte| *byte == b'\n').collect();
    let places: BTreeMap<&[u8], usize> = wanted.iter().copied().zip(0..).collect();
    let mut at = Vec::new();
    for line in is {
        match places.get(line.as_slice()) {
            Some(place) => at.push(*place),
            None => verdict.faults.push(format!("no line: {:?}", String::from_utf8_lossy(line))),
        }
    }
    let is_down = |pair: &&[usize]| pair[0] > pair[1];
    let there: BTreeSet<usize> = at.iter().copied().collect();
    verdict.doubled += at.len() - there.len();
    if verdict.doubled == 0
        && let Some(pair) = at.windows(2).find(is_down)
    {
        let [one, two] = [pair[0], pair[1]].map(|i| String::from_utf8_lossy(&wanted[i][..10]));
        verdict.faults.push(format!("{one} stands before {two}"));
    }
    // The settings allow the oldest lines to be removed.
    let first = there.first().copied().unwrap_or(0);
    let missing: Vec<&[u8]> = (first..wanted.len())
        .filter(|place| !there.contains(place))
        .map(|place| wanted[place])
        .collect();
    // Lines that were never read are at the end of the input.
    let unread = missing
        .iter()
        .rev()
        .take_while(|line| !rescued.contains(**line))
        .filter(|line| line.starts_with(b"line "))
        .count();
    for line in &missing {
        let is_told = rescued.contains(*line);
        if claims_all || !is_told {
            verdict.lost += 1;
        }
    }
    if !claims_all {
        verdict.lost -= unread;
    }
}

/// Disturbs a scene at its chosen points.
fn try_scene(scene: &Scene, nth: usize) -> Result<(), String> {
    let recording = Session::record(scene);
    let mut all_of_them = Vec::new();
    let mut beyond_reach = 0;
    for call in recording.calls.iter().filter(|call| is_disturbed(call)) {
        if recording.aim(call, &recording.dir).is_none() {
            beyond_reach += 1;
            continue;
        }
        for lasting in [false, true] {
            for error in errors(call, lasting) {
                all_of_them.push(Disturbance { call, error, lasting });
            }
        }
    }
    let points = sample(all_of_them.len(), nth, scene.name);
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let missed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let by = &all_of_them[*point];
                    let session = Session::new(scene);
                    let (ended, hit) = disturbed(&session, &recording, by);
                    if !hit {
                        missed.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    let verdict = judge(&session, &ended);
                    tally.lock().expect("not poisoned").add(&by.told(), verdict);
                }
            });
        }
    });
    let tally = tally.into_inner().expect("not poisoned");
    let missed = missed.into_inner();
    // Threads that write to each other's pipes sometimes change the numbers.
    assert!(missed <= 2 + points.len() / 10, "{missed} of {} missed", points.len());
    let beyond = format!("{beyond_reach} calls beyond reach, {missed} points missed");
    tally.conclude(&format!("failing, {} ({beyond})", scene.name))
}

/// Disturbs the scenes with these names. They remove no generation, except those that test exactly
/// this.
fn try_scenes(names: &[&str], nth: usize) {
    all_good(names.iter().map(|name| {
        let mut scenes = SCENES.iter().chain(&MORE);
        let scene = scenes.find(|scene| scene.name == *name).expect("a scene");
        let keep = if scene.keep < 5 { scene.keep } else { 50 };
        try_scene(&Scene { keep, ..*scene }, nth)
    }));
}

#[test]
#[ignore = "needs strace"]
fn errors_when_plain() {
    try_scenes(
        &[
            "plain in pieces",
            "plain, from nothing",
            "plain, 1 backup",
            "plain, 0 backups",
            "plain, --sync batch",
        ],
        37,
    );
}

#[test]
#[ignore = "needs strace"]
fn errors_with_records_of_many_lines() {
    try_scenes(&["records", "records, gzip"], 61);
}

#[test]
#[ignore = "needs strace"]
fn errors_when_compressing() {
    try_scenes(&["gzip", "gzip, 1 backup", "gzip, --sync batch"], 61);
}

#[test]
#[ignore = "needs strace"]
fn errors_when_capped() {
    try_scenes(&["cap, plain", "cap, 1 backup"], 37);
}

#[test]
#[ignore = "needs strace"]
fn errors_when_diverted() {
    try_scenes(&["diverted", "diverted, gzip"], 61);
}

#[test]
#[ignore = "needs strace"]
fn errors_when_mending() {
    try_scenes(
        &[
            "temp",
            "temp and half a .gz",
            "several orphans",
            "two generations in a slot",
            "one generation twice",
            "torn end",
            "log missing",
        ],
        83,
    );
}
