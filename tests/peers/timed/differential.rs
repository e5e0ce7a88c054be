//! `clh-tee` alone, Python alone, and both in turn leave the same directory.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::all;
use super::cases::{Case, Event, UNITS};
use super::clock::Clock;
use super::python::Python;
use crate::harness::generations::{inflated, is_gz};
use crate::harness::{Dice, Place, Running, Tee, until};

/// The default seed.
const SEED: u64 = 20_261_122;

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

enum Writer {
    Tee(Running),
    /// Python's script, which knows the writer by this name.
    Python(String),
}

/// The files at the end: names and contents.
type Files = BTreeMap<String, Vec<u8>>;

/// A case being carried out in one directory.
struct Run<'a> {
    case: &'a Case,
    place: Place,
    clock: Clock,
    python: &'a mut Python,
    writers: [Option<Writer>; 2],
    /// Which of the two writers are Python's.
    is_python: [bool; 2],
}

impl<'a> Run<'a> {
    fn new(case: &'a Case, python: &'a mut Python, is_python: [bool; 2]) -> Self {
        let place = Place::fresh();
        fs::create_dir(place.path("logs")).expect("make a directory");
        for (name, content) in ["app.log", ".__app.lock"].iter().zip([case.before.0, case.before.1])
        {
            if let Some(content) = content {
                place.write(&format!("logs/{name}"), content.as_bytes());
            }
        }
        python.order(&["zone", case.settings.zone]);
        let clock = Clock::of(&place);
        Self { case, place, clock, python, writers: [None, None], is_python }
    }

    /// Carries out the case; returns the files at the end.
    fn go(mut self) -> Files {
        for event in &self.case.events {
            match event {
                Event::Time(now) => {
                    self.clock.set(*now);
                    self.python.order(&["time", &now.to_string()]);
                }
                Event::Start(writer) => self.writers[*writer] = Some(self.start(*writer)),
                Event::Line(writer, line) => self.line(*writer, line),
                Event::Stop(writer) => match self.writers[*writer].take().expect("it runs") {
                    Writer::Tee(tee) => {
                        let ended = tee.finish();
                        ended.expect(0);
                        // The clock runs far ahead of the log's time of creation.
                        let told = ended.stderr();
                        let old = |line: &str| line.contains("is older than an interval");
                        assert!(told.lines().all(old), "{told}");
                    }
                    Writer::Python(name) => self.python.order(&["stop", &name]),
                },
            }
        }
        files(&self.place.path("logs"))
    }

    fn start(&mut self, writer: usize) -> Writer {
        let (settings, log) = (&self.case.settings, self.place.path("logs/app.log"));
        if self.is_python[writer] {
            let (name, words) = (format!("writer {writer}"), settings.words());
            let mut order = vec!["start", &name, log.to_str().expect("UTF-8")];
            order.extend(words.iter().map(String::as_str));
            self.python.order(&order);
            return Writer::Python(name);
        }
        let tee = Tee::new(&self.place).args(&settings.options()).arg(log);
        let mut tee = self.clock.shown_to(tee, settings.zone).start();
        tee.until_ready();
        Writer::Tee(tee)
    }

    fn line(&mut self, writer: usize, line: &str) {
        match self.writers[writer].as_mut().expect("it runs") {
            Writer::Python(name) => self.python.order(&["line", name, line]),
            Writer::Tee(tee) => {
                tee.feed(format!("{line}\n").as_bytes());
                let end = format!("{line}\n").into_bytes();
                until(SOON, "the line is in", || self.place.read("logs/app.log").ends_with(&end));
            }
        }
    }
}

/// Returns the files in `dir`, compressed ones decompressed.
fn files(dir: &Path) -> Files {
    let entries = fs::read_dir(dir).expect("list a directory");
    entries
        .map(|entry| {
            let entry = entry.expect("list a directory");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let bytes = fs::read(entry.path()).expect("read a file");
            let whole = || panic!("'{name}' is not whole: {bytes:x?}");
            let content =
                if is_gz(&name) { inflated(&bytes).unwrap_or_else(whole) } else { bytes.clone() };
            (name, content)
        })
        .collect()
}

/// Returns the seed from the environment, or the default.
fn seed() -> u64 {
    match env::var("CLH_TEE_TEST_SEED") {
        Ok(text) => text.parse().expect("CLH_TEE_TEST_SEED is a number"),
        Err(_) => SEED,
    }
}

/// Tries cases with these units.
fn try_units(units: &[&'static str]) {
    let (each, seed) = (if all() { 80 } else { 6 }, seed());
    let mut dice = Dice::new(seed + units[0].bytes().map(u64::from).sum::<u64>());
    let mut python = Python::start();
    let (mut differing, mut backups) = (Vec::new(), 0);
    for unit in units {
        for _ in 0..each {
            let case = Case::random(&mut dice, unit);
            let wanted = Run::new(&case, &mut python, [true; 2]).go();
            backups += wanted.len().saturating_sub(2);
            for is_python in [[false; 2], [true, false], [false, true]] {
                let is = Run::new(&case, &mut python, is_python).go();
                if is != wanted {
                    differing.push(format!(
                        "{case:#?}\nPython: {is_python:?}\nis     {}\nwanted {}\n",
                        shown(&is),
                        shown(&wanted)
                    ));
                }
            }
        }
    }
    assert!(
        differing.is_empty(),
        "{} differ (CLH_TEE_TEST_SEED={seed}), the first:\n{}",
        differing.len(),
        differing[0]
    );
    let cases = each * units.len();
    assert!(backups > cases, "{backups} backups in {cases} cases: the test tests too little");
}

/// Formats files, each with its content.
fn shown(files: &Files) -> String {
    let shown = |(name, content): (&String, &Vec<u8>)| {
        format!("\n  {name}: {:?}", String::from_utf8_lossy(content))
    };
    files.iter().map(shown).collect()
}

#[test]
#[ignore = "needs python3 with CLH"]
fn seconds_and_minutes() {
    try_units(&UNITS[..2]);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn hours_and_days() {
    try_units(&UNITS[2..4]);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn midnight() {
    try_units(&UNITS[4..5]);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn days_of_the_week() {
    try_units(&UNITS[5..]);
}
