//! The lock that makes many writers take turns.
//!
//! A writer takes an exclusive `flock` on a small file beside the log before it looks at the
//! log, and releases it when its lines are in. The log's size and the file at its path may
//! change whenever the lock is not held.
//!
//! ```text
//! open (make it if it is not there) ─▶ flock ─▶ still the file at its path? ─▶ Held
//!   ▲                                                     │ no: somebody deleted it
//!   └─────────────────────────────────────────────────────┘
//! ```
//!
//! The lock file is created once and never removed, truncated or renamed. If it were removed, a
//! writer waiting on the old file and one that creates a new file would each hold "the" lock;
//! the last check prevents that. Its content is the next rotation's time if the log is rotated
//! by the clock; otherwise it is empty and left alone.
//!
//! On Windows the lock is `LockFileEx`'s: nobody else can remove the file while it is open or
//! read it while it is locked, and waiting means polling.
//!
//! Only this file uses fs2.

mod content;
mod opening;
mod turns;
mod waiting;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use self::opening::{open, open_existing, symbolic_link};
use self::turns::Turns;
use crate::error::{Error, Result};
use crate::file::permissions::Asked;
use crate::sys::{self, Identity};

#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// For a new lock file.
    asked: Asked,
    makes_dir: bool,
    /// Opened when first needed.
    open: Option<Open>,
    /// The content's length when last locked.
    length: u64,
    /// Whether another file was at the path when last locked.
    replaced: bool,
    /// False if there is nothing to lock.
    needed: bool,
    turns: Turns,
    /// The process that opened it: a forked child would share its lock.
    pid: u32,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    writable: bool,
}

/// The lock, held. What may only be done under the lock takes a `&mut Held`. Dropping it
/// releases the lock.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    lock: &'a mut Lock,
    /// Released for a pause and not acquired again.
    lost: bool,
}

impl Lock {
    /// Opens the lock at `path` if it exists. It is created only when first acquired, so that a
    /// writer without lines leaves nothing. Fails on a symbolic link, or if the file system
    /// supports no locks.
    pub(crate) fn new(path: PathBuf, asked: Asked, makes_dir: bool) -> Result<Self> {
        let mut lock = Self { path, makes_dir, needed: true, ..Self::not_needed() };
        lock.asked = asked;
        match open_existing(&lock.path) {
            Ok(opened) => lock.keep(opened)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(lock.cannot_open(error)),
        }
        lock.open.as_ref().map_or(Ok(()), |open| lock.check_support(&open.file))?;
        Ok(lock)
    }

    /// A lock that does nothing.
    pub(crate) fn not_needed() -> Self {
        Self {
            path: PathBuf::new(),
            asked: Asked::default(),
            makes_dir: false,
            open: None,
            length: 0,
            replaced: false,
            needed: false,
            turns: Turns::default(),
            pid: process::id(),
        }
    }

    /// Checks that a lock file can be created in `dir` and locked. On a file system that is not
    /// the kernel's own only a file can show that, so there the lock file is created now.
    pub(crate) fn check_dir(&mut self, dir: &Path) -> Result<()> {
        sys::can_create_in(dir).map_err(Error::on("create lock file", &self.path))?;
        let file = if sys::network(dir).is_some() {
            open(&self.path, self.asked, false).map(|(file, _)| file)
        } else {
            File::open(dir)
        };
        // If it cannot be opened, nothing is known.
        file.map_or(Ok(()), |file| self.check_support(&file))
    }

    /// Checks that the system can lock `file`, by unlocking it, which affects no other process.
    fn check_support(&self, file: &File) -> Result<()> {
        let unsupported = fs2::FileExt::unlock(file).err().filter(sys::is_unsupported);
        unsupported.map_or(Ok(()), Err).map_err(Error::on("lock", &self.path))
    }

    pub(crate) fn exists(&self) -> bool {
        self.open.is_some()
    }

    /// Closes the lock file in a forked child, which would share the parent's lock; returns
    /// whether it is one.
    pub(crate) fn notice_fork(&mut self) -> bool {
        let pid = process::id();
        let forked = std::mem::replace(&mut self.pid, pid) != pid;
        if forked {
            self.open = None;
        }
        forked
    }

