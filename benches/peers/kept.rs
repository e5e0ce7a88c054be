//! Reads a log and its backups and compares them with the input.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;

use crate::program::Program;
use crate::stream::Stream;

/// How much one read takes.
const CHUNK: usize = 1024 * 1024;

/// Returns the log and its backups, oldest first.
pub(crate) fn files(program: Program, place: &Path) -> Result<Vec<PathBuf>> {
    let log = program.log(place);
    let (dir, name) = (log.parent().context("a log has a directory")?, log.file_name());
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut backups = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?.file_name().to_string_lossy().into_owned();
        let slot = entry.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.'));
        let slot = slot.map(|slot| slot.strip_suffix(".gz").unwrap_or(slot));
        if let Some(slot) = slot {
            let slot: u64 = slot.parse().with_context(|| format!("what is {entry}?"))?;
            backups.push((u64::MAX - slot, entry));
        } else if entry.starts_with('@') {
            backups.push((0, entry));
        }
    }
    backups.sort();
    let backups = backups.into_iter().map(|(_, name)| dir.join(name));
    Ok(backups.chain([log.clone()]).filter(|path| path.exists()).collect())
}

/// Passes the content of a file, decompressed, to `take`, piece by piece.
fn read(path: &Path, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let file = File::open(path)?;
    let compressed = path.extension().is_some_and(|extension| extension == "gz");
    let mut content: Box<dyn Read> =
        if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = content
            .read(&mut chunk)
            .with_context(|| format!("cannot read '{}'", path.display()))?;
        if count == 0 {
            return Ok(());
        }
        take(&chunk[..count])?;
    }
}

/// Returns how many bytes and lines are in the log and its backups.
pub(crate) fn count(program: Program, place: &Path) -> Result<(u64, u64)> {
    let (mut bytes, mut lines) = (0, 0);
    for path in files(program, place)? {
        read(&path, |chunk| {
            bytes += chunk.len() as u64;
            lines += memchr::memchr_iter(b'\n', chunk).count() as u64;
            Ok(())
        })?;
    }
    Ok((bytes, lines))
}

/// Checks that the files hold the end of the first `fed` bytes of `stream`, without a gap, and at
/// least `least` bytes.
pub(crate) fn check_end(
    program: Program,
    place: &Path,
    stream: &Stream,
    fed: u64,
    least: u64,
) -> Result<()> {
    let (mut bytes, mut at, mut has_end) = (0, None, false);
    for path in files(program, place)? {
        if !program.is_ordered() {
            at = None;
        }
        read(&path, |chunk| {
            let begin = at.or_else(|| stream.place(chunk)).context("where is this from?")?;
            ensure!(
                stream.has(begin, chunk),
                "'{}' holds other lines than were fed",
                path.display()
            );
            at = Some(begin + chunk.len() as u64);
            bytes += chunk.len() as u64;
            Ok(())
        })?;
        has_end |= at.is_some_and(|at| stream.is_same(at, fed));
    }
    ensure!(has_end, "the last line is not there");
    ensure!(bytes <= fed && bytes >= fed.min(least), "{bytes} bytes are kept, {fed} were fed");
    Ok(())
}

/// Checks that every line of the first `fed` bytes of each stream is there, whole, once and in
/// order.
pub(crate) fn check_all(
    program: Program,
    place: &Path,
    streams: &[Stream],
    fed: u64,
) -> Result<()> {
    let mut at = vec![0; streams.len()];
    for path in files(program, place)? {
        let mut content = Vec::new();
        read(&path, |chunk| {
            content.extend_from_slice(chunk);
            Ok(())
        })?;
        let length = usize::try_from(streams[0].line())?;
        for line in content.chunks(length) {
            let writer = line.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            let writer = writer.and_then(|digits| digits.parse::<usize>().ok());
            let writer = writer.filter(|writer| *writer < streams.len());
            let writer = writer.with_context(|| format!("a torn line in '{}'", path.display()))?;
            ensure!(
                streams[writer].has(at[writer], line),
                "a line is out of place in '{}'",
                path.display()
            );
            at[writer] += line.len() as u64;
        }
    }
    ensure!(at.iter().all(|at| *at == fed), "{at:?} bytes arrived, {fed} were fed by each");
    Ok(())
}

/// Returns the compression ratio of the backups.
pub(crate) fn compression(program: Program, place: &Path) -> Result<f64> {
    let (mut plain, mut compressed) = (0, 0);
    for path in files(program, place)? {
        if path.extension().is_some_and(|extension| extension == "gz") {
            compressed += path.metadata()?.len();
            read(&path, |chunk| {
                plain += chunk.len() as u64;
                Ok(())
            })?;
        }
    }
    ensure!(compressed > 0, "nothing was compressed");
    Ok(crate::measure::float(plain) / crate::measure::float(compressed))
}
