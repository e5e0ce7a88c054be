//! One file of a log being read: our place in it, and where whole lines end.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::compress::{self, Inflated};
use crate::names::Form;
use crate::sys::FileExt;

pub(super) const PIECE: usize = 256 * 1024;

/// The longest line that is kept in memory until it is whole.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// At most so much before the damage in a damaged file is lost.
const INFLATED_AT_ONCE: usize = 16 * 1024;

/// An open file, read at our own offset: others may read it too.
#[derive(Debug)]
pub(super) struct At {
    file: Arc<File>,
    offset: u64,
}

impl At {
    pub(super) fn begin(file: Arc<File>) -> Self {
        Self { file, offset: 0 }
    }
}

impl Read for At {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read_at(bytes, self.offset) {
                Ok(count) => {
                    self.offset += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[derive(Debug)]
enum Way {
    /// Up to an offset if one is given.
    Plain(At, Option<u64>),
    /// With what was decompressed and not yet passed on.
    Gzip(Box<Inflated<At>>, Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Part {
    way: Way,
    /// Why it cannot be read further.
    failed: Option<io::Error>,
    /// That was reported.
    over: bool,
    /// What was passed on last ended with a partial line.
    partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Only whole lines, as far as they fit into memory.
    pub(super) lines: bool,
    /// No more is added to the file, so a partial line at its end is passed on.
    pub(super) ended: bool,
}

impl Part {
    pub(super) fn new(file: Arc<File>, form: Form) -> Self {
        let at = At::begin(file);
        let way = match form {
            Form::Plain => Way::Plain(at, None),
            Form::Gzip => Way::Gzip(Box::new(compress::inflated(at)), Vec::new()),
        };
        Self { way, failed: None, over: false, partial: false }
    }

    /// Reads only the first `length` bytes of a plain file.
    pub(super) fn up_to(mut self, length: Option<u64>) -> Self {
        if let Way::Plain(_, end) = &mut self.way {
            *end = length;
        }
        self
    }

    pub(super) fn is_partial_end(&self) -> bool {
        self.partial
    }

    /// Puts what comes next into `piece`; nothing, if there is no more now. An error comes after
    /// all that could be read.
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

    /// Reads until `piece` holds enough; returns whether there may be more.
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

    /// Reads what is there now, or as much of it as has a whole line, in one go: a partial line
    /// may be cut back and overwritten at the next moment, and would be glued to it. Returns
    /// whether there may be more.
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

    /// Reads once, at most `most` bytes, to the end of `piece`.
    fn read_into(&mut self, piece: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let most = match &self.way {
            Way::Plain(at, Some(end)) => {
                usize::try_from(end.saturating_sub(at.offset)).unwrap_or(most).min(most)
            }
            Way::Plain(_, None) => most,
            Way::Gzip(..) => INFLATED_AT_ONCE,
        };
        let filled = piece.len();
        piece.resize(filled + most, 0);
        let read = match &mut self.way {
            Way::Plain(at, _) => at.read(&mut piece[filled..]),
            Way::Gzip(inflated, _) => inflated.read(&mut piece[filled..]).map_err(in_words),
        };
        piece.truncate(filled + *read.as_ref().unwrap_or(&0));
        read
    }

    /// Puts back the last bytes, to be read again. Those of a plain file are read anew, since they
    /// may be cut off and replaced until then.
    fn give_back(&mut self, bytes: &[u8]) {
        match &mut self.way {
            Way::Plain(at, _) => at.offset -= bytes.len() as u64,
            Way::Gzip(_, waiting) => waiting.extend_from_slice(bytes),
        }
    }

    pub(super) fn offset(&self) -> u64 {
        if let Way::Plain(at, _) = &self.way { at.offset } else { 0 }
    }

    /// Whether a line that began before `from` reaches `end`, and may be waited for.
    pub(super) fn is_partial(&self, from: u64, end: u64) -> io::Result<bool> {
        let Way::Plain(at, _) = &self.way else { return Ok(false) };
        if end - at.offset >= LONGEST_LINE as u64 {
            return Ok(false);
        }
        let mut added = At { file: Arc::clone(&at.file), offset: from }.take(end - from);
        let mut piece = Vec::new();
        while added.by_ref().take(PIECE as u64).read_to_end(&mut piece)? > 0 {
            if memchr(b'\n', &piece).is_some() {
                return Ok(false);
            }
            piece.clear();
        }
        Ok(true)
    }

    pub(super) fn rewind(&mut self) {
        if let Way::Plain(at, _) = &mut self.way {
            at.offset = 0;
        }
    }
}

/// The last bytes before `end`, which show whether a file was cut back and has grown again.
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

    /// Some lines are longer than one read.
    fn lines() -> Vec<u8> {
        let long = |length, letter| [vec![letter; length], vec![b'\n']].concat();
        [
            long(10, b'a'),
            long(3 * PIECE, b'b'),
            long(PIECE - 1, b'c'),
            long(PIECE, b'd'),
            long(5, b'e'),
        ]
        .concat()
    }

    /// Reads all of `part`; each piece must be whole lines.
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
        std::fs::write(&plain, lines()).unwrap();
        let compressed = compress::tests::compress(&plain);
        for (path, form) in [(&plain, Form::Plain), (&compressed, Form::Gzip)] {
            for ended in [true, false] {
                let mut part = Part::new(Arc::new(File::open(path).unwrap()), form);
                let cut = Cut { lines: true, ended: ended || form == Form::Gzip };
                assert!(read(&mut part, cut) == lines(), "{form:?} {ended}");
            }
        }
    }

    #[test]
    fn a_partial_line_is_read_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        std::fs::write(&path, b"one\nto").unwrap();
        let mut part = Part::new(Arc::new(File::open(&path).unwrap()), Form::Plain);
        let live = Cut { lines: true, ended: false };
        assert_eq!(read(&mut part, live), b"one\n");
        let log = sys::log_options().open(&path).unwrap();
        log.set_len(4).unwrap();
        assert_eq!(sys::append(&log, b"two\nthr").unwrap(), 7);
        assert_eq!(read(&mut part, live), b"two\n");
        let mut piece = Vec::new();
        part.next(&mut piece, Cut { lines: true, ended: true }).unwrap();
        assert_eq!((&piece[..], part.is_partial_end()), (&b"thr"[..], true));
    }

    #[test]
    fn no_more_is_read_than_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        std::fs::write(&path, b"one\ntwo\n").unwrap();
        let part = Part::new(Arc::new(File::open(&path).unwrap()), Form::Plain);
        let all = Cut { lines: false, ended: true };
        assert_eq!(read(&mut part.up_to(Some(4)), all), b"one\n");
    }
}
