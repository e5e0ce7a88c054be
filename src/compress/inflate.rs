//! Reads compressed files.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek};

use flate2::read::{GzDecoder, MultiGzDecoder};

use super::PIECE;
use super::compare::fill;

/// A reader of a compressed file's content.
pub(crate) type Inflated<R> = MultiGzDecoder<BufReader<R>>;

pub(crate) fn inflated<R: Read>(reader: R) -> Inflated<R> {
    MultiGzDecoder::new(BufReader::with_capacity(PIECE, reader))
}

/// Passes the content of `file` on in pieces; returns whether the file is intact. If it is not,
/// that is no error.
pub(crate) fn inflate(mut file: &File, mut into: impl FnMut(&[u8])) -> io::Result<bool> {
    file.rewind()?;
    let mut inflated = inflated(file);
    let mut piece = vec![0; PIECE];
    loop {
        let (count, damage) = fill(&mut inflated, &mut piece)?;
        into(&piece[..count]);
        if damage.is_some() || count < PIECE {
            return Ok(damage.is_none());
        }
    }
}

/// Decompresses the first `bytes` of a file into `out`. Returns how many bytes that gave, or
/// nothing if the file is damaged.
pub(crate) fn beginning(bytes: &[u8], out: &mut [u8]) -> Option<usize> {
    let (filled, damage) = fill(&mut GzDecoder::new(bytes), out).ok()?;
    // The file continues after these bytes.
    damage.is_none_or(|kind| kind == ErrorKind::UnexpectedEof).then_some(filled)
}
