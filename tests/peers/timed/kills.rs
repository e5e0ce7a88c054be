//! Writers are killed at every call that changes something, while the log rotates by the clock and
//! by size.
//!
//! The session finds a log whose time has passed and a lock file that says so. It rotates at its
//! start and twice more because the log is full. Wherever it was killed, every line that was in the
//! log is whole in some file. The next writer, `clh-tee` or Python, loses, doubles and strands no
//! line and repairs the rest; but Python leaves a backup in both forms for `clh-tee` to repair.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::clock::Clock;
use super::dated::Found;
use super::python::Python;
use crate::harness::generations::{inflated, is_gz};
use crate::harness::strace::{Call, Recording, parse};
use crate::harness::{Place, Tee};

/// The log's limit, in bytes.
const LIMIT: usize = 500;

/// The length of a line; ten fill a log.
const LINE: usize = 50;

/// How many lines a session has: two full logs and a half.
const LINES: usize = 25;

/// The time of the session.
const NOW: i64 = 1_795_348_800;

/// The interval: a day.
const DAY: i64 = 86_400;

struct Scene {
    /// Additional options.
    args: &'static str,
    /// How many backups to keep; 0 keeps all.
    keep: usize,
}

impl Scene {
    fn args(&self) -> String {
        let Self { args, keep } = self;
        format!("-q --when D --utc --max-bytes {LIMIT} --backups {keep} {args} logs/app.log")
    }
}

fn line(what: &str, number: usize) -> Vec<u8> {
    let mut line = format!("{what} {number:03} ").into_bytes();
    line.resize(LINE - 1, b'x');
    line.push(b'\n');
    line
}

fn lines(what: &str, count: usize) -> Vec<u8> {
    (0..count).flat_map(|number| line(what, number)).collect()
}

/// Makes a place where a session can begin; returns it and its lines.
fn begin() -> (Place, Vec<u8>) {
    let place = Place::fresh();
    fs::create_dir(place.path("logs")).expect("make a directory");
    let (oldest, old, log) = (lines("oldest", 4), lines("old", 5), lines("log", 6));
    place.write("logs/app.log.2026-09-01", &oldest);
    place.write("logs/app.log.2026-09-02", &old);
    place.write("logs/app.log", &log);
    place.write("logs/.__app.lock", (NOW - 60).to_string().as_bytes());
    place.write("input", &lines("line", LINES));
    Clock::of(&place).set(NOW);
    (place, [oldest, old, log].concat())
}

/// Runs a session under strace from its first call. `inject` is what strace does; with a `path`, it
/// does it only at calls about that path.
fn run(
    scene: &Scene,
    place: &Place,
    inject: Option<String>,
    path: Option<PathBuf>,
) -> (Output, Vec<Call>) {
    let output = place.path("calls");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "1", "-e", "signal=none", "-e", "trace=%file,%desc"]);
    if let Some(expression) = inject {
        command.arg("-e").arg(format!("inject={expression}"));
    }
    if let Some(path) = path {
        command.arg("-P").arg(path);
    }
    for (name, value) in Clock::of(place).env("UTC") {
        command.arg("-E").arg(format!("{name}={value}"));
    }
    command.arg("-o").arg(&output).arg(env!("CARGO_BIN_EXE_clh-tee"));
    let input = File::open(place.path("input")).expect("open the input");
    command.args(scene.args().split(' ').filter(|arg| !arg.is_empty()));
    command.current_dir(place.dir()).stdin(input);
    let ended = command.output().unwrap_or_else(|e| panic!("this test needs strace: {e}"));
    Clock::forget_the_dead();
    let text = fs::read_to_string(&output).expect("read what strace wrote");
    let mut calls = parse(&text);
    // These belong to starting a program and to pipes.
    calls.retain(|call| !["execve", "pipe2"].contains(&call.name.as_str()));
    (ended, calls)
}

