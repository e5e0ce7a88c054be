//! The lock by which many writers take turns.
//!
//! A writer acquires an exclusive `flock` on a small file beside the log before it looks at the
//! log, and releases it when its lines are in the log. The log's size and the file at its path may
//! change whenever the lock is not held.
//!
//! ```text
//! open, or create if missing ────────▶ flock ─▶ still the file at its path? ─▶ Held
//!   ▲                                                     │ no: it was deleted
//!   └─────────────────────────────────────────────────────┘
//! ```
//!
//! The lock file is created once and never removed, truncated or renamed. If it were removed, a
//! writer that waits for the old file and one that creates a new file would each hold "the" lock;
//! the last check prevents that. If the log is rotated by the clock, the file contains the time of
//! the next rotation; otherwise it is empty and never changed.
//!
//! On Windows the lock is `LockFileEx`: no other process can remove the file while it is open, or
//! read it while it is locked, and waiting means polling.
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
use self::waiting::{lock_within, wait_for};
pub(crate) use self::waiting::{try_lock, unlock};
use crate::error::{Error, Result};
use crate::file::permissions::Asked;
use crate::sys::{self, Identity};

#[derive(Debug, Default)]
pub(crate) struct Lock {
    path: PathBuf,
    /// Whether to create a missing lock file; if not, nothing is locked without one.
    creates: bool,
    /// The mode and owner of a new lock file.
    asked: Asked,
    makes_dir: bool,
    /// Opened when it is first needed.
    open: Option<Open>,
    /// The content's length when the lock was last acquired.
    length: u64,
    /// Whether another file was at the path when the lock was last acquired.
    replaced: bool,
    turns: Turns,
    /// The process that opened it. A forked child would share its lock.
    pid: u32,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    writable: bool,
}

/// The lock while it is held. Functions that may only run then take a `&mut Held`. Dropping it
/// releases the lock.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    lock: &'a mut Lock,
    /// Released by [`Held::pause`] and not acquired again.
    lost: bool,
}

impl Lock {
    /// Opens the lock file `path` if it exists. A missing one is created only when the lock is
    /// first acquired, so a writer without lines leaves nothing behind. A symbolic link, and a file
    /// system without locks, are errors.
    pub(crate) fn new(path: PathBuf, asked: Asked, makes_dir: bool) -> Result<Self> {
        let mut lock = Self::existing(path);
        lock.open()?;
        lock.open.as_ref().map_or(Ok(()), |open| lock.check_support(&open.file))?;
        Ok(Self { creates: true, asked, makes_dir, ..lock })
    }

    /// Returns the lock of a log that is only read. Without a lock file it locks nothing.
    pub(crate) fn existing(path: PathBuf) -> Self {
        Self { path, pid: process::id(), ..Self::default() }
    }

    /// Returns a lock without a file, which locks nothing.
    pub(crate) fn not_needed() -> Self {
        Self::existing(PathBuf::new())
    }

    /// Checks that a lock file can be created in `dir` and locked. On a file system that is not
    /// part of the kernel, only a file can show that, so there the lock file is created now.
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

    /// Closes the lock file in a forked child, which would share the parent's lock; returns whether
    /// this is such a child.
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
            // If the waiting thread waits longer than we do, it keeps the file.
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

    /// Acquires the lock on the file at the path with `lock`, however often that file is deleted
    /// meanwhile; returns whether it succeeded.
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

    /// Opens the lock file, unless it is open, or missing and not to be created.
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
            // This is the parent's lock; unlocking would release it for the parent.
            self.open = None;
            return;
        }
        // Fully qualified, because otherwise std's own `File::unlock` would be called. If it fails,
        // closing the file releases the lock, too.
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
    /// Releases the lock, does `work` and acquires the lock again. After an error, call
    /// [`Held::regain`] before anything else.
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
