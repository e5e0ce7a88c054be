//! What a log and its backups hold.
//!
//! A compressed file's trailer says how much the file holds. Only if its size makes that
//! impossible is the file decompressed, to see whether it is broken.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::scan::Scan;
use super::{Depth, LogFile, timestamp};
use crate::compress;
use crate::error::Error;
use crate::file::open_to_read;
use crate::names::Form;
use crate::sys::{self, FileExt, Metadata, identity};

const PIECE: usize = 64 * 1024;

/// How much of a line's beginning is searched for a time.
const BEGINNING: usize = 64;

/// How much of a compressed file is decompressed for its first line.
const HEAD: usize = 4096;

/// The magic bytes, and deflate.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

const SHORTEST: u64 = 20;

/// Deflate makes at most so many bytes out of one.
const MOST_PER_BYTE: u64 = 1032;

pub(super) fn of(scan: &Scan, depth: Depth) -> (Option<LogFile>, Vec<LogFile>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut look = |which, form, path: &PathBuf, metadata: &Metadata| {
        let mut file = LogFile::new(path.clone(), which, form, metadata);
        findings.extend(look_into(&mut file, metadata, depth));
        file
    };
    let log = scan.log.as_ref().filter(|(_, metadata)| metadata.is_file());
    let log = log.map(|(path, metadata)| look(None, Form::Plain, path, metadata));
    let backups = scan.backups.iter().filter(|backup| backup.metadata.is_file());
    let backups = backups.map(|it| look(Some(it.which), it.form, &it.path, &it.metadata)).collect();
    (log, backups, findings)
}

fn look_into(about: &mut LogFile, metadata: &Metadata, depth: Depth) -> Option<Finding> {
    let outcome = open_same(&about.path, metadata).and_then(|file| match file {
        Some(file) if about.compressed => look_into_compressed(about, &file, depth),
        Some(file) => look_into_plain(about, &file, depth),
        // It was renamed meanwhile; what it holds is unknown.
        None => Ok(None),
    });
    outcome.unwrap_or_else(|error| Some(unreadable(&about.path, error)))
}

/// Opens the file at `path` if it is still the one that was scanned.
fn open_same(path: &Path, metadata: &Metadata) -> io::Result<Option<File>> {
    let file = match open_to_read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let same = identity(&sys::about(&file)?) == identity(metadata);
    Ok(same.then_some(file))
}

pub(super) fn unreadable(path: &Path, error: io::Error) -> Finding {
    let error = Error::new("read", path, error);
    Finding::Unreadable { path: path.to_owned(), reason: error.reason() }
}

fn look_into_plain(about: &mut LogFile, file: &File, depth: Depth) -> io::Result<Option<Finding>> {
    let mut lines = Lines::default();
    if depth == Depth::Whole {
        read_all(file, |piece| lines.take_in(piece))?;
        about.content = Some(lines.bytes);
        about.lines = Some(lines.count());
    } else {
        let mut head = [0; BEGINNING];
        let count = file.read_at(&mut head, 0)?;
        lines.take_in(&head[..count]);
        lines.take_in_end(file, about.size)?;
    }
    (about.first, about.last) = (lines.first_time(), lines.last_time());
    let is_log = about.slot.is_none() && about.stamp.is_none();
    let partial = is_log && lines.is_partial();
    Ok(partial.then(|| Finding::Torn { path: about.path.clone() }))
}

fn look_into_compressed(
    about: &mut LogFile,
    file: &File,
    depth: Depth,
) -> io::Result<Option<Finding>> {
    let mut head = [0; HEAD];
    let count = file.read_at(&mut head, 0)?;
    let head = &head[..count];
    let broken = |about: &LogFile| {
        let partial = head.starts_with(&MAGIC);
        Ok(Some(Finding::Broken { path: about.path.clone(), partial }))
    };
    if about.size < SHORTEST || !head.starts_with(&MAGIC) {
        return broken(about);
    }
    let claimed = if depth == Depth::Whole { None } else { claimed_length(file, about.size)? };
    let Some(claimed) = claimed else {
        let mut lines = Lines::default();
        let whole = compress::inflate(file, |piece| lines.take_in(piece))?;
        about.first = lines.first_time();
        if !whole {
            return broken(about);
        }
        about.content = Some(lines.bytes);
        if depth == Depth::Whole {
            (about.lines, about.last) = (Some(lines.count()), lines.last_time());
        }
        return Ok(None);
    };
    let mut beginning = [0; BEGINNING];
    let Some(count) = compress::beginning(head, &mut beginning) else { return broken(about) };
    about.first = timestamp::leading(&beginning[..count]);
    about.content = Some(claimed);
    Ok(None)
}

