//! Reading what a compressed file holds.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use flate2::read::{GzDecoder, MultiGzDecoder};

use super::{PIECE, inflates};

/// Yields what a compressed file decompresses to.
pub(crate) type Inflated<R> = MultiGzDecoder<BufReader<R>>;

pub(crate) fn inflated<R: Read>(reader: R) -> Inflated<R> {
    MultiGzDecoder::new(BufReader::with_capacity(PIECE, reader))
}

/// Passes the content of `file` on in pieces; returns whether the file is whole. One that is not
/// is no error.
pub(crate) fn inflate(mut file: &File, mut into: impl FnMut(&[u8])) -> io::Result<bool> {
    file.rewind()?;
    let mut inflated = inflated(file);
    let mut piece = vec![0; PIECE];
    loop {
        let mut count = 0;
        if !inflates(inflated.read(&mut piece).map(|read| count = read))? {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
        into(&piece[..count]);
    }
}

/// Decompresses the beginning of a file, given its first `bytes`, into `out`. Returns how much
/// came out, or nothing if it is damaged.
pub(crate) fn beginning(bytes: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut inflated = GzDecoder::new(bytes);
    let mut filled = 0;
    while filled < out.len() {
        match inflated.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            // The file goes on after these bytes.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(_) => return None,
        }
    }
    Some(filled)
}
