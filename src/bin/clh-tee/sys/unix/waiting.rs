//! Waiting for several things at once: `poll`, and pipes that wake it.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread::{Builder, Thread};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub(crate) type Awaited<'a> = PollFd<'a>;

/// Starts a thread that is never joined.
pub(crate) fn start_thread(work: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
    Builder::new().spawn(work).map(|started| started.thread().clone())
}

/// Waits until one is ready or `timeout` is over. Fails with `Interrupted` if a signal arrived.
pub(crate) fn wait(awaited: &mut [Awaited], timeout: Option<Duration>) -> io::Result<()> {
    let timeout = timeout.map_or(PollTimeout::NONE, |timeout| {
        PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX)
    });
    poll(awaited, timeout)?;
    Ok(())
}

/// Returns whether it is ready. Unknown flags count as ready; the next call on it finds out.
pub(crate) fn is_ready(awaited: &Awaited) -> bool {
    awaited.any().unwrap_or(true)
}

pub(crate) fn is_ready_within(awaited: Awaited, limit: Duration) -> bool {
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    poll(&mut [awaited], limit).is_ok_and(|count| count > 0)
}

pub(super) fn more(fd: BorrowedFd<'_>) -> Awaited<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

pub(super) fn room(fd: BorrowedFd<'_>) -> Awaited<'_> {
    PollFd::new(fd, PollFlags::POLLOUT)
}

/// Is ready when the other end of `fd` is closed.
pub(super) fn closed(fd: BorrowedFd<'_>) -> Awaited<'_> {
    PollFd::new(fd, PollFlags::empty())
}

/// Wakes the thread that waits for its [`Woken`], which stays ready once this is dropped.
pub(crate) struct Waker(PipeWriter);

/// Ready as often as it was woken.
pub(crate) struct Woken(PipeReader);

pub(crate) fn waker() -> io::Result<(Waker, Woken)> {
    let (woken, waker) = io::pipe()?;
    Ok((Waker(waker), Woken(woken)))
}

impl Waker {
    pub(crate) fn wake(&self) {
        // There is room for one byte, because the reader takes each byte before it waits again.
        // Without a reader there is nothing to wake.
        drop((&self.0).write(&[0]));
    }
}

impl Woken {
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        more(self.0.as_fd())
    }

    pub(crate) fn noted(&mut self) {
        // There is one byte for each wait that ended, unless the waker is gone.
        drop(self.0.read(&mut [0]));
    }
}
