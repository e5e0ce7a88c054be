//! Several programs with different settings.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::harness::{Dice, Peer};

/// The files in each slot, newest first, with their times of change.
type Slots = BTreeMap<u64, Vec<(Vec<u8>, SystemTime)>>;

/// One turn of one program.
#[derive(Debug)]
struct Turn {
    python: bool,
    gzip: bool,
    limit: usize,
    keep: u64,
    lines: Vec<u8>,
}

impl Turn {
    /// Returns a random turn; `from` is the number of its first line.
    fn random(dice: &mut Dice, from: &mut usize) -> Self {
        let count = 1 + dice.below(12);
        let lines = (*from..*from + count).flat_map(|n| format!("line {n}\n").into_bytes());
        let lines = lines.collect();
        *from += count;
        Self {
            python: dice.one_in(2),
            gzip: dice.one_in(2),
            limit: 8 + dice.below(40),
            keep: 1 + dice.below(6) as u64,
            lines,
        }
    }
}

/// Returns the files in the slots. A generation in both forms counts once.
fn slots(dir: &Path) -> Slots {
    let mut slots = Slots::new();
    for file in files(dir, "app.log") {
        if let Kind::Backup(slot) = file.kind {
            let content = file.content.expect("every backup is whole");
            let time = fs::metadata(dir.join(&file.name)).and_then(|m| m.modified());
            slots.entry(slot).or_default().push((content, time.expect("stat")));
        }
    }
    for found in slots.values_mut() {
        found.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    }
    slots
}

/// Does to `slots` and `log` what a turn of `clh-tee` must do.
fn model(mut slots: Slots, mut log: Vec<u8>, turn: &Turn) -> (Slots, Vec<u8>) {
    // If a slot has one generation in both forms, the plain file is removed. No generation here is
    // a beginning of another.
    for found in slots.range_mut(..=turn.keep).map(|(_, found)| found) {
        if found.len() == 2 && found[0].0 == found[1].0 {
            found.pop();
        }
    }
    let crowded = slots.range(..=turn.keep).any(|(_, found)| found.len() > 1);
    if crowded {
        shift(&mut slots, None, turn.keep);
    }
    for line in turn.lines.split_inclusive(|byte| *byte == b'\n') {
        if log.len() >= turn.limit {
            let full = (std::mem::take(&mut log), SystemTime::now());
            shift(&mut slots, Some(full), turn.keep);
        }
        log.extend_from_slice(line);
    }
    (slots, log)
}

/// Puts a generation into slot 1. Each slot keeps one and passes the others on, up to the first
/// slot with room.
fn shift(slots: &mut Slots, newest: Option<(Vec<u8>, SystemTime)>, keep: u64) {
    let mut handed: Vec<(Vec<u8>, SystemTime)> = newest.into_iter().collect();
    for slot in 1..=keep {
        let found = slots.remove(&slot).unwrap_or_default();
        let gap = found.is_empty();
        handed.extend(found);
        if !handed.is_empty() {
            slots.insert(slot, vec![handed.remove(0)]);
        }
        if gap {
            // Only crowded slots before the gap can pass two on.
            if handed.is_empty() {
                break;
            }
        }
    }
}

fn contents(slots: &Slots) -> Vec<(u64, Vec<String>)> {
    let text = |(bytes, _): &(Vec<u8>, SystemTime)| String::from_utf8_lossy(bytes).into_owned();
    slots.iter().map(|(slot, found)| (*slot, found.iter().map(text).collect())).collect()
}

#[test]
#[ignore = "needs python3 with CLH"]
fn programs_with_settings_of_their_own_lose_nothing_by_us() {
    const CASES: usize = 40;
    const TURNS: usize = 8;
    let site = Site::new();
    let mut dice = Dice::new(20_261_123);
    let dirs: Vec<_> = (0..CASES).map(|case| site.0.path(&format!("case-{case}"))).collect();
    for dir in &dirs {
        fs::create_dir(dir).expect("make a directory");
    }
    let mut from = vec![100; CASES];
    let (mut crowded, mut rotations) = (0, 0);
    for turn in 0..TURNS {
        let turns: Vec<Turn> = from.iter_mut().map(|from| Turn::random(&mut dice, from)).collect();
        let mut list = String::new();
        for (case, (dir, turn)) in dirs.iter().zip(&turns).enumerate() {
            if turn.python {
                let source = site.0.path(&format!("input-{case}"));
                fs::write(&source, &turn.lines).expect("write a file");
                let (dir, source) = (dir.display(), source.display());
                let (limit, keep, gzip) = (turn.limit, turn.keep, u8::from(turn.gzip));
                // This is "app.log" in hexadecimal.
                writeln!(list, "{dir} {source} 0a {limit} {keep} {gzip} 6170702e6c6f67")
                    .expect("write to a string");
            }
        }
        site.0.write("list", list.as_bytes());
        let output = Peer::of_version("0.9.31")
            .script("cases.py")
            .arg(site.0.path("list"))
            .output()
            .expect("start Python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for (case, (dir, by)) in dirs.iter().zip(&turns).enumerate() {
            if by.python {
                continue;
            }
            let before = slots(dir);
            crowded += usize::from(before.values().any(|found| found.len() > 1));
            let log = fs::read(dir.join("app.log")).unwrap_or_default();
            let (wanted, wanted_log) = model(before.clone(), log, by);
            let gzip = if by.gzip { "--gzip" } else { "" };
            let args = format!("-q --max-bytes {} --backups {} {gzip}", by.limit, by.keep);
            let tee = Tee::new(&site.0).args(&args).arg(dir.join("app.log"));
            tee.run(&by.lines).expect_success_but_for_history();
            let is = slots(dir);
            rotations += usize::from(contents(&is) != contents(&before));
            assert_eq!(
                contents(&is),
                contents(&wanted),
                "case {case}, turn {turn}: {by:?}\nbefore {:?}",
                contents(&before)
            );
            assert_eq!(fs::read(dir.join("app.log")).expect("a log"), wanted_log);
        }
    }
    assert!(crowded > 10, "only {crowded} turns found a slot with two files");
    assert!(rotations > 50, "only {rotations} turns changed the chain");
}
