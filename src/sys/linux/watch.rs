//! Waits for changes of a log and counts the logs that begin.
//!
//! The kernel queues events even while we are stopped, so we know how many generations we missed.
//! Without inotify, whose number of users is limited, the log is polled ten times a second and
//! nothing is counted.

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

/// How often to check the log in any case, because a rename to its name causes no event.
const AT_LEAST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Watch {
    /// The kernel's queue, and the watch on the directory.
    events: Option<(Inotify, WatchDescriptor)>,
    name: OsString,
    /// The watch on the open log.
    log: Option<WatchDescriptor>,
    /// How many logs have begun since the last call of `begun`; `None` if unknown.
    begun: Option<u64>,
}

impl Watch {
    pub(crate) fn begin(path: &Path, name: &OsStr) -> Self {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        let events = Inotify::init(flags).ok().and_then(|events| {
            let dir = events.add_watch(path, directory_flags()).ok()?;
            Some((events, dir))
        });
        let begun = events.is_some().then_some(0);
        Self { events, name: name.to_owned(), log: None, begun }
    }

    /// Watches the directory now at `path`; returns whether it is a different one, as after a
    /// deployment that swaps it.
    pub(crate) fn renew(&mut self, path: &Path) -> bool {
        let Some((events, before)) = &mut self.events else { return false };
        // The same directory has the same number. If it is missing, the next poll finds it again.
        let Ok(now) = events.add_watch(path, directory_flags()) else { return false };
        let another = now != *before;
        if another {
            // The kernel has removed the watch already if the directory is gone.
            events.rm_watch(std::mem::replace(before, now)).unwrap_or_default();
        }
        another
    }

    /// Watches this log instead of the previous one.
    pub(crate) fn turn_to(&mut self, log: Option<&File>) {
        let Some((events, _)) = &self.events else { return };
        if let Some(before) = self.log.take() {
            // The kernel has removed the watch already if the file is gone.
            events.rm_watch(before).unwrap_or_default();
        }
        let add = |log: &File| {
            // By its descriptor, because another log may be at the path now.
            let path = format!("/proc/self/fd/{}", log.as_raw_fd());
            events.add_watch(path.as_str(), AddWatchFlags::IN_MODIFY).ok()
        };
        self.log = log.and_then(add);
    }

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
            // An interrupted wait is just a short one.
            let woken = poll(&mut fds, timeout).unwrap_or_default() > 0;
            // Events of other files in the directory do not count.
            if self.take_in() || !woken {
                return;
            }
        }
    }

    /// Returns how many logs have begun since the last call, if known.
    pub(crate) fn begun(&mut self) -> Option<u64> {
        self.take_in();
        std::mem::replace(&mut self.begun, self.events.is_some().then_some(0))
    }

    /// Returns whether any event may concern the log.
    fn take_in(&mut self) -> bool {
        let Some((events, _)) = &self.events else { return false };
        let mut ours = false;
        loop {
            match events.read_events() {
                Ok(events) => {
                    for InotifyEvent { mask, name, .. } in events {
                        let is_log = name.as_ref() == Some(&self.name);
                        if mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                            self.begun = None;
                        } else if mask.contains(AddWatchFlags::IN_CREATE) && is_log {
                            self.begun = self.begun.map(|count| count + 1);
                        }
                        ours |= name.is_none() || is_log;
                    }
                }
                Err(Errno::EINTR) => {}
                Err(_) => return ours,
            }
        }
    }
}

/// The kernel merges equal consecutive events. So renames and removals are watched, too: one of
/// them happens between any two new logs.
fn directory_flags() -> AddWatchFlags {
    let made = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_ONLYDIR;
    made | AddWatchFlags::IN_MOVED_FROM | AddWatchFlags::IN_DELETE
}
