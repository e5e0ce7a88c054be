//! Messages on standard error, and the exit status.
//!
//! Nothing here waits: a message is dropped if standard error does not accept it at once.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use anyhow::Context;
pub(crate) use clh_tee::reason;
use clh_tee::{Error, Escaped, Mismatch, Notice};
use jiff::{SignedDuration, Timestamp};

use crate::sys::{self, AT_ONCE, Stdout};

const RESCUE_TIME: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Every line that was read is in the log.
    AllIn,
    /// A line was lost, or the log could not be opened.
    Lost,
    Usage,
    /// The same as `Lost`, if 1 could be the command's own status. This and the next two statuses
    /// are those of `env`.
    Failed,
    /// The command exists but cannot be run.
    CannotRun,
    NotFound,
    /// The command's own status; every line is in the log.
    Command(u32),
    /// A signal killed the command, or Ctrl-C a pipeline; every line is in the log.
    Killed(i32),
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        sys::end_with(match status {
            Status::AllIn => 0,
            Status::Lost => 1,
            Status::Usage => 2,
            Status::Failed => 125,
            Status::CannotRun => 126,
            Status::NotFound => 127,
            Status::Command(code) => code,
            Status::Killed(signal) => return sys::end_by(signal),
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Messages show paths relative to this directory, as users give them.
    here: Option<PathBuf>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { here: env::current_dir().ok() }
    }

    pub(crate) fn failure(&self, error: &anyhow::Error) {
        if let Some(error) = error.downcast_ref::<Error>() {
            return self.say(&self.advised(error));
        }
        let words = error.chain().map(|cause| match cause.downcast_ref::<io::Error>() {
            Some(error) => reason(error),
            None => cause.to_string(),
        });
        self.say(&words.collect::<Vec<_>>().join(": "));
    }

    pub(crate) fn notice(&self, notice: &Notice, path: &Path) {
        let (log, at) = (self.path(path), |path| self.path(path));
        let next_at = |next: &u64| moment(UNIX_EPOCH + Duration::from_secs(*next));
        let and = |error, then| format!("{}; {then}", self.shown(error));
        let text = match notice {
            Notice::CannotRotate(error) => {
                format!("{}; the log grows past its limit", self.unrotated(error, path))
            }
            Notice::RotatesAgain => format!("rotating '{log}' works again"),
            Notice::CannotCompress(error) => and(error, "backups stay plain"),
            Notice::Adopted { orphan, slot } => {
                let orphan = at(orphan);
                format!("'{orphan}' was left by a writer that died; it is backup {slot} now")
            }
            Notice::CannotOwn(error) => and(error, "it stays as the system made it"),
            Notice::FileSizeLimit { size: bytes } => format!(
                "'{log}' rotates at {}, the file-size limit (ulimit -f), which is below --max-bytes",
                size(*bytes)
            ),
            Notice::Nameless { .. } => format!(
                "'{log}' was removed where it is mounted from, and its lines will be gone; \
                 mount its directory instead"
            ),
            Notice::CannotSync(error) => {
                and(error, "the file system decides when lines are on disk")
            }
            Notice::CannotKeepAcl(error) => {
                and(error, "users and groups that it names lose access")
            }
            Notice::CannotMend(error) => and(error, "it stays as it is"),
            Notice::TimedElsewhere { lock } => format!(
                "'{}' says that another writer rotates '{log}' by the clock; \
                 give all writers the same --when, or run --repair if there is no such writer",
                at(lock)
            ),
            Notice::OtherTime { lock, next } => format!(
                "'{}' says that '{log}' rotates next at {}, which --when and --interval do not \
                 give here; give all writers the same settings, time zone and version of \
                 Python, or empty that file if a clock was wrong",
                at(lock),
                next_at(next)
            ),
            Notice::TimeLost { lock, next } => format!(
                "'{log}' is older than an interval, and '{}' had no time for its rotation; it \
                 rotates next at {}, or now with --rotate",
                at(lock),
                next_at(next)
            ),
            Notice::FewerBackups { there, kept } => format!(
                "'{log}' has {there} backups, and rotations keep only {kept} of them; \
                 give --backups {there} to keep all"
            ),
            Notice::Shortened { from, to } => format!(
                "'{log}' was cut from {} to {} without a rotation, and lines that were not copied \
                 are gone; Python's backupCount=0 and logrotate's copytruncate do that",
                size(*from),
                size(*to)
            ),
            Notice::Mismatch(Mismatch::Size { theirs, ours }) => format!(
                "other writers rotate '{log}' at about {}, this one at {}; \
                 give all writers the same --max-bytes",
                size(*theirs),
                size(*ours)
            ),
            Notice::Mismatch(Mismatch::Compression { theirs }) => {
                let (others, this) =
                    if *theirs { ("compress", "does not") } else { ("do not compress", "does") };
                format!(
                    "other writers {others} backups of '{log}', and this one {this}; \
                     give all writers --gzip, or none"
                )
            }
            Notice::Mismatch(Mismatch::Backups { ours }) => format!(
                "other writers keep {} of '{log}' or more, this one keeps {ours}; \
                 give all writers the same --backups",
                counted(ours.saturating_add(1), "backup")
            ),
            _ => return,
        };
        // Good news is not a warning.
        if matches!(notice, Notice::RotatesAgain | Notice::Adopted { .. }) {
            self.say(&text);
        } else {
            self.warn(&text);
        }
    }

    pub(crate) fn warn(&self, text: &str) {
        self.say(&format!("warning: {text}"));
    }

    #[expect(clippy::unused_self, reason = "only who has a report may print messages")]
    pub(crate) fn say(&self, text: &str) {
        sys::say(format!("clh-tee: {text}\n").as_bytes(), Duration::ZERO);
    }

    pub(crate) fn shown(&self, error: &Error) -> String {
        let (verb, path, reason) = (error.verb(), self.path(error.path()), error.reason());
        format!("cannot {verb} '{path}': {reason}")
    }

    /// Formats an error, with advice unless the remedy is obvious.
    pub(crate) fn advised(&self, error: &Error) -> String {
        let advice = if error.is_missing_directory() {
            "; --mkdir makes its directory"
        } else if error.is_locking_unsupported() {
            "; its file system has no locks; give --lock-dir on a local disk"
        } else if error.verb().ends_with("lock file") && is_forbidden(error) {
            "; --lock-dir puts it elsewhere, for all writers the same"
        } else {
            ""
        };
        self.shown(error) + advice
    }

    /// Formats an error for a message about `log`: only the reason, unless it is about another
    /// file.
    pub(crate) fn inside(&self, error: &Error, log: &Path) -> String {
        let is_its = self.path(error.path()).to_string() == self.path(log).to_string();
        if is_its { error.reason() } else { self.shown(error) }
    }

    /// Formats the reason why `log` cannot be rotated, and which user lacks which right if that is
    /// it.
    pub(crate) fn unrotated(&self, error: &Error, log: &Path) -> String {
        let why = format!("cannot rotate '{}': {}", self.path(log), self.inside(error, log));
        match error.path().parent() {
            Some(dir) if is_forbidden(error) => {
                let (user, dir) = (sys::user(), self.path(dir));
                let user = Escaped(user.as_bytes());
                format!("{why} for user '{user}' in '{dir}' (--status says what is wrong)")
            }
            _ => why,
        }
    }

    pub(crate) fn path<'a>(&self, path: &'a Path) -> Escaped<'a> {
        match self.here.as_ref().and_then(|here| path.strip_prefix(here).ok()) {
            Some(here) if here.as_os_str().is_empty() => Escaped(b"."),
            Some(relative) => Escaped::path(relative),
            None => Escaped::path(path),
        }
    }

    /// Writes lost lines to standard error: unchanged, or escaped if that is a terminal.
    #[expect(clippy::unused_self, reason = "only who has a report may print messages")]
    pub(crate) fn rescue(&self, mut lines: impl Read) {
        let deadline = Instant::now() + RESCUE_TIME;
        let terminal = io::stderr().is_terminal();
        let mut piece = vec![0; AT_ONCE];
        // Of what cannot be read, the beginning is shown.
        while let Ok(count @ 1..) = lines.read(&mut piece) {
            let piece = &piece[..count];
            let left = deadline.saturating_duration_since(Instant::now());
            // Escapes everything that could control a terminal, except newlines.
            let lines = piece.split(|byte| *byte == b'\n').map(|line| Escaped(line).to_string());
            let escaped = terminal.then(|| lines.collect::<Vec<_>>().join("\n"));
            if !sys::say(escaped.as_ref().map_or(piece, |text| text.as_bytes()), left) {
                return;
            }
        }
    }
}

