//! Writers killed at each call that changes something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;

use super::scenes::{LIMIT, LINE, MORE, SCENES, Scene, line, lines};
use super::session::{LINES, LOG, Session, lines_in};
use super::{all, sample, say};
use crate::harness::generations::{Generations, Kind, Verdict, files, is_gz};
use crate::harness::strace::{Call, Recording};

/// The points tried in a scene, and the results.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many points were tried.
    pub(crate) points: usize,
    /// Everything that was wrong, added up.
    pub(crate) verdict: Verdict,
    /// What was wrong at each point, in words.
    pub(crate) told: Vec<String>,
}

impl Tally {
    /// Counts a point.
    pub(crate) fn add(&mut self, what: &str, verdict: Verdict) {
        self.points += 1;
        if !verdict.is_good() {
            self.told.push(format!(
                "{what}: {verdict}\n  left over {:?}\n  {}",
                verdict.left_over,
                verdict.faults.join("\n  ")
            ));
        }
        self.verdict.add(verdict);
    }

    /// Prints a summary; returns what was wrong, each kind of fault once.
    pub(crate) fn conclude(self, what: &str) -> Result<(), String> {
        say(&format!("{what}: {} points: {}", self.points, self.verdict));
        if self.told.is_empty() {
            return Ok(());
        }
        let mut kinds = BTreeMap::new();
        for told in &self.told {
            let (point, wrong) = told.split_once(": ").unwrap_or_default();
            // Numbers and temporary names make no new kind of fault.
            let fixed = |word: &&str| !word.contains(|c: char| c.is_ascii_digit());
            let words = wrong.split([' ', '.', '\'', '"']);
            let kind: String = words.filter(fixed).collect();
            kinds.entry(kind).or_insert((0, point, wrong)).0 += 1;
        }
        let bad = self.told.len();
        let mut wrongs = format!("{what}: {bad} of {} points are bad:\n", self.points);
        for (times, point, wrong) in kinds.into_values() {
            writeln!(wrongs, "{times} times, first {point}:\n  {wrong}")
                .expect("write to a string");
        }
        Err(wrongs)
    }
}

/// Panics if anything was wrong in any scene.
#[track_caller]
pub(crate) fn all_good(outcomes: impl IntoIterator<Item = Result<(), String>>) {
    let wrong: String = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

/// Returns a call in strace's own words, for messages.
pub(crate) fn named(call: &Call) -> String {
    let args: String = call.args.chars().take(150).collect();
    format!("{}:when={} ({args})", call.name, call.number)
}

/// Calls of background work, which come at another place in each run.
const BESIDE: [&str; 2] = ["fdatasync", "fsync"];

/// Returns the names of the calls that change something, without those in [`BESIDE`].
fn changing(calls: &[Call]) -> Vec<&str> {
    let changing =
        calls.iter().filter(|call| call.changes() && !BESIDE.contains(&call.name.as_str()));
    changing.map(|call| call.name.as_str()).collect()
}

/// Runs a session that is killed at `point`, a recorded call that changes something; returns the
/// session and how many of its lines were in the log.
///
/// The number of looks for a file that another thread has claimed differs from run to run, so the
/// kill may hit a later call. Then the session is repeated a few times.
///
/// # Panics
///
/// If the kill always hits another call.
pub(crate) fn killed<'a>(
    scene: &'a Scene,
    recording: &Recording,
    point: usize,
) -> (Session<'a>, usize) {
    const TRIES: usize = 5;
    let mut elsewhere = String::new();
    for _ in 0..TRIES {
        match killed_once(scene, recording, point) {
            Ok(killed) => return killed,
            Err(other) => elsewhere = other,
        }
    }
    panic!("{elsewhere}")
}

/// Does it once; returns where it was killed if that was another call.
fn killed_once<'a>(
    scene: &'a Scene,
    recording: &Recording,
    point: usize,
) -> Result<(Session<'a>, usize), String> {
    let recorded = recording.changing();
    let call = recorded[point];
    let session = Session::new(scene);
    let aim = recording.aim(call, session.place.dir()).expect("within reach");
    let inject = format!("{}:signal=KILL:when={}", call.name, aim.number);
    let over = session.run(&[inject], aim.path.as_deref());
    let so_far = changing(&over.calls);
    if !BESIDE.contains(&call.name.as_str()) {
        // With a path, strace saw only calls about that path.
        let path = aim.path.and_then(|_| call.path());
        let seen = |c: &&&Call| path.as_ref().is_none_or(|path| c.is_about(path));
        let expected = recorded[..=point].iter().filter(seen).map(|c| c.name.as_str());
        let expected: Vec<&str> = expected.filter(|name| !BESIDE.contains(name)).collect();
        if so_far != expected {
            return Err(format!("{so_far:?}, not {expected:?}, killed at {}", named(call)));
        }
    }
    // What background work would sync may be gone by then, and is not synced. Then the session runs
    // to its end.
    let survived = BESIDE.contains(&call.name.as_str()) && over.ended.status.success();
    assert!(survived || over.ended.status.signal() == Some(9), "{}", over.ended.status);
    let mut count = lines_in(&over.calls, &session.log());
    assert!(scene.are_whole(count), "{count} lines: a record was cut at {}", named(call));
    if BESIDE.contains(&call.name.as_str()) {
        // A thread that was not at the call may have written and died before strace could record
        // it.
        count = count.max(lines_there(&session));
    }
    Ok((session, count))
}

