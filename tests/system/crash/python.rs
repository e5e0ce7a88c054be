//! Python in the same directory: it continues alone after a killed `clh-tee`; it is killed, and
//! `clh-tee` repairs what it leaves; and, for comparison, it continues alone after it was killed,
//! and there it loses whole generations.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use nix::unistd::Pid;

use super::kills::{Tally, all_good, killed, named};
use super::scenes::{LIMIT, SCENES, Scene, line, lines};
use super::session::{LINES, Session, lines_in};
use super::{sample, say};
use crate::harness::Peer;
use crate::harness::generations::{Generations, Verdict, is_gz};
use crate::harness::strace::{Recording, Strace};

/// How many lines Python appends: enough for a rotation.
const MORE: usize = 12;

/// Returns the version of concurrent-log-handler for these tests.
fn peer() -> Peer {
    Peer::of_version("0.9.31")
}

/// Returns the scenes with these names.
fn scenes<const N: usize>(names: [&str; N]) -> [&'static Scene; N] {
    names.map(|name| {
        let mut found = SCENES.iter().filter(|scene| scene.name == name);
        found.next().expect("a scene of this name")
    })
}

/// Lets Python alone continue in all of these directories.
fn python_goes_on(sessions: &[&Session]) {
    let Some(first) = sessions.first() else {
        return;
    };
    first.place.write("more", &lines("more", 0, MORE));
    let mut list = String::new();
    for session in sessions {
        let (dir, source) = (session.dir(), first.place.path("more"));
        let (keep, gzip) = (session.scene.keep, u8::from(session.scene.gzip()));
        // This is "app.log" in hexadecimal.
        let name = "6170702e6c6f67";
        let (dir, source) = (dir.display(), source.display());
        writeln!(list, "{dir} {source} 0a {LIMIT} {keep} {gzip} {name}")
            .expect("write to a string");
    }
    first.place.write("list", list.as_bytes());
    let output =
        peer().script("cases.py").arg(first.place.path("list")).output().expect("start Python");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
}

/// Returns the expected files after Python continued after `count` lines.
fn model_after_python(session: &Session, count: usize) -> Generations {
    let mut model = session.model(count);
    model.append_all(&lines("more", 0, MORE), LIMIT, session.scene.keep);
    model
}

/// Checks the directory of a killed `clh-tee` after Python alone continued: everything must be
/// there; a private file, unknown to Python, may be there too.
fn judge_python(session: &Session, count: usize) -> Verdict {
    let mut verdict = session.judge(&model_after_python(session, count));
    let private = |name: &String| name.starts_with(".__") && is_gz(name);
    verdict.left_over.retain(|name| !private(name));
    verdict.faults.retain(|fault| !fault.starts_with("'.__"));
    verdict
}

#[test]
#[ignore = "needs strace and python3 with CLH"]
fn python_alone_goes_on_after_a_killed_clh_tee() {
    let names = ["plain", "plain, 1 backup", "gzip", "gzip, 1 backup", "plain, --sync batch"];
    all_good(scenes(names).map(|scene| {
        let recording = Session::record(scene);
        let points = sample(recording.changing().len(), 5, scene.name);
        let killed: Vec<_> = points.iter().map(|point| killed(scene, &recording, *point)).collect();
        let sessions: Vec<&Session> = killed.iter().map(|(session, _)| session).collect();
        python_goes_on(&sessions);
        let mut tally = Tally::default();
        for (point, (session, count)) in points.iter().zip(&killed) {
            let mut verdict = judge_python(session, *count);
            // A later clh-tee removes what is useless.
            let fresh = line("fresh", 0);
            let faults = session.go_on(scene.args, &fresh);
            let mut model = model_after_python(session, *count);
            model.append(&fresh, LIMIT, scene.keep);
            verdict.add(session.judge(&model));
            verdict.faults.extend(faults);
            let what = format!("point {point}, {}", named(recording.changing()[*point]));
            tally.add(&what, verdict);
        }
        tally.conclude(&format!("killed, {}, Python goes on alone", scene.name))
    }));
}

/// A Python writer that waits for its start.
struct Writer(Child);

