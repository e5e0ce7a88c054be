//! Medians and ranges.

use std::fmt;

use crate::measure::{Goal, Quantity, Sample, Workload};

/// A series of measurements, summarized.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Returns the spread of `values`, unless there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, min, max })
    }

    /// Returns the spread of one quantity in `samples`.
    pub(crate) fn of_quantity(samples: &[Sample], quantity: Quantity) -> Option<Self> {
        Self::of(samples.iter().filter_map(|sample| sample.get(&quantity).copied()))
    }

    /// Returns the ratio of clh-tee to another program, round by round: what disturbs a whole round
    /// affects both.
    pub(crate) fn of_ratio(workload: &Workload<'_>, goal: &Goal) -> Option<Self> {
        let ours = workload.samples("clh-tee")?;
        let others = workload.samples(goal.against)?;
        let ratio = |(ours, others): (&Sample, &Sample)| {
            Some(ours.get(&goal.quantity)? / others.get(&goal.quantity)?)
        };
        Self::of(ours.iter().zip(others).filter_map(ratio))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max } = *self;
        write!(f, "{} ({}..{})", Short(median), Short(min), Short(max))
    }
}

/// A number, formatted with its significant digits.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0.abs() {
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 0.1 => 2,
            _ => 4,
        };
        write!(f, "{:.digits$}", self.0)
    }
}

/// Whether a goal was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Missed,
    Goal,
    /// Even the stretch goal.
    Stretch,
}

impl Goal {
    /// Returns whether `ratio` reaches the goal.
    pub(crate) fn verdict(&self, ratio: f64) -> Verdict {
        let reaches = |wanted| {
            if self.quantity.is_good() { ratio >= wanted } else { ratio <= wanted }
        };
        match (reaches(self.wanted), reaches(self.stretch)) {
            (_, true) => Verdict::Stretch,
            (true, false) => Verdict::Goal,
            (false, false) => Verdict::Missed,
        }
    }
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Goal => "goal",
            Self::Stretch => "stretch",
        }
    }
}
