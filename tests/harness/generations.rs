//! What a log and its backups hold, what they should hold, and the difference.
//!
//! The model is slow and obvious: Python's rule, before every line, on byte strings in memory.
//! Whatever happens to a writer, the next one must leave a directory that equals the model slot by
//! slot.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// The content of a log and its backups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Generations {
    /// Oldest first.
    pub(crate) backups: Vec<Vec<u8>>,
    pub(crate) log: Vec<u8>,
}

impl Generations {
    /// Appends one line as Python does: it tests the size first, unless `limit` is 0, and then adds
    /// the line. A partial line gets its newline first.
    pub(crate) fn append(&mut self, line: &[u8], limit: usize, keep: usize) {
        if limit > 0 && self.log.len() >= limit {
            let full = std::mem::take(&mut self.log);
            if keep > 0 {
                self.backups.push(full);
            }
            self.cut(keep);
        }
        if self.log.last().is_some_and(|last| *last != b'\n') {
            self.log.push(b'\n');
        }
        self.log.extend_from_slice(line);
    }

    pub(crate) fn append_all(&mut self, lines: &[u8], limit: usize, keep: usize) {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.append(line, limit, keep);
        }
    }

    /// Removes the oldest backups beyond `keep`. With a `keep` of 0, backups that exist stay.
    fn cut(&mut self, keep: usize) {
        let beyond = self.backups.len().saturating_sub(keep);
        if keep > 0 {
            self.backups.drain(..beyond);
        }
    }

    /// Returns the whole content, oldest first.
    pub(crate) fn all(&self) -> Vec<u8> {
        let mut all = self.backups.concat();
        all.extend_from_slice(&self.log);
        all
    }
}

/// A file of a log, as found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Its content, decompressed; nothing if that fails.
    pub(crate) content: Option<Vec<u8>>,
}

/// What a file is to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Log,
    Lock,
    /// A backup in this slot.
    Backup(u64),
    /// Python's temporary file of a rotation.
    Temp,
    Other,
}

/// Returns the files of the log called `log` in `dir`.
pub(crate) fn files(dir: &Path, log: &str) -> Vec<Found> {
    let lock = format!(".__{}.lock", log.strip_suffix(".log").unwrap_or(log));
    let kind = |name: &str| {
        if name == log {
            return Kind::Log;
        }
        if name == lock {
            return Kind::Lock;
        }
        let Some(rest) = name.strip_prefix(log).and_then(|r| r.strip_prefix('.')) else {
            return Kind::Other;
        };
        let rest = rest.strip_suffix(".gz").unwrap_or(rest);
        match (rest.parse(), rest.strip_prefix("rotate.")) {
            (Ok(slot), _) => Kind::Backup(slot),
            (_, Some(_)) => Kind::Temp,
            _ => Kind::Other,
        }
    };
    let mut found: Vec<Found> = fs::read_dir(dir)
        .expect("list a directory")
        .filter_map(|entry| {
            let entry = entry.expect("list a directory");
            let name = entry.file_name().to_string_lossy().into_owned();
            // A directory in the way is up to the test.
            let bytes = fs::read(entry.path()).ok()?;
            let content = if is_gz(&name) { inflated(&bytes) } else { Some(bytes) };
            Some(Found { kind: kind(&name), name, content })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Returns whether a file of this name is compressed.
pub(crate) fn is_gz(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == "gz")
}

/// Returns what a compressed file holds, if it is intact.
pub(crate) fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut content).ok().map(|_| content)
}

/// Returns the lines of `bytes` and how often each occurs.
fn counted(bytes: &[u8]) -> BTreeMap<&[u8], usize> {
    let mut counts = BTreeMap::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        *counts.entry(line).or_default() += 1;
    }
    counts
}

