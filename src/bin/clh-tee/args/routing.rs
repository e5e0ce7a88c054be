//! The options that add further logs.

use std::ffi::OsString;
use std::path::{self, Path, PathBuf};

use clap::{ArgMatches, Args};
use clh_tee::Escaped;

use super::Cli;
use super::values::fault_of_log;
use crate::transform::{Routes, pattern};

/// In the order in which [`Routes`] numbers their logs.
const ROUTING: [&str; 2] = ["copy", "divert"];

#[derive(Debug, Args)]
pub(crate) struct Routing {
    /// Also copy lines that match into LOG2
    ///
    /// LOG2 is a log like LOG: it is rotated, and other writers may share it. The settings file may
    /// have settings for its path; the rest of its settings for rotation, waiting and files are
    /// those of the command line. This option and --divert may be given several times, each with
    /// another LOG2. REGEX is as for --select and matches the same text; lines that --select leaves
    /// out go nowhere. Each log has its own lock, thread and queue; if one queue is full, the
    /// producer waits, as with one log. A settings file gives REGEX and LOG2 as a list; the
    /// environment cannot give them.
    #[arg(long, value_names = ["REGEX", "LOG2"], num_args = 2, hide_short_help = true)]
    copy: Vec<OsString>,

    /// Put lines that match into LOG2 instead of LOG
    ///
    /// If several match, the first --divert decides. The line is still copied by each --copy that
    /// matches.
    #[arg(long, value_names = ["REGEX", "LOG2"], num_args = 2, hide_short_help = true)]
    divert: Vec<OsString>,

    /// The settings of the further logs.
    #[arg(skip)]
    pub(crate) logs: Vec<Cli>,
}

/// Returns the routes and the further logs, or the wrong option and the reason.
pub(super) fn routes(matches: &ArgMatches) -> Result<(Routes, Vec<&Path>), (&str, String)> {
    let (mut patterns, mut logs) = ([Vec::new(), Vec::new()], Vec::new());
    for (id, patterns) in ROUTING.into_iter().zip(&mut patterns) {
        let mut given = matches.get_many::<OsString>(id).into_iter().flatten();
        while let Some(text) = given.next() {
            let Some(log) = given.next() else {
                return Err((id, "it takes two texts, REGEX and LOG2".to_owned()));
            };
            let bad = |why: String| (id, format!("'{}': {why}", Escaped::text(text)));
            let text = text.to_str().ok_or_else(|| bad("it is not UTF-8".to_owned()))?;
            patterns.push(pattern(text).map_err(bad)?);
            logs.push(Path::new(log));
        }
    }
    let [copies, diverts] = patterns;
    Ok((Routes { copies, diverts }, logs))
}

/// Returns what is wrong with the further logs, if anything.
pub(super) fn fault(log: &Path, further: &[&Path]) -> Option<String> {
    if further.is_empty() {
        return None;
    }
    let mut places = vec![place(log)];
    further.iter().find_map(|log| {
        let (shown, place) = (Escaped::path(log), place(log));
        let fault = match places.iter().position(|earlier| *earlier == place) {
            Some(0) => Some(format!("'{shown}' is LOG itself; give --copy and --divert another")),
            Some(_) => Some(format!("'{shown}' is given twice; give it one REGEX, such as 'A|B'")),
            None => fault_of_log(log),
        };
        places.push(place);
        fault
    })
}

fn place(log: &Path) -> Option<PathBuf> {
    let absolute = path::absolute(log).ok()?;
    let directory = absolute.parent()?.canonicalize().ok();
    Some(
        directory.map_or(absolute, |directory| directory.join(log.file_name().unwrap_or_default())),
    )
}
