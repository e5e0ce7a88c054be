//! The generations among the files found: each once, in order.

use std::cmp::Reverse;
use std::fs::File;
use std::sync::Arc;

use super::compare::{Relation, relation};
use super::found::{Access, Found};
use super::look::Sight;
use crate::names::Form;

/// Only for an open plain file.
pub(super) fn plain_file(found: &Found) -> Option<(u64, Arc<File>)> {
    match (&found.access, found.form) {
        (Access::Open(file), Form::Plain) => Some((found.identity, Arc::clone(file))),
        _ => None,
    }
}

/// Returns the new backups, oldest first, each generation once.
pub(super) fn fresh_of(sight: Sight) -> Vec<Found> {
    let mut fresh: Vec<Found> = sight.fresh.into_iter().flat_map(once_each).collect();
    for orphan in sight.orphans.into_iter().filter(|orphan| !orphan.known) {
        // Behind all newer ones: rotations went on without it.
        let newer = |found: &Found| found.modified > orphan.modified;
        let index = fresh.iter().rposition(newer).map_or(0, |index| index + 1);
        fresh.insert(index, orphan);
    }
    fresh.reverse();
    fresh
}

/// Returns the new generations of one slot, newest first.
fn once_each(mut files: Vec<Found>) -> Vec<Found> {
    files.sort_by_key(|found| Reverse(found.modified));
    let [a, b] = &files[..] else { return files };
    let plain_first = a.form == Form::Plain;
    let (plain, compressed) = if plain_first { (a, b) } else { (b, a) };
    let related = match (&plain.access, &compressed.access) {
        (Access::Open(plain), Access::Open(compressed)) => relation(plain, compressed),
        // What cannot be read is reported, and the other is read.
        _ => Ok(Relation::Apart),
    };
    let wanted = match related {
        Ok(Relation::Apart) => None,
        Ok(Relation::MorePlain) => Some(Form::Plain),
        // What cannot be read is reported when it is read.
        Ok(Relation::Same | Relation::MoreCompressed) | Err(_) => Some(Form::Gzip),
    };
    let seen = wanted.is_some() && files.iter().any(|found| found.known);
    files.retain(|found| !found.known && !seen && wanted.is_none_or(|form| form == found.form));
    files
}

/// Removes the oldest generation with the plain `file`'s content; returns where it was.
pub(super) fn take_out(fresh: &mut Vec<Found>, file: &Arc<File>) -> Option<usize> {
    let is_same = |found: &Found| match (&found.access, found.form) {
        (Access::Open(other), Form::Gzip) => {
            relation(file, other).is_ok_and(|related| related == Relation::Same)
        }
        _ => false,
    };
    let index = fresh.iter().position(is_same)?;
    fresh.remove(index);
    Some(index)
}
