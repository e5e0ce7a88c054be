//! Follows a log that any program may rotate, and reports when marked lines arrive.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Marks a line to look for; no other line contains it.
pub(crate) const MARK: u8 = b'@';

/// How much one read takes.
const READ: usize = 256 * 1024;

/// How many slots the followed file may have moved meanwhile.
const SLOTS: u64 = 100;

pub(crate) struct Follower {
    log: PathBuf,
    /// The file being read.
    file: File,
    /// Whether that file is a backup by now and grows no more.
    rotated: bool,
    buffer: Vec<u8>,
    /// The beginning of a marked line that is not complete yet.
    torn: Vec<u8>,
}

impl Follower {
    /// Follows the log at `log` from its present end.
    pub(crate) fn new(log: PathBuf) -> Result<Self> {
        let mut file =
            File::open(&log).with_context(|| format!("cannot follow '{}'", log.display()))?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { log, file, rotated: false, buffer: vec![0; READ], torn: Vec::new() })
    }

    /// Reads some of the new bytes and passes each marked line to `seen`, without its newline.
    /// Returns whether there were new bytes.
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

    /// At the end of a file, goes on to the next if there is one. It leaves a file only after
    /// reading it to its end once it was rotated.
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
        // If it has been rotated again meanwhile, a file would be skipped.
        if self.slot_of(ours)? == slot && identity(&next.metadata()?) != ours {
            self.file = next;
            self.rotated = false;
            return Ok(true);
        }
        Ok(false)
    }

    /// Returns the slot of the backup with this identity. It does not find compressed backups, of
    /// which there are never two in a short time.
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

    fn backup(&self, slot: u64) -> PathBuf {
        let mut path = self.log.clone().into_os_string();
        path.push(format!(".{slot}"));
        path.into()
    }
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Returns the identity of the file at `path`.
fn identity_of(path: &Path) -> Result<Option<(u64, u64)>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(identity(&metadata))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
