//! Splits bytes into whole records.
//!
//! The buffer holds whole records, then whole lines of an unfinished record, then a partial line.
//! By default each line is a record, and new bytes are searched once, from the end.

use std::io::{self, Read};
use std::mem;
use std::ops::Range;

use clh_tee::Records;
use memchr::{memchr, memchr2_iter, memrchr};

use crate::sys::READ;

/// Where a record of the input ends.
#[derive(Default)]
pub(crate) enum Ends {
    /// At its newline.
    #[default]
    Line,
    /// At a NUL, which becomes a newline.
    Nul,
    /// Before the next line that matches. So nothing in the record itself shows that it has ended.
    Start(Matching),
}

/// Returns whether a line, without its newline, matches.
pub(crate) type Matching = Box<dyn Fn(&[u8]) -> bool>;

/// How input is split into lines and records.
pub(crate) struct Splitting {
    pub(crate) ends: Ends,
    /// Longer lines are cut; the newline does not count.
    pub(crate) max_line: usize,
    /// Longer records are cut at the end of a line, but single lines are not.
    pub(crate) max_record: usize,
}

impl Splitting {
    /// Leaves lines unchanged, however long they are.
    pub(crate) const NONE: Self =
        Self { ends: Ends::Line, max_line: usize::MAX, max_record: usize::MAX };
}

/// Whole records on their way to the log.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    /// The ranges of records with several lines.
    pub(crate) together: Vec<Range<usize>>,
}

impl Batch {
    pub(crate) fn records(&self) -> Records<'_> {
        Records::new(&self.bytes, &self.together)
    }

    pub(crate) fn push(&mut self, records: Records<'_>) {
        let base = self.bytes.len();
        self.bytes.extend_from_slice(records.bytes());
        let ranges = records.together();
        self.together.extend(ranges.map(|range| range.start + base..range.end + base));
    }

    pub(crate) fn remove_first(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.forget_first(count);
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.together.clear();
    }

    fn forget_first(&mut self, count: usize) {
        self.together.retain_mut(|range| {
            *range = range.start.saturating_sub(count)..range.end.saturating_sub(count);
            range.end > 0
        });
    }
}

pub(crate) struct Lines {
    /// Only the first `filled` bytes count. The rest was zeroed once, not at every read.
    batch: Batch,
    filled: usize,
    /// The end of the whole lines.
    lined: usize,
    /// The end of the whole records.
    whole: usize,
    splitting: Splitting,
    pub(crate) cuts: u64,
    pub(crate) record_cuts: u64,
}

impl Lines {
    pub(crate) fn new(splitting: Splitting) -> Self {
        let batch = Batch { bytes: vec![0; READ], ..Batch::default() };
        Self { batch, filled: 0, lined: 0, whole: 0, splitting, cuts: 0, record_cuts: 0 }
    }

    /// Reads once and returns the new bytes, none at the end of the input.
    pub(crate) fn read(&mut self, input: &mut impl Read) -> io::Result<&[u8]> {
        self.make_room();
        let old = self.filled;
        let buffer = &mut self.batch.bytes;
        let end = buffer.len().min(old + READ);
        let count = input.read(&mut buffer[old..end])?;
        self.filled += count;
        Ok(&buffer[old..self.filled])
    }

    /// Splits the last `count` bytes read into lines and records.
    pub(crate) fn split(&mut self, count: usize) {
        let (old, fresh) = (self.lined, self.filled - count);
        // Only the partial line can be too long, and it only grows.
        if self.filled - self.lined > self.splitting.max_line {
            self.cut_long_lines();
        }
        let fresh = fresh.max(self.lined);
        let end = self.line_end();
        // Not memrchr, though that is faster over many bytes. The last newline is only a line's
        // length away, and memrchr first asks for the processor's features, which takes a fifteenth
        // of a short run in a virtual machine.
        let is_end = |byte: &u8| *byte == b'\n' || *byte == end;
        if let Some(end) = self.batch.bytes[fresh..self.filled].iter().rposition(is_end) {
            self.lined = fresh + end + 1;
        }
        self.find_records(old);
    }

