//! What is measured, for which programs, and the goals.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::figures::Figure;

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    /// Bytes written per second.
    Rate,
    /// Processor time per gigabyte.
    Cpu,
    /// Compression ratio of the backups.
    Compression,
    /// The longest wait of another process for the lock.
    Hold,
    /// The same without its wait for a processor.
    Held,
    /// The 99th percentile of those waits.
    HoldLate,
    /// The longest time for which a write of the producer waits for room in the pipe.
    Blocked,
    /// The longest time of such a write; the producer may also wait for a processor.
    LongestWrite,
    /// The longest delay of a line.
    Latest,
    /// The median delay of a line.
    Median,
    /// The 99th percentile of those delays.
    Late,
    /// The time of a run with a single line.
    Run,
    /// Rotations per second.
    Rotations,
    /// The time of a rotation.
    Rotation,
    /// Peak memory.
    Memory,
}

impl Quantity {
    /// Returns its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rate => "MB/s",
            Self::Cpu => "CPU s/GB",
            Self::Compression => "compressed to 1/n",
            Self::Hold => "longest wait for the lock, ms",
            Self::Held => "lock held at most, ms",
            Self::HoldLate => "wait for the lock p99, ms",
            Self::Blocked => "producer blocked at most, ms",
            Self::LongestWrite => "longest write of the producer, ms",
            Self::Latest => "line late at most, ms",
            Self::Median => "pipe to file p50, µs",
            Self::Late => "pipe to file p99, µs",
            Self::Run => "ms per run",
            Self::Rotations => "rotations per s",
            Self::Rotation => "µs per rotation",
            Self::Memory => "peak MiB",
        }
    }

    /// Returns its name in the results.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Rate => "mb_per_s",
            Self::Cpu => "cpu_s_per_gb",
            Self::Compression => "compression",
            Self::Hold => "longest_wait_for_lock_ms",
            Self::Held => "lock_held_max_ms",
            Self::HoldLate => "wait_for_lock_p99_ms",
            Self::Blocked => "producer_blocked_max_ms",
            Self::LongestWrite => "longest_write_ms",
            Self::Latest => "line_late_max_ms",
            Self::Median => "pipe_to_file_p50_us",
            Self::Late => "pipe_to_file_p99_us",
            Self::Run => "ms_per_run",
            Self::Rotations => "rotations_per_s",
            Self::Rotation => "us_per_rotation",
            Self::Memory => "peak_mib",
        }
    }

    /// Returns whether more of it is better.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Rate | Self::Rotations | Self::Compression)
    }
}

/// The results of one turn of a contender.
pub(crate) type Sample = BTreeMap<Quantity, f64>;

/// A measurement, which can fail.
type Turn<'a, T> = Box<dyn Fn() -> Result<T> + 'a>;

/// A program that runs a workload.
pub(crate) struct Contender<'a> {
    pub(crate) name: String,
    /// Shows, with little data, that no line is lost.
    pub(crate) proof: Option<Turn<'a, ()>>,
    /// Runs the workload once.
    pub(crate) turn: Turn<'a, Sample>,
    /// The results of its turns.
    pub(crate) samples: Vec<Sample>,
    /// Why it runs no more.
    pub(crate) failure: Option<String>,
}

/// How clh-tee should compare with another program.
pub(crate) struct Goal {
    pub(crate) quantity: Quantity,
    /// The other program.
    pub(crate) against: &'static str,
    /// The ratio to reach.
    pub(crate) wanted: f64,
    /// The ratio of the stretch goal.
    pub(crate) stretch: f64,
}

/// A workload with its contenders and goals.
pub(crate) struct Workload<'a> {
    pub(crate) name: String,
    /// Its title in the results.
    pub(crate) title: String,
    pub(crate) contenders: Vec<Contender<'a>>,
    pub(crate) goals: Vec<Goal>,
    /// The figure that it belongs to, and its value there.
    pub(crate) figure: Option<(Figure, u64)>,
}

impl<'a> Workload<'a> {
    /// Returns a workload without contenders.
    pub(crate) fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        let (name, title) = (name.into(), title.into());
        Self { name, title, contenders: Vec::new(), goals: Vec::new(), figure: None }
    }

    /// Adds a contender.
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

    /// Lets the last contender first show that no line is lost.
    pub(crate) fn proven_by(mut self, proof: impl Fn() -> Result<()> + 'a) -> Self {
        if let Some(last) = self.contenders.last_mut() {
            last.proof = Some(Box::new(proof));
        }
        self
    }

    /// Adds a goal.
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

    /// Puts it into a figure, at the value `x`.
    pub(crate) fn drawn_in(mut self, figure: Figure, x: u64) -> Self {
        self.figure = Some((figure, x));
        self
    }

    /// Returns the results of the contender with this name.
    pub(crate) fn samples(&self, name: &str) -> Option<&[Sample]> {
        let found = self.contenders.iter().find(|contender| contender.name == name);
        found.map(|contender| contender.samples.as_slice())
    }
}

/// Returns `count` as a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "that is far below what is measured")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
