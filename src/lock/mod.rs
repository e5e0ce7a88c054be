//! The lock that makes many writers take turns.
//!
//! A writer takes an exclusive `flock` on a small file beside the log before it looks at the
//! log, and releases it when its lines are in. The log's size and the file at its path may
//! change whenever the lock is not held.
//!
//! ```text
//! open (make it if it is not there) ─▶ flock ─▶ still the file at its path? ─▶ Held
//!   ▲                                                     │ no: it was deleted
//!   └─────────────────────────────────────────────────────┘
//! ```
//!
//! The lock file is created once and never removed, truncated or renamed. If it were removed, a
//! writer waiting on the old file and one that creates a new file would each hold "the" lock;
//! the last check prevents that. Its content is the next rotation's time if the log is rotated
//! by the clock; otherwise it is empty and left alone.
//!
//! On Windows the lock is `LockFileEx`'s: no other process can remove the file while it is open
//! or read it while it is locked, and waiting means polling.
//!
//! Only this room uses fs2.

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

use self::opening::{open, open_existing};
use self::turns::Turns;
pub(crate) use self::waiting::try_lock;
use self::waiting::{lock_within, wait_for};
use crate::error::{Error, Result};
use crate::file::permissions::Asked;
use crate::sys::{self, Identity};

#[derive(Debug, Default)]
pub(crate) struct Lock {
    path: PathBuf,
    /// A missing lock file is created; otherwise there is nothing to lock.
    creates: bool,
    /// For a new lock file.
    asked: Asked,
    makes_dir: bool,
    /// Opened when first needed.
    open: Option<Open>,
    /// The content's length when last locked.
    length: u64,
    /// Whether another file was at the path when last locked.
    replaced: bool,
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
        let mut lock = Self::existing(path);
        lock.open()?;
        lock.open.as_ref().map_or(Ok(()), |open| lock.check_support(&open.file))?;
        Ok(Self { creates: true, asked, makes_dir, ..lock })
    }

    /// Returns the lock of a log that is only read: while the file is missing, nothing is locked.
    pub(crate) fn existing(path: PathBuf) -> Self {
        Self { path, pid: process::id(), ..Self::default() }
    }

    /// Returns a lock without a file, which locks nothing.
    pub(crate) fn not_needed() -> Self {
        Self::existing(PathBuf::new())
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
        let Some(pause) = sys::LOCK_POLL else { return self.take(wait_for).map(drop) };
        thread::sleep(self.turns.rest());
        while !self.try_to_take()? {
            thread::sleep(pause);
        }
        Ok(())
    }

    pub(crate) fn try_acquire(&mut self) -> Result<Option<Held<'_>>> {
        let taken = self.turns.rest().is_zero() && self.try_to_take()?;
        Ok(taken.then(|| Held { lock: self, lost: false }))
    }

    pub(crate) fn acquire_within(&mut self, limit: Duration) -> Result<Option<Held<'_>>> {
        let began = Instant::now();
        while !self.try_to_take()? {
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            // The waiting thread keeps the file if it waits longer than we do.
            self.open = self.open.take().and_then(|open| {
                let file = lock_within(open.file, open.identity, left)?;
                Some(Open { file, ..open })
            });
        }
        Ok(Some(Held { lock: self, lost: false }))
    }

    fn try_to_take(&mut self) -> Result<bool> {
        let taken = self.take(try_lock)?;
        self.turns.has_to_wait(!taken);
        Ok(taken)
    }

    /// Locks the file at the path by `lock`, however often it is deleted meanwhile; returns
    /// whether it is locked.
    fn take(&mut self, lock: fn(&File) -> io::Result<bool>) -> Result<bool> {
        self.replaced = false;
        self.open()?;
        while let Some(Open { file, identity, .. }) = &self.open {
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
            self.open()?;
        }
        Ok(true)
    }

    /// Opens the lock file unless it is open, or missing and not to be created.
    fn open(&mut self) -> Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let opened = if self.creates {
            open(&self.path, self.asked, self.makes_dir)
        } else {
            match open_existing(&self.path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                opened => opened,
            }
        };
        let opened = opened.and_then(|(file, writable)| {
            let metadata = sys::about(&file)?;
            let open = Open { file, identity: sys::identity(&metadata), writable };
            if metadata.is_symlink() { Err(symbolic_link()) } else { Ok(open) }
        });
        self.open = Some(opened.map_err(|error| {
            let error = if sys::is_refused_link(&error) { symbolic_link() } else { error };
            Error::new("open lock file", &self.path, error)
        })?);
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
}

fn symbolic_link() -> io::Error {
    io::Error::other("it is a symbolic link, which is never followed")
}

impl Held<'_> {
    /// Releases the lock, does `work` and acquires the lock again. After an error it must be
    /// [regained](Held::regain) before anything else is done.
    pub(crate) fn pause<T>(&mut self, work: impl FnOnce() -> T) -> Result<T> {
        self.lock.release();
        self.lost = true;
        let outcome = work();
        self.regain().map(|()| outcome)
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