    /// Returns the byte that ends a line besides the newline.
    fn line_end(&self) -> u8 {
        if matches!(self.splitting.ends, Ends::Nul) { 0 } else { b'\n' }
    }

    /// Finds the ends of records in the whole lines from `at`.
    fn find_records(&mut self, mut at: usize) {
        let ends = mem::take(&mut self.splitting.ends);
        match &ends {
            Ends::Line => self.whole = self.lined,
            Ends::Nul => {
                while let Some(end) = memchr(0, &self.batch.bytes[at..self.lined]) {
                    at += end + 1;
                    self.batch.bytes[at - 1] = b'\n';
                    self.end_record(at);
                }
            }
            Ends::Start(begins) => {
                while let Some(end) = memchr(b'\n', &self.batch.bytes[at..self.lined]) {
                    if self.whole < at && begins(&self.batch.bytes[at..at + end]) {
                        self.end_record(at);
                    }
                    at += end + 1;
                }
            }
        }
        self.splitting.ends = ends;
        self.cut_long_record(self.lined);
    }

    /// Returns whether there are lines of a record that may continue.
    pub(crate) fn may_go_on(&self) -> bool {
        self.whole < self.lined && matches!(self.splitting.ends, Ends::Start(_))
    }

    /// Ends the record that may continue, but not the partial line.
    pub(crate) fn end_last_record(&mut self) {
        self.end_record(self.lined);
    }

    fn end_record(&mut self, end: usize) {
        self.cut_long_record(end);
        self.keep_together(end);
    }

    /// Cuts a record into pieces of whole lines, up to `end`, until they are short enough.
    fn cut_long_record(&mut self, end: usize) {
        let longest = self.splitting.max_record;
        while end - self.whole > longest {
            let (fits, more) = self.batch.bytes[self.whole..end].split_at(longest);
            let last = memrchr(b'\n', fits).or_else(|| Some(longest + memchr(b'\n', more)?));
            let Some(cut) = last.map(|last| self.whole + last + 1).filter(|cut| *cut < end) else {
                return;
            };
            self.keep_together(cut);
            self.record_cuts += 1;
        }
    }

    /// Makes the lines up to `end` one record.
    fn keep_together(&mut self, end: usize) {
        let all = self.whole..end;
        if memchr(b'\n', &self.batch.bytes[all.clone()])
            .is_some_and(|first| all.start + first + 1 < end)
        {
            self.batch.together.push(all);
        }
        self.whole = end;
    }

