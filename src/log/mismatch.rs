//! Other writers' settings, as far as the backups reveal them.
//!
//! They are checked only after another writer has rotated the log. A single rotation proves
//! nothing, because a signal or a failure can make any backup small, large or plain.

use std::fs::File;
use std::sync::OnceLock;

use super::state::Log;
use crate::event::{Mismatch, Notice};
use crate::file::{file_id, regular_file};
use crate::names::Form;
use crate::names::listing::Listing;
use crate::rotation::Backups;
use crate::rotation::options::Options;
use crate::sys::FileExt;

/// How many consecutive rotations must look the same.
const ENOUGH: usize = 2;
/// The same for small logs. Those that are rotated by hand or by cron are small, too, but not
/// equally small.
const ENOUGH_SMALL: usize = 3;

#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The last consecutive sizes below half of our limit.
    small: Vec<u64>,
    /// How many of the last consecutive logs were too large.
    large: usize,
    other_form: usize,
    /// The file in the slot after our last one at the first check.
    beyond: OnceLock<Option<u64>>,
    /// Whether each was reported: size, compression, backups.
    reported: [bool; 3],
}

impl Log {
    pub(crate) fn look_for_mismatch(&mut self, old: &File) {
        let backups = &self.backups;
        // A writer that rotates by the clock is reported elsewhere.
        if backups.naming.timetable().is_some()
            || backups.options.truncates()
            || self.active.is_special()
        {
            return;
        }
        let Some(size) = size_if_rotated(old, backups) else { return };
        let seen = [
            self.mismatch.size(old, size, &backups.options),
            self.mismatch.compression(backups),
            self.mismatch.backups(backups),
        ];
        for (seen, reported) in seen.into_iter().zip(&mut self.mismatch.reported) {
            if let Some(mismatch) = seen
                && !std::mem::replace(reported, true)
            {
                self.notices.push(Notice::Mismatch(mismatch));
            }
        }
    }
}

impl Watch {
    /// Forgets what was observed, but not what was reported.
    pub(crate) fn forget(&mut self) {
        *self = Self { reported: self.reported, ..Self::default() };
    }

    fn size(&mut self, old: &File, size: u64, options: &Options) -> Option<Mismatch> {
        let (ours, longest) = (options.max_bytes, options.longest_record);
        if ours == 0 {
            return None;
        }
        let large = size / 2 > ours.saturating_add(longest) && has_line_beyond(old, size, ours);
        self.large = if large { self.large + 1 } else { 0 };
        let alike = |other: &u64| size.abs_diff(*other) <= size / 16;
        if size >= ours / 2 || !self.small.iter().all(alike) {
            self.small.clear();
        }
        if size < ours / 2 {
            self.small.push(size);
            self.small.truncate(ENOUGH_SMALL);
        }
        let differs = self.large >= ENOUGH || self.small.len() >= ENOUGH_SMALL;
        differs.then_some(Mismatch::Size { theirs: size, ours })
    }

    fn compression(&mut self, backups: &Backups) -> Option<Mismatch> {
        let ours = backups.options.gzip.is_some();
        let form = if ours { Form::Plain } else { Form::Gzip };
        let other = backups.names.backup(1, form).symlink_metadata().is_ok();
        self.other_form = if other { self.other_form + 1 } else { 0 };
        (self.other_form >= ENOUGH).then_some(Mismatch::Compression { theirs: !ours })
    }

    /// A file in the slot after our last one may be old, but then it never changes.
    fn backups(&mut self, backups: &Backups) -> Option<Mismatch> {
        let ours = backups.options.backups?;
        let beyond = ours.checked_add(1)?;
        let mut paths = [Form::Plain, Form::Gzip].map(|form| backups.names.backup(beyond, form));
        paths.sort();
        if Listing::unknown(None).lock_of(&backups.names.backup(beyond, Form::Plain)).is_some() {
            // That file is another log.
            return None;
        }
        let found = paths.iter().find_map(|path| regular_file(path).ok().flatten());
        let found = found.map(|file| file_id(&file));
        let before = *self.beyond.get_or_init(|| found);
        (found.is_some() && found != before).then_some(Mismatch::Backups { ours })
    }
}

/// Returns the size of the log `old` if it was rotated: then there is a backup that is not older.
fn size_if_rotated(old: &File, backups: &Backups) -> Option<u64> {
    let old = old.metadata().ok()?;
    let forms = [Form::Plain, Form::Gzip];
    let newest = forms
        .iter()
        .filter_map(|form| backups.names.backup(1, *form).symlink_metadata().ok()?.modified().ok());
    (newest.max()? >= old.modified().ok()?).then_some(old.len())
}

/// Returns whether a line begins beyond our limit. A single long line can exceed any limit.
fn has_line_beyond(old: &File, size: u64, limit: u64) -> bool {
    let mut piece = vec![0; 64 * 1024];
    let read = old.read_at(&mut piece, limit - 1).unwrap_or(0);
    let end = memchr::memchr(b'\n', &piece[..read]);
    end.is_some_and(|end| limit + (end as u64) < size)
}
