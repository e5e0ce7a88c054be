//! Options for rotation by the clock, and for what follows a rotation.

use std::ffi::OsString;

use clap::Args;
use clh_tee::{Schedule, Weekday, When};

#[derive(Debug, Args)]
pub(crate) struct Timed {
    /// Rotate each S, M, H, D, at MIDNIGHT, on W0 to W6
    ///
    /// S, M, H and D are seconds, minutes, hours and 24 hours; W0 is Monday. A backup is named by
    /// the start of its interval, as in LOG.2026-11-22. With --backups 0, all backups are kept.
    #[arg(long, value_name = "UNIT", value_parser = when)]
    pub(crate) when: Option<When>,

    /// How many units lie between two rotations
    ///
    /// As in Python up to 3.12, MIDNIGHT and W0 to W6 rotate each time all the same, and N changes
    /// only the names of backups. Python 3.13 and later wait for the Nth time: share a log with
    /// them at --interval 1 only.
    #[arg(long, value_name = "N", default_value_t = 1,
          hide_short_help = true, value_parser = interval)]
    interval: u32,

    /// The time of day for MIDNIGHT and W0 to W6
    ///
    /// It is in local time or, with --utc, in UTC. The default is midnight.
    #[arg(long, value_name = "HH:MM[:SS]", hide_short_help = true, value_parser = at_time)]
    at_time: Option<u32>,

    /// Use UTC instead of local time
    ///
    /// Local time is that of TZ or, without it, of /etc/localtime. If TZ names no zone, UTC is
    /// used, with a warning.
    #[arg(long, hide_short_help = true)]
    pub(crate) utc: bool,

    /// Run this after each rotation, with the backup's path
    ///
    /// COMMAND is one program without arguments: no shell reads it, and it is not split at spaces.
    /// It runs after the lock is released, one at a time, and its only argument is the path of the
    /// backup that this process just made. Its output goes to standard error. A COMMAND that does
    /// not exist is refused at the start; if it fails, that is a warning. At the end, clh-tee waits
    /// for it for at most --drain-timeout.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(crate) on_rotate: Option<OsString>,

    /// Whether --backups is on the command line, so that --rotate may shorten the history.
    #[arg(skip)]
    pub(crate) may_cut: bool,

    /// Whether --max-bytes has the unit B, so that a small limit is intended.
    #[arg(skip)]
    pub(crate) may_be_small: bool,
}

impl Timed {
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        let schedule = Schedule::new(self.when?).interval(self.interval).utc(self.utc);
        let at_time = self.at_time.filter(|_| self.when.is_some_and(is_by_the_day));
        Some(at_time.map_or(schedule, |second| schedule.at_time(second)))
    }
}

pub(super) fn is_by_the_day(when: When) -> bool {
    matches!(when, When::Midnight | When::Weekday(_))
}

/// Parses a unit; the names are Python's.
fn when(text: &str) -> Result<When, String> {
    let when = match text.to_ascii_uppercase().as_str() {
        "S" => When::Second,
        "M" => When::Minute,
        "H" => When::Hour,
        "D" => When::Day,
        "MIDNIGHT" => When::Midnight,
        "DAILY" => return Err("once a day is MIDNIGHT".to_owned()),
        "HOURLY" => return Err("once an hour is H".to_owned()),
        "WEEKLY" => return Err("once a week is W0 (Monday) to W6 (Sunday)".to_owned()),
        weekday => {
            let day = weekday.strip_prefix('W').filter(|day| day.len() == 1);
            let day = day.and_then(|day| Weekday::ALL.get(day.parse::<usize>().ok()?));
            let day = day.ok_or("give S, M, H, D, MIDNIGHT, or W0 (Monday) to W6 (Sunday)")?;
            When::Weekday(*day)
        }
    };
    Ok(when)
}

fn interval(text: &str) -> Result<u32, String> {
    let interval = text.parse().ok().filter(|interval| *interval > 0);
    interval.ok_or_else(|| "give a number from 1 on".to_owned())
}

fn at_time(text: &str) -> Result<u32, String> {
    let field = |text: &str, below: u32| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|field| digits && *field < below)
    };
    let second = || {
        let (hour, rest) = text.split_once(':')?;
        let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
        Some((field(hour, 24)? * 60 + field(minute, 60)?) * 60 + field(second, 60)?)
    };
    second().ok_or_else(|| "give a time of the day such as 03:30 or 23:59:30".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_python_s_in_any_case() {
        assert_eq!(when("midnight"), Ok(When::Midnight));
        assert_eq!(when("s"), Ok(When::Second));
        assert_eq!(when("w6"), Ok(When::Weekday(Weekday::Sunday)));
        for text in ["", "W", "W7", "W06", "W+1", "X", "MIDNIGH", "HH", "1"] {
            assert!(when(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_of_the_day_have_two_or_three_parts() {
        assert_eq!(at_time("00:00"), Ok(0));
        assert_eq!(at_time("23:59:59"), Ok(86_399));
        for text in
            ["", "3:30", "24:00", "12:60", "12:00:60", "12", "12:00:00:00", "-1:00", "+1:00"]
        {
            assert!(at_time(text).is_err(), "{text}");
        }
    }
}
