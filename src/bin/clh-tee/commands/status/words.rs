//! Findings in words: what is wrong, what it means, and what to do.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clh_tee::status::{Finding, Status};

use crate::messages::{Report, counted, size};
use crate::sys::user_name;

pub(super) struct Words {
    pub(super) name: &'static str,
    pub(super) what: String,
    pub(super) means: &'static str,
    pub(super) remedy: &'static str,
}

const REPAIR: &str = "the next writer sees to it, or --repair does now";
const NOTHING: &str = "nothing";

impl Words {
    #[expect(clippy::too_many_lines, reason = "it is a table")]
    pub(super) fn of(finding: &Finding, status: &Status, report: &Report) -> Self {
        let shown = |path: &Path| format!("'{}'", report.path(path));
        let at = finding.paths().first().copied().map(shown).unwrap_or_default();
        let (name, what, means, remedy) = match finding {
            Finding::SymbolicLink { path } if *path == status.lock.path => (
                "symbolic-link",
                format!("the lock file {at} is a symbolic link"),
                "writers never open it through a link, and end with an error",
                "remove the link, in a moment when no writer runs",
            ),
            Finding::SymbolicLink { .. } => (
                "symbolic-link",
                format!("{at} is a symbolic link"),
                "writers refuse it, for a log with two names would have two locks",
                "give the link's target as the log, to every writer",
            ),
            Finding::MountPoint { .. } => (
                "mount-point",
                format!("{at} is a mount point"),
                "it cannot be rotated from here; once it is rotated where it is mounted from, lines \
             go into a backup",
                "mount its directory instead",
            ),
            Finding::Overgrown { size: bytes, limit, .. } => (
                "overgrown",
                format!("{at} has {}, but its limit is {}", size(*bytes), size(*limit)),
                "it could not be rotated, or its writers have a different limit",
                "see what the writers say on standard error; give --max-bytes as they have it",
            ),
            Finding::SmallLimit { limit } => (
                "small-limit",
                format!("the limit of {} is below 64K", size(*limit)),
                "writers do little but rotate, and the backups cover a short time only",
                "raise --max-bytes for every writer",
            ),
            Finding::TimedWriter { next } => (
                "timed-writer",
                format!("a writer rotates this log by the clock, next at {}", moment(*next)),
                "writers by the clock and writers by size name backups differently, and each keeps \
             or removes its own only",
                "give all writers the same settings",
            ),
            Finding::OtherTime { next } => (
                "other-time",
                format!("the next rotation by the clock is at {}", moment(*next)),
                "this --when and --interval do not give that time: a writer has others, another \
             time zone or another version of Python, or a clock was wrong",
                "give all writers the same; if a clock was wrong, empty the lock file",
            ),
            Finding::TimeLost { .. } => (
                "time-lost",
                format!(
                    "{at} is older than an interval, and the time of its next rotation is not stored"
                ),
                "the lock file was removed, or no writer has had --when yet; the next one counts \
             the interval from its start",
                "rotate it now with --rotate, or leave it",
            ),
            Finding::NoLocking { .. } => (
                "no-locking",
                format!("{at} cannot be locked: its file system has no locks"),
                "writers refuse the log, because without a lock lines would be lost",
                "give all writers a --lock-dir on a local disk",
            ),
            Finding::NetworkLock { kind, .. } => (
                "network-lock",
                format!("the lock file's directory {at} is on {kind}"),
                "a lock there may not reach all writers, and without it nothing is promised",
                "give all writers a --lock-dir on a local disk, and let them run on one machine",
            ),
            Finding::Blocked { .. } => (
                "blocked",
                format!("{at} is not a regular file"),
                "it has a backup's name, so nothing can be rotated and the log grows",
                "move it away",
            ),
            Finding::OtherLog { lock, blocks, .. } => (
                "other-log",
                format!("{at} is a log of its own, with the lock file {}", shown(lock)),
                if *blocks {
                    "it has a backup's name, so nothing can be rotated and the log grows"
                } else {
                    "it has a backup's name, but is neither counted nor removed"
                },
                "rename one of the two logs; if it is not a log, remove that lock file",
            ),
            Finding::Orphan { size: bytes, adopted, .. } => (
                "orphan",
                format!("{at} is an orphan of {}", size(*bytes)),
                "a Python writer died in a rotation; the lines are there, outside the chain",
                if *adopted {
                    REPAIR
                } else {
                    "move it away; no writer with these settings adopts it"
                },
            ),
            Finding::Leftover { size: bytes, .. } => (
                "leftover",
                format!("{at} of {} was left by a writer that died", size(*bytes)),
                "it holds what was being compressed; its lines are also in the chain",
                REPAIR,
            ),
            Finding::Broken { partial: true, .. } => (
                "broken-gzip",
                format!("{at} cannot be decompressed"),
                "it is cut short or damaged, and lines are lost",
                "save what zcat can still read of it, then remove it",
            ),
            Finding::Broken { .. } => (
                "broken-gzip",
                format!("{at} is not a gzip file"),
                "it is empty, or something else has that name",
                "remove it if it is empty; if it is plain text, rename it without its .gz",
            ),
            Finding::Double { plain, compressed } => (
                "double-slot",
                format!("there is both {} and {}", shown(plain), shown(compressed)),
                "a writer died in between, or writers compress differently; Python loses one of the \
             two at a rotation",
                REPAIR,
            ),
            Finding::Gap { first, last } => (
                "gap",
                if first == last {
                    format!("slot {first} is empty, and older ones are not")
                } else {
                    format!("slots {first} to {last} are empty, and older ones are not")
                },
                "a writer died while it shifted the chain, or a backup was removed by hand",
                "leave it to the next rotations to close, or remove what is older",
            ),
            Finding::Strays { backups, paths } => (
                "strays",
                strays(*backups, paths, &shown),
                "no writer with these settings will touch or remove them",
                "give --backups and --when as the writers have them; if they are right, remove the files",
            ),
            Finding::Exposed { paths, mode } => (
                "exposed",
                format!("everyone can write to {} (mode {mode:04o})", all_of(paths, &shown)),
                "a stranger can forge lines, erase them, or fill the disk",
                "chmod o-w, and give the writers a --chmod such as 640; where all files have this \
             mode whatever you do, the file system has none, and its mount options decide",
            ),
            Finding::OpenDirectory { sticky: false, .. } => (
                "open-directory",
                format!("everyone can write to the directory {at}"),
                "a stranger can remove and replace the log and its backups",
                "chmod o-w, or keep the log elsewhere",
            ),
            Finding::OpenDirectory { .. } => (
                "open-directory",
                format!("everyone can create files in the directory {at}, which is sticky"),
                "only the owner of a log can rotate it there; other users' writers let it grow",
                "keep a log of several users in a directory of their own",
            ),
            Finding::CannotAppend { user, writes, .. } => (
                "cannot-append",
                format!("{} and has no right to {at}", role(*user, *writes)),
                "a writer of that user ends with an error, and its lines are not in the log",
                "chgrp it to a group of all writers, and give them --chmod 660",
            ),
            Finding::LockClosed { mode, .. } => (
                "lock-closed",
                format!("not everyone who can write to the log can open {at} (mode {mode:04o})"),
                "their writers end with an error",
                "chmod it as the log, and give the writers --chmod",
            ),
            Finding::OtherSettings { option, given } => (
                "other-settings",
                other_settings(option, given),
                "each follows its own: the smallest limit and the fewest backups win",
                "give all writers the same, for example in a file (--config)",
            ),
            Finding::CannotRotate { user, writes, .. } => (
                "cannot-rotate",
                format!("{} and cannot rotate it in {at}", role(*user, *writes)),
                "a writer of that user lets the log grow past its limit",
                "let all writers create and rename files there: a common group, and no sticky bit",
            ),
            Finding::NoLog { .. } => (
                "no-log",
                format!("{at} does not exist"),
                "it was removed, or a writer died in a rotation; the next line creates it",
                NOTHING,
            ),
            Finding::Special { .. } => (
                "special",
                format!("{at} is not a regular file"),
                "it is written to and never rotated",
                NOTHING,
            ),
            Finding::NoLock { .. } => (
                "no-lock",
                format!("lock file {at} does not exist"),
                "no writer has locked this log, or the writers have another --lock-dir",
                "give --lock-dir as the writers have it",
            ),
            Finding::Torn { .. } => (
                "torn",
                format!("the last line of {at} has no newline"),
                "a writer died while it wrote it, or ignores the lock; the next writer ends the line",
                NOTHING,
            ),
            Finding::LockHeld { .. } => (
                "lock-held",
                format!("another process held {at} during the look"),
                "a rotation may be under way, so leftovers of a dead writer are not reported",
                "look again",
            ),
            Finding::Unreadable { reason, .. } => (
                "unreadable",
                format!("{at} cannot be read: {reason}"),
                "its content is unknown",
                "look as its owner, or as root",
            ),
            other => ("other", format!("{other:?}"), "this program does not know it", NOTHING),
        };
        Self { name, what, means, remedy }
    }
}

