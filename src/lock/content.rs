//! The lock file's content, which is read and replaced only while the lock is held.

use std::io;
use std::path::Path;

use super::{Held, Open};
use crate::error::{Error, Result};
use crate::file::sync::sync_data;
use crate::sys::{self, FileExt};

impl Held<'_> {
    pub(crate) fn path(&self) -> &Path {
        &self.lock.path
    }

    /// Returns whether a lock file is locked; a log that is only read may have none.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.exists()
    }

    /// Returns whether the lock file is still at its path. If not, other processes lock another
    /// file.
    pub(crate) fn is_at_its_path(&self) -> bool {
        let Some(open) = &self.lock.open else { return true };
        !matches!(sys::length_at(&self.lock.path, &open.file, open.identity), Ok(None))
    }

    /// Returns whether the lock file was replaced since the last hold. Other processes may have
    /// held the new one meanwhile.
    pub(crate) fn is_another(&self) -> bool {
        self.lock.replaced
    }

    /// Returns whether the lock file is empty, without reading it.
    pub(crate) fn is_blank(&self) -> bool {
        self.lock.length == 0
    }

    /// Returns the content, or nothing if it is longer than `most` bytes.
    pub(crate) fn content(&self, most: usize) -> Result<Vec<u8>> {
        let length = usize::try_from(self.lock.length).unwrap_or(usize::MAX);
        let mut content = vec![0; if length > most { 0 } else { length }];
        let Some(open) = &self.lock.open else { return Ok(Vec::new()) };
        let read = open.file.read_exact_at(&mut content, 0);
        read.map_err(Error::on("read lock file", &self.lock.path)).map(|()| content)
    }

    /// Returns an error if the lock file cannot be written or must not be: with a second name it
    /// could be any file.
    pub(crate) fn may_write(&self) -> Result<()> {
        let Some(open) = &self.lock.open else { return Ok(()) };
        let look = || {
            if !open.writable {
                return Err(io::Error::from_raw_os_error(sys::FORBIDDEN));
            }
            let metadata = sys::about(&open.file)?;
            if !metadata.is_file() || sys::links(&metadata) > 1 {
                return Err(io::Error::other("it is not a file of its own"));
            }
            Ok(())
        };
        look().map_err(Error::on("write lock file", &self.lock.path))
    }

    /// Replaces the content, and syncs it if `sync`.
    pub(crate) fn set_content(&mut self, content: &[u8], sync: bool) -> Result<()> {
        let Some(Open { file, .. }) = &self.lock.open else { return Ok(()) };
        // Overwritten before it is truncated, so a kill never leaves it empty.
        let written = file
            .write_all_at(content, 0)
            .and_then(|()| file.set_len(content.len() as u64))
            .and_then(|()| if sync { sync_data(file) } else { Ok(()) });
        written.map_err(Error::on("write lock file", &self.lock.path))?;
        self.lock.length = content.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Lock;
    use crate::file::permissions::Asked;

    #[test]
    fn is_not_written_where_it_may_be_another_s() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut lock = Lock::new(path.clone(), Asked::default(), false).unwrap();
        lock.acquire().unwrap().may_write().unwrap();
        std::fs::hard_link(&path, dir.path().join("precious")).unwrap();
        let error = lock.acquire().unwrap().may_write().unwrap_err();
        assert!(error.to_string().contains("not a file of its own"), "{error}");
    }
}
