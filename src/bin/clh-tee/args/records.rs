//! Options about records: which lines stay together.

use clap::Args;

use super::values::length;
use crate::records::{Ends, Splitting};

/// The longest record, unless --max-record says otherwise.
const LONGEST: usize = 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Records {
    /// Input records end in NUL, not in newline
    ///
    /// As with sort -z and xargs -0. A record of several lines stays together: it goes into LOG
    /// whole, into one file, and no line of another writer comes between. In LOG, a newline ends
    /// it.
    #[arg(short = 'z', long, hide_short_help = true)]
    null: bool,

    /// Cut longer records at the end of a line; default 1M
    ///
    /// This limits the memory that one record can take. A single line is cut by --max-line only.
    #[arg(long, value_name = "SIZE", value_parser = length, hide_short_help = true)]
    max_record: Option<usize>,
}

impl Records {
    pub(crate) fn splitting(&self, max_line: usize) -> Splitting {
        let ends = if self.null { Ends::Nul } else { Ends::Line };
        Splitting { ends, max_line, max_record: self.max_record() }
    }

    pub(crate) fn max_record(&self) -> usize {
        self.max_record.unwrap_or(LONGEST)
    }
}
