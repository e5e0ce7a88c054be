//! One gzip member in independent blocks, as pigz makes it.
//!
//! ```text
//!  header │ block │ block │ … │ end, CRC-32 and length of everything
//! ```
//!
//! Each block is compressed by itself, primed with the 32 KiB before it, and ends on a byte. So
//! small blocks cost hardly any size, a member can grow block by block over days and by different
//! processes, and completing it compresses nothing.

use std::io::{self, ErrorKind};

use flate2::{Compress, Compression, FlushCompress};

/// Deflate's last block, which is empty.
const END: [u8; 2] = [3, 0];

/// How far back deflate refers.
pub(crate) const WINDOW: u64 = 32 * 1024;
/// The length of a block near the limit: 2 ms, so that little is left when the log is full.
pub(crate) const SMALL: u64 = 64 * 1024;
/// The length of a block far from the limit, because priming costs CPU time per block.
const LARGE: u64 = 8 * SMALL;

/// Returns the length of the next block: half of the distance to the limit, in small blocks.
pub(crate) fn length_at(offset: u64, limit: u64) -> u64 {
    let half = limit.saturating_sub(offset) / 2;
    (half - half % SMALL).clamp(SMALL, LARGE)
}

/// Its 256 KiB of memory are reused for each block. A short run seldom needs it.
#[derive(Debug)]
pub(crate) struct Deflater(u32, Option<Compress>);

impl Deflater {
    pub(crate) fn new(level: u32) -> Self {
        Self(level, None)
    }

    fn state(&mut self) -> &mut Compress {
        let level = Compression::new(self.0);
        self.1.get_or_insert_with(|| Compress::new(level, false))
    }

    /// Starts afresh. A block that follows the last one needs no reset and is compressed a third
    /// faster.
    pub(crate) fn reset(&mut self) {
        self.state().reset();
    }

    /// Primes the next block with `before`, the log's content before it.
    pub(crate) fn prime(&mut self, before: &[u8]) -> io::Result<()> {
        self.state().set_dictionary(before).map(drop).map_err(io::Error::other)
    }

    /// Appends the compressed `piece` to `out`, and ends the block after the `last` one.
    pub(crate) fn deflate(
        &mut self,
        piece: &[u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let flush = if last { FlushCompress::Sync } else { FlushCompress::None };
        let state = self.state();
        let began = state.total_in();
        loop {
            // If room is left at the end, a flush was complete.
            out.reserve(piece.len() / 4 + 64);
            let done = usize::try_from(state.total_in() - began).map_err(io::Error::other)?;
            state.compress_vec(&piece[done..], out, flush).map_err(io::Error::other)?;
            if state.total_in() - began == piece.len() as u64 && out.len() < out.capacity() {
                return Ok(());
            }
        }
    }
}

pub(crate) const TRAILER: usize = 10;

/// Returns the end of a member of `length` bytes with this CRC-32.
pub(crate) fn trailer(checksum: u32, length: u64) -> [u8; TRAILER] {
    let mut trailer = [0; TRAILER];
    trailer[..2].copy_from_slice(&END);
    trailer[2..6].copy_from_slice(&checksum.to_le_bytes());
    // Of a length above 4 GiB, gzip stores the lowest four bytes.
    trailer[6..].copy_from_slice(&length.to_le_bytes()[..4]);
    trailer
}

/// Returns the CRC-32 of bytes with this `checksum` followed by `bytes`.
pub(crate) fn checksum_after(checksum: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(checksum);
    hasher.update(bytes);
    hasher.finalize()
}

pub(crate) fn unfit(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    /// gzip, deflate, no name, no time, unknown system.
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

    fn member(log: &[u8], length: usize) -> Vec<u8> {
        let (mut deflater, mut out) = (Deflater::new(6), HEADER.to_vec());
        for (index, block) in log.chunks(length).enumerate() {
            let before = &log[..index * length];
            let window = usize::try_from(WINDOW).unwrap();
            // Every third block starts afresh; the others continue.
            if index % 3 < 2 {
                deflater.reset();
                deflater.prime(&before[before.len().saturating_sub(window)..]).unwrap();
            }
            let (one, two) = block.split_at(block.len() / 3);
            deflater.deflate(one, false, &mut out).unwrap();
            deflater.deflate(two, true, &mut out).unwrap();
        }
        out.extend(trailer(checksum_after(0, log), log.len() as u64));
        out
    }

    fn inflated(member: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        // This stops after the first member and checks its trailer.
        flate2::bufread::GzDecoder::new(member).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_does_not_compress_is_a_block_too() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            state.to_le_bytes()[7]
        };
        let log: Vec<u8> = (0..300_000).map(|_| random()).collect();
        for length in [1 << 16, 1 << 18, 100_001] {
            assert!(inflated(&member(&log, length)) == log, "{length}");
        }
    }

    proptest! {
        #[test]
        fn blocks_are_one_member(
            log in proptest::collection::vec(0u8..4, 1..3000), length in 1usize..1000,
        ) {
            prop_assert_eq!(inflated(&member(&log, length)), log);
        }
    }
}
