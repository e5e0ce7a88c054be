//! Many writers, Python among them, share one log: promises 1, 2, 3 and 5.
//!
//! Real concurrent-log-handler processes and `clh-tee` processes write numbered lines to one log.
//! Half of them write at full speed. The limit is so small that they rotate all the time, and there
//! are enough backups to keep everything. Afterwards the test reads the chain, oldest first: every
//! line of each writer must be there, whole, once and in order, and there must be no files except
//! the log, the chain and the lock. The writers must also have taken turns often.
//!
//! concurrent-log-handler 0.9.20 keeps one backup fewer than configured, so the chain must stay
//! well below the 999 slots configured here.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use crate::harness::{Dice, Peer, Place, PythonWriter, Running, Tee, check_numbered, numbered};

/// Backups to keep, as text: more than the test makes.
const BACKUPS: &str = "999";

/// Lines of each Python writer. Python's speed decides how long the test takes.
const PYTHON_LINES: usize = 2000;

/// The maximum number of lines of one `clh-tee`, so that it does not fill the chain where Python is
/// slow.
const TEE_LINES: usize = 6000;

/// How the `clh-tee` writers are fed: every other one with pauses.
///
/// At full speed a writer may append everything in one turn, when it first gets the lock. With
/// pauses it takes many turns.
struct Supply {
    /// The maximum number of lines for a writer at full speed.
    at_once: usize,
    /// The maximum number of lines for a writer with pauses.
    slowly: usize,
    /// The pause after a few lines.
    pause: Duration,
    /// Ends the feeding before the maximum is reached.
    enough: AtomicBool,
}

impl Supply {
    /// Feeds lines of `name` to a writer, in pieces that end anywhere; returns how many lines.
    fn feed(&self, mut input: ChildStdin, name: &str) -> usize {
        let slowly = name.ends_with(['1', '3', '5', '7', '9']);
        let most = if slowly { self.slowly } else { self.at_once };
        let mut dice = Dice::new(name.bytes().map(u64::from).sum());
        let (mut waiting, mut seq) = (Vec::new(), 0);
        while seq < most && !self.enough.load(Ordering::Relaxed) {
            for _ in 0..=dice.below(8) {
                waiting.extend(numbered(name, seq).into_bytes());
                seq += 1;
            }
            let piece = 1 + dice.below(waiting.len());
            input.write_all(&waiting[..piece]).expect("feed the program");
            waiting.drain(..piece);
            if slowly {
                thread::sleep(self.pause);
            }
        }
        input.write_all(&waiting).expect("feed the program");
        seq
    }
}

/// Asserts that there are only the log, the lock and a chain without a gap, all backups of one
/// form.
fn check_names(place: &Place, gzip: bool) {
    let end = if gzip { ".gz" } else { "" };
    let slots = place.backups("app.log").len();
    let mut expected: Vec<String> = (1..=slots).map(|n| format!("app.log.{n}{end}")).collect();
    expected.extend([".__app.lock".into(), "app.log".into()]);
    expected.sort();
    assert_eq!(place.names(), expected);
    assert!((20..990).contains(&slots), "{slots} backups: the test tests too little, or too much");
}

/// Asserts that no line is lost, that no file is left over, and that the writers took turns.
fn check(place: &Place, counts: &BTreeMap<String, usize>, gzip: bool) {
    let turns = check_numbered(&place.chain("app.log"), counts);
    assert!(turns > 200, "only {turns} turns: they wrote one after another, not at once");
    check_names(place, gzip);
}

/// Starts `n` `clh-tee` writers, named `t0`, `t1`, …; the log is among the `options`.
fn tees(place: &Place, n: usize, options: &str) -> Vec<(String, Running)> {
    let kept = format!("-q --backups {BACKUPS}");
    let tee = || Tee::new(place).args(options).args(&kept).start();
    (0..n).map(|i| (format!("t{i}"), tee())).collect()
}

/// Feeds all writers at once and lets them finish; returns how many lines each got.
fn feed_all(tees: &mut [(String, Running)], supply: &Supply) -> BTreeMap<String, usize> {
    thread::scope(|scope| {
        let begin = |(name, tee): &mut (String, Running)| {
            let (input, name) = (tee.take_input(), name.clone());
            scope.spawn(move || (supply.feed(input, &name), name))
        };
        let feeders: Vec<_> = tees.iter_mut().map(begin).collect();
        let end = |feeder: ScopedJoinHandle<'_, (usize, String)>| {
            let (count, name) = feeder.join().expect("a feeder");
            (name, count)
        };
        feeders.into_iter().map(end).collect()
    })
}

