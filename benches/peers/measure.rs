//! What is measured, of whom, and what it has to reach.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::figures::Figure;

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    /// How much is written in a second.
    Rate,
    /// How much processor time a gigabyte takes.
    Cpu,
    /// How many times smaller backups get.
    Compression,
    /// The longest that another one waits for the lock.
    Hold,
    /// How long another one waits for the lock, once in a hundred times.
    HoldLate,
    /// The longest that a producer is held up.
    Blocked,
    /// The longest that a line is on its way.
    Latest,
    /// How long a line is on its way, as often as not.
    Median,
    /// How long a line is on its way, once in a hundred times.
    Late,
    /// How long a run for a single line takes.
    Run,
    /// How many rotations there are in a second.
    Rotations,
    /// How long a rotation takes.
    Rotation,
    /// The most memory that is used.
    Memory,
}

impl Quantity {
    /// Returns what a table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rate => "MB/s",
            Self::Cpu => "CPU s/GB",
            Self::Compression => "compressed to 1/n",
            Self::Hold => "longest wait for the lock, ms",
            Self::HoldLate => "wait for the lock p99, ms",
            Self::Blocked => "producer blocked at most, ms",
            Self::Latest => "line late at most, ms",
            Self::Median => "pipe to file p50, µs",
            Self::Late => "pipe to file p99, µs",
            Self::Run => "ms per run",
            Self::Rotations => "rotations per s",
            Self::Rotation => "µs per rotation",
            Self::Memory => "peak MiB",
        }
    }

    /// Returns what the results call it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Rate => "mb_per_s",
            Self::Cpu => "cpu_s_per_gb",
            Self::Compression => "compression",
            Self::Hold => "longest_wait_for_lock_ms",
            Self::HoldLate => "wait_for_lock_p99_ms",
            Self::Blocked => "producer_blocked_max_ms",
            Self::Latest => "line_late_max_ms",
            Self::Median => "pipe_to_file_p50_us",
            Self::Late => "pipe_to_file_p99_us",
            Self::Run => "ms_per_run",
            Self::Rotations => "rotations_per_s",
            Self::Rotation => "us_per_rotation",
            Self::Memory => "peak_mib",
        }
    }

    /// Tells whether more of it is better.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Rate | Self::Rotations | Self::Compression)
    }
}

/// What one turn of a contender gave.
pub(crate) type Sample = BTreeMap<Quantity, f64>;

/// Does something that can fail, and returns what it gave.
type Turn<'a, T> = Box<dyn Fn() -> Result<T> + 'a>;

/// Somebody who does a workload.
pub(crate) struct Contender<'a> {
    /// What it is called.
    pub(crate) name: String,
    /// Shows, on little data, that no line is lost.
    pub(crate) proof: Option<Turn<'a, ()>>,
    /// Has a turn.
    pub(crate) turn: Turn<'a, Sample>,
    /// What its turns gave.
    pub(crate) samples: Vec<Sample>,
    /// Why it has no more turns.
    pub(crate) failure: Option<String>,
}

/// How clh-tee is to compare with another.
pub(crate) struct Goal {
    /// In what.
    pub(crate) quantity: Quantity,
    /// With whom.
    pub(crate) against: &'static str,
    /// The ratio to be reached.
    pub(crate) wanted: f64,
    /// The ratio to be had if all goes well.
    pub(crate) stretch: f64,
}

/// A workload, who does it and what is wanted.
pub(crate) struct Workload<'a> {
    /// By which name it is chosen.
    pub(crate) name: String,
    /// What it is.
    pub(crate) title: String,
    /// Who does it.
    pub(crate) contenders: Vec<Contender<'a>>,
    /// What is wanted.
    pub(crate) goals: Vec<Goal>,
    /// The figure that it is part of, and where in it.
    pub(crate) figure: Option<(Figure, u64)>,
}

impl<'a> Workload<'a> {
    /// Returns a workload for nobody.
    pub(crate) fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        let (name, title) = (name.into(), title.into());
        Self { name, title, contenders: Vec::new(), goals: Vec::new(), figure: None }
    }

    /// Adds somebody who does it.
    pub(crate) fn with(
        mut self,
        name: impl Into<String>,
        turn: impl Fn() -> Result<Sample> + 'a,
    ) -> Self {
        let (name, turn) = (name.into(), Box::new(turn));
        let contender = Contender { name, proof: None, turn, samples: Vec::new(), failure: None };
        self.contenders.push(contender);
        self
    }

    /// Has the last one show first that no line is lost.
    pub(crate) fn proven_by(mut self, proof: impl Fn() -> Result<()> + 'a) -> Self {
        if let Some(last) = self.contenders.last_mut() {
            last.proof = Some(Box::new(proof));
        }
        self
    }

    /// Adds something that is wanted.
    pub(crate) fn goal(
        mut self,
        quantity: Quantity,
        against: &'static str,
        wanted: f64,
        stretch: f64,
    ) -> Self {
        self.goals.push(Goal { quantity, against, wanted, stretch });
        self
    }

    /// Makes it part of a figure, for the value `x`.
    pub(crate) fn drawn_in(mut self, figure: Figure, x: u64) -> Self {
        self.figure = Some((figure, x));
        self
    }

    /// Returns what the turns of the contender of this name gave.
    pub(crate) fn samples(&self, name: &str) -> Option<&[Sample]> {
        let found = self.contenders.iter().find(|contender| contender.name == name);
        found.map(|contender| contender.samples.as_slice())
    }
}

/// Returns `count` as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "that is far below what is measured")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