/// Prints a page, without colours if standard output is not a terminal.
pub(crate) fn page(text: &str) -> anyhow::Result<()> {
    // `auto` also enables colours in older Windows consoles.
    let coloured = AutoStream::auto(io::stdout()).current_choice() != ColorChoice::Never;
    let plain = (!coloured).then(|| strip_str(text).to_string());
    let text = plain.as_deref().unwrap_or(text);
    out(Stdout::open().and_then(|mut stdout| stdout.write_all(text.as_bytes()))).map(drop)
}

/// Tells the program that started us that it may continue. If that has ended, no one needs to know.
pub(crate) fn acknowledge() {
    drop(Stdout::open().and_then(|mut stdout| stdout.write_all(b"\n")));
}

/// Returns whether standard output accepts more. As for `tee` and `cat`, a closed pipe is no
/// failure.
pub(crate) fn out(written: io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true).context("cannot write to standard output"),
    }
}

fn is_forbidden(error: &Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

pub(crate) fn counted(count: impl Into<u64>, noun: &str) -> impl Display {
    let count = count.into();
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Formats a moment in UTC, to the second, clamped to 1970 and the end of the calendar.
pub(crate) fn moment(time: SystemTime) -> String {
    let time = Timestamp::try_from(time.max(SystemTime::UNIX_EPOCH)).unwrap_or(Timestamp::MAX);
    format!("{time:.0}")
}

/// Formats a time with its units: `5s`, `1m 30s`.
pub(crate) fn time(time: Duration) -> String {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    format!("{time:#}")
}

/// Formats a size in bytes below 1 KiB, otherwise in powers of 1024, as sizes are given.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let tenths_of = |unit: u128| (u128::from(bytes) * 10 + unit / 2) / unit;
    let units = [(1 << 10, "K"), (1 << 20, "M"), (1 << 30, "G")];
    let fitting = units.into_iter().find(|(unit, _)| tenths_of(*unit) < 10240);
    let (unit, letter) = fitting.unwrap_or((1 << 40, "T"));
    let tenths = tenths_of(unit);
    format!("{}.{}{letter}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_powers_of_1024() {
        for (bytes, shown) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.0K"),
            (524_288, "512.0K"),
            (1_048_575, "1.0M"),
            (1_610_612_736, "1.5G"),
            (u64::MAX, "16777216.0T"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
