//! Options for records: which lines stay together.

use std::time::Duration;

use clap::Args;

use super::Cli;
use super::values::{length, time};
use crate::records::{Ends, Splitting};
use crate::transform::{Pattern, pattern};

/// The maximum length of a record without --max-record.
const LONGEST: usize = 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Records {
    /// Input records end in NUL, not in newline
    ///
    /// As with sort -z and xargs -0. A record with several lines stays together: it goes into LOG
    /// whole, into one file, without another writer's lines in between. In LOG, it ends with a
    /// newline.
    #[arg(short = 'z', long, hide_short_help = true)]
    pub(super) null: bool,

    /// A line that matches begins a record
    ///
    /// The following lines that do not match belong to the same record, such as the lines of a
    /// traceback. A record goes into LOG whole, into one file, without another writer's lines in
    /// between. It goes in when the next one begins, at the end of the input, after HUP or USR1, or
    /// when nothing more has come for --record-timeout. The copy on standard output does not wait.
    /// REGEX is as for --select.
    #[arg(long, value_name = "REGEX", value_parser = pattern, hide_short_help = true)]
    record_start: Option<Pattern>,

    /// How long a record may wait for its next line
    ///
    /// With --record-start. A line that comes later begins a new record.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = time,
          hide_short_help = true)]
    pub(crate) record_timeout: Duration,

    /// Cut longer records at the end of a line
    ///
    /// The default is 1M, and 64M with --group. This limits the memory or, with --group, the disk
    /// space that one record can take. A single line is cut by --max-line only.
    #[arg(long, value_name = "SIZE", value_parser = length, hide_short_help = true)]
    max_record: Option<usize>,
}

impl Cli {
    pub(crate) fn max_record(&self) -> usize {
        let longest = if self.running.group { 64 * LONGEST } else { LONGEST };
        self.records.max_record.unwrap_or(longest)
    }

    /// Returns the maximum length of records with several lines; 0 if there are none.
    pub(super) fn longest_record(&self) -> u64 {
        let Records { null, record_start, .. } = &self.records;
        let several = *null || record_start.is_some() || self.running.group;
        if several { self.max_record() as u64 } else { 0 }
    }

    /// Returns how to split the input into records.
    pub(crate) fn splitting(&self) -> Splitting {
        let ends = match &self.records.record_start {
            _ if self.records.null => Ends::Nul,
            _ if self.running.group => Ends::Line,
            Some(start) => Ends::Start(self.transforming.matching(start.clone())),
            None => Ends::Line,
        };
        Splitting { ends, max_line: self.max_line, max_record: self.max_record() }
    }
}