    pub(crate) fn whole(&self) -> Records<'_> {
        Records::new(&self.batch.bytes[..self.whole], &self.batch.together)
    }

    pub(crate) fn rest(&self) -> &[u8] {
        &self.batch.bytes[..self.filled]
    }

    /// Lets `fill` append whole records. There must be no partial line.
    pub(crate) fn add<T>(&mut self, fill: impl FnOnce(&mut Batch) -> T) -> T {
        let filled = fill(self.begin_to_add());
        self.have_been_added();
        filled
    }

    /// Does the same in two steps: returns a batch to which whole records may be appended. Call
    /// [`Self::have_been_added`] next.
    pub(crate) fn begin_to_add(&mut self) -> &mut Batch {
        self.batch.bytes.truncate(self.filled);
        &mut self.batch
    }

    pub(crate) fn have_been_added(&mut self) {
        self.filled = self.batch.bytes.len();
        (self.lined, self.whole) = (self.filled, self.filled);
    }

    pub(crate) fn taken(&mut self, count: usize) {
        self.batch.bytes.copy_within(count..self.filled, 0);
        self.batch.forget_first(count);
        self.filled -= count;
        self.lined -= count;
        self.whole -= count;
    }

    /// Gives the whole records away with their buffer, which saves a copy, and continues with the
    /// rest in `spare`, whose content does not matter.
    pub(crate) fn give_away(&mut self, mut spare: Batch) -> Batch {
        let rest = self.filled - self.whole;
        // Bytes used before are not zeroed again.
        spare.bytes.resize(spare.bytes.len().max(READ.max(rest)), 0);
        spare.bytes[..rest].copy_from_slice(&self.batch.bytes[self.whole..self.filled]);
        spare.together.clear();
        let mut records = mem::replace(&mut self.batch, spare);
        records.bytes.truncate(self.whole);
        (self.filled, self.lined, self.whole) = (rest, self.lined - self.whole, 0);
        records
    }

    /// Ends an unfinished record, and a partial line with a newline.
    pub(crate) fn end_partial(&mut self) {
        if self.lined < self.filled {
            self.make_room();
            self.batch.bytes[self.filled] = b'\n';
            self.filled += 1;
            let old = mem::replace(&mut self.lined, self.filled);
            self.find_records(old);
        }
        if self.whole < self.lined {
            self.end_record(self.lined);
        }
    }

    /// Makes room for a read. Lines and records have a maximum length, so the buffer has one, too.
    fn make_room(&mut self) {
        let buffer = &mut self.batch.bytes;
        if buffer.len() - self.filled < READ / 2 {
            buffer.resize(self.filled + READ, 0);
        }
    }

    fn cut_long_lines(&mut self) {
        let max_line = self.splitting.max_line;
        let fresh = &self.batch.bytes[self.lined..self.filled];
        let mut cut = Vec::new();
        let (mut copied, mut begin) = (0, 0);
        for end in memchr2_iter(b'\n', self.line_end(), fresh).chain([fresh.len()]) {
            while end - begin > max_line {
                begin += max_line;
                cut.extend_from_slice(&fresh[copied..begin]);
                cut.push(b'\n');
                copied = begin;
            }
            begin = end + 1;
        }
        if cut.is_empty() {
            return;
        }
        self.cuts += (cut.len() - copied) as u64;
        // The caller searches what follows the last cut.
        let sure = self.lined + cut.len();
        cut.extend_from_slice(&fresh[copied..]);
        self.filled = self.lined + cut.len();
        let buffer = &mut self.batch.bytes;
        buffer.resize(buffer.len().max(self.filled), 0);
        buffer[self.lined..self.filled].copy_from_slice(&cut);
        self.lined = sure;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn long(max_line: usize) -> Lines {
        Lines::new(Splitting { max_line, ..Splitting::NONE })
    }

    fn lines(pieces: &[Vec<u8>], max_line: usize) -> Vec<u8> {
        let mut lines = long(max_line);
        let mut out = Vec::new();
        for mut piece in pieces.iter().map(Vec::as_slice) {
            while !piece.is_empty() {
                let count = lines.read(&mut piece).unwrap().len();
                lines.split(count);
                assert!(lines.whole().is_empty() || lines.whole().bytes().ends_with(b"\n"));
                out.extend_from_slice(lines.whole().bytes());
                lines.taken(lines.whole().len());
            }
        }
        lines.end_partial();
        out.extend_from_slice(lines.whole().bytes());
        out
    }

    fn slowly(input: &[u8], max_line: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for line in input.split_inclusive(|byte| *byte == b'\n') {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            for piece in content.chunks(max_line).chain(content.is_empty().then_some(content)) {
                out.extend_from_slice(piece);
                out.push(b'\n');
            }
        }
        out
    }

    proptest! {
        #[test]
        fn splits_as_the_obvious_way(
            pieces in prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab\n\0".to_vec()), 1..9), 0..20),
            max_line in 1usize..7,
        ) {
            prop_assert_eq!(lines(&pieces, max_line), slowly(&pieces.concat(), max_line));
            prop_assert_eq!(lines(&pieces, 1000), slowly(&pieces.concat(), 1000));
        }
    }

    /// Returns the records as they are completed.
    fn records(pieces: &[Vec<u8>], splitting: Splitting) -> Vec<Vec<u8>> {
        let (mut lines, mut out) = (Lines::new(splitting), Vec::new());
        let mut take = |lines: &mut Lines, gives: bool| {
            let batch = if gives {
                lines.give_away(Batch::default())
            } else {
                let mut batch = Batch::default();
                batch.push(lines.whole());
                lines.taken(batch.bytes.len());
                batch
            };
            let mut rest = batch.records();
            while !rest.is_empty() {
                let next = rest.together().next().unwrap_or(rest.len()..rest.len());
                let line = memchr(b'\n', rest.bytes()).unwrap() + 1;
                let end = if next.start == 0 { next.end } else { line };
                out.push(rest.bytes()[..end].to_vec());
                rest = rest.skip(end);
            }
        };
        for (number, piece) in pieces.iter().enumerate() {
            let count = lines.read(&mut piece.as_slice()).unwrap().len();
            lines.split(count);
            // Sometimes several pieces arrive in between.
            if number % 3 > 0 {
                take(&mut lines, number % 2 == 0);
            }
        }
        lines.end_partial();
        take(&mut lines, true);
        out
    }

    /// Returns the records, each cut at ends of lines if it is too long.
    fn cut(records: impl Iterator<Item = Vec<u8>>, max_line: usize, max: usize) -> Vec<Vec<u8>> {
        let mut out: Vec<Vec<u8>> = Vec::new();
        for record in records {
            out.push(Vec::new());
            for line in slowly(&record, max_line).split_inclusive(|byte| *byte == b'\n') {
                let last = out.last_mut().expect("one");
                if !last.is_empty() && last.len() + line.len() > max {
                    out.push(line.to_vec());
                } else {
                    last.extend_from_slice(line);
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn nul_ends_records_as_the_obvious_way(
            pieces in prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab\n\0".to_vec()), 1..9), 0..20),
            max_line in 1usize..7,
            max_record in 1usize..20,
        ) {
            let input = pieces.concat();
            let records_of = |input: &[u8]| {
                let mut parts: Vec<Vec<u8>> = input.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
                let last = parts.pop().unwrap_or_default();
                for part in &mut parts {
                    part.push(b'\n');
                }
                // The last one needs no newline if its last line has one.
                parts.extend((!last.is_empty()).then_some(last));
                parts.into_iter()
            };
            let splitting = |max_line, max_record| Splitting { ends: Ends::Nul, max_line, max_record };
            for (line, record) in [(max_line, max_record), (usize::MAX, usize::MAX), (max_line, usize::MAX), (usize::MAX, max_record)] {
                prop_assert_eq!(
                    records(&pieces, splitting(line, record)),
                    cut(records_of(&input), line, record)
                );
            }
        }
    }

    proptest! {
        #[test]
        fn a_line_that_matches_begins_a_record(
            pieces in prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab\n\0".to_vec()), 1..9), 0..20),
            max_line in 1usize..7,
            max_record in 1usize..20,
        ) {
            for max_line in [max_line, usize::MAX] {
                // Lines are cut first.
                let mut wanted: Vec<Vec<u8>> = Vec::new();
                for line in slowly(&pieces.concat(), max_line).split_inclusive(|byte| *byte == b'\n') {
                    match wanted.last_mut() {
                        Some(last) if !line.starts_with(b"a") => last.extend_from_slice(line),
                        _ => wanted.push(line.to_vec()),
                    }
                }
                for max_record in [max_record, usize::MAX] {
                    let ends = Ends::Start(Box::new(|line| line.starts_with(b"a")));
                    prop_assert_eq!(
                        records(&pieces, Splitting { ends, max_line, max_record }),
                        cut(wanted.iter().cloned(), max_line, max_record)
                    );
                }
            }
        }
    }

    #[test]
    fn what_remains_of_a_batch_stays_together() {
        let mut batch =
            Batch { bytes: b"a\nb\nc\nd\ne\n".to_vec(), together: [0..4, 4..10].into() };
        for (count, left) in [(0, &[(0, 4), (4, 10)][..]), (4, &[(0, 6)]), (2, &[(0, 4)]), (4, &[])]
        {
            batch.remove_first(count);
            let ranges = batch.together.iter().map(|range| (range.start, range.end));
            assert_eq!(ranges.collect::<Vec<_>>(), left);
        }
        assert!(batch.bytes.is_empty());
    }

    #[test]
    fn only_a_record_that_ends_before_the_next_may_go_on() {
        let start = Ends::Start(Box::new(|line| line.starts_with(b"a")));
        for (ends, goes_on) in [(Ends::Line, false), (Ends::Nul, false), (start, true)] {
            let mut lines = Lines::new(Splitting { ends, ..Splitting::NONE });
            assert!(!lines.may_go_on());
            let count = lines.read(&mut &b"a\nb\nc"[..]).unwrap().len();
            lines.split(count);
            assert_eq!(lines.may_go_on(), goes_on);
            lines.end_last_record();
            assert!(!lines.may_go_on());
            assert_eq!(lines.whole().bytes(), b"a\nb\n");
        }
    }

    #[test]
    fn cuts_of_records_are_counted() {
        for (input, max_record, cuts) in [
            (&b"aa\nb\nb\n"[..], 7, 0),
            (b"aa\nb\nb\n", 6, 1),
            (b"aa\nb\nb\n", 3, 2),
            (b"aaaaaaa\n", 3, 0),
        ] {
            let ends = Ends::Start(Box::new(|line| line.starts_with(b"a")));
            let mut lines = Lines::new(Splitting { ends, max_record, ..Splitting::NONE });
            let count = lines.read(&mut &*input).unwrap().len();
            lines.split(count);
            lines.end_last_record();
            assert_eq!((lines.record_cuts, lines.whole().bytes()), (cuts, input), "{max_record}");
        }
    }

    #[test]
    fn giving_lines_away_keeps_the_partial_one() {
        for bytes in [Vec::new(), vec![7; 3], vec![7; 2 * READ]] {
            let spare = Batch { bytes, ..Batch::default() };
            let mut lines = long(READ);
            let count = lines.read(&mut &b"one\ntwo\nthr"[..]).unwrap().len();
            lines.split(count);
            assert_eq!(lines.give_away(spare).bytes, b"one\ntwo\n");
            assert_eq!((lines.whole().bytes(), lines.rest()), (&b""[..], &b"thr"[..]));
            let count = lines.read(&mut &b"ee\n"[..]).unwrap().len();
            lines.split(count);
            assert_eq!(lines.whole().bytes(), b"three\n");
        }
    }

    #[test]
    fn lines_can_be_added_whole() {
        let mut lines = long(READ);
        for text in [&b"one\n"[..], b"", b"two\n"] {
            let length = lines.add(|batch| {
                batch.bytes.extend_from_slice(text);
                text.len()
            });
            assert_eq!(length, text.len());
        }
        assert_eq!((lines.whole().bytes(), lines.rest()), (&b"one\ntwo\n"[..], &b"one\ntwo\n"[..]));
        lines.taken(4);
        assert_eq!(lines.give_away(Batch::default()).bytes, b"two\n");
        lines.add(|batch| batch.bytes.extend_from_slice(b"three\n"));
        assert_eq!(lines.whole().bytes(), b"three\n");
    }

    #[test]
    fn long_lines_and_large_reads_keep_memory_bounded() {
        let input = b"x".repeat(5 * READ);
        let mut lines = long(READ);
        let mut rest = input.as_slice();
        let mut out = 0;
        while !rest.is_empty() {
            let count = lines.read(&mut rest).unwrap().len();
            lines.split(count);
            out += lines.whole().len();
            lines.taken(lines.whole().len());
            assert!(lines.batch.bytes.len() <= 3 * READ + 16);
        }
        assert!(out >= 4 * READ);
        assert_eq!(lines.cuts, 4);
    }
}
