//! One file that is being read: the position in it, and the ends of its lines.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::compress::{self, Inflated};
use crate::names::Form;
use crate::sys::FileExt;

pub(super) const PIECE: usize = 256 * 1024;

/// The longest line that is kept in memory until it is complete.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// How much before the damage in a damaged file may be lost at most.
const INFLATED_AT_ONCE: usize = 16 * 1024;

/// An open file, read at our own offset up to `end`, because others may read it, too.
#[derive(Debug)]
pub(super) struct At {
    file: Arc<File>,
    offset: u64,
    end: u64,
}

impl At {
    pub(super) fn begin(file: Arc<File>) -> Self {
        Self { file, offset: 0, end: u64::MAX }
    }
}

impl Read for At {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let most = left.min(bytes.len());
        let count = loop {
            match self.file.read_at(&mut bytes[..most], self.offset) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.offset += count as u64;
        Ok(count)
    }
}

#[derive(Debug)]
enum Way {
    Plain(At),
    /// With bytes that are decompressed but not passed on.
    Gzip(Box<Inflated<At>>, Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Part {
    way: Way,
    /// Why it cannot be read further.
    failed: Option<io::Error>,
    /// Whether that has been reported.
    over: bool,
    /// Whether the last bytes passed on ended with a partial line.
    pub(super) partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Pass on only whole lines, as far as they fit into memory.
    pub(super) lines: bool,
    /// The file does not grow any more, so a partial line at its end is passed on.
    pub(super) ended: bool,
}

impl Part {
    /// Reads a plain file up to `end`.
    pub(super) fn new(file: Arc<File>, form: Form, end: u64) -> Self {
        let at = At::begin(file);
        let way = match form {
            Form::Plain => Way::Plain(At { end, ..at }),
            Form::Gzip => Way::Gzip(Box::new(compress::inflated(at)), Vec::new()),
        };
        Self { way, failed: None, over: false, partial: false }
    }

    /// Puts the next bytes into `piece`, or none if there are no more now. An error is returned
    /// only after everything before it.
    pub(super) fn next(&mut self, piece: &mut Vec<u8>, cut: Cut) -> io::Result<()> {
        piece.clear();
        let more = match self.failed.take() {
            Some(error) => Err(error),
            None if self.over => return Ok(()),
            None if cut.ended => self.fill(piece, cut.lines),
            None => self.glance(piece),
        };
        match more {
            Err(error) if piece.is_empty() => {
                self.over = true;
                return Err(error);
            }
            Err(error) => self.failed = Some(error),
            Ok(more) => {
                let partial = !more && cut.ended;
                let whole = piece.len() >= LONGEST_LINE || partial || !cut.lines;
                let kept = if whole { piece.len() } else { lines_end(piece) };
                self.give_back(&piece[kept..]);
                piece.truncate(kept);
            }
        }
        if let Some(last) = piece.last() {
            self.partial = *last != b'\n';
        }
        Ok(())
    }

    /// Reads until `piece` has enough bytes; returns whether there may be more.
    fn fill(&mut self, piece: &mut Vec<u8>, lines: bool) -> io::Result<bool> {
        if let Way::Gzip(_, waiting) = &mut self.way {
            piece.append(waiting);
        }
        loop {
            let most = if lines && lines_end(piece) == 0 { LONGEST_LINE } else { PIECE };
            if piece.len() >= most {
                return Ok(true);
            }
            if self.read_into(piece, PIECE)? == 0 {
                return Ok(false);
            }
        }
    }

    /// Reads what is there now, or enough for a whole line, in one read. A partial line may be
    /// truncated and overwritten at any moment, and two reads would join the old part with the new
    /// one. Returns whether there may be more.
    fn glance(&mut self, piece: &mut Vec<u8>) -> io::Result<bool> {
        let mut most = PIECE;
        loop {
            let count = self.read_into(piece, most)?;
            if count < most || lines_end(piece) > 0 || count >= LONGEST_LINE {
                return Ok(count == most);
            }
            self.give_back(piece);
            piece.clear();
            most *= 2;
        }
    }

    /// Reads once and appends at most `most` bytes to `piece`.
    fn read_into(&mut self, piece: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let most = if let Way::Gzip(..) = self.way { INFLATED_AT_ONCE } else { most };
        let filled = piece.len();
        piece.resize(filled + most, 0);
        let read = match &mut self.way {
            Way::Plain(at) => at.read(&mut piece[filled..]),
            Way::Gzip(inflated, _) => inflated.read(&mut piece[filled..]).map_err(in_words),
        };
        piece.truncate(filled + *read.as_ref().unwrap_or(&0));
        read
    }

    /// Puts the last bytes back. Those of a plain file are read again later, because they may be
    /// truncated and replaced meanwhile.
    fn give_back(&mut self, bytes: &[u8]) {
        match &mut self.way {
            Way::Plain(at) => at.offset -= bytes.len() as u64,
            Way::Gzip(_, waiting) => waiting.extend_from_slice(bytes),
        }
    }

    pub(super) fn offset(&self) -> u64 {
        if let Way::Plain(at) = &self.way { at.offset } else { 0 }
    }

    /// Returns whether a line that began before `from` reaches `end` and is worth waiting for.
    pub(super) fn is_partial(&self, from: u64, end: u64) -> io::Result<bool> {
        let Way::Plain(at) = &self.way else { return Ok(false) };
        if end - at.offset >= LONGEST_LINE as u64 {
            return Ok(false);
        }
        let mut added = At { file: Arc::clone(&at.file), offset: from, end };
        let mut piece = vec![0; PIECE];
        loop {
            match added.read(&mut piece)? {
                0 => return Ok(true),
                count if memchr(b'\n', &piece[..count]).is_some() => return Ok(false),
                _ => {}
            }
        }
    }

    pub(super) fn rewind(&mut self) {
        if let Way::Plain(at) = &mut self.way {
            at.offset = 0;
        }
    }
}

/// Returns the last bytes before `end`. They show whether a file was truncated and has grown again.
pub(super) fn bytes_before(file: &File, end: u64) -> io::Result<Vec<u8>> {
    let count = end.min(64);
    let mut bytes = vec![0; usize::try_from(count).unwrap_or_default()];
    match file.read_exact_at(&mut bytes, end - count) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(Vec::new()),
        read => read.map(|()| bytes),
    }
}

fn lines_end(bytes: &[u8]) -> usize {
    memrchr(b'\n', bytes).map_or(0, |end| end + 1)
}

fn in_words(error: io::Error) -> io::Error {
    match (error.raw_os_error(), error.kind()) {
        (Some(_), _) => error,
        (None, ErrorKind::UnexpectedEof) => io::Error::other("it is cut short"),
        (None, _) => io::Error::other("it is damaged"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys;

    /// Reads all of `part`; asserts that each piece is whole lines.
    fn read(part: &mut Part, cut: Cut) -> Vec<u8> {
        let (mut all, mut piece) = (Vec::new(), Vec::new());
        loop {
            part.next(&mut piece, cut).unwrap();
            if piece.is_empty() {
                return all;
            }
            assert_eq!(piece.last(), Some(&b'\n'));
            all.extend_from_slice(&piece);
        }
    }

    #[test]
    fn long_lines_come_whole() {
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("p");
        // Some lines are longer than one read.
        let lengths = [10, 3 * PIECE, PIECE - 1, PIECE, 5].into_iter().zip(b'a'..);
        let lines =
            lengths.flat_map(|(length, letter)| [vec![letter; length], vec![b'\n']].concat());
        let lines: Vec<u8> = lines.collect();
        std::fs::write(&plain, &lines).unwrap();
        let compressed = compress::tests::compress(&plain);
        for (path, form, ended) in [
            (&plain, Form::Plain, true),
            (&plain, Form::Plain, false),
            (&compressed, Form::Gzip, true),
        ] {
            let mut part = Part::new(Arc::new(File::open(path).unwrap()), form, u64::MAX);
            assert!(read(&mut part, Cut { lines: true, ended }) == lines, "{form:?} {ended}");
        }
        let file = Arc::new(File::open(&plain).unwrap());
        let mut beginning = Part::new(file, Form::Plain, 11);
        assert_eq!(read(&mut beginning, Cut { lines: false, ended: true }), b"aaaaaaaaaa\n");
    }

    #[test]
    fn a_partial_line_is_read_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        std::fs::write(&path, b"one\nto").unwrap();
        let mut part = Part::new(Arc::new(File::open(&path).unwrap()), Form::Plain, u64::MAX);
        let live = Cut { lines: true, ended: false };
        assert_eq!(read(&mut part, live), b"one\n");
        let log = sys::log_options().open(&path).unwrap();
        log.set_len(4).unwrap();
        assert_eq!(sys::append(&log, b"two\nthr").unwrap(), 7);
        assert_eq!(read(&mut part, live), b"two\n");
        let mut piece = Vec::new();
        part.next(&mut piece, Cut { lines: true, ended: true }).unwrap();
        assert_eq!((&piece[..], part.partial), (&b"thr"[..], true));
    }
}
