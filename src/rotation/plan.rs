//! The chain of backups, and the plan that frees a slot in it.
//!
//! A plan is data: it is made without touching the disk, and [`rotation`](crate::rotation) carries
//! it out.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::names::{Form, Names};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Backup {
    /// 1 is the newest.
    pub(crate) slot: u64,
    pub(crate) form: Form,
}

impl Backup {
    pub(crate) fn path(self, names: &Names) -> PathBuf {
        names.backup(self.slot, self.form)
    }
}

/// The backups from slot 1 up to the first empty slot or the last one wanted.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// A slot can hold two generations, the newer one first.
    pub(crate) slots: Vec<Vec<Found>>,
    /// Plain files whose compressed form is the same generation. They are removed, because shifting
    /// them would double the generation.
    pub(crate) doubled: Vec<Backup>,
}

#[derive(Debug)]
pub(crate) struct Rotation {
    /// How to free the new backup's name.
    pub(crate) room: Plan,
    pub(crate) backup: PathBuf,
    /// The backups to remove afterwards, oldest first.
    pub(crate) surplus: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) backup: Backup,
    pub(crate) modified: SystemTime,
}

/// How to free a slot of the chain.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Doubled files, and backups that leave the chain, oldest first.
    pub(crate) remove: Vec<Backup>,
    /// Backups and their new slots, in an order in which each target is free.
    pub(crate) shift: Vec<(Backup, u64)>,
    /// The newcomer's slot; `None` if it is older than everything that is kept.
    pub(crate) free: Option<u64>,
}

/// Plans how a `newcomer` gets into the slot that it names, with at most `backups` slots in use
/// afterwards. Without a newcomer, it puts the chain in order.
///
/// One rule covers every case: from slot 1 upwards, each slot keeps one backup and passes the
/// others on. So two generations in one slot spread over two slots, and a gap ends the shift.
pub(crate) fn plan(chain: &Chain, newcomer: Option<u64>, backups: u64) -> Plan {
    let mut plan = Plan::default();
    // Everything that waits for a slot; `None` is the newcomer.
    let mut waiting = VecDeque::new();
    for slot in 1..=backups {
        if newcomer == Some(slot) {
            waiting.push_back(None);
        }
        let index = usize::try_from(slot - 1).unwrap_or(usize::MAX);
        let residents = chain.slots.get(index).map_or(&[][..], Vec::as_slice);
        waiting.extend(residents.iter().map(|found| Some(found.backup)));
        match waiting.pop_front() {
            Some(Some(backup)) if backup.slot != slot => plan.shift.push((backup, slot)),
            Some(None) => plan.free = Some(slot),
            // An empty slot and nothing to fill it: a gap, or the end.
            None => break,
            _ => {}
        }
    }
    plan.remove.extend(&chain.doubled);
    plan.remove.extend(waiting.into_iter().rev().flatten());
    plan.shift.reverse();
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Makes a chain from letters: `p` is plain, `g` compressed, `2` both.
    fn chain_of(slots: &str) -> Chain {
        let found =
            |slot, form| Found { backup: Backup { slot, form }, modified: SystemTime::UNIX_EPOCH };
        let slots = (1..).zip(slots.chars()).map(|(slot, letter)| match letter {
            'p' => vec![found(slot, Form::Plain)],
            'g' => vec![found(slot, Form::Gzip)],
            _ => vec![found(slot, Form::Plain), found(slot, Form::Gzip)],
        });
        Chain { slots: slots.collect(), doubled: Vec::new() }
    }

    fn plain(slot: u64) -> Backup {
        Backup { slot, form: Form::Plain }
    }

    #[test]
    fn slots_may_be_as_many_as_there_are_numbers_and_doubles_go_first() {
        let mut chain = chain_of("pp");
        chain.doubled.push(plain(2));
        let shift = vec![(plain(2), 3), (plain(1), 2)];
        let wanted = Plan { remove: vec![plain(2)], shift, free: Some(1) };
        assert_eq!(plan(&chain, Some(1), u64::MAX), wanted);
    }

    proptest! {
        /// Only the oldest backups beyond `backups` are lost, none overwrites another, and the
        /// order stays the same.
        #[test]
        fn keeps_every_generation(slots in "[pg2]{0,7}", at in 0u64..9, backups in 1u64..9) {
            let slots: String = slots.chars().take(usize::try_from(backups).unwrap()).collect();
            let newcomer = (1..=slots.len() as u64 + 1).contains(&at).then_some(at);
            let chain = chain_of(&slots);
            let plan = plan(&chain, newcomer, backups);

            // Ordered by age, newest first; `None` is the newcomer.
            let mut wanted: Vec<Option<Backup>> = Vec::new();
            for slot in 1..=chain.slots.len() as u64 + 1 {
                wanted.extend((newcomer == Some(slot)).then_some(None));
                let residents = chain.slots.get(usize::try_from(slot).unwrap() - 1);
                wanted.extend(residents.into_iter().flatten().map(|found| Some(found.backup)));
            }
            let kept = wanted.len().min(usize::try_from(backups).unwrap());
            let gone: Vec<Backup> = wanted.split_off(kept).into_iter().rev().flatten().collect();
            prop_assert_eq!(&plan.remove, &gone);

            // No step may use a name that is taken.
            let mut standing: Vec<Backup> = wanted.iter().copied().flatten().collect();
            for (from, slot) in &plan.shift {
                let to = Backup { slot: *slot, form: from.form };
                prop_assert!(!standing.contains(&to), "{:?} is taken", to);
                let index = standing.iter().position(|backup| backup == from).unwrap();
                standing[index] = to;
            }
            // Each one, also the newcomer, is in the slot that its age gives.
            let mut standing = standing.into_iter();
            for (slot, generation) in (1..).zip(wanted) {
                let is_in = match generation {
                    Some(_) => standing.next().map(|backup| backup.slot),
                    None => plan.free,
                };
                prop_assert_eq!(is_in, Some(slot));
            }
        }
    }
}
