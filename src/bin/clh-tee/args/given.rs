//! What a command line says: ours, with environment and file, and that of another writer.

use std::ffi::OsStr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use clh_tee::{Escaped, Schedule, Zone};

use super::config::Read;
use super::running::Running;
use super::{Cli, config, modes, values};
use crate::messages::{Report, counted, size};
use crate::transform::Rules;

/// For --status, too, a smaller limit is a fault.
const SMALL: u64 = 64 * 1024;

/// How a writer handles its log, as far as its command line says.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) max_bytes: Option<u64>,
    pub(crate) backups: Option<u64>,
    pub(crate) max_total: Option<u64>,
    pub(crate) max_age: Option<Duration>,
    /// The schedule, and its text on the command line.
    pub(crate) when: Option<(Schedule, String)>,
}

impl Kept {
    /// Parses the arguments of another process, if it is a program like this.
    pub(crate) fn by(arguments: &[Vec<u8>]) -> Option<Self> {
        let texts = arguments.iter().map(|text| String::from_utf8_lossy(text).into_owned());
        let program = arguments.first()?.rsplit(|byte| *byte == b'/').next()?;
        if !program.starts_with(env!("CARGO_PKG_NAME").as_bytes()) {
            return None;
        }
        let mut matches = config::with_values(Cli::command()).try_get_matches_from(texts).ok()?;
        let typed = |id| modes::is_typed(&matches, id);
        let [max_bytes, max_total, max_age] = ["max_bytes", "max_total", "max_age"].map(typed);
        let units = ["when", "interval", "at_time", "utc"];
        let units = units.map(|id| matches.get_raw(id).into_iter().flatten().collect::<Vec<_>>());
        let when = units.concat().join(OsStr::new(" ")).to_string_lossy().into_owned();
        let cli = Cli::from_arg_matches_mut(&mut matches).ok()?;
        Some(Self {
            max_bytes: Some(cli.max_bytes).filter(|_| max_bytes),
            backups: cli.backups,
            max_total: Some(cli.capped.max_total).filter(|_| max_total),
            max_age: Some(cli.capped.max_age).filter(|_| max_age),
            when: cli.timed.schedule().map(|schedule| (schedule, when)),
        })
    }
}

impl Cli {
    /// Reads command line, environment and file. An error may also be the help or the version.
    pub(crate) fn read(report: &Report) -> Result<Self, clap::Error> {
        let Read { mut matches, shown, routes, further } = config::read(report)?;
        let fault = modes::fault(&matches);
        // The command line overrides the environment and a file.
        let by_start = modes::is_typed(&matches, "record_start");
        let strips = modes::is_typed(&matches, "strip_ansi");
        let rules = Rules::of(&matches, matches.get_flag("read"));
        let mut cli = Self::of(&mut matches)?;
        if let Some(fault) = fault.or_else(|| values::fault_of_log(&cli.log)) {
            return Err(Self::command().error(ErrorKind::ArgumentConflict, fault));
        }
        cli.configured.shown = shown;
        for (log, mut matches) in further {
            // Lines are transformed as for LOG. There is one acknowledgement, which is about LOG.
            let transforming = cli.transforming.clone();
            let of_log = Self { log, transforming, acknowledge: false, ..Self::of(&mut matches)? };
            cli.routing.logs.push(of_log);
        }
        (cli.transforming.rules, cli.transforming.routes) = (rules, routes);
        cli.records.null &= !by_start;
        cli.transforming.utc = cli.timed.utc;
        if cli.reading.read {
            cli.transforming.forget_how_lines_are_written(strips);
        }
        if cli.running.command.is_empty() {
            // In the environment or a file, they have no effect.
            let Running { quiet_ok, group, keep_going, markers, .. } = &mut cli.running;
            (*quiet_ok, *group, *keep_going, *markers) = (false, false, false, false);
        }
        cli.running.group &= !by_start;
        cli.transforming.group = cli.running.group;
        cli.warn_of_zone(report);
        Ok(cli)
    }

    fn of(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let may_cut = modes::is_typed(matches, "backups");
        let may_be_small = ["max_bytes", "max_total"].map(|id| {
            let given = matches.get_raw(id).and_then(|mut given| given.next_back());
            given.is_some_and(values::is_in_bytes)
        });
        let gzip = modes::is_implied(matches, "gzip");
        let mut cli = Self::from_arg_matches_mut(matches)?;
        cli.timed.may_cut = may_cut;
        [cli.timed.may_be_small, cli.capped.may_be_small] = may_be_small;
        cli.gzip |= gzip;
        Ok(cli)
    }

    fn warn_of_zone(&self, report: &Report) {
        let stamped = self.transforming.has_civil_time();
        let local = !self.timed.utc && (stamped || self.timed.when.is_some());
        if (local || self.reading.since.is_some() && !self.timed.utc)
            && let Some(name) = Zone::misnamed()
        {
            report.warn(&format!("TZ='{}' names no time zone; using UTC", Escaped::text(&name)));
        }
    }

    /// Warns about limits that leave hardly any lines; they may be intended in K or M.
    pub(crate) fn warn_of_small_limits(&self, report: &Report) {
        let (bytes, backups) = (self.max_bytes, self.backups);
        let by_clock = self.timed.when.is_some() && backups == Some(0);
        let keeps_all = by_clock || backups.is_none() && self.capped.is_asked_for();
        let is_rotated = self.log.metadata().map_or(true, |log| log.is_file());
        let is_small = (1..SMALL).contains(&bytes) && !self.timed.may_be_small;
        if is_small && is_rotated && !keeps_all {
            let all = bytes.saturating_mul(backups.unwrap_or(5).saturating_add(1));
            report.warn(&format!(
                "--max-bytes is only {}: '{}' and its backups hold {} in all; give it \
                 in K or M, or as {bytes}B if that is meant",
                counted(bytes, "byte"),
                report.path(&self.log),
                size(all)
            ));
        }
        let (total, full) =
            (self.capped.max_total, if self.gzip { bytes } else { bytes.saturating_mul(2) });
        let is_small = bytes == 0 && total < SMALL && !self.capped.may_be_small;
        if total > 0 && is_rotated && (is_small || total < full) {
            report.warn(&format!(
                "--max-total is only {}: a rotation of '{}' may remove all backups but the newest; \
                 give at least twice --max-bytes, in K or M",
                size(total),
                report.path(&self.log)
            ));
        }
    }
}
