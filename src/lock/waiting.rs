//! Locking a file: at once, by waiting, or within a time limit.
//!
//! For a time limit a thread waits instead of polling, because a process that polls starves where
//! the system queues waiters. The thread cannot be stopped. If its waiter has given up, it releases
//! the lock as soon as it gets it; until then, another waiter of this process can take it over. So
//! there is at most one such thread per lock file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::process;
use std::sync::mpsc::{self, SendError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::sys::{self, Identity};

/// How often to try if no thread can be created.
const POLL: Duration = Duration::from_millis(2);

/// A lock file, and the process: after a fork, the threads belong to the parent.
type Key = (u32, Identity);

/// The lock files that a thread waits for, and the threads that want them.
type Waiting = BTreeMap<Key, Vec<(ThreadId, Sender<File>)>>;

static WAITING: Mutex<Waiting> = Mutex::new(Waiting::new());

fn waiting() -> MutexGuard<'static, Waiting> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks `file` exclusively if it is free; returns whether it did. It can be any file.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    let taken = fs2::lock_contended_error().raw_os_error();
    match uninterrupted(|| fs2::FileExt::try_lock_exclusive(file)) {
        Err(error) if error.raw_os_error() == taken => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

pub(crate) fn unlock(file: &File) -> io::Result<()> {
    uninterrupted(|| fs2::FileExt::unlock(file))
}

/// Waits for the lock; always returns true, to have the type of [`try_lock`].
pub(super) fn wait_for(file: &File) -> io::Result<bool> {
    uninterrupted(|| fs2::FileExt::lock_exclusive(file)).map(|()| true)
}

fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Waits at most `most` until `file` is locked. Returns it or another descriptor of it, or `None`;
/// then the caller tries again if there is time left.
pub(super) fn lock_within(file: File, identity: Identity, most: Duration) -> Option<File> {
    if let Some(pause) = sys::LOCK_POLL {
        thread::sleep(pause.min(most));
        return None;
    }
    let (key, us) = ((process::id(), identity), thread::current().id());
    let (sender, receiver) = mpsc::channel();
    let mut all = waiting();
    let start = move || thread::Builder::new().spawn(move || wait(key, file));
    if !all.contains_key(&key) && start().is_err() {
        drop(all);
        thread::sleep(POLL.min(most));
        return None;
    }
    all.entry(key).or_default().push((us, sender));
    drop(all);
    let locked = receiver.recv_timeout(most).ok();
    if locked.is_none()
        && let Some(senders) = waiting().get_mut(&key)
    {
        senders.retain(|(thread, _)| *thread != us);
    }
    locked
}

/// Waits until `file` is locked and passes it to the first thread that still wants it.
fn wait(key: Key, mut file: File) {
    let locked = wait_for(&file).is_ok();
    let senders = waiting().remove(&key).unwrap_or_default();
    for (_, sender) in senders.into_iter().filter(|_| locked) {
        match sender.send(file) {
            Ok(()) => return,
            Err(SendError(unwanted)) => file = unwanted,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::Lock;
    use crate::file::permissions::Asked;
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::time::{Duration, Instant};

    fn descriptors(inode: u64) -> usize {
        let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
        open.filter(|fd| fd.path().metadata().is_ok_and(|file| file.ino() == inode)).count()
    }

    #[test]
    fn waits_in_vain_leave_one_descriptor_and_the_lock_stays_usable() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let new = || Lock::new(path.clone(), Asked::default(), false).unwrap();
        let (mut holder, mut waiter) = (new(), new());
        let held = holder.acquire().unwrap();
        let inode = path.metadata().unwrap().ino();
        let moment = Duration::from_millis(5);
        for _ in 0..20 {
            assert!(waiter.acquire_within(moment).unwrap().is_none());
            assert!(Lock::existing(path.clone()).acquire_within(moment).unwrap().is_none());
        }
        // The descriptors of the holder, the waiter, and the waiting thread.
        assert!(descriptors(inode) <= 3, "{}", descriptors(inode));
        drop(held);
        drop(waiter.acquire_within(Duration::from_secs(10)).unwrap().unwrap());
        let until = Instant::now() + Duration::from_secs(10);
        while descriptors(inode) > 2 && Instant::now() < until {
            std::thread::yield_now();
        }
        assert!(descriptors(inode) <= 2, "{}", descriptors(inode));
        drop(new().acquire_within(Duration::ZERO).unwrap().expect("it is free"));
    }
}
