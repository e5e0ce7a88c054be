//! Compares a plain file with a compressed one.
//!
//! If one backup has two files, they are usually one generation, left by a writer that died. And
//! the log that a reader has just read may be in the chain as a new compressed file. Only the
//! content decides. NUL bytes at the plain file's end, which a power cut leaves, do not count where
//! the compressed file has other content.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
use std::path::Path;

use super::{Inflated, PIECE, inflated};
use crate::file::open_to_read;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Both have the same content.
    Same,
    /// The compressed file has all of the plain one's content and more.
    MoreCompressed,
    /// The plain file has everything that can be decompressed, and more; or the rest is damaged.
    MorePlain,
    /// They are two generations.
    Apart,
}

/// Returns the relation of two files. A compressed file that is incomplete is not an error.
pub(crate) fn relation(plain: impl Read, compressed: impl Read) -> io::Result<Relation> {
    compare(plain, &mut inflated(compressed)).map(|(relation, _)| relation)
}

/// Returns whether `plain` and `compressed` are one generation: the compressed file is intact, and
/// the plain file's content is a beginning of its content. A kill or a power cut can leave that.
pub(crate) fn same_generation(plain: &Path, mut compressed: &File) -> io::Result<bool> {
    compressed.rewind()?;
    let mut inflated = inflated(compressed);
    let (relation, mut damage) = compare(open_to_read(plain)?, &mut inflated)?;
    if let Relation::MorePlain | Relation::Apart = relation {
        return Ok(false);
    }
    // The rest must decompress, too, because length and checksum are at the end.
    let (mut rest, mut count) = (vec![0; PIECE], PIECE);
    while damage.is_none() && count == PIECE {
        (count, damage) = fill(&mut inflated, &mut rest)?;
    }
    Ok(damage.is_none())
}

/// Returns whether `compressed` is incomplete and decompresses to a beginning of `plain`: the
/// process that compressed it was killed.
pub(crate) fn is_half_of(compressed: &Path, plain: &Path) -> io::Result<bool> {
    let (plain, compressed) = (open_to_read(plain)?, open_to_read(compressed)?);
    let outcome = compare(plain, &mut inflated(compressed))?;
    Ok(outcome == (Relation::MorePlain, Some(ErrorKind::UnexpectedEof)))
}

/// Also returns the damage, if any.
fn compare<R: Read>(
    mut plain: impl Read,
    inflated: &mut Inflated<R>,
) -> io::Result<(Relation, Option<ErrorKind>)> {
    let (mut ours, mut theirs) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let (count, damage) = fill(inflated, &mut theirs)?;
        let had = fill(&mut plain, &mut ours[..count.max(1)])?.0;
        let both = had.min(count);
        let relation = if ours[..both] != theirs[..both] {
            let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
            let is_end = is_nul(&ours[same..had], plain)?;
            if is_end { Relation::MoreCompressed } else { Relation::Apart }
        } else if had < count {
            Relation::MoreCompressed
        } else if count == PIECE {
            continue;
        } else if damage.is_none() && is_nul(&ours[count..had], plain)? {
            Relation::Same
        } else {
            Relation::MorePlain
        };
        return Ok((relation, damage));
    }
}

/// Fills `bytes` as far as possible; returns how many bytes that were, and the damage, if any.
pub(super) fn fill(
    reader: &mut impl Read,
    bytes: &mut [u8],
) -> io::Result<(usize, Option<ErrorKind>)> {
    let mut filled = 0;
    while filled < bytes.len() {
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.raw_os_error().is_some() => return Err(error),
            Err(error) => return Ok((filled, Some(error.kind()))),
        }
    }
    Ok((filled, None))
}

