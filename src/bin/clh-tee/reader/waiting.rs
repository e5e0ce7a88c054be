//! What the first thread waits for, and for how long.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Affair, Reader};

impl Reader<'_> {
    /// Waits until something can go on; returns what.
    pub(super) fn wait(&mut self) -> io::Result<Vec<Affair>> {
        let timeout = self.timeout();
        let input = self.input.as_ref().filter(|_| self.wants_input());
        let polled = [
            (Affair::Input, input.map(AsFd::as_fd), PollFlags::POLLIN),
            (Affair::Output, self.echo.waits_for(), PollFlags::POLLOUT),
            (Affair::News, Some(self.sink.news()), PollFlags::POLLIN),
            (Affair::Signals, Some(self.signals.as_fd()), PollFlags::POLLIN),
        ];
        let polled =
            polled.into_iter().filter_map(|(affair, fd, flags)| Some((affair, fd?, flags)));
        let (affairs, mut fds): (Vec<Affair>, Vec<PollFd>) =
            polled.map(|(affair, fd, flags)| (affair, PollFd::new(fd, flags))).unzip();
        match poll(&mut fds, timeout) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        // What cannot be understood is taken as ready: the call for which it
        // was polled will tell.
        let is_ready = |(_, fd): &(Affair, PollFd)| fd.any().unwrap_or(true);
        let asked_for_input = affairs.contains(&Affair::Input);
        let ready = affairs.into_iter().zip(fds).filter(is_ready);
        let ready: Vec<Affair> = ready.map(|(affair, _)| affair).collect();
        if self.drain.is_some() && asked_for_input && !ready.contains(&Affair::Input) {
            // The pipe is empty, so it has been drained.
            self.end_input();
        }
        Ok(ready)
    }

    /// Returns how long to wait at the most.
    fn timeout(&self) -> PollTimeout {
        if self.drain.is_some() && self.input.is_some() && self.wants_input() {
            return PollTimeout::ZERO;
        }
        let drain = self.drain.map(|drain| drain.putting_in);
        let lock = self.cli.lock_timeout.map(|limit| {
            // Where the wait for the lock has not begun, it can begin now.
            self.sink.locking_since().unwrap_or_else(Instant::now) + limit
        });
        let Some(until) = drain.into_iter().chain(lock).chain(self.sink.turn_by()).min() else {
            return PollTimeout::NONE;
        };
        let left = until.saturating_duration_since(Instant::now());
        // Rounded up, or the last millisecond would be spent polling.
        PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
    }

    /// Returns why nothing is waited for any longer, if that is so.
    pub(super) fn time_is_up(&mut self) -> Option<String> {
        let now = Instant::now();
        if self.drain.is_some_and(|drain| drain.reading <= now) {
            self.end_input();
            self.put();
        }
        if self.drain.is_some_and(|drain| drain.putting_in <= now) {
            return (!self.is_done()).then(|| match self.sink.locking_since() {
                Some(_) => self.cannot_append("its lock is held by another process"),
                None => self.cannot_append("the time after TERM is over"),
            });
        }
        let (limit, since) = (self.cli.lock_timeout?, self.sink.locking_since()?);
        let waited = humantime::format_duration(limit);
        let reason = format!("its lock has been held by others for {waited}");
        (since + limit <= now).then(|| self.cannot_append(&reason))
    }

    /// Returns what keeps lines from going in: a trouble that was met, or else
    /// this `reason`.
    fn cannot_append(&self, reason: &str) -> String {
        let log = self.report.path(&self.cli.log);
        self.sink.trouble().unwrap_or_else(|| format!("cannot append to '{log}': {reason}"))
    }
}
