//! Medians and what lies around them.

use std::fmt;

use crate::measure::{Goal, Quantity, Sample, Workload};

/// What a series of measurements gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// The middle one.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Spread {
    /// Returns the spread of `values`, if there are any.
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

    /// Returns how clh-tee compares, round by round: what disturbs a whole
    /// round disturbs both.
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

/// A number with as many digits as mean something.
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

/// Whether something that is wanted was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not even the goal.
    Missed,
    /// The goal.
    Goal,
    /// More than that.
    Stretch,
}

impl Goal {
    /// Tells whether `ratio` reaches what is wanted.
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
    /// Returns what the results call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Goal => "goal",
            Self::Stretch => "stretch",
        }
    }
}
