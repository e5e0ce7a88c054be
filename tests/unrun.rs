//! Prints at the end of `cargo test` how many tests were not run, and what they need.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

/// Counts what the ignored tests below `dir` need.
fn count(dir: &Path, needs: &mut BTreeMap<String, usize>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        // The tests under Wine are only ever run by name.
        if path.is_dir() && !path.ends_with("wine") {
            count(&path, needs)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path)?;
            let ignored = text.lines().filter_map(|line| line.trim().strip_prefix("#[ignore = \""));
            for need in ignored.filter_map(|line| line.strip_suffix("\"]")) {
                *needs.entry(need.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    // With a filter, --include-ignored or --list there is nothing to report.
    if env::args().len() > 1 {
        return Ok(());
    }
    let mut needs = BTreeMap::new();
    for dir in ["src", "tests"] {
        count(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut needs)?;
    }
    println!("\nnot run: {} tests", needs.values().sum::<usize>());
    for (need, tests) in needs {
        println!("{tests:>5} {need}");
    }
    println!("to run all: tests/prepare && cargo test --locked -- --include-ignored\n");
    Ok(())
}
