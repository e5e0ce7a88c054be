//! A command's output, kept until it is known whether the command fails.
//!
//! Pieces are kept in the order of reading, with their stream.

use std::io::{self, BufReader, Cursor, Read};

use crate::sys::{READ, Stream};
use crate::writer::spooled::Spooled;

const HEADER: usize = 1 + size_of::<u32>();

pub(crate) struct Spool {
    kept: Spooled,
    /// The piece that did not fit.
    last: Vec<u8>,
}

pub(crate) struct Replay {
    pieces: Box<dyn Read>,
    /// The stream of the present piece, and how many bytes are left in it.
    stream: Stream,
    left: usize,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Self { kept: Spooled::new(), last: Vec::new() }
    }

    /// Keeps `bytes`. Even if that fails for lack of room they are kept, but no more should follow.
    pub(crate) fn keep(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.last = [&[stream as u8], &length.to_ne_bytes()[..], bytes].concat();
        self.kept.add(&self.last)?;
        self.last.clear();
        Ok(())
    }

    pub(crate) fn replay(self) -> Replay {
        let pieces = BufReader::new(self.kept).chain(Cursor::new(self.last));
        Replay { pieces: Box::new(pieces), stream: Stream::Out, left: 0 }
    }
}

impl Replay {
    /// Returns the next bytes and their stream, or none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(Stream, Vec<u8>)>> {
        if self.left == 0 {
            let mut header = [0; HEADER];
            if self.pieces.read(&mut header[..1])? == 0 {
                return Ok(None);
            }
            self.pieces.read_exact(&mut header[1..])?;
            let [stream, length @ ..] = header;
            self.stream = if stream == Stream::Out as u8 { Stream::Out } else { Stream::Err };
            self.left = u32::from_ne_bytes(length) as usize;
        }
        let mut bytes = vec![0; self.left.min(READ)];
        self.pieces.read_exact(&mut bytes)?;
        self.left -= bytes.len();
        Ok(Some((self.stream, bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::spooled::IN_MEMORY;
    use proptest::prelude::*;

    fn joined(pieces: impl Iterator<Item = (Stream, Vec<u8>)>) -> Vec<(Stream, Vec<u8>)> {
        let mut joined: Vec<(Stream, Vec<u8>)> = Vec::new();
        for (stream, bytes) in pieces {
            match joined.last_mut() {
                Some((last, into)) if *last == stream => into.extend(bytes),
                _ => joined.push((stream, bytes)),
            }
        }
        joined
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]

        #[test]
        fn hands_out_what_was_kept(
            pieces in prop::collection::vec((any::<bool>(), any::<u8>(), 1..300_000_usize), 0..20),
        ) {
            let stream = |out| if out { Stream::Out } else { Stream::Err };
            let pieces: Vec<(Stream, Vec<u8>)> =
                pieces.into_iter().map(|(out, byte, len)| (stream(out), vec![byte; len])).collect();
            let mut spool = Spool::new();
            for (stream, bytes) in &pieces {
                spool.keep(*stream, bytes).unwrap();
                prop_assert_eq!(spool.kept.is_in_file(), spool.kept.length > IN_MEMORY as u64);
            }
            let mut replay = spool.replay();
            let replayed = std::iter::from_fn(|| replay.next().unwrap());
            prop_assert!(joined(replayed) == joined(pieces.into_iter()));
        }
    }
}
