//! Options that limit the size of all backups together, and their age.

use std::time::Duration;

use clap::Args;

use super::values::{age, size};

#[derive(Debug, Args)]
pub(crate) struct Capped {
    /// Keep LOG and its backups below this size
    ///
    /// At each rotation the oldest backups go until there is room for a LOG of --max-bytes. A
    /// compressed backup counts with its compressed size. LOG and the newest backup always stay.
    /// Give at least twice --max-bytes. Backups beyond --backups go as well, if that is given.
    /// Python knows no such cap: it holds at the rotations that clh-tee does.
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size,
          hide_default_value = true, hide_short_help = true)]
    pub(crate) max_total: u64,

    /// Remove backups last written longer ago: 4w, 90d
    ///
    /// They go at the next rotation, the oldest first; the newest backup always stays. Backups
    /// beyond --backups go as well, if that is given. A TIME of 0 is no cap, nor is a SIZE of 0 for
    /// --max-total.
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = age,
          hide_default_value = true, hide_short_help = true)]
    pub(crate) max_age: Duration,

    /// Whether --max-total has the unit B, so that a small one is intended.
    #[arg(skip)]
    pub(super) may_be_small: bool,
}

impl Capped {
    pub(crate) fn is_asked_for(&self) -> bool {
        self.max_total > 0 || !self.max_age.is_zero()
    }
}
