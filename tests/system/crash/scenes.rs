//! Where sessions begin: their settings, and the files that exist already.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::generations::Generations;

/// The limit of every session, in bytes.
pub(crate) const LIMIT: usize = 500;

/// The length of a line in bytes; ten lines fill a log.
pub(crate) const LINE: usize = 50;

/// The settings of a session, and what it finds.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// Additional options.
    pub(crate) args: &'static str,
    /// How many backups to keep.
    pub(crate) keep: usize,
    /// In how many pieces the input arrives; each is a batch.
    pub(crate) pieces: usize,
    /// Makes the files that the session finds; returns the generations in them, oldest first.
    pub(crate) prepare: fn(&Path) -> Generations,
}

impl Scene {
    /// Returns whether backups are compressed.
    pub(crate) fn gzip(&self) -> bool {
        self.args.contains("--gzip")
    }

    /// Returns whether so many lines are whole records.
    pub(crate) fn are_whole(&self, lines: usize) -> bool {
        !self.args.contains("--record-start") || lines.is_multiple_of(RECORD)
    }

    /// Returns the lines that a writer appends after a crash: enough to rotate if a cap left
    /// something for the next rotation.
    pub(crate) fn fresh(&self) -> Vec<u8> {
        lines("fresh", 0, if self.is_capped() { 11 } else { 1 })
    }

    /// Returns whether a cap on the total size decides how many backups are kept.
    pub(crate) fn is_capped(&self) -> bool {
        self.args.contains("--max-total")
    }
}

/// Returns line `number` of `what`.
pub(crate) fn line(what: &str, number: usize) -> Vec<u8> {
    let mut line = format!("{what} {number:03} ");
    let letter = char::from(b'a' + u8::try_from(number % 26).expect("a letter"));
    while line.len() < LINE - 1 {
        line.push(letter);
    }
    line.push('\n');
    line.into_bytes()
}

/// Returns lines `from..to` of `what`.
pub(crate) fn lines(what: &str, from: usize, to: usize) -> Vec<u8> {
    (from..to).flat_map(|number| line(what, number)).collect()
}

pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("compress");
    gz.finish().expect("compress")
}

/// All times count from one instant, so that both forms of a generation get the same time.
static NOW: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);

/// Makes a file that was last changed `minutes` ago.
pub(crate) fn put(dir: &Path, name: &str, bytes: &[u8], minutes: u64) {
    let path = dir.join(name);
    fs::write(&path, bytes).expect("write a file");
    let time = *NOW - Duration::from_secs(60 * minutes);
    let file = File::options().write(true).open(&path).expect("open a file");
    file.set_modified(time).expect("set a file's time");
}

/// Returns a full generation.
fn full(what: &str) -> Vec<u8> {
    lines(what, 0, 10)
}

/// Makes a log that is half full and has just been changed.
fn half_a_log(dir: &Path) -> Vec<u8> {
    let log = lines("log", 0, 5);
    put(dir, "app.log", &log, 1);
    log
}

/// No files, not even a lock.
fn nothing(_: &Path) -> Generations {
    Generations::default()
}

/// Makes two backups in this form, and a log.
fn two(dir: &Path, compressed: bool) -> Generations {
    let (old, new) = (full("old"), full("new"));
    if compressed {
        put(dir, "app.log.2.gz", &gz(&old), 60);
        put(dir, "app.log.1.gz", &gz(&new), 50);
    } else {
        put(dir, "app.log.2", &old, 60);
        put(dir, "app.log.1", &new, 50);
    }
    put(dir, ".__app.lock", b"", 60);
    Generations { backups: vec![old, new], log: half_a_log(dir) }
}

fn plain(dir: &Path) -> Generations {
    two(dir, false)
}

fn compressed(dir: &Path) -> Generations {
    two(dir, true)
}

fn log_only(dir: &Path) -> Generations {
    put(dir, ".__app.lock", b"", 60);
    Generations { backups: Vec::new(), log: half_a_log(dir) }
}

/// Makes one backup, for settings that keep one.
fn one(dir: &Path, compressed: bool) -> Generations {
    let new = full("new");
    if compressed {
        put(dir, "app.log.1.gz", &gz(&new), 50);
    } else {
        put(dir, "app.log.1", &new, 50);
    }
    let log = log_only(dir).log;
    Generations { backups: vec![new], log }
}

fn one_plain(dir: &Path) -> Generations {
    one(dir, false)
}

fn one_compressed(dir: &Path) -> Generations {
    one(dir, true)
}

/// Adds an orphan: the newest generation except for the log.
fn orphan(mut found: Generations) -> Generations {
    found.backups.push(full("orphan"));
    found
}

/// A temporary file left after Python's first rename.
fn temp(dir: &Path) -> Generations {
    put(dir, "app.log.rotate.12345678901", &full("orphan"), 40);
    orphan(plain(dir))
}

/// The same beside compressed backups.
fn temp_to_compress(dir: &Path) -> Generations {
    put(dir, "app.log.rotate.12345678901", &full("orphan"), 40);
    orphan(compressed(dir))
}

/// The same with half of its compressed form.
fn temp_and_half(dir: &Path) -> Generations {
    let whole = gz(&full("orphan"));
    let half = &whole[..whole.len() / 2];
    put(dir, "app.log.rotate.12345678901.gz", half, 39);
    temp_to_compress(dir)
}

/// Only the compressed form of a temporary file.
fn temp_compressed(dir: &Path) -> Generations {
    let whole = gz(&full("orphan"));
    put(dir, "app.log.rotate.12345678901.gz", &whole, 40);
    orphan(compressed(dir))
}

