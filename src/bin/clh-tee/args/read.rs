//! Options about reading a log.

use std::time::SystemTime;

use clap::Args;
use clh_tee::Zone;

use super::values::time;

#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// Write LOG and its backups to standard output
    ///
    /// The oldest line comes first, and what is compressed is inflated. LOG is not written and
    /// standard input is not read. A file that cannot be read is left out or ends early; that is
    /// told, and the exit status is 1.
    #[arg(long, group = "mode", conflicts_with = "command")]
    pub(crate) read: bool,

    /// With --read: go on with what is appended
    ///
    /// LOG is followed over rotations, without a missed or doubled line, whoever rotates it. LOG
    /// need not be there yet; if its directory is missing for a while, that is said and waited for.
    /// INT or TERM ends this.
    #[arg(short, long, hide_short_help = true)]
    pub(crate) follow: bool,

    /// With --read: skip backups that end before TIME
    ///
    /// That is told by the time at which they were last changed. TIME is a date, such as 2026-11-22
    /// or 2026-11-22T10:00, in the local time zone, or with an offset, such as
    /// 2026-11-22T10:00:00Z; or how long ago it is, such as 30m, 2h or 1day.
    #[arg(long, value_name = "TIME", value_parser = point, hide_short_help = true)]
    pub(crate) since: Option<SystemTime>,
}

fn point(text: &str) -> Result<SystemTime, String> {
    let ago = time(text).map(|ago| SystemTime::now().checked_sub(ago));
    let point = ago.unwrap_or_else(|_| Zone::local().instant(text));
    point.ok_or_else(|| "give a time such as 2h, 2026-11-22 or 2026-11-22T10:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn times_are_ago_or_exact() {
        let then = point("2h").unwrap();
        let ago = SystemTime::now().duration_since(then).unwrap();
        assert!((7200..7260).contains(&ago.as_secs()), "{ago:?}");
        for text in ["2026-11-22T10:00:00Z", "2026-11-22T11:00+01:00", "2026-11-22 10:00:00Z"] {
            let age = point(text).unwrap().duration_since(UNIX_EPOCH).unwrap();
            assert_eq!(age, Duration::from_secs(1_795_341_600), "{text}");
        }
        for text in ["", "x", "yesterday", "2026-13-01", "2026-11-22T25:00", "-5s"] {
            assert!(point(text).is_err(), "{text}");
        }
    }
}
