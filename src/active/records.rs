//! Records: lines that stay together.

use std::ops::Range;

use memchr::{memchr, memrchr};

/// Whole lines, and which of them form one record. Every other line is a record by itself. A record
/// is written whole, into one file.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    bytes: &'a [u8],
    /// In order; each range begins and ends at a line's end.
    together: &'a [Range<usize>],
    /// The position of `bytes` in the numbering of the ranges.
    base: usize,
}

impl<'a> From<&'a [u8]> for Records<'a> {
    fn from(lines: &'a [u8]) -> Self {
        Self::new(lines, &[])
    }
}

impl<'a> Records<'a> {
    /// Returns records of which those with several lines are at these ranges of `bytes`, in order.
    #[must_use]
    pub fn new(bytes: &'a [u8], together: &'a [Range<usize>]) -> Self {
        Self { bytes, together, base: 0 }
    }

    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    #[must_use]
    pub fn len(self) -> usize {
        self.bytes.len()
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the ranges of the records with several lines.
    pub fn together(self) -> impl Iterator<Item = Range<usize>> {
        let (base, end) = (self.base, self.base + self.bytes.len());
        let first = self.together.partition_point(|range| range.end <= base);
        let rest = self.together[first..].iter().take_while(move |range| range.start < end);
        rest.map(move |range| range.start.max(base) - base..range.end.min(end) - base)
    }

    /// Returns the records after the first `count` bytes.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        Self { bytes: &self.bytes[count..], base: self.base + count, ..self }
    }

    /// Returns the records in the first `count` bytes.
    #[must_use]
    pub fn first(self, count: usize) -> Self {
        Self { bytes: &self.bytes[..count], ..self }
    }

    /// Returns the end of the record that contains byte `at`.
    #[must_use]
    pub fn end_after(self, at: usize) -> usize {
        if let Some(range) = self.around(at) {
            return range.end.min(self.bytes.len());
        }
        let tail = self.bytes.get(at..).unwrap_or_default();
        memchr(b'\n', tail).map_or(self.bytes.len(), |end| at + end + 1)
    }

    /// Returns how many of the first `count` bytes are whole records.
    #[must_use]
    pub fn whole(self, count: usize) -> usize {
        match self.around(count) {
            Some(range) if range.start < count => range.start,
            _ => memrchr(b'\n', &self.bytes[..count]).map_or(0, |end| end + 1),
        }
    }

    /// Returns the record with several lines that contains byte `at`.
    fn around(self, at: usize) -> Option<Range<usize>> {
        let at = at.saturating_add(self.base);
        let next = self.together.partition_point(|range| range.end <= at);
        let range = self.together.get(next).filter(|range| range.start <= at)?;
        Some(range.start.saturating_sub(self.base)..range.end - self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ends_are_found_as_record_by_record(
            records in prop::collection::vec("([a-c]{0,3}\n){1,4}", 0..8),
            more in "([a-c]{0,3}\n){0,4}",
            skipped in 0usize..9,
            at in 0usize..90,
        ) {
            let (mut bytes, mut together, mut ends) = (Vec::new(), Vec::new(), vec![0]);
            for record in &records {
                let begin = bytes.len();
                bytes.extend_from_slice(record.as_bytes());
                ends.push(bytes.len());
                if record.matches('\n').count() > 1 {
                    together.push(begin..bytes.len());
                }
            }
            // Lines after the last range.
            for line in more.split_inclusive('\n') {
                bytes.extend_from_slice(line.as_bytes());
                ends.push(bytes.len());
            }
            let base = ends[skipped.min(ends.len() - 1)];
            let rest = Records::new(&bytes, &together).skip(base);
            let ends: Vec<usize> = ends.iter().filter(|end| **end >= base).map(|end| end - base).collect();
            let next = ends.iter().copied().find(|end| *end > at).unwrap_or(rest.len());
            prop_assert_eq!(rest.end_after(at), next);
            let count = at.min(rest.len());
            let last = ends.iter().copied().rfind(|end| *end <= count);
            prop_assert_eq!(Some(rest.whole(count)), last);
            let shown: Vec<_> = rest.together().map(|range| rest.bytes()[range].to_vec()).collect();
            let ranges = together.iter().filter(|range| range.start >= base);
            let wanted: Vec<_> = ranges.map(|range| bytes[range.clone()].to_vec()).collect();
            prop_assert_eq!(shown, wanted);
        }
    }
}