    pub(crate) fn acquire(&mut self) -> Result<Held<'_>> {
        self.wait()?;
        Ok(Held { lock: self, lost: false })
    }

    fn wait(&mut self) -> Result<()> {
        match sys::LOCK_POLL {
            None => {
                self.take(wait_for)?;
            }
            Some(pause) => {
                thread::sleep(self.turns.rest());
                while !self.take(try_lock)? {
                    self.turns.has_to_wait(true);
                    thread::sleep(pause);
                }
            }
        }
        Ok(())
    }

    fn release(&mut self) {
        let Some(open) = &self.open else { return };
        if self.pid != process::id() {
            // The parent's: unlocking it would take it from the parent.
            self.open = None;
            return;
        }
        // Fully qualified, or std's own `File::unlock` would be used. If it fails, closing the
        // file releases the lock too.
        if fs2::FileExt::unlock(&open.file).is_err() {
            self.open = None;
        }
        if let Some(pause) = sys::LOCK_POLL {
            self.turns.pass_on(pause);
        }
    }

    pub(crate) fn try_acquire(&mut self) -> Result<Option<Held<'_>>> {
        if sys::LOCK_POLL.is_some() && !self.turns.rest().is_zero() {
            return Ok(None);
        }
        let taken = self.take(try_lock)?;
        self.turns.has_to_wait(!taken);
        Ok(taken.then(|| Held { lock: self, lost: false }))
    }

    pub(crate) fn acquire_within(&mut self, limit: Duration) -> Result<Option<Held<'_>>> {
        let began = Instant::now();
        loop {
            let taken = self.take(try_lock)?;
            self.turns.has_to_wait(!taken);
            if taken {
                return Ok(Some(Held { lock: self, lost: false }));
            }
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            // The waiting thread keeps the file if it waits longer than we do.
            self.open = self.open.take().and_then(|open| {
                let file = waiting::lock_within(open.file, open.identity, left)?;
                Some(Open { file, ..open })
            });
        }
    }

    /// Locks the file at the path by `lock`, however often it is deleted meanwhile; returns
    /// whether it is locked.
    fn take(&mut self, lock: fn(&File) -> io::Result<bool>) -> Result<bool> {
        self.replaced = false;
        while self.needed {
            if self.open.is_none() {
                let opened = open(&self.path, self.asked, self.makes_dir);
                self.keep(opened.map_err(|error| self.cannot_open(error))?)?;
            }
            let Some(Open { file, identity, .. }) = &self.open else {
                continue;
            };
            if !lock(file).map_err(Error::on("lock", &self.path))? {
                return Ok(false);
            }
            match sys::length_at(&self.path, file, *identity) {
                Ok(Some(length)) => {
                    self.length = length;
                    return Ok(true);
                }
                Ok(None) => (self.open, self.replaced) = (None, true),
                Err(error) => {
                    self.open = None;
                    return Err(Error::new("check lock file", &self.path, error));
                }
            }
        }
        Ok(true)
    }

    fn keep(&mut self, (file, writable): (File, bool)) -> Result<()> {
        let metadata = sys::about(&file).map_err(|error| self.cannot_open(error))?;
        if metadata.is_symlink() {
            return Err(self.cannot_open(symbolic_link()));
        }
        self.open = Some(Open { file, identity: sys::identity(&metadata), writable });
        Ok(())
    }

    fn cannot_open(&self, error: io::Error) -> Error {
        cannot_open(&self.path, error)
    }
}

fn cannot_open(path: &Path, error: io::Error) -> Error {
    let link = sys::is_refused_link(&error);
    Error::new("open lock file", path, if link { symbolic_link() } else { error })
}

impl Held<'_> {
    /// Releases the lock, does `work` and acquires the lock again. After an error it must be
    /// [regained](Held::regain) before anything else is done.
    pub(crate) fn pause(&mut self, work: impl FnOnce()) -> Result<()> {
        self.lock.release();
        self.lost = true;
        work();
        self.regain()
    }

    pub(crate) fn regain(&mut self) -> Result<()> {
        if self.lost {
            self.lock.wait()?;
            self.lost = false;
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.lost {
            self.lock.release();
        }
    }
}

/// Locks any `file` exclusively if it is free; returns whether it did.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    let taken = fs2::lock_contended_error().raw_os_error();
    match uninterrupted(|| fs2::FileExt::try_lock_exclusive(file)) {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == taken => Ok(false),
        Err(error) => Err(error),
    }
}

/// Always returns true: it has the type of [`try_lock`].
fn wait_for(file: &File) -> io::Result<bool> {
    match sys::LOCK_POLL {
        None => uninterrupted(|| fs2::FileExt::lock_exclusive(file))?,
        Some(pause) => {
            while !try_lock(file)? {
                thread::sleep(pause);
            }
        }
    }
    Ok(true)
}

/// The result of locking a lock file that may be missing.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Dropping the file releases the lock.
    Locked(File),
    Missing,
    Busy,
}

/// Locks the lock file at `path`, without creating it, for a process that only reads the log.
/// Waits at most `limit`.
pub(crate) fn lock_existing(path: &Path, limit: Option<Duration>) -> Result<Taken> {
    let (began, cannot_lock) = (Instant::now(), || Error::on("lock", path));
    loop {
        let (mut file, _) = match open_existing(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Taken::Missing),
            opened => opened.map_err(|error| cannot_open(path, error))?,
        };
        let about = sys::about(&file).map_err(Error::on("check lock file", path))?;
        let identity = sys::identity(&about);
        if let Some(limit) = limit {
            if !try_lock(&file).map_err(cannot_lock())? {
                let left = limit.saturating_sub(began.elapsed());
                if left.is_zero() {
                    return Ok(Taken::Busy);
                }
                let Some(locked) = waiting::lock_within(file, identity, left) else { continue };
                file = locked;
            }
        } else {
            wait_for(&file).map_err(cannot_lock())?;
        }
        let length = sys::length_at(path, &file, identity);
        if length.map_err(Error::on("check lock file", path))?.is_some() {
            return Ok(Taken::Locked(file));
        }
    }
}

fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(path: &Path) -> Lock {
        Lock::new(path.to_owned(), Asked::default(), false).unwrap()
    }

    #[test]
    fn excludes_others_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let (mut one, mut two) = (lock(&path), lock(&path));
        let held = one.acquire().unwrap();
        assert!(two.try_acquire().unwrap().is_none());
        drop(held);
        assert!(two.try_acquire().unwrap().is_some());
    }

    #[test]
    fn is_not_made_before_it_is_taken_and_its_content_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut lock = lock(&path);
        assert!(!path.exists());
        drop(lock.acquire().unwrap());
        std::fs::write(&path, "1767225600").unwrap();
        drop(lock.acquire().unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"1767225600");
    }

    // Elsewhere it cannot be deleted while open.
    #[test]
    #[cfg(unix)]
    fn a_deleted_lock_file_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut one = lock(&path);
        drop(one.acquire().unwrap());
        std::fs::remove_file(&path).unwrap();
        let held = one.acquire().unwrap();
        assert!(lock(&path).try_acquire().unwrap().is_none());
        drop(held);
    }

    #[test]
    #[cfg(unix)]
    fn a_symbolic_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        let error = Lock::new(path, Asked::default(), false).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }
}
