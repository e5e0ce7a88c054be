//! The lock that makes many writers take turns.
//!
//! Whoever shares a log takes an exclusive `flock` on a small file beside it
//! before looking at the log, and lets go when its lines are in. Looking
//! counts: the log's size, and which file stands at its path, may change at
//! any moment the lock is not held.
//!
//! ```text
//! open (make it if it is not there) ─▶ flock ─▶ still the file at its path? ─▶ Held
//!   ▲                                                     │ no: somebody deleted it
//!   └─────────────────────────────────────────────────────┘
//! ```
//!
//! The lock file is made once and never removed, truncated or renamed. Were it
//! removed, a writer that waits on the old file and one that makes a new file
//! would each hold "the" lock; that is what the last check is for. Its content
//! is the next rotation's time, where a log is rotated by the clock; else there
//! is none, and it is left alone.
//!
//! On Windows the lock is `LockFileEx`'s. Nobody else can remove the file while
//! it is open, nor read it while it is locked, and whoever waits tries again
//! and again.
//!
//! This file is the only door to fs2.

mod content;
mod opening;
mod turns;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use self::opening::{open, open_existing, symbolic_link};
use self::turns::Turns;
use crate::error::{Error, Result};
use crate::file::permissions::Asked;
use crate::sys::{self, Identity};

/// The lock file of a log, not held.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Where it is.
    path: PathBuf,
    /// What was asked for of a new one.
    asked: Asked,
    /// The open file; opened when first needed.
    open: Option<Open>,
    /// How long its content was when it was last taken.
    length: u64,
    /// Whether another file stood at the path when it was last taken.
    replaced: bool,
    /// Whether there is anything to lock.
    needed: bool,
    /// Who comes first where there is no queue.
    turns: Turns,
}

/// A lock file that is open.
#[derive(Debug)]
struct Open {
    /// The file.
    file: File,
    /// Which file it is.
    identity: Identity,
    /// Whether it was opened to be written, too.
    writable: bool,
}

/// The lock, held. What may only be done under the lock takes a `&mut Held`.
/// Dropping it lets go.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    /// The lock.
    lock: &'a mut Lock,
    /// It was released for a pause and could not be acquired again.
    lost: bool,
}

impl Lock {
    /// Returns the lock at `path`, opened if it is there already. It is made
    /// only when first taken, so that a writer without lines leaves nothing.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be opened, or is a symbolic link.
    pub(crate) fn new(path: PathBuf, asked: Asked) -> Result<Self> {
        let mut lock = Self {
            path,
            asked,
            open: None,
            length: 0,
            replaced: false,
            needed: true,
            turns: Turns::default(),
        };
        match open_existing(&lock.path) {
            Ok(opened) => lock.keep(opened)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(lock.cannot_open(error)),
        }
        Ok(lock)
    }

    /// Returns a lock for what needs none, and whose taking does nothing.
    pub(crate) fn not_needed() -> Self {
        let (path, asked) = (PathBuf::new(), Asked::default());
        Self {
            path,
            asked,
            open: None,
            length: 0,
            replaced: false,
            needed: false,
            turns: Turns::default(),
        }
    }

    /// Returns the lock file's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether the lock file is there already.
    pub(crate) fn exists(&self) -> bool {
        self.open.is_some()
    }

    /// Waits until the lock is ours. There is no time limit, for where the system
    /// knows who waits, whoever polls instead starves among those.
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

    /// Lets go of the lock.
    fn release(&mut self) {
        let Some(open) = &self.open else { return };
        // Fully qualified, since std's own `File::unlock` would be taken
        // silently. If it fails, closing the file lets go too.
        if fs2::FileExt::unlock(&open.file).is_err() {
            self.open = None;
        }
        if let Some(pause) = sys::LOCK_POLL {
            self.turns.pass_on(pause);
        }
    }

