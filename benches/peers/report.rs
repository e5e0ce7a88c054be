//! The results as Markdown: the goals, and all measurements.

use std::collections::BTreeSet;

use crate::measure::{Goal, Quantity, Workload};
use crate::spread::{Short, Spread, Verdict};

/// The head of the table of goals.
const GOALS: &str = "\
| workload | measure | clh-tee | against | ratio | goal | stretch | reached |
|---|---|---|---|---|---|---|---|
";

/// The head of the table of all measurements.
const EVERYTHING: &str = "\
| workload | measure | program | median (min..max) |
|---|---|---|---|
";

/// Returns both tables.
pub(crate) fn markdown(workloads: &[Workload<'_>]) -> String {
    let goals = workloads.iter().flat_map(|workload| {
        let row = |goal| goal_row(workload, goal);
        workload.goals.iter().map(row).collect::<Vec<_>>()
    });
    let goals: String = goals.collect();
    let everything: String = workloads.iter().flat_map(all_rows).collect();
    let goals = if goals.is_empty() { goals } else { format!("{GOALS}{goals}\n") };
    format!("{goals}{EVERYTHING}{everything}")
}

/// Returns the row of a goal.
fn goal_row(workload: &Workload<'_>, goal: &Goal) -> String {
    let of = |name| {
        let spread = Spread::of_quantity(workload.samples(name)?, goal.quantity);
        Some(spread?.to_string())
    };
    let (title, measure, against) = (&workload.title, goal.quantity.name(), goal.against);
    let ours = of("clh-tee").unwrap_or_else(|| "–".to_owned());
    let others = of(against).unwrap_or_else(|| "–".to_owned());
    let (ratio, reached) = match Spread::of_ratio(workload, goal) {
        Some(ratio) => (ratio.to_string(), goal.verdict(ratio.median).words()),
        None => ("–".to_owned(), "not measured"),
    };
    let sign = if goal.quantity.is_good() { "≥" } else { "≤" };
    let (wanted, stretch) = (goal.wanted, goal.stretch);
    format!(
        "| {title} | {measure} | {ours} | {against} {others} | {ratio} | {sign} {wanted} | {stretch} | {reached} |\n"
    )
}

/// Returns the rows of a workload.
fn all_rows(workload: &Workload<'_>) -> Vec<String> {
    let all = workload.contenders.iter().flat_map(|contender| &contender.samples);
    let quantities: BTreeSet<Quantity> = all.flat_map(|sample| sample.keys().copied()).collect();
    let mut rows = Vec::new();
    for quantity in quantities {
        for contender in &workload.contenders {
            if let Some(spread) = Spread::of_quantity(&contender.samples, quantity) {
                let (title, measure, name) = (&workload.title, quantity.name(), &contender.name);
                rows.push(format!("| {title} | {measure} | {name} | {spread} |\n"));
            }
        }
    }
    rows
}

/// Returns the failures.
pub(crate) fn failures(workloads: &[Workload<'_>]) -> Vec<String> {
    let all = workloads.iter().flat_map(|workload| {
        let name = &workload.name;
        workload.contenders.iter().filter_map(move |contender| {
            Some(format!("{name}: {}: {}", contender.name, contender.failure.as_ref()?))
        })
    });
    all.collect()
}

/// Returns a line that says how many goals were reached.
pub(crate) fn summary(workloads: &[Workload<'_>]) -> String {
    let (mut count, mut total, mut worst) = ([0; 3], 0, None::<(f64, String)>);
    for (workload, goal) in workloads.iter().flat_map(|w| w.goals.iter().map(move |g| (w, g))) {
        total += 1;
        let Some(ratio) = Spread::of_ratio(workload, goal) else { continue };
        count[goal.verdict(ratio.median) as usize] += 1;
        let off = if goal.quantity.is_good() {
            goal.wanted / ratio.median
        } else {
            ratio.median / goal.wanted
        };
        if worst.as_ref().is_none_or(|(worst, _)| off > *worst) {
            worst = Some((off, format!("{}, {}", workload.name, goal.quantity.name())));
        }
    }
    let [missed, reached, stretched] = count;
    let unknown = total - missed - reached - stretched;
    let off = match worst {
        Some((off, which)) if off > 1.0 => {
            format!(" Farthest off, {} times: {which}.", Short(off))
        }
        _ => String::new(),
    };
    format!(
        "Of {total} goals {stretched} were reached by far, {reached} reached, {missed} missed, \
         {unknown} not measured.{off}"
    )
}

impl Verdict {
    /// Returns its text in the table.
    fn words(self) -> &'static str {
        match self {
            Self::Missed => "**missed**",
            Self::Goal => "yes",
            Self::Stretch => "yes, stretch",
        }
    }
}
