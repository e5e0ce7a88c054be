//! Compares many random cases with Python.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::names::stamp::Stamp;

/// How many cases the default Python computes.
const CASES: usize = 23_000;
/// How many cases each other Python computes.
const FEWER: usize = 2_300;

/// A case and Python's answers, in the format of `schedule.py`.
struct Case<'a> {
    zone: &'a str,
    schedule: Schedule,
    now: i64,
    ended: i64,
    first: i64,
    next: i64,
    stamp: &'a str,
}

impl<'a> Case<'a> {
    fn read(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split(' ').collect();
        let [zone, unit, interval, at, utc, now, ended, first, next, stamp] = fields[..] else {
            panic!("no case: {line}");
        };
        let when = match unit {
            "S" => When::Second,
            "M" => When::Minute,
            "H" => When::Hour,
            "D" => When::Day,
            "MIDNIGHT" => When::Midnight,
            day => When::Weekday(Weekday::ALL[day[1..].parse::<usize>().unwrap()]),
        };
        let schedule = Schedule::new(when).interval(interval.parse().unwrap()).utc(utc == "1");
        let schedule = at.parse().map_or(schedule, |second| schedule.at_time(second));
        let [now, ended, first, next] = [now, ended, first, next].map(|it| it.parse().unwrap());
        Self { zone, schedule, now, ended, first, next, stamp }
    }
}

fn cases(python: &Path, count: usize) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/schedule.py");
    let mut python = Command::new(python);
    python.arg("-B").arg(script).args(["20261122", &count.to_string()]);
    let output = python.output().expect("this test needs Python 3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cases = String::from_utf8(output.stdout).unwrap();
    assert_eq!(cases.lines().count(), count);
    cases
}

/// Returns each installed Python from 3.6 on: its path and minor version.
fn pythons() -> Vec<(PathBuf, u32)> {
    let mut found = vec![PathBuf::from("python3")];
    let home = || Some(Path::new(&std::env::var_os("HOME")?).join(".pyenv"));
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(home);
    for version in pyenv.iter().flat_map(|dir| dir.join("versions").read_dir()).flatten() {
        found.push(version.unwrap().path().join("bin/python3"));
    }
    found.extend((6..20).map(|number| format!("/usr/bin/python3.{number}").into()));
    let number = |path: &PathBuf| {
        let print = "import sys; print(sys.version_info[1])";
        let output = Command::new(path).args(["-c", print]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    found.into_iter().filter_map(|path| number(&path).map(|number| (path, number))).collect()
}

#[test]
#[ignore = "needs python3"]
fn is_python_s() {
    let pythons = pythons();
    assert!(!pythons.is_empty(), "this test needs Python 3.6 or newer");
    for (index, (python, number)) in pythons.into_iter().enumerate() {
        let cases = cases(&python, if index == 0 { CASES } else { FEWER });
        if number < 13 { agree(&cases) } else { agree_from_3_13_on(&cases) }
    }
}

/// Compares with a Python that respects the interval for midnights and weekdays and never returns
/// the present time. Near a clock change it differs, too.
fn agree_from_3_13_on(cases: &str) {
    let mut differ = 0;
    for line in cases.lines() {
        let case = Case::read(line);
        let Schedule { interval, when, utc, .. } = case.schedule;
        let zone = if utc { Zone::utc() } else { Zone::named(OsStr::new(case.zone)).unwrap() };
        let (unit, _) = case.schedule.unit();
        let days = if let When::Midnight | When::Weekday(_) = when { unit } else { 0 };
        let ours = case.schedule.next(case.now, &zone);
        let theirs = ours + i64::from(interval - 1) * days;
        let present = case.schedule.first(case.now, &zone) == case.now && days > 0;
        let dst = zone.is_dst(case.now);
        if present || [ours, theirs, case.next].iter().any(|at| zone.is_dst(*at) != dst) {
            continue;
        }
        assert_eq!(theirs, case.next, "next: {line}");
        assert!(case.schedule.could_give(ours, case.now, &zone), "{line}");
        let counted = days * i64::from(interval - 1) > 0;
        if case.schedule.day_end < DAY {
            continue;
        }
        assert_ne!(case.schedule.could_give(case.next, case.now, &zone), counted, "{line}");
        differ += usize::from(counted);
    }
    assert!(differ > FEWER / 20, "{differ} differ");
}

/// Compares with a Python that agrees in all cases.
fn agree(cases: &str) {
    let (mut zone, mut name, mut back) = (Zone::utc(), "", 0);
    for line in cases.lines() {
        let case = Case::read(line);
        if name != case.zone {
            (name, zone) = (case.zone, Zone::named(OsStr::new(case.zone)).expect("a zone"));
        }
        let zone = if case.schedule.utc { &Zone::utc() } else { &zone };
        assert_eq!(case.schedule.first(case.now, zone), case.first, "first: {line}");
        let next = case.schedule.next(case.now, zone);
        if case.next > case.now {
            assert_eq!(next, case.next, "next: {line}");
            assert!(case.schedule.could_give(next, case.now, zone), "{line}");
        } else {
            // In this case Python rotates at every line.
            assert!(next > case.now, "next: {line}");
            back += 1;
        }
        let start = case.schedule.start(case.ended, case.now, zone);
        let stamp = Stamp::new(start.fields, case.schedule.precision());
        assert_eq!(stamp.text(), case.stamp, "stamp: {line}");
    }
    let count = cases.lines().count();
    assert!(back < count / 100, "{back} of {count} lie back");
}
