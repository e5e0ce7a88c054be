//! Sees lines arrive in a log, whoever rotates it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What marks a line that is looked for. It is in no other.
pub(crate) const MARK: u8 = b'@';

/// How much is read in one go.
const READ: usize = 256 * 1024;

/// How far back the file that is followed can have been shifted meanwhile.
const SLOTS: u64 = 100;

/// Sees lines arrive in a log.
pub(crate) struct Follower {
    /// Where the log is.
    log: PathBuf,
    /// The file that is being read.
    file: File,
    /// Whether that is a backup by now, so that its end is final.
    rotated: bool,
    /// Where it is read to.
    buffer: Vec<u8>,
    /// The beginning of a marked line whose end is not there yet.
    torn: Vec<u8>,
}

impl Follower {
    /// Follows the log at `log` from its present end on.
    pub(crate) fn new(log: PathBuf) -> Result<Self> {
        let mut file =
            File::open(&log).with_context(|| format!("cannot follow '{}'", log.display()))?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { log, file, rotated: false, buffer: vec![0; READ], torn: Vec::new() })
    }

    /// Reads a part of what is new, if anything is, and passes on each marked
    /// line, without its newline. Tells whether something was new.
    pub(crate) fn poll(&mut self, mut seen: impl FnMut(&[u8])) -> Result<bool> {
        let count = self.file.read(&mut self.buffer)?;
        if count == 0 {
            return self.look_for_next();
        }
        let mut rest = &self.buffer[..count];
        loop {
            if self.torn.is_empty() {
                let Some(mark) = memchr::memchr(MARK, rest) else { break };
                rest = &rest[mark..];
            }
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.torn.extend_from_slice(rest);
                break;
            };
            self.torn.extend_from_slice(&rest[..end]);
            seen(&self.torn);
            self.torn.clear();
            rest = &rest[end + 1..];
        }
        Ok(true)
    }

    /// At the end of a file, goes on to the next if there is one. A file is
    /// left only when it has been read to its end after it was rotated.
    fn look_for_next(&mut self) -> Result<bool> {
        let ours = identity(&self.file.metadata()?);
        if !self.rotated {
            self.rotated = identity_of(&self.log)? != Some(ours);
            return Ok(self.rotated);
        }
        let slot = self.slot_of(ours)?;
        let path = match slot {
            Some(slot) if slot > 1 => self.backup(slot - 1),
            _ => self.log.clone(),
        };
        let next = match File::open(&path) {
            Ok(next) => next,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        // Had it been rotated once more meanwhile, a file would be left out.
        if self.slot_of(ours)? == slot && identity(&next.metadata()?) != ours {
            self.file = next;
            self.rotated = false;
            return Ok(true);
        }
        Ok(false)
    }

    /// Returns the slot in which the backup of this identity is. Compressed
    /// ones are not found; of those there are not two within a moment.
    fn slot_of(&self, ours: (u64, u64)) -> Result<Option<u64>> {
        for slot in 1..=SLOTS {
            match identity_of(&self.backup(slot))? {
                Some(identity) if identity == ours => return Ok(Some(slot)),
                Some(_) => {}
                None => break,
            }
        }
        Ok(None)
    }

    /// Returns the path of a backup.
    fn backup(&self, slot: u64) -> PathBuf {
        let mut path = self.log.clone().into_os_string();
        path.push(format!(".{slot}"));
        path.into()
    }
}

/// Returns which file `metadata` is about.
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Returns which file is at `path`.
fn identity_of(path: &Path) -> Result<Option<(u64, u64)>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(identity(&metadata))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
