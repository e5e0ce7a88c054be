//! The page that shows all settings, and where each came from.
//!
//! It can be used as a file: every setting stands on a line of its own, and
//! what is about it follows as a comment.

use std::ffi::OsStr;
use std::path::{self, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use clh_tee::Escaped;

use crate::args::modes::is_implied;
use crate::args::variable;
use crate::config::{Kind, value};

/// The column at which comments begin, unless a setting is longer.
const COMMENT: usize = 28;

/// Returns the page for these `options`. `of_file` tells where in a file the
/// option of an id is set, if it is.
pub(super) fn page(
    mut options: Vec<(Arg, Kind)>,
    matches: &ArgMatches,
    of_file: impl Fn(&str) -> Option<String>,
) -> String {
    let log = matches.get_one::<PathBuf>("log").map(|log| path::absolute(log).unwrap_or_default());
    let mut lines = vec![format!("# Settings for {}", Escaped::path(&log.unwrap_or_default()))];
    options.sort_by_key(|(arg, kind)| rank(matches, arg, kind));
    for (arg, kind) in &options {
        let id = arg.get_id().as_str();
        let Some(name) = arg.get_long() else { continue };
        let implied = is_implied(matches, id);
        let origin = match matches.value_source(id) {
            _ if implied => "command line (--gzip-level)".to_owned(),
            Some(ValueSource::CommandLine) => "command line".to_owned(),
            Some(ValueSource::EnvVariable) => format!("environment {}", variable(name)),
            _ => of_file(id).unwrap_or_else(|| "default".to_owned()),
        };
        let (setting, remark) = match setting(matches, arg, kind) {
            Ok(value) => (format!("{name} = {value}"), ""),
            Err(value) => (format!("# {name} = {value}"), "not UTF-8, which no file can say; "),
        };
        lines.push(format!("{setting:<COMMENT$} # {remark}{origin}"));
    }
    lines.join("\n") + "\n"
}

/// Returns what an option's line is sorted by.
///
/// Lists come last and in the order in which they count, for it may matter
/// which of two comes first.
fn rank(matches: &ArgMatches, arg: &Arg, kind: &Kind) -> Option<(Option<ValueSource>, usize)> {
    let id = arg.get_id().as_str();
    let first = matches.indices_of(id).and_then(|mut places| places.next());
    (*kind == Kind::Many).then(|| (matches.value_source(id), first.unwrap_or_default()))
}

/// Returns the value of an option as it would stand in a file. If it cannot
/// stand there, it is returned as an error, fit to be shown.
fn setting(matches: &ArgMatches, arg: &Arg, kind: &Kind) -> Result<String, String> {
    let id = arg.get_id().as_str();
    let given = matches.get_raw(id).into_iter().flatten();
    let texts: Result<Vec<_>, _> = given.map(text).collect();
    let texts = texts?;
    Ok(match kind {
        Kind::Flag => (matches.get_flag(id) || is_implied(matches, id)).to_string(),
        Kind::One { .. } => texts.into_iter().next().unwrap_or_else(|| "false".to_owned()),
        Kind::Many => format!("[{}]", texts.join(", ")),
    })
}

/// Returns a text as it would stand in a file.
fn text(given: &OsStr) -> Result<String, String> {
    match given.to_str() {
        Some(text) => Ok(value(text)),
        None => Err(format!("'{}'", Escaped::text(given))),
    }
}

#[cfg(test)]
mod tests {
    use clap::{ArgAction, Command};

    use super::*;

    /// Returns the page for options of all kinds, which are given as `args`.
    fn shown(args: &[&str]) -> String {
        let arg = |name: &'static str, action| Arg::new(name).long(name).action(action);
        let one = Kind::One { bare: None, may_be_off: true };
        let options = vec![
            (arg("more", ArgAction::Append), Kind::Many),
            (arg("less", ArgAction::Append), Kind::Many),
            (arg("flag", ArgAction::SetTrue), Kind::Flag),
            (arg("one", ArgAction::Set), one),
        ];
        let log = Arg::new("log").value_parser(clap::value_parser!(PathBuf));
        let command = Command::new("clh-tee").args(options.iter().map(|(arg, _)| arg)).arg(log);
        let given = ["clh-tee", "/no/such.log"].iter().chain(args);
        let matches = command.try_get_matches_from(given).expect("they are right");
        page(options, &matches, |_| None)
    }

    #[test]
    fn lists_are_shown_in_the_order_in_which_they_count() {
        let lines = |args| shown(args).lines().skip(3).map(str::to_owned).collect::<Vec<_>>();
        let more = "more = [\"a\", 2]              # command line";
        let less = "less = [\"b\"]                 # command line";
        assert_eq!(lines(&["--more", "a", "--less", "b", "--more", "2"]), [more, less]);
        assert_eq!(lines(&["--less", "b", "--more", "a", "--more", "2"]), [less, more]);
        assert_eq!(lines(&["--less", "b"])[0], "more = []                    # default");
    }

    #[test]
    fn what_is_not_given_is_shown_too() {
        let log = path::absolute("/no/such.log").expect("a path");
        let wanted = "flag = false                 # default\n\
                      one = false                  # default\n\
                      more = []                    # default\n\
                      less = []                    # default\n";
        assert_eq!(shown(&[]), format!("# Settings for {}\n{wanted}", log.display()));
    }
}
