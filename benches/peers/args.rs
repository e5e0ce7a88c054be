//! The command line of the benchmark.

use std::path::PathBuf;

use clap::Parser;

/// Where the figures that the README shows are kept.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/figures");

/// Compares clh-tee with cat, tee, rotatelogs, cronolog, s6-log, multilog,
/// svlogd and concurrent-log-handler, as far as they are present.
///
/// CLH is found by CLH_PYTHON, a Python interpreter that can import it, or in
/// the environment that the tests make in target/peers. BENCH_DIR is where the
/// logs are written, target/bench by default; it should be on a real disk.
#[derive(Debug, Parser)]
#[command(name = "peers", max_term_width = 79)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[expect(clippy::doc_markdown, reason = "it is shown as it is written")]
pub(crate) struct Args {
    /// How many times each contender has its turn
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: u64,

    /// Only workloads whose name begins so; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// Little data: shows that everything works, and no more
    #[arg(long)]
    pub(crate) quick: bool,

    /// How cost grows with writers, backups and limit, instead of the table
    #[arg(long)]
    pub(crate) growth: bool,

    /// Draw figures of what was run
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = FIGURES)]
    pub(crate) figures: Option<PathBuf>,

    /// Name the workloads and end
    #[arg(long)]
    pub(crate) list: bool,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Args {
    /// Tells whether the workload of this name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only))
    }
}