/// Returns the number of the last whole line in a session's files.
fn lines_there(session: &Session) -> usize {
    let contents = files(&session.dir(), LOG).into_iter().filter_map(|file| file.content);
    let last = |content: Vec<u8>| {
        let whole = content.split_inclusive(|byte| *byte == b'\n').filter(|l| l.ends_with(b"\n"));
        let numbers =
            whole.filter_map(|line| line.strip_prefix(b"line ")?.get(..3).map(<[u8]>::to_vec));
        numbers.filter_map(|number| String::from_utf8(number).ok()?.parse().ok()).max()
    };
    contents.filter_map(last).max().map_or(0, |last: usize| last + 1)
}

/// Checks what the killed writer of `session` left, before another one repairs it: every backup is
/// intact, and every line is in some intact file.
pub(crate) fn judge_as_left(session: &Session, count: usize) -> Verdict {
    let mut verdict = Verdict::default();
    let mut there = BTreeSet::new();
    for file in files(&session.dir(), LOG) {
        match (file.kind, file.content) {
            (Kind::Log | Kind::Backup(_) | Kind::Temp, Some(content)) => {
                let lines = content.split_inclusive(|byte| *byte == b'\n');
                there.extend(lines.map(<[u8]>::to_vec));
            }
            (Kind::Backup(_), None) => {
                let fault = format!("'{}' is not whole at the kill", file.name);
                verdict.faults.push(fault);
            }
            _ => {}
        }
    }
    // The next writer's rotation would remove this; it may be gone already.
    let mut model = session.model(count);
    model.append(b"fresh\n", LIMIT, session.scene.keep);
    for line in model.all().split_inclusive(|byte| *byte == b'\n') {
        let is_there = there.contains(line) || there.contains(line.trim_ascii_end());
        if line != b"fresh\n" && !is_there {
            verdict.lost += 1;
        }
    }
    verdict
}

/// Lets a fresh writer go on after a kill and checks what it leaves. `torn` is the partial write at
/// the log's end.
fn mended(session: &Session, mut model: Generations, torn: &[u8]) -> Verdict {
    let fresh = session.scene.fresh();
    let faults = session.go_on(session.scene.args, &fresh);
    model.log.extend_from_slice(torn);
    model.append_all(&fresh, LIMIT, session.scene.keep);
    let mut verdict = session.judge(&model);
    verdict.faults.extend(faults);
    if session.scene.gzip() {
        verdict.faults.extend(plain_backups(session));
    }
    verdict
}

/// Returns a complaint for each plain backup of a session that compresses.
fn plain_backups(session: &Session) -> Vec<String> {
    files(&session.dir(), LOG)
        .into_iter()
        .filter(|file| matches!(file.kind, Kind::Backup(_)) && !is_gz(&file.name))
        .filter(|file| {
            let content = file.content.as_deref().unwrap_or_default();
            content.windows(5).any(|word| word == b"line ")
        })
        .map(|file| format!("'{}' is not compressed", file.name))
        .collect()
}

/// Kills the session at the chosen points of a scene.
fn try_scene(scene: &Scene, nth: usize) -> Tally {
    let recording = Session::record(scene);
    let points = recording.changing();
    assert!(points.len() > 6, "a session that rotates: {points:?}");
    let mut tally = Tally::default();
    for index in sample(points.len(), nth, scene.name) {
        let call = points[index];
        let (session, count) = killed(scene, &recording, index);
        let mut verdict = judge_as_left(&session, count);
        verdict.add(mended(&session, session.model(count), b""));
        tally.add(&format!("point {index}, {}", named(call)), verdict);
        if call.writes_to(&session.log()) && count < LINES {
            tally.add(&format!("torn, {}", named(call)), torn(scene, &recording, index));
        }
    }
    tally
}

/// Kills a session at a write to the log and appends the beginning of that write: two and a half
/// lines.
fn torn(scene: &Scene, recording: &Recording, index: usize) -> Verdict {
    let (session, count) = killed(scene, recording, index);
    // Not more than fits: the rest would be another write.
    let fits = LIMIT.saturating_sub(session.model(count).log.len()) / LINE;
    let whole = fits.saturating_sub(1).min(2).min(LINES - count);
    let fragment = b"line xxx ca";
    let part = [&lines("line", count, count + whole), &fragment[..]].concat();
    let mut log = File::options().append(true).open(session.log()).expect("open the log");
    log.write_all(&part).expect("append to the log");
    mended(&session, session.model(count + whole), fragment)
}