fn all_of(paths: &[PathBuf], shown: &dyn Fn(&Path) -> String) -> String {
    match paths {
        [] => String::new(),
        [one] => shown(one),
        [one, other] => format!("{} and {}", shown(one), shown(other)),
        [first, rest @ ..] => format!("{} and {} others", shown(first), rest.len()),
    }
}

fn strays(backups: u64, paths: &[PathBuf], shown: &dyn Fn(&Path) -> String) -> String {
    let count = counted(paths.len() as u64, "file");
    let which = match paths {
        [] => String::new(),
        [one] => format!(": {}", shown(one)),
        [first, .., last] => format!(": {} to {}", shown(first), shown(last)),
    };
    format!("{count} beyond the {} that are kept{which}", counted(backups, "backup"))
}

pub(super) fn moment(seconds: u64) -> String {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    time.map_or_else(|| format!("{seconds} seconds since 1970"), crate::messages::moment)
}

fn role(user: u32, writes: bool) -> String {
    let name = user_name(user).unwrap_or_else(|| user.to_string());
    let role = if writes { "owns files of this log or writes it" } else { "looks at this log" };
    format!("user {name} {role}")
}

fn other_settings(option: &str, given: &[(u32, String)]) -> String {
    let given = given.iter().map(|(pid, value)| format!("{value} (process {pid})"));
    format!("the writers have different {option}: {}", given.collect::<Vec<_>>().join(", "))
}