/// Several orphans, one of them older than a backup; no log; a useless private file.
fn everything(dir: &Path) -> Generations {
    let (oldest, middle) = (full("oldest"), full("middle"));
    put(dir, "app.log.rotate.99999999", &oldest, 90);
    put(dir, "app.log.rotate.88888888.gz", &gz(&middle), 55);
    put(dir, "app.log.rotate.77777777", &full("orphan"), 40);
    put(dir, ".__app.log.0123456789abcdef.gz", b"\x1f\x8b", 30);
    let Generations { backups, .. } = compressed(dir);
    fs::remove_file(dir.join("app.log")).expect("remove the log");
    let [old, new] = backups.try_into().expect("two backups");
    Generations { backups: vec![oldest, old, middle, new, full("orphan")], log: Vec::new() }
}

/// A slot with two generations, of which the plain one is newer.
fn two_generations(dir: &Path) -> Generations {
    put(dir, "app.log.1", &full("newest"), 45);
    let mut found = compressed(dir);
    found.backups.push(full("newest"));
    found
}

/// A slot with two generations, of which the compressed one is newer, in a full chain.
fn two_generations_full(dir: &Path) -> Generations {
    let names = ["e", "d", "c", "b"];
    for (slot, name) in (1..).zip(names.iter().rev()) {
        put(dir, &format!("app.log.{slot}"), &full(name), 10 * slot);
    }
    put(dir, "app.log.2.gz", &gz(&full("between")), 15);
    let log = log_only(dir).log;
    let backups = ["e", "d", "c", "between", "b"].map(full).to_vec();
    Generations { backups, log }
}

/// A slot with one generation in both forms.
fn same_generation(dir: &Path) -> Generations {
    put(dir, "app.log.1", &full("new"), 50);
    compressed(dir)
}

/// A log that ends in a partial line.
fn torn(dir: &Path) -> Generations {
    let mut found = plain(dir);
    found.log.extend_from_slice(b"torn li");
    put(dir, "app.log", &found.log, 1);
    found
}

/// A chain without a log: the writer died between two steps.
fn missing_log(dir: &Path) -> Generations {
    let mut found = compressed(dir);
    fs::remove_file(dir.join("app.log")).expect("remove the log");
    found.log = Vec::new();
    found
}

/// A gap in the chain. The backups beyond it move only when the chain reaches them.
fn gap(dir: &Path) -> Generations {
    let found = compressed(dir);
    fs::rename(dir.join("app.log.2.gz"), dir.join("app.log.4.gz")).expect("rename a backup");
    found
}

const fn scene(
    name: &'static str,
    keep: usize,
    pieces: usize,
    args: &'static str,
    prepare: fn(&Path) -> Generations,
) -> Scene {
    Scene { name, args, keep, pieces, prepare }
}

/// Options for records of [`RECORD`] lines each, as long as half a log.
const RECORDS: &str = "--record-start ^[a-z]+.[0-9][0-9][05] --record-timeout 1ms";
const RECORDS_GZIP: &str = "--gzip --record-start ^[a-z]+.[0-9][0-9][05] --record-timeout 1ms";
pub(crate) const RECORD: usize = 5;

/// All scenes. A session in several pieces has several holds.
pub(crate) const SCENES: [Scene; 30] = [
    scene("plain", 5, 1, "", plain),
    scene("plain in pieces", 5, 4, "", plain),
    scene("plain, 1 backup", 1, 2, "", one_plain),
    scene("plain, 0 backups", 0, 2, "", log_only),
    scene("plain, from nothing", 5, 2, "", nothing),
    scene("plain, --sync batch", 5, 4, "--sync batch", plain),
    scene("gzip", 5, 1, "--gzip", compressed),
    scene("gzip in pieces", 5, 2, "--gzip", compressed),
    scene("gzip, 1 backup", 1, 1, "--gzip", one_compressed),
    scene("gzip, from nothing", 5, 1, "--gzip", nothing),
    scene("gzip, --sync batch", 5, 2, "--gzip --sync batch", compressed),
    scene("gzip, --sync none", 5, 1, "--gzip --sync none", compressed),
    scene("gzip over plain", 5, 1, "--gzip", plain),
    scene("plain over gzip", 5, 1, "", compressed),
    scene("temp", 5, 1, "", temp),
    scene("temp, gzip", 5, 1, "--gzip", temp_to_compress),
    scene("temp and half a .gz", 5, 1, "--gzip", temp_and_half),
    scene("temp .gz", 5, 1, "", temp_compressed),
    scene("several orphans", 5, 1, "--gzip", everything),
    scene("two generations in a slot", 5, 1, "--gzip", two_generations),
    scene("two generations, full chain", 5, 1, "", two_generations_full),
    scene("one generation twice", 5, 1, "--gzip", same_generation),
    // The session's log is the further one.
    scene("diverted", 5, 2, "main.log --divert ^", plain),
    scene("diverted, gzip", 5, 2, "--gzip main.log --divert ^", compressed),
    scene("records", 5, 2, RECORDS, plain),
    scene("records, gzip", 5, 2, RECORDS_GZIP, compressed),
    scene("torn end", 5, 2, "", torn),
    scene("cap, plain", 3, 2, "--backups 99 --max-total 2000B", plain),
    scene("cap, after none", 2, 1, "--backups 99 --max-total 1500B", two_generations_full),
    scene("cap, 1 backup", 1, 2, "--backups 99 --max-total 1000B", one_plain),
];

/// Scenes that differ only in their leftovers.
pub(crate) const MORE: [Scene; 4] = [
    scene("torn end, gzip", 5, 1, "--gzip", torn),
    scene("log missing", 5, 1, "--gzip", missing_log),
    scene("log missing, plain", 5, 1, "", missing_log),
    scene("gap", 5, 1, "--gzip", gap),
];
