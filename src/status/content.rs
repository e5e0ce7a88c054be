//! The content of a log and its backups.
//!
//! A compressed file's trailer contains the length of its content. The file is decompressed only if
//! its size makes that length impossible, to find out whether it is damaged.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::scan::Scan;
use super::{Depth, LogFile};
use crate::compress;
use crate::error::Error;
use crate::file::open_to_read;
use crate::names::Form;
use crate::sys::{self, FileExt, Metadata, identity};
use crate::time::leading;

const PIECE: usize = 64 * 1024;

/// How much of a line's beginning is searched for a time.
const BEGINNING: usize = 64;

/// How much of a compressed file is decompressed for its first line.
const HEAD: usize = 4096;

/// gzip's magic bytes, and its number for deflate.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

const SHORTEST: u64 = 20;

/// The highest ratio of deflate.
const MOST_PER_BYTE: u64 = 1032;

pub(super) fn of(scan: &Scan, depth: Depth) -> (Option<LogFile>, Vec<LogFile>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut look = |which, form, path: &PathBuf, metadata: &Metadata| {
        let mut file = LogFile::new(path.clone(), which, form, metadata);
        let found = look_into(&mut file, metadata, depth);
        findings.extend(found.unwrap_or_else(|error| Some(unreadable(path, error))));
        file
    };
    let log = scan.log.as_ref().filter(|(_, metadata)| metadata.is_file());
    let log = log.map(|(path, metadata)| look(None, Form::Plain, path, metadata));
    let backups = scan.backups.iter().filter(|backup| backup.metadata.is_file());
    let backups = backups.map(|it| look(Some(it.which), it.form, &it.path, &it.metadata)).collect();
    (log, backups, findings)
}

fn look_into(
    about: &mut LogFile,
    metadata: &Metadata,
    depth: Depth,
) -> io::Result<Option<Finding>> {
    let file = match open_to_read(&about.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    if identity(&sys::about(&file)?) != identity(metadata) {
        // It was renamed meanwhile, so its content is unknown.
        Ok(None)
    } else if about.compressed {
        look_into_compressed(about, &file, depth)
    } else {
        look_into_plain(about, &file, depth)
    }
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
        lines.take_in_ends(file, about.size)?;
    }
    (about.first, about.last) = (leading::time(&lines.first), leading::time(&lines.last));
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
        about.first = leading::time(&lines.first);
        if !whole {
            return broken(about);
        }
        about.content = Some(lines.bytes);
        if depth == Depth::Whole {
            (about.lines, about.last) = (Some(lines.count()), leading::time(&lines.last));
        }
        return Ok(None);
    };
    let mut beginning = [0; BEGINNING];
    let Some(count) = compress::beginning(head, &mut beginning) else { return broken(about) };
    about.first = leading::time(&beginning[..count]);
    about.content = Some(claimed);
    Ok(None)
}

/// Returns the length in the trailer, if it is plausible for a file of this `size`.
fn claimed_length(file: &File, size: u64) -> io::Result<Option<u64>> {
    let mut trailer = [0; 4];
    file.read_exact_at(&mut trailer, size - 4)?;
    let claimed = u64::from(u32::from_le_bytes(trailer));
    // Incompressible data grows a little, and the header may contain a name.
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

/// Counts lines, and keeps the beginnings of the first and the last one.
#[derive(Debug, Default)]
struct Lines {
    bytes: u64,
    newlines: u64,
    first: Vec<u8>,
    last: Vec<u8>,
    last_is_over: bool,
}

impl Lines {
    fn take_in(&mut self, piece: &[u8]) {
        let end = memchr::memchr(b'\n', piece).unwrap_or(piece.len());
        if self.newlines == 0 {
            extend(&mut self.first, &piece[..end]);
        }
        self.bytes += piece.len() as u64;
        self.newlines += memchr::memchr_iter(b'\n', piece).count() as u64;
        let Some((&end, rest)) = piece.split_last() else { return };
        let newline = memchr::memrchr(b'\n', rest);
        if newline.is_some() || self.last_is_over {
            self.last.clear();
        }
        extend(&mut self.last, &piece[newline.map_or(0, |newline| newline + 1)..]);
        self.last_is_over = end == b'\n';
    }

    /// Reads the beginning and the end of a plain file of this `size`. The beginning of a very long
    /// last line stays unknown.
    fn take_in_ends(&mut self, file: &File, size: u64) -> io::Result<()> {
        let mut piece = vec![0; usize::try_from(size).unwrap_or(PIECE).min(PIECE)];
        let end = size - piece.len() as u64;
        if end > 0 {
            let count = file.read_at(&mut piece[..BEGINNING], 0)?;
            self.take_in(&piece[..count]);
        }
        // The file may have been truncated meanwhile.
        let count = file.read_at(&mut piece, end)?;
        self.take_in(&piece[..count]);
        if end > 0 && memchr::memrchr(b'\n', &piece[..count.saturating_sub(1)]).is_none() {
            self.last.clear();
        }
        Ok(())
    }

    /// Returns the number of lines; a partial line counts.
    fn count(&self) -> u64 {
        self.newlines + u64::from(self.is_partial())
    }

    fn is_partial(&self) -> bool {
        self.bytes > 0 && !self.last_is_over
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