/// Returns whether `bytes` and everything after them are NUL.
fn is_nul(bytes: &[u8], rest: impl Read) -> io::Result<bool> {
    let (mut all, mut piece) = (bytes.chain(rest), vec![0; PIECE]);
    loop {
        match fill(&mut all, &mut piece)?.0 {
            0 => return Ok(true),
            count if piece[..count].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::compress;
    use super::*;
    use std::fs;

    /// Compares `plain` with a compressed file of `content` that lacks the last `cut` bytes.
    fn compare(plain: &[u8], content: &[u8], cut: u64) -> (Relation, bool) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        fs::write(&path, content).unwrap();
        let compressed = compress(&path);
        let length = fs::metadata(&compressed).unwrap().len();
        File::options().write(true).open(&compressed).unwrap().set_len(length - cut).unwrap();
        fs::write(&path, plain).unwrap();
        let compressed = File::open(compressed).unwrap();
        let relation = relation(File::open(&path).unwrap(), &compressed).unwrap();
        (relation, same_generation(&path, &compressed).unwrap())
    }

    #[test]
    fn finds_which_has_more() {
        let numbers: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let long = [&numbers[..], b"end\n"].concat();
        for content in [&long[..], b"a\nb\n", b""] {
            assert_eq!(compare(content, content, 0), (Relation::Same, true));
            let more = [content, b"more\n"].concat();
            assert_eq!(compare(content, &more, 0), (Relation::MoreCompressed, true));
            assert_eq!(compare(&more, content, 0), (Relation::MorePlain, false));
            assert_eq!(compare(&more, &more, 12), (Relation::MorePlain, false));
        }
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            let part = &long[..length];
            assert_eq!(compare(part, part, 0), (Relation::Same, true), "{length}");
            assert_eq!(compare(part, &long, 0), (Relation::MoreCompressed, true), "{length}");
            assert_eq!(compare(part, &long, 1), (Relation::MoreCompressed, false), "{length}");
            assert_eq!(compare(&long, part, 0), (Relation::MorePlain, false), "{length}");
        }
        let [x, y] = [b"x", b"y"].map(|end| [&numbers[..], end].concat());
        for (plain, content, relation) in [
            (&b"a\nc\n"[..], &b"a\nb\n"[..], Relation::Apart),
            (&x, &y, Relation::Apart),
            // A power cut leaves NUL bytes at the end.
            (b"a\n\0\0", b"a\nb\nc\n", Relation::MoreCompressed),
            (b"a\n\0\0\0\0\0", b"a\nb\n", Relation::MoreCompressed),
            (b"a\n\0\0\0", b"a\n", Relation::Same),
            (b"a\n\0\0b\n", b"a\nb\n", Relation::Apart),
            (b"a\n\0\0b\n", b"a\n", Relation::MorePlain),
        ] {
            let same = matches!(relation, Relation::Same | Relation::MoreCompressed);
            assert_eq!(compare(plain, content, 0), (relation, same));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_damage() {
        struct Failing(Option<i32>);
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(self.0.map_or(ErrorKind::InvalidData.into(), io::Error::from_raw_os_error))
            }
        }
        assert_eq!(fill(&mut Failing(None), &mut [0]).unwrap().1, Some(ErrorKind::InvalidData));
        assert_eq!(fill(&mut Failing(Some(5)), &mut [0]).unwrap_err().raw_os_error(), Some(5));
    }

    #[test]
    fn a_compressed_file_cut_short_is_half() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, other) = (dir.path().join("p"), dir.path().join("o"));
        let lines: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&plain, &lines).unwrap();
        fs::write(&other, [b"x", &lines[1..]].concat()).unwrap();
        let half = compress(&plain);
        let whole = fs::metadata(&half).unwrap().len();
        assert!(!is_half_of(&half, &plain).unwrap());
        for length in [whole - 1, whole - 8, whole / 2, 10, 1, 0] {
            File::options().write(true).open(&half).unwrap().set_len(length).unwrap();
            assert!(is_half_of(&half, &plain).unwrap(), "{length} of {whole}");
            assert_eq!(is_half_of(&half, &other).unwrap(), length <= 10, "{length}");
        }
        fs::write(&half, b"this is not gzip's\n").unwrap();
        assert!(!is_half_of(&half, &plain).unwrap());
        // Nor is it the same generation, wherever it is cut.
        fs::write(&plain, b"line\n".repeat(9000)).unwrap();
        let cut = File::options().read(true).write(true).open(compress(&plain)).unwrap();
        for length in (0..cut.metadata().unwrap().len()).rev() {
            cut.set_len(length).unwrap();
            assert!(!same_generation(&plain, &cut).unwrap(), "{length}");
        }
    }
}
