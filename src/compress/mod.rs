//! Compressing a log into a file beside it, and comparing the two.
//!
//! Nothing here ever stands under a backup's name before it is whole: the
//! compressed file is private until [`rotation`](crate::rotation) renames it.
//! Its maker keeps it locked, so that others can tell a live maker's file from
//! a dead one's.
//!
//! This file is the only door to flate2, but for tests. Against Python, who
//! compresses at level 9, its backend zlib-rs makes files of a log that are 8 %
//! larger at level 6, and 1 % at level 7, which costs a seventh of the speed.

pub(crate) mod background;
pub(crate) mod block;
pub(crate) mod incremental;
mod inflate;

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, GzBuilder, Status};

pub(crate) use self::inflate::{Inflated, beginning, inflate, inflated};
use crate::file::open_to_read;
use crate::file::permissions::Ownership;
use crate::file::sync::sync_all;
use crate::lock;
use crate::sys::{self, Metadata};

/// How much is read at once when files are compressed or compared.
const PIECE: usize = 64 * 1024;

/// Compresses the file `source` into the new file `target`, with `source`'s
/// mode, owner and time of change, and forces it to disk if `sync`.
///
/// Returns the open compressed file, locked by us.
///
/// # Errors
///
/// If any of it fails; what there is of `target` is removed then.
pub(crate) fn compress(source: &Path, target: &Path, level: u32, sync: bool) -> io::Result<File> {
    let source = open_to_read(source)?;
    let metadata = sys::about(&source)?;
    let (made, _) = Ownership::of(&source, &metadata).create(target)?;
    let outcome = fill(&made, &source, &metadata, level, sync);
    if outcome.is_err() {
        // It is of no use to anybody; where it cannot be removed, recovery
        // tries again.
        drop(std::fs::remove_file(target));
    }
    outcome.map(|()| made)
}

/// Puts the compressed content of `source` into `target`.
fn fill(target: &File, source: &File, about: &Metadata, level: u32, sync: bool) -> io::Result<()> {
    // It was made this instant, so it is free; if not, it is not ours any more.
    if !lock::try_lock(target)? {
        return Err(ErrorKind::WouldBlock.into());
    }
    // No name in the header: Python's holds its temporary's, so that
    // `gunzip -N` restores nonsense.
    let mut encoder = GzBuilder::new().write(target, Compression::new(level));
    io::copy(&mut BufReader::with_capacity(PIECE, source), &mut encoder)?;
    encoder.finish()?;
    seal(target, about, sync)
}

/// Gives the whole compressed file the time of change that `about` tells of,
/// and forces it to disk if `sync`.
///
/// As with gzip itself, backups so stay in the order of their lines, whenever
/// they were compressed.
pub(crate) fn seal(target: &File, about: &Metadata, sync: bool) -> io::Result<()> {
    // A file system that refuses it costs the order by time, and no more.
    drop(about.modified().and_then(|time| target.set_modified(time)));
    if sync { sync_all(target) } else { Ok(()) }
}

/// Compresses many pieces with the same memory, a quarter of a megabyte of it.
#[derive(Debug)]
pub(crate) struct Deflater(Compress);

impl Deflater {
    /// Returns one that compresses at this level.
    pub(crate) fn new(level: u32) -> Self {
        Self(Compress::new(Compression::new(level), false))
    }

    /// Compresses `piece`, for itself and without header or trailer, to the end
    /// of `out`.
    pub(crate) fn deflate(&mut self, piece: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.0.reset();
        // What does not compress grows by a few bytes for every 16 KiB.
        out.reserve(piece.len() + piece.len() / 1024 + 64);
        match self.0.compress_vec(piece, out, FlushCompress::Finish).map_err(io::Error::other)? {
            Status::StreamEnd => Ok(()),
            _ => Err(ErrorKind::WriteZero.into()),
        }
    }
}

/// Returns the CRC-32 of `bytes`.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    let mut checksum = Crc::new();
    checksum.update(bytes);
    checksum.sum()
}

/// Tells whether `plain` and `compressed` are one generation: whether the
/// content of the one, less NUL bytes at its end, is a beginning of what the
/// other, being whole, inflates to. A kill or a power cut can leave that.
///
/// # Errors
///
/// If either cannot be read. A `compressed` that is not whole is no error.
pub(crate) fn same_generation(plain: &Path, mut compressed: &File) -> io::Result<bool> {
    compressed.rewind()?;
    let mut plain = open_to_read(plain)?;
    let end = content_end(&plain)?;
    plain.rewind()?;
    let mut plain = BufReader::with_capacity(PIECE, plain).take(end);
    let mut inflated = MultiGzDecoder::new(BufReader::with_capacity(PIECE, compressed));
    let (mut ours, mut theirs) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let count = plain.read(&mut ours)?;
        if count == 0 {
            break;
        }
        let theirs = &mut theirs[..count];
        if !inflates(inflated.read_exact(theirs))? || ours[..count] != *theirs {
            return Ok(false);
        }
    }
    // The rest must inflate too, for its end holds length and checksum.
    inflates(io::copy(&mut inflated, &mut io::sink()).map(drop))
}

