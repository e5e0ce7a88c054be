//! Compares a compressed file with a plain one.
//!
//! Two files of one slot are usually one generation, left by a writer that died. And the log
//! that was read a moment ago may be in the chain as a new compressed file. Only the content
//! shows it.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use super::part::At;
use crate::compress;

const PIECE: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The content is the same.
    Same,
    /// The compressed file has all of the plain one, and more.
    MoreCompressed,
    /// The plain file has all that can be decompressed, and more, or the rest is damaged.
    MorePlain,
    /// Two generations.
    Apart,
}

/// NUL bytes at the plain file's end, which a power cut leaves, do not count where the
/// compressed one has other content. A compressed file that is not whole is no error.
pub(super) fn relation(plain: &Arc<File>, compressed: &Arc<File>) -> io::Result<Relation> {
    let mut plain = At::begin(Arc::clone(plain));
    let mut inflated = compress::inflated(At::begin(Arc::clone(compressed)));
    let (mut ours, mut theirs) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let (count, whole) = fill(&mut inflated, &mut theirs)?;
        let had = fill(&mut plain, &mut ours[..count.max(1)])?.0;
        if ours[..had.min(count)] != theirs[..had.min(count)] {
            let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
            let only_nul = ours[same..had].iter().all(|byte| *byte == 0) && rest_is_nul(plain)?;
            return Ok(if only_nul { Relation::MoreCompressed } else { Relation::Apart });
        }
        match (had < count, count < PIECE) {
            (true, _) => return Ok(Relation::MoreCompressed),
            (false, false) => {}
            (false, true) if !whole => return Ok(Relation::MorePlain),
            (false, true) => {
                let more = ours[count..had].iter().any(|byte| *byte != 0) || !rest_is_nul(plain)?;
                return Ok(if more { Relation::MorePlain } else { Relation::Same });
            }
        }
    }
}

/// Fills `bytes` as far as it can; returns how many there were, and whether no damage was found.
fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut filled = 0;
    while filled < bytes.len() {
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.raw_os_error().is_some() => return Err(error),
            Err(_) => return Ok((filled, false)),
        }
    }
    Ok((filled, true))
}

fn rest_is_nul(mut plain: At) -> io::Result<bool> {
    let mut bytes = vec![0; PIECE];
    loop {
        match fill(&mut plain, &mut bytes)?.0 {
            0 => return Ok(true),
            count if bytes[..count].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Compares `plain` with a compressed file of `content` that lacks `cut` bytes at the end.
    fn compare(plain: &[u8], content: &[u8], cut: u64) -> Relation {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&a, plain).unwrap();
        fs::write(&b, content).unwrap();
        let c = compress::tests::compress(&b);
        let length = fs::metadata(&c).unwrap().len();
        File::options().write(true).open(&c).unwrap().set_len(length - cut).unwrap();
        let open = |path| Arc::new(File::open(path).unwrap());
        relation(&open(&a), &open(&c)).unwrap()
    }

    #[test]
    fn finds_which_has_more() {
        let long: Vec<u8> = (0..30_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = [&long[..], b"end\n"].concat();
        for content in [&whole[..], b"a\nb\n", b""] {
            assert_eq!(compare(content, content, 0), Relation::Same);
            let more = [content, b"more\n"].concat();
            assert_eq!(compare(content, &more, 0), Relation::MoreCompressed);
            assert_eq!(compare(&more, content, 0), Relation::MorePlain);
            assert_eq!(compare(&more, &more, 12), Relation::MorePlain);
        }
        for length in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            assert_eq!(compare(&whole[..length], &whole[..length], 0), Relation::Same, "{length}");
            assert_eq!(compare(&whole[..length], &whole, 0), Relation::MoreCompressed, "{length}");
            assert_eq!(compare(&whole, &whole[..length], 0), Relation::MorePlain, "{length}");
        }
        let [x, y] = [b"x", b"y"].map(|end| [&long[..], end].concat());
        for (plain, content, relation) in [
            (&b"a\nc\n"[..], &b"a\nb\n"[..], Relation::Apart),
            (&x, &y, Relation::Apart),
            // NUL at the end is what a power cut left.
            (b"a\n\0\0", b"a\nb\nc\n", Relation::MoreCompressed),
            (b"a\n\0\0\0\0\0", b"a\nb\n", Relation::MoreCompressed),
            (b"a\n\0\0\0", b"a\n", Relation::Same),
            (b"a\n\0\0b\n", b"a\nb\n", Relation::Apart),
        ] {
            assert_eq!(compare(plain, content, 0), relation);
        }
    }
}
