//! Python is asked about many random cases.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::names::stamp::Stamp;

/// How many cases there are.
const CASES: usize = 23_000;

/// A case, and what Python makes of it, as `schedule.py` prints it.
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
        let number = |text: &str| text.parse::<i64>().unwrap();
        let schedule = Schedule::new(unit_of(unit)).interval(interval.parse().unwrap());
        let schedule = schedule.utc(utc == "1");
        let at = at.parse().ok();
        let schedule = at.map_or(schedule, |second| schedule.at_time(second));
        let [now, ended, first, next] = [now, ended, first, next].map(number);
        Self { zone, schedule, now, ended, first, next, stamp }
    }
}

fn unit_of(name: &str) -> When {
    match name {
        "S" => When::Second,
        "M" => When::Minute,
        "H" => When::Hour,
        "D" => When::Day,
        "MIDNIGHT" => When::Midnight,
        _ => When::Weekday(Weekday::ALL[name[1..].parse::<usize>().unwrap()]),
    }
}

#[test]
fn is_python_s() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/schedule.py");
    let mut python = Command::new("python3");
    python.arg("-B").arg(script).args(["20261122", &CASES.to_string()]);
    let output = python.output().expect("this test needs Python 3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cases = String::from_utf8(output.stdout).unwrap();
    assert_eq!(cases.lines().count(), CASES);

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
        } else {
            // Python would rotate at every line.
            assert!(next > case.now, "next: {line}");
            back += 1;
        }
        let start = case.schedule.start(case.ended, case.now, zone);
        let stamp = Stamp::new(start.fields, case.schedule.precision());
        assert_eq!(stamp.text(), case.stamp, "stamp: {line}");
    }
    assert!(back < CASES / 100, "{back} of {CASES} lie back");
}
