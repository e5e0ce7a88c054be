//! The chain of backups, and the plan by which a slot in it becomes free.
//!
//! A plan is data: it is made from what was found, without touching a disk,
//! and carried out by [`rotation`](crate::rotation).

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::names::{Form, Names};

/// A backup: which slot it stands in, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Backup {
    /// The slot's number; 1 is the newest.
    pub(crate) slot: u64,
    /// Plain or compressed.
    pub(crate) form: Form,
}

impl Backup {
    pub(crate) fn path(self, names: &Names) -> PathBuf {
        names.backup(self.slot, self.form)
    }
}

/// The backups in the slots from 1 up to the first empty one, but no further
/// than the last that is wanted.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// A slot can hold two generations, the newer of them first.
    pub(crate) slots: Vec<Vec<Found>>,
    /// Plain files beside which the same generation stands compressed. They go:
    /// moved on like a generation, it would be doubled.
    pub(crate) doubled: Vec<Backup>,
}

/// A rotation, planned before anything has moved.
#[derive(Debug)]
pub(crate) struct Rotation {
    /// How the name of the new backup becomes free.
    pub(crate) room: Plan,
    /// The new backup, plain.
    pub(crate) backup: PathBuf,
    /// The backups that are removed when it stands there, oldest first.
    pub(crate) surplus: Vec<PathBuf>,
}

/// A backup that was found, and when its last line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it stands.
    pub(crate) backup: Backup,
    /// When it was last changed.
    pub(crate) modified: SystemTime,
}

/// What is to be done to the chain to make a slot free.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Files that are doubled, and backups that leave the chain, oldest first.
    pub(crate) remove: Vec<Backup>,
    /// Backups that move, and to which slot, in the order in which every
    /// destination is free when its turn comes.
    pub(crate) shift: Vec<(Backup, u64)>,
    /// The slot for the newcomer. There is none if it is the one that is older
    /// than all that are kept.
    pub(crate) free: Option<u64>,
}

/// Plans how a `newcomer` finds room before what is now in the slot that it
/// names, so that at most `backups` slots are filled then. Without a newcomer,
/// the chain is put in order.
///
/// One rule does for everything: going up from slot 1, each slot keeps one
/// backup and hands the others on, as does Python with single ones. So a slot
/// with two generations is spread over two, and a gap ends the shift.
pub(crate) fn plan(chain: &Chain, newcomer: Option<u64>, backups: u64) -> Plan {
    let mut plan = Plan::default();
    // What waits for a slot; `None` stands for the newcomer.
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
            // An empty slot, and nothing to put there: a gap, or the end.
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
    use std::time::Duration;

    /// Makes a chain from letters: `p` plain, `g` compressed, `2` both.
    fn chain_of(slots: &str) -> Chain {
        let found = |slot, form, age| Found {
            backup: Backup { slot, form },
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(age),
        };
        let slots = (1..).zip(slots.chars());
        let slots = slots
            .map(|(slot, letter)| match letter {
                'p' => vec![found(slot, Form::Plain, 1)],
                'g' => vec![found(slot, Form::Gzip, 1)],
                _ => vec![found(slot, Form::Plain, 2), found(slot, Form::Gzip, 1)],
            })
            .collect();
        Chain { slots, doubled: Vec::new() }
    }

    fn plain(slot: u64) -> Backup {
        Backup { slot, form: Form::Plain }
    }

    #[test]
    fn shifts_as_python_does() {
        let moves = |slots, backups| {
            let plan = plan(&chain_of(slots), Some(1), backups);
            (plan.shift, plan.remove)
        };
        assert_eq!(moves("", 5), (vec![], vec![]));
        assert_eq!(moves("p", 1), (vec![], vec![plain(1)]));
        assert_eq!(moves("pp", 5), (vec![(plain(2), 3), (plain(1), 2)], vec![]));
        assert_eq!(moves("pp", 2), (vec![(plain(1), 2)], vec![plain(2)]));
    }

    #[test]
    fn spreads_two_generations_over_two_slots() {
        let gzip = |slot| Backup { slot, form: Form::Gzip };
        let spread = plan(&chain_of("2g"), None, 5);
        assert_eq!(spread.shift, [(gzip(2), 3), (gzip(1), 2)]);
        let full = plan(&chain_of("2g"), Some(1), 2);
        assert_eq!(full.shift, [(plain(1), 2)]);
        assert_eq!(full.remove, [gzip(2), gzip(1)]);
    }

    #[test]
    fn what_is_doubled_goes_before_anything_moves() {
        let mut chain = chain_of("gg");
        chain.doubled.push(plain(2));
        let plan = plan(&chain, Some(1), 2);
        assert_eq!(plan.remove, [plain(2), Backup { slot: 2, form: Form::Gzip }]);
    }

    #[test]
    fn slots_may_be_as_many_as_there_are_numbers() {
        let plan = plan(&chain_of("pp"), Some(1), u64::MAX);
        assert_eq!((plan.shift, plan.free), (vec![(plain(2), 3), (plain(1), 2)], Some(1)));
    }

    proptest! {
        /// Whatever the chain: none but the oldest beyond `backups` is lost,
        /// none overwrites another, and the order stays.
        #[test]
        fn keeps_every_generation(slots in "[pg2]{0,7}", at in 0u64..9, backups in 1u64..9) {
            let slots: String = slots.chars().take(usize::try_from(backups).unwrap()).collect();
            let newcomer = (1..=slots.len() as u64 + 1).contains(&at).then_some(at);
            let chain = chain_of(&slots);
            let plan = plan(&chain, newcomer, backups);

            // In the order of age, newest first; `None` is the newcomer.
            let mut wanted: Vec<Option<Backup>> = Vec::new();
            for slot in 1..=chain.slots.len() as u64 + 1 {
                wanted.extend((newcomer == Some(slot)).then_some(None));
                let residents = chain.slots.get(usize::try_from(slot).unwrap() - 1);
                wanted.extend(residents.into_iter().flatten().map(|found| Some(found.backup)));
            }
            let kept = wanted.len().min(usize::try_from(backups).unwrap());
            let gone: Vec<Backup> = wanted.split_off(kept).into_iter().rev().flatten().collect();
            prop_assert_eq!(&plan.remove, &gone);

            // Played through, no step meets a name that is taken.
            let mut standing: Vec<Backup> = wanted.iter().copied().flatten().collect();
            for (from, slot) in &plan.shift {
                let to = Backup { slot: *slot, form: from.form };
                prop_assert!(!standing.contains(&to), "{:?} is taken", to);
                let index = standing.iter().position(|backup| backup == from).unwrap();
                standing[index] = to;
            }
            // Each is in the slot that its age gives, the newcomer too.
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
