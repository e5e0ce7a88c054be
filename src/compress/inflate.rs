//! Reading what a compressed file holds.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use flate2::read::{GzDecoder, MultiGzDecoder};

use super::{PIECE, inflates};

/// What a compressed file inflates to, in the order of its bytes.
pub(crate) type Inflated<R> = MultiGzDecoder<BufReader<R>>;

/// Returns what the compressed file that is read by `reader` inflates to.
pub(crate) fn inflated<R: Read>(reader: R) -> Inflated<R> {
    MultiGzDecoder::new(BufReader::with_capacity(PIECE, reader))
}

/// Inflates all of `file` and hands its content on in pieces; tells whether it is
/// whole.
///
/// # Errors
///
/// If it cannot be read. A file that is not whole is no error.
pub(crate) fn inflate(mut file: &File, mut into: impl FnMut(&[u8])) -> io::Result<bool> {
    file.rewind()?;
    let mut inflated = MultiGzDecoder::new(BufReader::with_capacity(PIECE, file));
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

/// Inflates the beginning of a compressed file, of which `bytes` are the first,
/// into `out`. Returns how much came out, or nothing if it is damaged.
pub(crate) fn beginning(bytes: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut inflated = GzDecoder::new(bytes);
    let mut filled = 0;
    while filled < out.len() {
        match inflated.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            // There is more of the file than these bytes.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(_) => return None,
        }
    }
    Some(filled)
}
