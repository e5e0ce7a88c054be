//! What the first thread waits for, and for how long.

use std::io;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Affair, Reader};

impl Reader<'_> {
    /// Waits until something can go on; returns what.
    pub(super) fn wait(&mut self) -> io::Result<Vec<Affair>> {
        let timeout = self.timeout();
        let sources = || self.sources.iter().enumerate();
        let inputs = sources().filter(|_| self.wants_input()).filter_map(|(number, source)| {
            Some((Affair::Input(number), source.waits_for()?, PollFlags::POLLIN))
        });
        let outputs = sources().filter_map(|(number, source)| {
            Some((Affair::Output(number), source.echo.waits_for()?, PollFlags::POLLOUT))
        });
        let news = [(Affair::News, self.sink.news(), PollFlags::POLLIN)];
        let signals = self.signals.fds().map(|fd| (Affair::Signals, fd, PollFlags::POLLIN));
        let polled = inputs.chain(outputs).chain(news).chain(signals);
        let (affairs, mut fds): (Vec<Affair>, Vec<PollFd>) =
            polled.map(|(affair, fd, flags)| (affair, PollFd::new(fd, flags))).unzip();
        match poll(&mut fds, timeout) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        // What cannot be understood is taken as ready: the call for which it
        // was polled will tell.
        let is_ready = fds.iter().map(|fd| fd.any().unwrap_or(true));
        let ends_empty = self.ends_empty();
        let (mut ready, mut drained) = (Vec::new(), Vec::new());
        for (affair, is_ready) in affairs.into_iter().zip(is_ready) {
            match affair {
                _ if is_ready => ready.push(affair),
                // The pipe is empty, so it has been drained.
                Affair::Input(number) if ends_empty => drained.push(number),
                _ => {}
            }
        }
        for number in drained {
            self.leave(number);
        }
        Ok(ready)
    }

    /// Returns how long to wait at the most.
    fn timeout(&self) -> PollTimeout {
        let can_read = || self.sources.iter().any(|source| source.waits_for().is_some());
        if self.ends_empty() && self.wants_input() && can_read() {
            return PollTimeout::ZERO;
        }
        let drain = self.drain.map(|drain| drain.putting_in);
        let lock = self.cli.lock_timeout.map(|limit| {
            // Where the wait for the lock has not begun, it can begin now.
            self.sink.locking_since().unwrap_or_else(Instant::now) + limit
        });
        let limits = [drain, lock, self.lingers_until(), self.sink.turn_by()];
        let Some(until) = limits.into_iter().flatten().min() else {
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