impl Writer {
    /// Starts the process and waits until it is ready to write.
    fn ready(session: &Session) -> Self {
        session.place.write("input", &lines("line", 0, LINES));
        let (keep, gzip) = (session.scene.keep, u8::from(session.scene.gzip()));
        let mut child = peer()
            .script("session.py")
            .arg(session.log())
            .args([LIMIT.to_string(), keep.to_string(), gzip.to_string()])
            .arg(session.place.path("input"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start Python");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut word = String::new();
        BufReader::new(stdout).read_line(&mut word).expect("hear from Python");
        assert_eq!(word, "ready\n", "Python could not start");
        Self(child)
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.0.id()).expect("a process id"))
    }

    /// Lets it write and waits for its end; returns the signal that killed it.
    fn go(mut self) -> Option<i32> {
        let mut gate = self.0.stdin.take().expect("stdin is a pipe");
        gate.write_all(b"go\n").expect("start Python writing");
        let status = self.0.wait().expect("wait for Python");
        assert!(status.success() || status.signal() == Some(9), "Python: {status}");
        status.signal()
    }
}

/// Records a session of Python.
fn record(scene: &Scene) -> Recording {
    let session = Session::new(scene);
    let writer = Writer::ready(&session);
    let strace = Strace::attach(writer.pid(), &session.calls(), &[], None);
    assert_eq!(writer.go(), None);
    Recording::of(strace.finish(), session.place.dir())
}

/// Runs a session of Python that is killed at `point`; returns it and how many of its lines were in
/// the log.
fn killed_python<'a>(
    scene: &'a Scene,
    recording: &Recording,
    point: usize,
) -> (Session<'a>, usize) {
    let session = Session::new(scene);
    let writer = Writer::ready(&session);
    let aim =
        recording.aim(recording.changing()[point], session.place.dir()).expect("within reach");
    let name = &recording.changing()[point].name;
    let inject = format!("{name}:signal=KILL:when={}", aim.number);
    let (output, path) = (session.calls(), aim.path.as_deref());
    let strace = Strace::attach(writer.pid(), &output, &[inject], path);
    assert_eq!(writer.go(), Some(9), "killed");
    let count = lines_in(&strace.finish(), &session.log());
    (session, count)
}

#[test]
#[ignore = "needs strace and python3 with CLH"]
fn a_killed_python_is_mended() {
    all_good(scenes(["plain", "gzip"]).map(|scene| {
        let recording = record(scene);
        let points = sample(recording.changing().len(), 12, scene.name);
        let mut tally = Tally::default();
        for point in points {
            let (session, count) = killed_python(scene, &recording, point);
            let fresh = line("fresh", 0);
            let faults = session.go_on(scene.args, &fresh);
            let mut model = session.model(count);
            model.append(&fresh, LIMIT, scene.keep);
            let mut verdict = session.judge(&model);
            verdict.faults.extend(faults);
            let what = format!("point {point}, {}", named(recording.changing()[point]));
            tally.add(&what, verdict);
        }
        tally.conclude(&format!("Python killed, {}, clh-tee mends", scene.name))
    }));
}

/// For comparison. The test only asserts that the comparison is meaningful: these kills do lose
/// lines if no writer repairs.
#[test]
#[ignore = "needs strace and python3 with CLH"]
fn a_killed_python_that_goes_on_alone_for_comparison() {
    for scene in scenes(["plain", "gzip"]) {
        let recording = record(scene);
        let count = recording.changing().len();
        let points = sample(count, 4, scene.name);
        let count = points.len();
        let killed: Vec<_> =
            points.into_iter().map(|point| killed_python(scene, &recording, point)).collect();
        let sessions: Vec<&Session> = killed.iter().map(|(session, _)| session).collect();
        python_goes_on(&sessions);
        let (mut total, mut bad) = (Verdict::default(), 0);
        for (session, count) in &killed {
            let verdict = session.judge(&model_after_python(session, *count));
            bad += usize::from(!verdict.is_good());
            total.add(verdict);
        }
        say(&format!(
            "Python killed, {}, Python goes on alone: {count} points, {bad} of them bad: {total}",
            scene.name
        ));
        assert!(bad > 0, "the points are not those where a kill hurts");
    }
}
