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

/// The lock file of a log, not held.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// What was asked for of a new one.
    asked: Asked,
    /// Whether its directory is made if it is missing.
    makes_dir: bool,
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
    /// The process that opened it: a child would share its lock.
    pid: u32,
}

/// A lock file that is open.
#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    /// Whether it was opened to be written, too.
    writable: bool,
}

/// The lock, held. What may only be done under the lock takes a `&mut Held`.
/// Dropping it lets go.
#[derive(Debug)]
pub(crate) struct Held<'a> {
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
    /// If it is there and cannot be opened, is a symbolic link, or cannot be
    /// locked because the file system knows no locks.
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

    /// Returns a lock for what needs none, and whose taking does nothing.
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

    /// Checks that a lock file that is yet to be made in `dir` can be made, and
    /// locked. Only a file tells that on a file system that is not the kernel's
    /// own, so there the lock file is made now.
    pub(crate) fn check_dir(&mut self, dir: &Path) -> Result<()> {
        sys::can_create_in(dir).map_err(Error::on("create lock file", &self.path))?;
        let file = if sys::network(dir).is_some() {
            open(&self.path, self.asked, false).map(|(file, _)| file)
        } else {
            File::open(dir)
        };
        // One that cannot be opened tells nothing.
        file.map_or(Ok(()), |file| self.check_support(&file))
    }

    /// Checks that the system can lock `file`, by unlocking it: that disturbs
    /// nobody.
    fn check_support(&self, file: &File) -> Result<()> {
        let unsupported = fs2::FileExt::unlock(file).err().filter(sys::is_unsupported);
        unsupported.map_or(Ok(()), Err).map_err(Error::on("lock", &self.path))
    }

    /// Tells whether the lock file is there already.
    pub(crate) fn exists(&self) -> bool {
        self.open.is_some()
    }

    /// Gives up the open lock file if this is a child of the process that
    /// opened it: they would share one lock. Tells whether it is.
    pub(crate) fn notice_fork(&mut self) -> bool {
        let pid = process::id();
        let forked = std::mem::replace(&mut self.pid, pid) != pid;
        if forked {
            self.open = None;
        }
        forked
    }

    /// Waits until the lock is ours, in the system's queue of waiters if there
    /// is one.
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
        if self.pid != process::id() {
            // The parent's: to unlock it would take it from the parent.
            self.open = None;
            return;
        }
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

    /// Waits for `limit` at the most until the lock is ours.
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

    /// Locks the file at the path by `lock`, however often somebody deletes it
    /// meanwhile; tells whether that has locked it.
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

    /// Remembers the open lock file.
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

/// Says that the lock file cannot be opened, and why in plain words.
fn cannot_open(path: &Path, error: io::Error) -> Error {
    let link = sys::is_refused_link(&error);
    Error::new("open lock file", path, if link { symbolic_link() } else { error })
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

/// What came of locking a lock file that may be missing.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It is locked; dropping the file lets go.
    Locked(File),
    /// There is no lock file.
    Missing,
    /// Others had it all the time.
    Busy,
}

/// Locks the lock file at `path`, for a process that only reads the log: it is
/// not made if it is missing. Waits no longer than `limit`, if there is one.
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
            Lock::new(path.clone(), Asked::default(), false).unwrap(),
            Lock::new(path, Asked::default(), false).unwrap(),
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
        let mut lock = Lock::new(path.clone(), Asked::default(), false).unwrap();
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
        let mut one = Lock::new(path.clone(), Asked::default(), false).unwrap();
        drop(one.acquire().unwrap());
        std::fs::remove_file(&path).unwrap();
        let held = one.acquire().unwrap();
        assert!(Lock::new(path, Asked::default(), false).unwrap().try_acquire().unwrap().is_none());
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