/// Runs 4 Python and 8 `clh-tee` writers on one log; returns how many lines each wrote. The
/// `options`, which name the log, are added to those of `clh-tee`.
fn mixed(place: &Place, version: &str, gzip: bool, options: &str) -> BTreeMap<String, usize> {
    let limit = "8192";
    let peer = Peer::of_version(version);
    let (gz, count) = (if gzip { "1" } else { "0" }, PYTHON_LINES.to_string());
    let python = |i| {
        let args = [limit, BACKUPS, gz, &format!("p{i}"), &count];
        PythonWriter::ready(&peer, &place.path("app.log"), &args)
    };
    let mut pythons: Vec<PythonWriter> = (0..4).map(python).collect();
    let gzip = if gzip { "--gzip" } else { "" };
    let mut tees = tees(place, 8, &format!("--max-bytes {limit} {gzip} {options}"));
    let supply = Supply {
        at_once: TEE_LINES,
        slowly: TEE_LINES,
        pause: Duration::from_millis(1),
        enough: AtomicBool::new(false),
    };

    let mut counts = thread::scope(|scope| {
        pythons.iter_mut().for_each(PythonWriter::go);
        scope.spawn(|| {
            pythons.into_iter().for_each(PythonWriter::wait);
            supply.enough.store(true, Ordering::Relaxed);
        });
        feed_all(&mut tees, &supply)
    });
    for (_, tee) in tees {
        tee.finish().expect_quiet_success();
    }

    counts.extend((0..4).map(|i| (format!("p{i}"), PYTHON_LINES)));
    counts
}

/// Runs them and checks that nothing is missing.
fn mix(version: &str, gzip: bool) {
    let place = Place::fresh();
    let counts = mixed(&place, version, gzip, "app.log");
    check(&place, &counts, gzip);
}

/// Runs them with a `--max-total` of `kib` KiB, which Python does not know. At the end only the
/// newest lines are there, as many as fit.
fn mix_capped(gzip: bool, kib: usize) {
    let place = Place::fresh();
    let cap = format!("--max-total {kib}K");
    let counts = mixed(&place, "0.9.31", gzip, &format!("{cap} app.log"));
    // Python may have done the last rotation.
    let gzip = if gzip { "--gzip" } else { "" };
    let rotate = format!("-q --rotate --backups {BACKUPS} {cap} {gzip} app.log");
    Tee::new(&place).args(&rotate).run(b"").expect_quiet_success();

    let backups = place.backups("app.log");
    let size = |name: &String| std::fs::metadata(place.path(name)).expect("a backup").len();
    let total = backups.iter().map(size).sum::<u64>();
    let cap = kib as u64 * 1024;
    // A backup is a little larger than the limit, and space for one log is reserved.
    assert!((cap - 2 * 9000..=cap).contains(&total), "{total} bytes in {} backups", backups.len());
    let (all, mut missing) = (place.chain("app.log"), counts.clone());
    for line in all.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let name = str::from_utf8(line).expect("text").split(' ').next().expect("a name");
        *missing.get_mut(name).expect("a writer") -= 1;
    }
    // Each writer's first lines are the missing ones.
    let gone = missing.iter().flat_map(|(name, count)| (0..*count).map(|seq| numbered(name, seq)));
    let gone: String = gone.collect();
    check_numbered(&[gone.as_bytes(), &all].concat(), &counts);
    assert!(missing.values().sum::<usize>() > 10_000, "the cap cost hardly anything");
}

/// Runs them; each `clh-tee` copies all its lines to Python's log.
#[test]
#[ignore = "needs python3 with CLH"]
fn newest_python_in_a_log_to_which_lines_are_copied() {
    let place = Place::fresh();
    let mut counts = mixed(&place, "0.9.31", true, "all.log --copy ^t app.log");
    let turns = check_numbered(&place.chain("app.log"), &counts);
    assert!(turns > 200, "only {turns} turns: they wrote one after another, not at once");
    counts.retain(|name, _| name.starts_with('t'));
    check_numbered(&place.chain("all.log"), &counts);
    let chain = |log: &str| {
        let slots = (1..=place.backups(log).len()).map(|slot| format!("{log}.{slot}.gz"));
        slots.chain([log.to_owned()]).collect::<Vec<_>>()
    };
    let locks = [".__all.lock", ".__app.lock"].map(str::to_owned).to_vec();
    let mut wanted = [locks, chain("all.log"), chain("app.log")].concat();
    wanted.sort();
    assert_eq!(place.names(), wanted);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn newest_python_plain() {
    mix("0.9.31", false);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn newest_python_gzip() {
    mix("0.9.31", true);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn old_python_plain() {
    mix("0.9.20", false);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn old_python_gzip() {
    mix("0.9.20", true);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn newest_python_plain_capped() {
    mix_capped(false, 256);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn newest_python_gzip_capped() {
    mix_capped(true, 64);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn thirty_two_at_once_gzip() {
    let place = Place::fresh();
    let mut tees = tees(&place, 32, "--max-bytes 4K --gzip app.log");
    let supply = Supply {
        at_once: 100,
        // Enough that the writers take turns on a busy machine, too.
        slowly: 800,
        pause: Duration::from_millis(40),
        enough: AtomicBool::new(false),
    };
    let counts = feed_all(&mut tees, &supply);
    for (_, tee) in tees {
        tee.finish().expect_quiet_success();
    }
    check(&place, &counts, true);
}
