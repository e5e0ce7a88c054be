//! The command line of the benchmark.

use std::path::PathBuf;

use clap::Parser;

/// The directory with the README's figures.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/figures");

/// Compares clh-tee with cat, tee, rotatelogs, cronolog, s6-log, multilog, svlogd and
/// concurrent-log-handler, as far as they are installed.
///
/// CLH_PYTHON names a Python interpreter that can import CLH; the default is the environment that
/// the tests make in target/peers. BENCH_DIR is the directory for the logs, target/bench by
/// default; it should be on a real disk. BENCH_STATIC names a second, static build of clh-tee, which
/// then takes part in startup and memory-bulk.
#[derive(Debug, Parser)]
#[command(name = "peers", max_term_width = 79)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[expect(clippy::doc_markdown, reason = "it is shown as it is written")]
pub(crate) struct Args {
    /// How many rounds to run
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: u64,

    /// Run only workloads whose name begins like this; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// Use little data: shows that everything works, but measures nothing
    #[arg(long)]
    pub(crate) quick: bool,

    /// Show how cost grows with writers, backups and limit instead of the table
    #[arg(long)]
    pub(crate) growth: bool,

    /// Draw figures of the results
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = FIGURES)]
    pub(crate) figures: Option<PathBuf>,

    /// List the workloads and exit
    #[arg(long)]
    pub(crate) list: bool,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Args {
    /// Returns whether to run the workload of this name.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only))
    }
}
