//! Waiting for many things at once: `poll`, and pipes to be roused by.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Something that is waited for, and once that is over, whether it has come.
pub(crate) type Awaited<'a> = PollFd<'a>;

/// Waits until one of `awaited` is ready, and for no longer than `timeout`.
///
/// # Errors
///
/// If a signal came instead (`Interrupted`), or if nothing can be waited for.
pub(crate) fn wait(awaited: &mut [Awaited], timeout: Option<Duration>) -> io::Result<()> {
    let timeout = timeout.map_or(PollTimeout::NONE, |timeout| {
        PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX)
    });
    poll(awaited, timeout)?;
    Ok(())
}

/// Tells whether what was waited for is ready. What cannot be understood is
/// taken as ready: the call for which it was polled will tell.
pub(crate) fn is_ready(awaited: &Awaited) -> bool {
    awaited.any().unwrap_or(true)
}

/// Tells whether `awaited` becomes ready within `patience`.
pub(crate) fn is_ready_within(awaited: Awaited, patience: Duration) -> bool {
    let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    poll(&mut [awaited], patience).is_ok_and(|count| count > 0)
}

/// Returns what can be read from, as something to wait for.
pub(super) fn more(fd: BorrowedFd<'_>) -> Awaited<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

/// Returns what can be written to, as something to wait for.
pub(super) fn room(fd: BorrowedFd<'_>) -> Awaited<'_> {
    PollFd::new(fd, PollFlags::POLLOUT)
}

/// Returns what nobody reads any more, as something to wait for.
pub(super) fn closed(fd: BorrowedFd<'_>) -> Awaited<'_> {
    PollFd::new(fd, PollFlags::empty())
}

/// Rouses who waits for the [`Woken`] that belongs to it. When it is gone, that
/// stays ready for ever.
pub(crate) struct Waker(PipeWriter);

/// Is ready as often as it was roused.
pub(crate) struct Woken(PipeReader);

/// Returns what rouses, and what is roused.
pub(crate) fn waker() -> io::Result<(Waker, Woken)> {
    let (woken, waker) = io::pipe()?;
    Ok((Waker(waker), Woken(woken)))
}

impl Waker {
    /// Rouses.
    pub(crate) fn wake(&self) {
        // There is room for one byte, since the reader takes each before
        // it waits again; and if it is gone nobody needs to be roused.
        drop((&self.0).write(&[0]));
    }
}

impl Woken {
    /// Returns it as something to wait for.
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        more(self.0.as_fd())
    }

    /// Takes note of having been roused once.
    pub(crate) fn noted(&mut self) {
        // There is one byte for each time that we waited, and if the other end
        // is gone there will be no more.
        drop(self.0.read(&mut [0]));
    }
}