/// Returns the length in the trailer, if it is possible for a file of this `size`.
fn claimed_length(file: &File, size: u64) -> io::Result<Option<u64>> {
    let mut trailer = [0; 4];
    file.read_exact_at(&mut trailer, size - 4)?;
    let claimed = u64::from(u32::from_le_bytes(trailer));
    // Incompressible data grows a little, and the header may hold a name.
    let possible = claimed / MOST_PER_BYTE <= size && size <= claimed + claimed / 64 + 1024;
    Ok(possible.then_some(claimed))
}

fn read_all(mut file: &File, mut into: impl FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => into(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Counts lines that come in pieces, and keeps the beginnings of the first and the last.
#[derive(Debug, Default)]
struct Lines {
    bytes: u64,
    newlines: u64,
    first: Vec<u8>,
    last: Vec<u8>,
    first_is_over: bool,
    last_is_over: bool,
}

impl Lines {
    fn take_in(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        if !self.first_is_over {
            let end = memchr::memchr(b'\n', piece);
            self.first_is_over = end.is_some();
            extend(&mut self.first, &piece[..end.unwrap_or(piece.len())]);
        }
        self.newlines += memchr::memchr_iter(b'\n', piece).count() as u64;
        let Some((&end, rest)) = piece.split_last() else { return };
        if let Some(newline) = memchr::memrchr(b'\n', rest) {
            self.last.clear();
            extend(&mut self.last, &piece[newline + 1..]);
        } else {
            if self.last_is_over {
                self.last.clear();
            }
            extend(&mut self.last, piece);
        }
        self.last_is_over = end == b'\n';
    }

    /// Takes in the end of a plain file of this `size`, skipping what follows its beginning. The
    /// beginning of a very long last line stays unknown.
    fn take_in_end(&mut self, file: &File, size: u64) -> io::Result<()> {
        let mut end = vec![0; PIECE.min(usize::try_from(size).unwrap_or(PIECE))];
        let offset = size - end.len() as u64;
        // The file may have been truncated meanwhile.
        let count = file.read_at(&mut end, offset)?;
        end.truncate(count);
        let Some((&byte, rest)) = end.split_last() else { return Ok(()) };
        self.last.clear();
        self.last_is_over = byte == b'\n';
        match memchr::memrchr(b'\n', rest) {
            Some(newline) => extend(&mut self.last, &end[newline + 1..]),
            None if offset == 0 => extend(&mut self.last, &end),
            None => {}
        }
        Ok(())
    }

    /// A partial line counts.
    fn count(&self) -> u64 {
        self.newlines + u64::from(self.is_partial())
    }

    fn is_partial(&self) -> bool {
        self.bytes > 0 && !self.last_is_over
    }

    fn first_time(&self) -> Option<String> {
        timestamp::leading(&self.first)
    }

    fn last_time(&self) -> Option<String> {
        timestamp::leading(&self.last)
    }
}

fn extend(beginning: &mut Vec<u8>, piece: &[u8]) {
    let missing = BEGINNING - beginning.len();
    beginning.extend_from_slice(&piece[..missing.min(piece.len())]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_counted_in_any_pieces(
            text in "([a-c]{0,3}\n){0,5}[a-c]{0,3}",
            length in 1usize..8,
        ) {
            let mut lines = Lines::default();
            text.as_bytes().chunks(length).for_each(|piece| lines.take_in(piece));
            prop_assert_eq!(lines.count(), text.lines().count() as u64);
            prop_assert_eq!(lines.bytes, text.len() as u64);
            prop_assert_eq!(&lines.first[..], text.lines().next().unwrap_or("").as_bytes());
            let last = text.strip_suffix('\n').unwrap_or(&text).rsplit('\n').next().unwrap_or("");
            prop_assert_eq!(lines.last.strip_suffix(b"\n").unwrap_or(&lines.last), last.as_bytes());
        }
    }
}
