//! The results as JSON, with every measurement.

use std::fs;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::bench::default_dir;
use crate::measure::{Contender, Goal, Workload};
use crate::spread::Spread;

/// Writes the results; returns the file's path.
pub(crate) fn write(args: &Args, workloads: &[Workload<'_>]) -> Result<PathBuf> {
    let name = if args.growth { "growth.json" } else { "results.json" };
    let path = default_dir().join(name);
    let results = json!({
        "rounds": args.rounds,
        "quick": args.quick,
        "machine": {
            "processors": thread::available_parallelism().map_or(0, usize::from),
            "system": fs::read_to_string("/proc/version").unwrap_or_default().trim(),
        },
        "workloads": workloads.iter().map(workload).collect::<Vec<_>>(),
    });
    fs::create_dir_all(default_dir())?;
    let text = serde_json::to_string_pretty(&results)?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write '{}'", path.display()))?;
    Ok(path)
}

fn workload(workload: &Workload<'_>) -> Value {
    let goals = workload.goals.iter().map(|wanted| goal(workload, wanted));
    json!({
        "name": workload.name,
        "title": workload.title,
        "contenders": workload.contenders.iter().map(contender).collect::<Vec<_>>(),
        "goals": goals.collect::<Vec<_>>(),
    })
}

fn contender(contender: &Contender<'_>) -> Value {
    let mut quantities: Map<String, Value> = Map::new();
    for (quantity, value) in contender.samples.iter().flatten() {
        let values = quantities.entry(quantity.key()).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(json!(value));
        }
    }
    json!({ "name": contender.name, "samples": quantities, "failure": contender.failure })
}

/// Returns whether a goal was reached.
fn goal(workload: &Workload<'_>, goal: &Goal) -> Value {
    let ratio = Spread::of_ratio(workload, goal);
    json!({
        "measure": goal.quantity.key(),
        "against": goal.against,
        "ratio": ratio.map(|ratio| json!({
            "median": ratio.median, "min": ratio.min, "max": ratio.max,
        })),
        "goal": goal.wanted,
        "stretch": goal.stretch,
        "verdict": ratio.map(|ratio| goal.verdict(ratio.median).name()),
    })
}
