//! The settings of the writers that have the log open, as far as their command lines show.

use clh_tee::Options;
use clh_tee::status::{Finding, Opener};

use crate::args::{Cli, Kept};

/// Returns the options for examining the log, and reports options on which the writers disagree.
/// Our own options come first, then those on which all writers with any options agree.
pub(super) fn settle(cli: &Cli, openers: &[Opener], findings: &mut Vec<Finding>) -> Options {
    let writers = openers.iter().filter(|it| it.writes || it.lock).map(|it| &it.process);
    let kept = writers.filter_map(|writer| Some((writer.pid, Kept::by(&writer.arguments)?)));
    let kept: Vec<(u32, Kept)> = kept.collect();
    let mut agreed = |option, value: fn(&Kept) -> Option<String>| {
        let given = kept.iter().filter_map(|(pid, kept)| Some((*pid, value(kept)?, kept)));
        let given: Vec<_> = given.collect();
        let (_, first, kept) = given.first()?;
        if given.iter().all(|(_, value, _)| value == first) {
            return Some(*kept);
        }
        let given = given.iter().map(|(pid, value, _)| (*pid, value.clone())).collect();
        findings.push(Finding::OtherSettings { option, given });
        None
    };
    let size = |kept: &Kept| kept.max_bytes.map(crate::messages::size);
    let (size, count) =
        (agreed("--max-bytes", size), |kept: &Kept| Some(kept.backups?.to_string()));
    let count = agreed("--backups", count);
    let total = agreed("--max-total", |kept| Some(crate::messages::size(kept.max_total?)));
    let age = agreed("--max-age", |kept| Some(crate::messages::time(kept.max_age?)));
    let clock = agreed("--when", |kept| Some(kept.when.clone()?.1));
    let mut options = cli.options();
    if let Some(Kept { max_bytes: Some(limit), .. }) = size.filter(|_| cli.max_bytes == 0) {
        options = options.max_bytes(*limit);
    }
    if let Some(Kept { max_total: Some(total), .. }) = total.filter(|_| cli.capped.max_total == 0) {
        options = options.max_total(*total);
    }
    if let Some(Kept { max_age: Some(age), .. }) = age.filter(|_| cli.capped.max_age.is_zero()) {
        options = options.max_age(*age);
    }
    if let Some(kept) = count.filter(|_| cli.backups.is_none()) {
        options = options.backups(kept.backups);
    }
    if let Some(Kept { when: Some((schedule, _)), .. }) = clock.filter(|_| cli.timed.when.is_none())
    {
        options = options.schedule(Some(*schedule));
    }
    options
}