/// Returns how many lines of the session went into the log, from the recorded calls and from the
/// files.
fn lines_in(place: &Place, calls: &[Call]) -> usize {
    let log = place.path("logs/app.log");
    let written = calls.iter().filter(|call| call.writes_to(&log)).filter_map(|call| call.result);
    let written = usize::try_from(written.sum::<i64>()).expect("a count") / LINE;
    let found = Found::in_dir(&place.path("logs")).all();
    let is_there = |number: &usize| found.windows(LINE).any(|part| part == line("line", *number));
    let there = (0..LINES).rev().find(is_there).map_or(0, |last| last + 1);
    written.max(there)
}

/// Asserts that every line of `wanted` is in an intact file other than the private ones.
fn assert_all_there(place: &Place, keep: usize, wanted: &[u8]) {
    let mut there = BTreeSet::new();
    for name in place.names_in("logs").iter().filter(|name| name.starts_with("app.log")) {
        let bytes = fs::read(place.path("logs").join(name)).expect("read a file");
        let content = if is_gz(name) { inflated(&bytes) } else { Some(bytes) };
        let content = content.unwrap_or_else(|| panic!("'{name}' is not whole"));
        there.extend(content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }
    let lost = |line: &&[u8]| !there.contains(*line) && (keep == 0 || line.starts_with(b"li"));
    let lost: Vec<_> = wanted.split_inclusive(|byte| *byte == b'\n').filter(lost).collect();
    assert!(lost.is_empty(), "{} lines are lost", lost.len());
}

/// Asserts that the log and the backups hold `wanted`, without the oldest beyond `keep`.
fn assert_kept(found: &Found, keep: usize, wanted: &[u8]) {
    let all = found.all();
    let [is, ought] = [&all[..], wanted].map(String::from_utf8_lossy);
    assert!(wanted.ends_with(&all), "is\n{is}wanted\n{ought}");
    let count = found.backups.len();
    assert!(all.len() == wanted.len() || count >= keep, "{count} backups, and some are gone");
}

/// Lets `clh-tee` append the line `what` at the time `now`, and checks what it leaves.
fn go_on(scene: &Scene, place: &Place, now: i64, what: &str, wanted: &mut Vec<u8>) -> Found {
    let (fresh, clock) = (line(what, 0), Clock::of(place));
    clock.set(now);
    let tee = clock.shown_to(Tee::new(place), "UTC").args(&scene.args());
    tee.run(&fresh).expect_quiet_success();
    wanted.extend(fresh);
    let found = Found::in_dir(&place.path("logs"));
    assert_kept(&found, scene.keep, wanted);
    found
}

/// Asserts that everything is in order after one more rotation.
fn assert_mended(scene: &Scene, found: &Found) {
    let count = found.backups.len();
    let full = LIMIT * scene.keep;
    let fit = count <= scene.keep
        || scene.args.contains("--max-total")
            && found.backups.iter().map(|backup| backup.content.len()).sum::<usize>() <= full;
    assert!(scene.keep == 0 || fit, "{count} backups");
    assert_eq!(found.others, [""; 0], "strangers");
    let plain = |name: &&String| !is_gz(name) && !name.contains("2026-09-0");
    let plain: Vec<_> = found.backups.iter().map(|backup| &backup.name).filter(plain).collect();
    assert!(!scene.args.contains("--gzip") || plain.is_empty(), "{plain:?} are plain");
}

/// Lets Python append the line `what`, and checks what it leaves.
fn python_goes_on(scene: &Scene, place: &Place, python: &mut Python, wanted: &mut Vec<u8>) {
    let (log, gzip) = (place.path("logs/app.log"), u8::from(scene.args.contains("--gzip")));
    let settings =
        ["D", "1", "", "1", &scene.keep.to_string(), &LIMIT.to_string(), &gzip.to_string()];
    python.order(&["time", &(NOW + 30).to_string()]);
    let start = ["start", "next", log.to_str().expect("UTF-8")];
    python.order(&[&start[..], &settings[..]].concat());
    let fresh = line("line by Python", 0);
    let text = String::from_utf8(fresh[..LINE - 1].to_vec()).expect("UTF-8");
    python.order(&["line", "next", &text]);
    python.order(&["stop", "next"]);
    wanted.extend(fresh);
    assert_all_there(place, scene.keep, wanted);
}

/// Kills the session at the chosen calls of a scene.
fn try_scene(scene: &Scene) {
    let (place, _) = begin();
    let (ended, calls) = run(scene, &place, None, None);
    assert!(ended.status.success(), "{ended:?}");
    let recording = Recording::of(calls, place.dir());
    let ours = |call: &&Call| call.args.contains("/logs/");
    let points: Vec<&Call> = recording.changing().into_iter().filter(ours).collect();
    let renames = points.iter().filter(|call| call.name == "rename").count();
    assert!(renames >= 3, "a session that rotates: {points:?}");
    let (mut python, mut killed) = (Python::start(), 0);
    for (index, call) in points.iter().enumerate() {
        let (place, before) = begin();
        let Some(aim) = recording.aim(call, place.dir()) else { continue };
        let inject = format!("{}:signal=KILL:when={}", call.name, aim.number);
        let (ended, calls) = run(scene, &place, Some(inject), aim.path);
        // Background work may be left out of a run, and then the call never comes.
        killed += usize::from(ended.status.signal() == Some(9));
        eprintln!("point {index} of {}: {}({})", points.len(), call.name, call.args);
        let mut wanted = [before, lines("line", lines_in(&place, &calls))].concat();
        assert_all_there(&place, scene.keep, &wanted);
        if index % 2 == 0 {
            python_goes_on(scene, &place, &mut python, &mut wanted);
        }
        go_on(scene, &place, NOW + 60, "line fresh", &mut wanted);
        let found = go_on(scene, &place, NOW + 2 * DAY, "line after", &mut wanted);
        assert_mended(scene, &found);
    }
    assert!(killed * 2 > points.len(), "{killed} of {} points", points.len());
}

#[test]
#[ignore = "needs faketime, strace and python3 with CLH"]
fn plain() {
    try_scene(&Scene { args: "", keep: 0 });
}

#[test]
#[ignore = "needs faketime, strace and python3 with CLH"]
fn plain_with_as_many_backups_as_are_kept() {
    try_scene(&Scene { args: "", keep: 4 });
}

#[test]
#[ignore = "needs faketime, strace and python3 with CLH"]
fn plain_with_as_many_backups_as_a_cap_leaves() {
    // Room for three that are full, and for a full log; Python keeps three.
    try_scene(&Scene { args: "--backups 9 --max-total 2000B", keep: 3 });
}

#[test]
#[ignore = "needs faketime, strace and python3 with CLH"]
fn gzip() {
    try_scene(&Scene { args: "--gzip", keep: 0 });
}

#[test]
#[ignore = "needs faketime, strace and python3 with CLH"]
fn gzip_with_as_many_backups_as_are_kept() {
    try_scene(&Scene { args: "--gzip --sync batch", keep: 4 });
}

#[test]
#[ignore = "needs faketime, strace and python3 with CLH"]
fn a_time_that_cannot_be_written_undoes_the_rotation() {
    for args in ["", "--gzip"] {
        let (place, before) = begin();
        let scene = Scene { args, keep: 0 };
        let inject = "pwrite64:error=EIO:when=1".to_owned();
        let lock = place.path("logs/.__app.lock");
        let (ended, _) = run(&scene, &place, Some(inject), Some(lock));
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{told}");
        assert!(told.contains("cannot write lock file 'logs/.__app.lock'"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        // The log is full, but a rotation is not retried at every line.
        let mut wanted = [before, lines("line", LINES)].concat();
        let found = Found::in_dir(&place.path("logs"));
        assert_eq!(found.backups.len(), 2, "{}", place.listing());
        assert!(found.all() == wanted);
        let found = go_on(&scene, &place, NOW + 60, "line fresh", &mut wanted);
        assert_eq!(found.backups.len(), 3, "{}", place.listing());
        assert_mended(&scene, &found);
    }
}
