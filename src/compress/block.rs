//! A gzip member that tells about itself.
//!
//! ```text
//!  header │ extra field: length of the member,  │ compressed │ CRC-32 and length
//!         │ length of the piece, CRC-32 of what │ piece      │ of the piece
//!         │ is compressed, in 4 bytes each      │            │
//! ```
//!
//! So a file of members can be looked through without inflating, and what a
//! power cut did to it is found without inflating either. For every other
//! reader it is a gzip file like any (RFC 1952).

use std::fs::File;
use std::io;

use crate::compress::{self, Deflater};
use crate::sys::FileExt;

/// How a member begins: gzip, deflate, an extra field and nothing else; then
/// no time, no hint, and any system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255];
/// How many bytes of that mean something.
const MAGIC: usize = 4;
/// How the extra field begins: its length, our subfield's name, and that one's length.
const EXTRA: [u8; 6] = [16, 0, b'C', b'T', 12, 0];
/// Where the subfield's content begins.
const CONTENT_AT: usize = HEADER.len() + EXTRA.len();
/// Where the compressed piece begins.
const DATA_AT: usize = CONTENT_AT + 12;
/// The length of what follows it.
const TRAILER: usize = 8;
/// The length of the shortest member.
const SHORTEST: u64 = (DATA_AT + TRAILER) as u64;
/// The length of the longest piece that is believed: it is held in memory.
const LONGEST_PIECE: u32 = 1024 * 1024;

/// One member: what it says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// The piece's length in bytes.
    pub(crate) piece: u64,
    /// The piece's CRC-32.
    pub(crate) checksum: u32,
    /// The member's length in bytes.
    pub(crate) length: u64,
    /// The CRC-32 of the compressed piece.
    data_checksum: u32,
}

impl Block {
    /// Compresses `piece`; returns the member, whose bytes are in `out` then.
    pub(crate) fn of(piece: &[u8], by: &mut Deflater, out: &mut Vec<u8>) -> io::Result<Self> {
        out.clear();
        out.extend_from_slice(&HEADER);
        out.extend_from_slice(&EXTRA);
        out.resize(DATA_AT, 0);
        by.deflate(piece, out)?;
        let (checksum, data_checksum) =
            (compress::checksum(piece), compress::checksum(&out[DATA_AT..]));
        let (length, piece_length) = (out.len() + TRAILER, piece.len());
        let [length, piece] = [length, piece_length].map(u32::try_from);
        let (length, piece) = (length.map_err(io::Error::other)?, piece.map_err(io::Error::other)?);
        for (number, at) in [length, piece, data_checksum].into_iter().zip([0, 4, 8]) {
            out[CONTENT_AT + at..CONTENT_AT + at + 4].copy_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&checksum.to_le_bytes());
        out.extend_from_slice(&piece.to_le_bytes());
        Ok(Self { piece: piece.into(), checksum, length: length.into(), data_checksum })
    }

    /// Reads about the member at `offset` in a file of `length` bytes. There
    /// is none if what is there is cut short, or not one of ours.
    pub(crate) fn at(file: &File, offset: u64, length: u64) -> io::Result<Option<Self>> {
        if length.saturating_sub(offset) < SHORTEST {
            return Ok(None);
        }
        let mut head = [0; DATA_AT];
        file.read_exact_at(&mut head, offset)?;
        let [length_here, piece, data_checksum] =
            [0, 4, 8].map(|at| number(&head, CONTENT_AT + at));
        let ours = head[..MAGIC] == HEADER[..MAGIC] && head[HEADER.len()..CONTENT_AT] == EXTRA;
        let end = offset + u64::from(length_here);
        let possible = u64::from(length_here) >= SHORTEST && end <= length;
        if !ours || !possible || !(1..=LONGEST_PIECE).contains(&piece) {
            return Ok(None);
        }
        let mut trailer = [0; TRAILER];
        file.read_exact_at(&mut trailer, end - TRAILER as u64)?;
        let (piece, length, checksum) = (piece.into(), length_here.into(), number(&trailer, 0));
        let whole = u64::from(number(&trailer, 4)) == piece;
        Ok(whole.then_some(Self { piece, checksum, length, data_checksum }))
    }

    /// Tells whether the compressed piece of the member at `offset` is what it
    /// was when it was written.
    pub(crate) fn is_sound(&self, file: &File, offset: u64) -> io::Result<bool> {
        let (data, length) = (offset + DATA_AT as u64, self.length - SHORTEST);
        Ok(checksum(file, data, length)? == self.data_checksum)
    }
}

/// Returns the CRC-32 of `length` bytes of `file` from `offset` on.
pub(crate) fn checksum(file: &File, offset: u64, length: u64) -> io::Result<u32> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(compress::checksum(&bytes))
}

/// Reads four bytes, the lowest first.
fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn member(piece: &[u8]) -> (Block, Vec<u8>) {
        let mut bytes = Vec::new();
        let member = Block::of(piece, &mut Deflater::new(6), &mut bytes).unwrap();
        (member, bytes)
    }

    #[test]
    fn what_does_not_compress_is_a_member_too() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            state.to_le_bytes()[7]
        };
        let piece: Vec<u8> = (0..300_000).map(|_| random()).collect();
        let (_, bytes) = member(&piece);
        let mut inflated = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut inflated).unwrap();
        assert!(inflated == piece);
    }

    #[test]
    fn is_gzip_and_says_what_it_is() {
        let piece = b"0123456789\n".repeat(500);
        let (member, bytes) = member(&piece);
        let mut inflated = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut inflated).unwrap();
        assert_eq!(inflated, piece);

        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"before").unwrap();
        file.write_all(&bytes).unwrap();
        let length = 6 + bytes.len() as u64;
        assert_eq!(Block::at(&file, 6, length).unwrap(), Some(member));
        assert!(member.is_sound(&file, 6).unwrap());
        assert_eq!(Block::at(&file, 6, length - 1).unwrap(), None);
        assert_eq!(Block::at(&file, 5, length).unwrap(), None);
    }

    #[test]
    fn no_change_of_a_byte_goes_unnoticed() {
        let piece = b"0123456789\n".repeat(50);
        let (member, bytes) = member(&piece);
        // The bytes of time and system say nothing and are not looked at.
        for at in (0..MAGIC).chain(HEADER.len()..bytes.len()) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&changed).unwrap();
            let found = Block::at(&file, 0, bytes.len() as u64).unwrap();
            let good =
                found.is_some_and(|found| found == member && found.is_sound(&file, 0).unwrap());
            assert!(!good, "byte {at}");
        }
    }
}
