//! Waiting until something happens to a log, and counting the logs that begin.
//!
//! The kernel keeps what happens in a queue, also while we are stopped: that
//! is how it is known how many generations have gone by unseen. Where there is
//! no inotify (the number of its users is limited) the log is looked at ten
//! times a second, and nothing is counted.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use crate::sys::WATCH_INTERVAL;

/// How often it is looked at all the same: what is renamed to the log's name
/// is not told.
const AT_LEAST: Duration = Duration::from_secs(1);

/// What reports changes of a log.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The kernel's queue, if there is one, and the directory in it.
    events: Option<(Inotify, WatchDescriptor)>,
    name: OsString,
    /// The watch on the open log.
    log: Option<WatchDescriptor>,
    /// How many logs have begun since that was asked last, if it is known.
    begun: Option<u64>,
}

impl Watch {
    /// Begins to watch for the log called `name` in the directory at `path`.
    pub(crate) fn begin(path: &Path, name: &OsStr) -> Self {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        let events = Inotify::init(flags).and_then(|events| {
            let dir = events.add_watch(path, directory_flags())?;
            Ok((events, dir))
        });
        let events = events.ok();
        let begun = events.is_some().then_some(0);
        Self { events, name: name.to_owned(), log: None, begun }
    }

    /// Watches the directory that is at `path` now; tells whether it is
    /// another one, which is the case after a deployment that swaps it.
    pub(crate) fn renew(&mut self, path: &Path) -> bool {
        let Some((events, before)) = &mut self.events else { return false };
        // The same directory has the same number. One that is missing is waited
        // for by looking.
        let Ok(now) = events.add_watch(path, directory_flags()) else { return false };
        let another = now != *before;
        if another {
            // It is gone already if its directory is.
            events.rm_watch(std::mem::replace(before, now)).unwrap_or_default();
        }
        another
    }

    /// Watches this log, and no longer the one before.
    pub(crate) fn turn_to(&mut self, log: Option<&File>) {
        let Some((events, _)) = &self.events else { return };
        if let Some(before) = self.log.take() {
            // It is gone already if its file is.
            events.rm_watch(before).unwrap_or_default();
        }
        let add = |log: &File| {
            // By its descriptor, for another log may stand at the path now.
            let path = format!("/proc/self/fd/{}", log.as_raw_fd());
            events.add_watch(path.as_str(), AddWatchFlags::IN_MODIFY).ok()
        };
        self.log = log.and_then(add);
    }

    /// Waits until something has happened, and for no longer than `most`.
    pub(crate) fn wait(&mut self, most: Duration) {
        let longest = if self.log.is_some() { AT_LEAST } else { WATCH_INTERVAL };
        let until = Instant::now() + longest.min(most);
        loop {
            let Some((events, _)) = &self.events else {
                thread::sleep(WATCH_INTERVAL.min(most));
                return;
            };
            let left = until.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            let mut fds = [PollFd::new(events.as_fd(), PollFlags::POLLIN)];
            // An interrupted wait is a short one.
            let woken = poll(&mut fds, timeout).unwrap_or_default() > 0;
            // What happens to other files in the directory is none of ours.
            if self.take_in() || !woken {
                return;
            }
        }
    }

    /// Returns how many logs have begun since the last call, if it is known.
    pub(crate) fn begun(&mut self) -> Option<u64> {
        self.take_in();
        std::mem::replace(&mut self.begun, self.events.is_some().then_some(0))
    }

    /// Takes in what has happened; tells whether any of it may concern the log.
    fn take_in(&mut self) -> bool {
        let Some((events, _)) = &self.events else { return false };
        let mut ours = false;
        loop {
            match events.read_events() {
                Ok(events) => {
                    for event in &events {
                        count(event, &self.name, &mut self.begun);
                        ours |= event.name.as_ref().is_none_or(|name| *name == self.name);
                    }
                }
                Err(Errno::EINTR) => {}
                // There is no more.
                Err(_) => return ours,
            }
        }
    }
}

/// Returns what is to be told of the log's directory.
///
/// Two events that are alike and follow one another are one. So it is told that
/// a log is renamed or removed, which comes between two that are made.
fn directory_flags() -> AddWatchFlags {
    let made = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_ONLYDIR;
    made | AddWatchFlags::IN_MOVED_FROM | AddWatchFlags::IN_DELETE
}

/// Counts `event` among those that have `begun` a log called `name`.
fn count(event: &InotifyEvent, name: &OsString, begun: &mut Option<u64>) {
    if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
        *begun = None;
    }
    if event.mask.contains(AddWatchFlags::IN_CREATE) && event.name.as_ref() == Some(name) {
        *begun = begun.map(|count| count + 1);
    }
}