/// Kills a session, lets a writer with the other setting for compression go on, and checks what it
/// leaves.
fn mended_by_another(scene: &Scene, recording: &Recording, point: usize) -> Verdict {
    let (session, count) = killed(scene, recording, point);
    let args = if scene.gzip() { "" } else { "--gzip" };
    let fresh = line("fresh", 0);
    let faults = session.go_on(args, &fresh);
    let mut model = session.model(count);
    model.append(&fresh, LIMIT, scene.keep);
    let mut verdict = session.judge(&model);
    verdict.faults.extend(faults);
    verdict
}

/// Kills a session at `point`, and then the next writer at each of its own points, or at every
/// `nth`.
fn killed_twice(scene: &Scene, recording: &Recording, point: usize, nth: usize, tally: &mut Tally) {
    let second = vec![line("second", 0)];
    let (session, _) = killed(scene, recording, point);
    let over = session.run_on(&second, &[], None);
    over.ended.expect(0);
    let rescue = Recording::of(over.calls, session.place.dir());
    let points = rescue.changing();
    for index in sample(points.len(), nth, scene.name) {
        let call = points[index];
        let (session, count) = killed(scene, recording, point);
        let aim = rescue.aim(call, session.place.dir()).expect("within reach");
        let inject = format!("{}:signal=KILL:when={}", call.name, aim.number);
        let over = session.run_on(&second, &[inject], aim.path.as_deref());
        assert_eq!(over.ended.status.signal(), Some(9), "killed");
        let mut model = session.model(count);
        if lines_in(&over.calls, &session.log()) > 0 {
            model.append(&second[0], LIMIT, scene.keep);
        }
        let verdict = mended(&session, model, b"");
        let what = format!("point {point}, then {index}, {}", named(call));
        tally.add(&what, verdict);
    }
}

/// Tries the scenes that `wanted` chooses.
fn try_scenes(wanted: fn(&str) -> bool) {
    let scenes = SCENES.iter().chain(&MORE);
    let scenes = scenes.filter(|scene| wanted(scene.name));
    all_good(scenes.map(|scene| {
        let tally = try_scene(scene, 3);
        tally.conclude(&format!("killed, {}", scene.name))
    }));
}

#[test]
#[ignore = "needs strace"]
fn killed_when_plain() {
    try_scenes(|name| name.starts_with("plain"));
}

#[test]
#[ignore = "needs strace"]
fn killed_when_compressing() {
    try_scenes(|name| name.starts_with("gzip"));
}

#[test]
#[ignore = "needs strace"]
fn killed_when_adopting() {
    try_scenes(|name| name.starts_with("temp") || name.starts_with("several"));
}

#[test]
#[ignore = "needs strace"]
fn killed_when_mending() {
    try_scenes(|name| ["two", "one", "torn", "log", "gap"].iter().any(|w| name.starts_with(w)));
}

#[test]
#[ignore = "needs strace"]
fn killed_when_capped() {
    try_scenes(|name| name.starts_with("cap"));
}

#[test]
#[ignore = "needs strace"]
fn killed_when_diverted() {
    try_scenes(|name| name.starts_with("diverted"));
}

#[test]
#[ignore = "needs strace"]
fn killed_with_records_of_many_lines() {
    try_scenes(|name| name.starts_with("records"));
}

#[test]
#[ignore = "needs strace"]
fn mended_by_a_writer_with_other_settings() {
    let same = |scene: &&Scene| scene.pieces == 1 && !scene.is_capped();
    let scenes = SCENES.iter().filter(same);
    all_good(scenes.map(|scene| {
        let recording = Session::record(scene);
        let mut tally = Tally::default();
        for point in sample(recording.changing().len(), 20, scene.name) {
            let what = format!("point {point}, {}", named(recording.changing()[point]));
            tally.add(&what, mended_by_another(scene, &recording, point));
        }
        tally.conclude(&format!("killed, {}, mended by the other kind", scene.name))
    }));
}

#[test]
#[ignore = "needs strace"]
fn killed_again_when_mending() {
    let names = ["plain", "gzip", "temp and half a .gz", "several orphans"];
    let more = ["two generations in a slot", "torn end, gzip"];
    let is_one = |scene: &&Scene| names.contains(&scene.name) || more.contains(&scene.name);
    let scenes = SCENES.iter().chain(&MORE).filter(is_one);
    all_good(scenes.map(|scene| {
        let recording = Session::record(scene);
        let mut tally = Tally::default();
        let count = recording.changing().len();
        let (first, second) = if all() { (3, 1) } else { (30, 3) };
        for point in (0..count).step_by(first) {
            killed_twice(scene, &recording, point, second, &mut tally);
        }
        tally.conclude(&format!("killed twice, {}", scene.name))
    }));
}

#[test]
fn no_scene_is_forgotten() {
    let tests = [
        "plain", "gzip", "temp", "several", "two", "one", "torn", "log", "gap", "cap", "diverted",
        "records",
    ];
    for scene in SCENES.iter().chain(&MORE) {
        assert!(tests.iter().any(|w| scene.name.starts_with(w)), "{}", scene.name);
    }
}