    /// Takes the lock if it is free, and returns nothing if it is not.
    pub(crate) fn try_acquire(&mut self) -> Result<Option<Held<'_>>> {
        if sys::LOCK_POLL.is_some() && !self.turns.rest().is_zero() {
            return Ok(None);
        }
        let taken = self.take(try_lock)?;
        self.turns.has_to_wait(!taken);
        Ok(taken.then(|| Held { lock: self, lost: false }))
    }

    /// Locks the file at the path by `lock`, however often somebody deletes it
    /// meanwhile; tells whether that has locked it.
    fn take(&mut self, lock: fn(&File) -> io::Result<bool>) -> Result<bool> {
        self.replaced = false;
        while self.needed {
            if self.open.is_none() {
                let opened = open(&self.path, self.asked);
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

    /// Remembers the open lock file.
    fn keep(&mut self, (file, writable): (File, bool)) -> Result<()> {
        let metadata = sys::about(&file).map_err(|error| self.cannot_open(error))?;
        if metadata.is_symlink() {
            return Err(self.cannot_open(symbolic_link()));
        }
        self.open = Some(Open { file, identity: sys::identity(&metadata), writable });
        Ok(())
    }

    /// Says that the lock file cannot be opened, and why in plain words.
    fn cannot_open(&self, error: io::Error) -> Error {
        let link = sys::is_refused_link(&error);
        Error::new("open lock file", &self.path, if link { symbolic_link() } else { error })
    }
}

impl Held<'_> {
    /// Releases the lock, does `work` and acquires the lock again.
    ///
    /// # Errors
    ///
    /// If it cannot be acquired. Then it must be [regained](Held::regain) before
    /// anything else is done.
    pub(crate) fn pause(&mut self, work: impl FnOnce()) -> Result<()> {
        self.lock.release();
        self.lost = true;
        work();
        self.regain()
    }

    /// Acquires the lock if it was lost in a pause.
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

/// Locks any `file` exclusively if nobody has it locked; tells whether it did.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    let taken = fs2::lock_contended_error().raw_os_error();
    match uninterrupted(|| fs2::FileExt::try_lock_exclusive(file)) {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == taken => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits until `file` is locked exclusively; tells, in the end, that it is.
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

/// Waits for `patience` at most until `file` is locked exclusively. It is so as
/// long as what is returned is open; nothing is returned if others have it.
///
/// A thread waits, and not a loop: where the system knows who waits, whoever
/// tries again and again starves among those. A thread that waits too long lets
/// go as soon as it is done.
pub(crate) fn lock_within(file: File, patience: Duration) -> Option<File> {
    match try_lock(&file) {
        Ok(true) => return Some(file),
        Ok(false) => {}
        Err(_) => return None,
    }
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        if wait_for(&file).is_ok() {
            // Nobody waits for it any more: sent nowhere, it is closed.
            drop(sender.send(file));
        }
    });
    receiver.recv_timeout(patience).ok()
}

/// Waits until the lock at `path` is ours, for whoever only reads the log: the
/// lock file is not made if it is not there. Dropping what is returned lets go.
pub(crate) fn take_if_there(path: &Path) -> io::Result<Option<File>> {
    loop {
        let (file, _) = match open_existing(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        wait_for(&file)?;
        let identity = sys::identity(&sys::about(&file)?);
        if sys::length_at(path, &file, identity)?.is_some() {
            return Ok(Some(file));
        }
    }
}

/// Calls `call` again for as long as a signal interrupts it.
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

    #[test]
    fn excludes_others_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let (mut one, mut two) = (
            Lock::new(path.clone(), Asked::default()).unwrap(),
            Lock::new(path, Asked::default()).unwrap(),
        );
        let held = one.acquire().unwrap();
        assert!(two.try_acquire().unwrap().is_none());
        drop(held);
        assert!(two.try_acquire().unwrap().is_some());
    }

    #[test]
    fn is_not_made_before_it_is_taken_and_its_content_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut lock = Lock::new(path.clone(), Asked::default()).unwrap();
        assert!(!path.exists());
        drop(lock.acquire().unwrap());
        std::fs::write(&path, "1767225600").unwrap();
        drop(lock.acquire().unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"1767225600");
    }

    // Elsewhere nobody can delete it.
    #[test]
    #[cfg(unix)]
    fn a_deleted_lock_file_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut one = Lock::new(path.clone(), Asked::default()).unwrap();
        drop(one.acquire().unwrap());
        std::fs::remove_file(&path).unwrap();
        let held = one.acquire().unwrap();
        assert!(Lock::new(path, Asked::default()).unwrap().try_acquire().unwrap().is_none());
        drop(held);
    }

    #[test]
    #[cfg(unix)]
    fn a_symbolic_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        let error = Lock::new(path, Asked::default()).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }
}
