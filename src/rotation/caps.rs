//! Limits on the size and the age of what a log keeps.
//!
//! At the end of a rotation, the oldest backups are removed until the caps hold. Room for the new
//! log counts, so the cap on the size holds until the next rotation. The newest backup was the log
//! until now; it is never removed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::lock::Held;
use crate::rotation::Backups;
use crate::sys;

/// A value of 0 is no cap.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Caps {
    /// The maximum size in bytes on disk of the log and its backups.
    pub(crate) total: u64,
    /// The maximum age of a backup since it was last written.
    pub(crate) age: Duration,
}

impl Caps {
    pub(crate) fn is_any(self) -> bool {
        self.total > 0 || !self.age.is_zero()
    }

    fn is_beyond(self, total: u64, age: Duration) -> bool {
        self.total > 0 && total > self.total || !self.age.is_zero() && age > self.age
    }
}

impl Backups {
    /// Removes the oldest backups until the caps hold. A backup that cannot be removed counts as
    /// removed, so that no newer one is removed instead. If several rotations in a row meet such an
    /// error, the first one records it.
    pub(super) fn hold_caps(&mut self, _: &mut Held<'_>) {
        let caps = self.options.caps;
        if !caps.is_any() || self.options.truncates() {
            return;
        }
        let history = match self.history() {
            Ok(history) => history,
            Err(error) => return self.unremoved.push(error),
        };
        let now = SystemTime::now();
        let sizes = history.iter().map(|(_, size, _)| *size);
        let mut total = sizes.fold(self.options.max_bytes, u64::saturating_add);
        let mut trouble = None;
        let oldest = history.len().saturating_sub(1);
        for (path, size, modified) in &history[..oldest] {
            let age = now.duration_since(*modified).unwrap_or_default();
            if !caps.is_beyond(total, age) {
                continue;
            }
            total = total.saturating_sub(*size);
            if let Err(error) = self.remove(path) {
                trouble = trouble.or(Some(error));
            }
            if self.background.has_too_many_open() {
                self.background.free();
            }
        }
        // The backup's name, and so the error, may differ at the next rotation.
        let known = std::mem::replace(&mut self.over_caps, trouble.is_some());
        self.unremoved.extend(trouble.filter(|_| !known));
    }

    /// Returns the existing backups, oldest first, with their sizes and their times of last change.
    fn history(&self) -> Result<Vec<(PathBuf, u64, SystemTime)>, Error> {
        let paths = self.naming.history(&self.names, &self.list()?);
        let about = paths.into_iter().filter_map(|path| {
            // A removed file needs no room.
            let metadata = sys::look_at(&path).ok()?;
            Some((path, metadata.len(), metadata.modified().ok()?))
        });
        Ok(about.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::file::permissions::Asked;
    use crate::lock::Lock;
    use crate::names::Names;
    use crate::rotation::options::Options;
    use crate::time::schedule::{Schedule, When};
    use proptest::prelude::*;

    /// Makes backups, oldest first, each with its size and its age in hours; returns the indices of
    /// those that stay.
    fn left(files: &[(u16, u8)], timed: bool, options: Options) -> Vec<usize> {
        let dir = tempfile::tempdir().unwrap();
        let name = |number: usize| {
            if timed {
                format!("app.log.2026-10-{:02}", number + 1)
            } else {
                format!("app.log.{}", files.len() - number)
            }
        };
        let path = |number| dir.path().join(name(number));
        for (number, (size, hours)) in files.iter().enumerate() {
            fs::write(path(number), vec![b'a'; usize::from(*size)]).unwrap();
            let modified = SystemTime::now() - HOUR * u32::from(*hours);
            File::options()
                .append(true)
                .open(path(number))
                .unwrap()
                .set_modified(modified)
                .unwrap();
        }
        let mut lock = Lock::new(dir.path().join("lock"), Asked::default(), false).unwrap();
        let names = Names::new(&dir.path().join("app.log")).unwrap();
        let day = timed.then(|| Schedule::new(When::Day));
        let mut backups = Backups::new(names, options.schedule(day));
        backups.hold_caps(&mut lock.acquire().unwrap());
        assert!(backups.unremoved.is_empty());
        (0..files.len()).filter(|number| path(*number).exists()).collect()
    }

    const HOUR: Duration = Duration::from_secs(3600);

    /// The duration of the test.
    const MINUTE: Duration = Duration::from_secs(60);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// No backup is removed needlessly, and none that stays violates a cap.
        #[test]
        fn the_oldest_go_and_no_more_than_must(
            files in prop::collection::vec((0u16..1000, 0u8..100), 0..9),
            cap in 0u16..5000, limit in 0u64..500, hours in 0u8..100, timed in any::<bool>(),
        ) {
            let options = || Options::default().max_bytes(limit);
            let stay = left(&files, timed, options().max_total(cap.into()));
            // Those that stay are the newest, and at least one.
            let gone = files.len() - stay.len();
            prop_assert_eq!(&stay, &(gone..files.len()).collect::<Vec<_>>());
            prop_assert!(files.is_empty() || !stay.is_empty());
            let total = |from| limit + files[from..].iter().map(|(size, _)| u64::from(*size)).sum::<u64>();
            let fits = |from| cap == 0 || total(from) <= u64::from(cap);
            prop_assert!(fits(gone) || stay.len() <= 1);
            prop_assert!(gone == 0 || !fits(gone - 1));

            let stay = left(&files, timed, options().max_age(HOUR * hours.into() + MINUTE));
            let may = |number: &usize| files[*number].1 <= hours || number + 1 == files.len();
            prop_assert_eq!(stay, (0..files.len()).filter(may).collect::<Vec<_>>());
        }
    }

    #[test]
    fn dates_and_other_numbers_are_no_backups() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["app.log.1", "app.log.2.gz", "app.log.4", "app.log.20261122", "app.log.old"] {
            fs::write(dir.path().join(name), [0; 100]).unwrap();
        }
        let names = Names::new(&dir.path().join("app.log")).unwrap();
        let mut lock = Lock::new(dir.path().join("lock"), Asked::default(), false).unwrap();
        let mut held = lock.acquire().unwrap();
        for (options, left) in [
            (Options::default().max_total(1).backups(0), 5),
            (Options::default(), 5),
            (Options::default().max_total(250), 4),
            (Options::default().max_total(1), 3),
        ] {
            Backups::new(names.clone(), options).hold_caps(&mut held);
            assert_eq!(fs::read_dir(&dir).unwrap().count() - 1, left);
        }
        assert!(dir.path().join("app.log.1").exists());
    }
}
