//! Numbered lines, which many writers put into one log, and a check that all are there.

use std::collections::BTreeMap;

/// Returns line `seq` of writer `name`; `writer.py` has the same.
///
/// The whole line follows from name and number, so any damage shows.
pub(crate) fn numbered(name: &str, seq: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(seq % 26).expect("a letter"));
    format!("{name} {seq} {}\n", letter.to_string().repeat(seq * 7 % 90))
}

/// Asserts that the chain holds exactly lines `0..count` of each writer, in
/// order; returns how often one writer's line follows another's.
pub(crate) fn check_numbered(chain: &[u8], counts: &BTreeMap<String, usize>) -> usize {
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut turns, mut last) = (0, "");
    for found in chain.split_inclusive(|&b| b == b'\n') {
        let found = std::str::from_utf8(found).expect("a line as it was written");
        let name = found.split(' ').next().unwrap_or_default();
        let Some((name, _)) = counts.get_key_value(name) else {
            panic!("not the beginning of any line: {found:?}");
        };
        let seq = next.entry(name).or_default();
        assert_eq!(found, numbered(name, *seq), "next line of {name}");
        *seq += 1;
        turns += usize::from(name != last);
        last = name;
    }
    for (name, count) in counts {
        assert_eq!(next.get(name.as_str()).unwrap_or(&0), count, "lines of {name}");
    }
    turns
}