/// Tells whether `compressed` is not whole, and what it inflates to is a
/// beginning of `plain`: whoever compressed it was killed.
///
/// # Errors
///
/// If either cannot be read.
pub(crate) fn is_half_of(compressed: &Path, plain: &Path) -> io::Result<bool> {
    let mut plain = BufReader::with_capacity(PIECE, open_to_read(plain)?);
    let mut inflated =
        MultiGzDecoder::new(BufReader::with_capacity(PIECE, open_to_read(compressed)?));
    let (mut ours, mut theirs) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        match inflated.read(&mut theirs) {
            Ok(0) => return Ok(false),
            Ok(count) => {
                let ours = &mut ours[..count];
                if !inflates(plain.read_exact(ours))? || *ours != theirs[..count] {
                    return Ok(false);
                }
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(true),
            // It is none, or damaged.
            Err(error) => return inflates(Err(error)),
        }
    }
}

/// Returns where the content of `file` ends: behind its last byte that is not
/// NUL.
fn content_end(mut file: &File) -> io::Result<u64> {
    let (mut piece, mut read, mut end) = (vec![0; PIECE], 0, 0);
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(end);
        }
        if let Some(last) = piece[..count].iter().rposition(|byte| *byte != 0) {
            end = read + last as u64 + 1;
        }
        read += count as u64;
    }
}

/// Tells a file that is not whole (`false`) from one that cannot be read.
fn inflates(outcome: io::Result<()>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error().is_some() => Err(error),
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Compresses `whole` and tells whether `plain` beside it is the same.
    fn same(plain: &[u8], whole: &[u8]) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("s"), dir.path().join("t"));
        fs::write(&source, whole).unwrap();
        compress(&source, &target, 6, true).unwrap();
        fs::write(&source, plain).unwrap();
        same_generation(&source, &open_to_read(&target).unwrap()).unwrap()
    }

    #[test]
    fn a_beginning_is_the_same_generation() {
        let long: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        assert!(same(b"a\nb\n", b"a\nb\n"));
        assert!(same(b"a\n", b"a\nb\n"));
        assert!(same(b"a\n\0\0\0", b"a\nb\n"));
        assert!(same(b"a\nb\n\0\0\0\0", b"a\nb\n"));
        assert!(same(b"", b""));
        assert!(same(&long, &long));
        assert!(same(&long[..70_001], &long));
    }

    #[test]
    fn other_content_is_another_generation() {
        let long: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        assert!(!same(b"a\nb\n", b"a\n"));
        assert!(!same(b"a\nc\n", b"a\nb\n"));
        assert!(!same(b"a\n\0\0b\n", b"a\n"));
        assert!(!same(&[&long[..], b"x"].concat(), &long));
    }

    #[test]
    fn a_compressed_file_cut_short_is_half() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, other, half) =
            (dir.path().join("p"), dir.path().join("o"), dir.path().join("h"));
        let lines: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&plain, &lines).unwrap();
        fs::write(&other, [b"x", &lines[1..]].concat()).unwrap();
        let whole = compress(&plain, &half, 6, false).unwrap().metadata().unwrap().len();
        assert!(!is_half_of(&half, &plain).unwrap());
        for length in [whole - 1, whole - 8, whole / 2, 10, 1, 0] {
            File::options().write(true).open(&half).unwrap().set_len(length).unwrap();
            assert!(is_half_of(&half, &plain).unwrap(), "{length} of {whole}");
            assert_eq!(is_half_of(&half, &other).unwrap(), length <= 10, "{length}");
        }
        fs::write(&half, b"this is not gzip's\n").unwrap();
        assert!(!is_half_of(&half, &plain).unwrap());
    }

    #[test]
    fn a_compressed_file_cut_short_is_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("s"), dir.path().join("t"));
        fs::write(&source, b"line\n".repeat(9000)).unwrap();
        let file = compress(&source, &target, 6, true).unwrap();
        for length in 0..file.metadata().unwrap().len() {
            let cut = File::options().read(true).write(true).open(&target).unwrap();
            cut.set_len(file.metadata().unwrap().len() - 1).unwrap();
            assert!(!same_generation(&source, &cut).unwrap(), "{length}");
        }
    }

    #[test]
    fn header_names_no_file_and_time_is_the_source_s() {
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("s"), dir.path().join("t"));
        fs::write(&source, b"line\n").unwrap();
        compress(&source, &target, 6, true).unwrap();
        assert_eq!(fs::read(&target).unwrap()[3], 0, "no flag, so no name");
        let modified = |path| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(modified(&source), modified(&target));
    }
}
