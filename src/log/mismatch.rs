//! Other writers' settings, as far as they show in what they leave.
//!
//! It is looked at only when somebody else has rotated the log that we had
//! open, and nothing is said on the strength of one such rotation: a signal or
//! a failure can make any backup small, large or plain.

use std::fs::File;
use std::sync::OnceLock;

use super::state::Log;
use crate::event::{Mismatch, Notice};
use crate::file::{file_id, regular_file};
use crate::names::Form;
use crate::rotation::Backups;
use crate::sys::FileExt;

/// How many rotations in a row must look the same.
const ENOUGH: usize = 2;
/// The same for small logs: those that somebody rotates now and then by hand
/// or by the clock are small too, but not equally small.
const ENOUGH_SMALL: usize = 3;

/// What was seen at the last rotations of others, and what has been told.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// How large the logs were that were smaller than half our limit, of the
    /// last rotations in a row.
    small: Vec<u64>,
    /// How many of the last were too large, in a row.
    large: usize,
    /// How many of the last had the other form, in a row.
    other_form: usize,
    /// What stood in the slot beyond our last when we looked first.
    beyond: OnceLock<Option<u64>>,
    /// What has been told: size, compression, backups.
    told: [bool; 3],
}

impl Log {
    /// Looks how others have rotated the log `old`, if they have.
    pub(crate) fn look_for_drift(&mut self, old: &File) {
        let backups = &self.backups;
        // Backups by the clock are no chain, and who names them so has been
        // told of by other means.
        if backups.naming.timetable().is_some()
            || backups.options.backups == 0
            || self.active.is_special()
        {
            return;
        }
        let Some(size) = size_if_rotated(old, backups) else { return };
        let seen = [
            self.drift.size(old, size, backups.options.max_bytes),
            self.drift.compression(backups),
            self.drift.backups(backups),
        ];
        for (seen, told) in seen.into_iter().zip(&mut self.drift.told) {
            if let Some(drift) = seen
                && !std::mem::replace(told, true)
            {
                self.notices.push(Notice::Mismatch(drift));
            }
        }
    }
}

impl Watch {
    /// Forgets what was seen, but not what was reported.
    pub(crate) fn forget(&mut self) {
        *self = Self { told: self.told, ..Self::default() };
    }

    /// Tells whether a log of this `size` was rotated by another limit.
    fn size(&mut self, old: &File, size: u64, ours: u64) -> Option<Mismatch> {
        if ours == 0 {
            return None;
        }
        let large = size / 2 > ours && has_line_beyond(old, size, ours);
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

    /// Tells whether the newest backup has the form that ours do not have.
    fn compression(&mut self, backups: &Backups) -> Option<Mismatch> {
        let ours = backups.options.gzip.is_some();
        let form = if ours { Form::Plain } else { Form::Gzip };
        let other = backups.names.backup(1, form).symlink_metadata().is_ok();
        self.other_form = if other { self.other_form + 1 } else { 0 };
        (self.other_form >= ENOUGH).then_some(Mismatch::Compression { theirs: !ours })
    }

    /// Tells whether the slot beyond our last is in use: what stands there may
    /// be from earlier days, but then it stays the same.
    fn backups(&mut self, backups: &Backups) -> Option<Mismatch> {
        let ours = backups.options.backups;
        let beyond = ours.checked_add(1)?;
        let mut paths = [Form::Plain, Form::Gzip].map(|form| backups.names.backup(beyond, form));
        paths.sort();
        let found = paths.iter().find_map(|path| regular_file(path).ok().flatten());
        let found = found.map(|file| file_id(&file));
        let before = *self.beyond.get_or_init(|| found);
        (found.is_some() && found != before).then_some(Mismatch::Backups { ours })
    }
}

/// Returns the size of the log `old` that stands at its path no more, if it has
/// been rotated: then there is a backup that is not older.
fn size_if_rotated(old: &File, backups: &Backups) -> Option<u64> {
    let old = old.metadata().ok()?;
    let forms = [Form::Plain, Form::Gzip];
    let newest = forms
        .iter()
        .filter_map(|form| backups.names.backup(1, *form).symlink_metadata().ok()?.modified().ok());
    (newest.max()? >= old.modified().ok()?).then_some(old.len())
}

/// Tells whether a line of the log begins beyond our limit, in the first piece
/// that lies there: a single long line can pass any limit.
fn has_line_beyond(old: &File, size: u64, limit: u64) -> bool {
    let mut piece = vec![0; 64 * 1024];
    let read = old.read_at(&mut piece, limit - 1).unwrap_or(0);
    let end = memchr::memchr(b'\n', &piece[..read]);
    end.is_some_and(|end| limit + (end as u64) < size)
}