/// How a directory differs from what it should be.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// How many lines are missing everywhere.
    pub(crate) lost: usize,
    /// How many lines are in a file outside the chain only.
    pub(crate) stranded: usize,
    /// How many lines occur too often or were never written.
    pub(crate) doubled: usize,
    /// Files that should not exist.
    pub(crate) left_over: Vec<String>,
    /// Anything else that is wrong.
    pub(crate) faults: Vec<String>,
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        self.lost + self.stranded + self.doubled == 0
            && self.left_over.is_empty()
            && self.faults.is_empty()
    }

    /// Adds the counts and faults of another one.
    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.stranded += other.stranded;
        self.doubled += other.doubled;
        self.left_over.extend(other.left_over);
        self.faults.extend(other.faults);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lost, {} stranded, {} doubled, {} left over",
            self.lost,
            self.stranded,
            self.doubled,
            self.left_over.len()
        )?;
        if !self.faults.is_empty() {
            write!(f, ", {} other faults", self.faults.len())?;
        }
        Ok(())
    }
}

/// Compares the log `log` in `dir` with what it should be.
pub(crate) fn judge(dir: &Path, log: &str, wanted: &Generations) -> Verdict {
    let mut verdict = Verdict::default();
    let files = files(dir, log);
    let mut is = Generations::default();
    let mut slots: BTreeMap<u64, Vec<&Found>> = BTreeMap::new();
    let mut outside = Vec::new();
    for file in &files {
        let content = file.content.clone().unwrap_or_default();
        if file.content.is_none() {
            verdict.faults.push(format!("'{}' is not whole", file.name));
        }
        match file.kind {
            Kind::Log => is.log = content,
            Kind::Lock => {}
            Kind::Backup(slot) => slots.entry(slot).or_default().push(file),
            Kind::Temp | Kind::Other => {
                verdict.left_over.push(file.name.clone());
                outside.extend(content);
            }
        }
    }
    for (index, (slot, files)) in (1..).zip(&slots) {
        if *slot != index {
            verdict.faults.push(format!("a gap before slot {slot}"));
        }
        if files.len() > 1 {
            verdict.faults.push(format!("slot {slot} holds two files"));
        }
    }
    let contents = slots.values().rev().flatten();
    is.backups = contents.map(|file| file.content.clone().unwrap_or_default()).collect();
    compare(&mut verdict, &is, &outside, wanted);
    verdict
}

/// Counts the lines that `is` lacks, and those that it has too many of.
fn compare(verdict: &mut Verdict, is: &Generations, outside: &[u8], wanted: &Generations) {
    let (is_all, wanted_all) = (is.all(), wanted.all());
    let (is_lines, wanted_lines) = (counted(&is_all), counted(&wanted_all));
    let outside = counted(outside);
    for (line, count) in &wanted_lines {
        let missing = count.saturating_sub(is_lines.get(line).copied().unwrap_or(0));
        let stranded = missing.min(outside.get(line).copied().unwrap_or(0));
        verdict.stranded += stranded;
        verdict.lost += missing - stranded;
    }
    for (line, count) in &is_lines {
        verdict.doubled += count.saturating_sub(wanted_lines.get(line).copied().unwrap_or(0));
    }
    if is != wanted {
        verdict.faults.push(format!(
            "the generations are not those wanted\nare    {}\nwanted {}",
            shown(is),
            shown(wanted)
        ));
    }
}

/// Formats generations by their first and last lines, oldest first.
pub(crate) fn shown(generations: &Generations) -> String {
    let ends = |content: &Vec<u8>| {
        let text = String::from_utf8_lossy(content);
        let word = |line: &str| line.chars().take(12).collect::<String>();
        let mut lines = text.split_inclusive('\n');
        let first = lines.next().map(word).unwrap_or_default();
        let last = lines.next_back().map(word).unwrap_or_default();
        format!("[{first:?}..{last:?} {}]", content.len())
    };
    let mut all: Vec<String> = generations.backups.iter().map(ends).collect();
    all.push(format!("log {}", ends(&generations.log)));
    all.join(" ")
}
