//! Acts on a look: queues new backups and follows the log that is now at the path.

use std::mem;
use std::sync::Arc;
use std::time::SystemTime;

use super::found::{Access, Found, fresh_of, take_out};
use super::item::{Item, Live};
use super::look::Sight;
use super::{LogReader, ReadNotice, ReadOptions};
use crate::error::Result;
use crate::sys::Watch;

/// How many files are remembered beyond those that exist.
const REMEMBERED: usize = 64;

impl LogReader {
    /// Does the first look; skips backups as `options` say. Returns whether there was any file.
    pub(super) fn begin(&mut self, options: &ReadOptions) -> Result<bool> {
        let (mut sight, _) = self.look(options.since)?;
        let found = sight.log.is_some() || sight.names > 0;
        let seen = identities(&sight);
        if self.watch.is_some() {
            self.unplaced = sight.orphans.iter().filter_map(Found::opened_plain).collect();
        }
        let log = sight.log.take();
        self.queue_all(fresh_of(sight));
        let surplus = options.newest.map_or(0, |newest| self.queue.len().saturating_sub(newest));
        self.older = self.queue.drain(..surplus).count() > 0;
        self.turn_to(log);
        self.remember(seen, usize::MAX);
        Ok(found)
    }

    /// Catches up with a log that was rotated, perhaps many times. If the log cannot be found now,
    /// a later call catches up.
    pub(super) fn catch_up(&mut self) {
        let moved = self.watch.as_mut().is_some_and(|watch| watch.renew(self.spot.names.dir()));
        let (mut sight, begun) = match self.look(None) {
            Ok(looked) => looked,
            Err(error) => {
                if !mem::replace(&mut self.lost, true) {
                    self.notices.push(ReadNotice::CannotFollow(error));
                }
                return;
            }
        };
        // A different directory does not continue the chain that we know.
        let moved = moved || self.lost && begun.is_none();
        if mem::take(&mut self.lost) {
            self.notices.push(ReadNotice::FollowsAgain);
        }
        let had_any = !self.known.is_empty();
        let (seen, names) = (identities(&sight), sight.names);
        let (log, anchor) = (sight.log.take(), mem::take(&mut sight.anchor));
        let orphans: Vec<u64> = sight.orphans.iter().map(|found| found.identity).collect();
        let new = sight.orphans.iter().filter(|found| !found.known);
        let new: Vec<_> = new.filter_map(Found::opened_plain).collect();
        let mut fresh = fresh_of(sight);
        let anchored = self.leave_out_read(&mut fresh, &anchor, &orphans);
        self.unplaced.extend(new);
        // All logs begun since, except the current one, are backups now.
        let backups = begun.map(|begun| begun.saturating_sub(u64::from(log.is_some())));
        let removed = backups.map(|count| count.saturating_sub(fresh.len() as u64));
        if self.live.as_ref().map(|live| live.found.identity) != self.at_path {
            if !anchored && had_any && !moved && removed != Some(0) {
                self.notices.push(ReadNotice::Removed { backups: removed });
            }
            self.queue.extend(self.live.take().map(Item::rest));
            self.queue_all(fresh);
            self.turn_to(log);
        }
        // A backup can have two forms, and a trace.
        self.remember(seen, 3 * names + REMEMBERED);
    }

    /// Looks at the files; also returns how many logs have begun since the last look, if known.
    fn look(&mut self, since: Option<SystemTime>) -> Result<(Sight, Option<u64>)> {
        let (watch, mut begun) = (&mut self.watch, None);
        let queue = self.queue.iter_mut().map(|item| &mut item.found);
        let opened = self.live.iter_mut().map(|live| &mut live.found).chain(queue);
        let unplaced = self.unplaced.iter_mut().map(|(identity, file)| (identity, &**file));
        let opened = opened.filter_map(Found::opened).chain(unplaced);
        let mut sight = self.spot.look(&mut self.known, opened, since, || {
            begun = watch.as_mut().and_then(Watch::begun);
        })?;
        let troubles = mem::take(&mut sight.troubles);
        self.notices.extend(troubles.into_iter().map(ReadNotice::CannotRead));
        if let Some(error) = sight.unlocked.take()
            && !mem::replace(&mut self.unlocked, true)
        {
            self.notices.push(ReadNotice::CannotLock(error));
        }
        self.at_path = sight.log.as_ref().map(|log| log.identity);
        Ok((sight, begun))
    }

    /// Removes from `fresh` the backups that were already read in plain form. Returns whether the
    /// chain continues the known one; if not, backups between may have been removed.
    fn leave_out_read(&mut self, fresh: &mut Vec<Found>, anchor: &[u64], orphans: &[u64]) -> bool {
        self.unplaced.retain(|(identity, file)| {
            let orphan = orphans.contains(identity);
            if !orphan && !anchor.contains(identity) {
                take_out(fresh, file);
            }
            orphan
        });
        let mut anchored = !anchor.is_empty();
        let at_path = self.at_path;
        if let Some(old) = self.live.as_ref().filter(|old| at_path != Some(old.found.identity)) {
            let identity = old.found.identity;
            if orphans.contains(&identity) {
                anchored = true;
                self.unplaced.push((identity, Arc::clone(&old.file)));
            } else if !anchor.contains(&identity)
                && let Some(index) = take_out(fresh, &old.file)
            {
                anchored = true;
                // Older than what has been read.
                fresh.drain(..index);
            }
        }
        anchored
    }

    fn remember(&mut self, seen: Vec<u64>, most: usize) {
        for identity in seen {
            self.known.add(identity);
        }
        self.known.keep(most);
    }

    fn queue_all(&mut self, backups: Vec<Found>) {
        for found in backups {
            match found.access {
                Access::Open(_) | Access::Later => self.queue.push_back(Item::backup(found)),
                Access::Skipped => {}
                Access::Refused(error) => self.notices.push(ReadNotice::CannotRead(error)),
            }
        }
    }

    /// Follows the log that is now at the path, or queues it.
    fn turn_to(&mut self, log: Option<Found>) {
        let open = log.and_then(|log| match log.access {
            Access::Refused(error) => {
                self.notices.push(ReadNotice::CannotRead(error));
                None
            }
            _ => log.opened_plain().map(|(_, file)| (log, file)),
        });
        let Some(watch) = &mut self.watch else {
            self.queue.extend(open.map(|(log, _)| Item::log(log)));
            return;
        };
        watch.turn_to(open.as_ref().map(|(_, file)| &**file));
        self.live = open.map(|(log, file)| Live::new(log, file));
    }
}

fn identities(sight: &Sight) -> Vec<u64> {
    let files = sight.orphans.iter().chain(sight.fresh.iter().rev().flatten()).chain(&sight.log);
    sight.traces.iter().copied().chain(files.map(|found| found.identity)).collect()
}
