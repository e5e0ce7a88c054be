//! The page of --print-config: all settings and their origins. It is a valid settings file.

use std::ffi::OsStr;
use std::path::{self, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use clh_tee::Escaped;

use super::variable;
use crate::args::modes::is_implied;
use crate::args::values::size;
use crate::config::{Kind, Known, Setting, value};
use crate::messages::size as size_of;

/// The column of comments, unless a setting is longer.
const COMMENT: usize = 28;

/// Returns the page. `settings` are the file's.
pub(super) fn page(known: &[Known], matches: &ArgMatches, settings: &[&Setting]) -> String {
    let log = matches.get_one::<PathBuf>("log").map(|log| path::absolute(log).unwrap_or_default());
    let mut lines = vec![format!("# Settings for {}", Escaped::path(&log.unwrap_or_default()))];
    let options = known.iter().filter_map(|option| Some((option, option.kind.as_ref()?)));
    let mut options: Vec<_> = options.collect();
    // Lists come last and in the order given, which may matter.
    options.sort_by_key(|(Known { id, .. }, kind)| {
        let first = matches.indices_of(id).and_then(|mut places| places.next());
        (**kind == Kind::Many).then(|| (matches.value_source(id), first.unwrap_or_default()))
    });
    for (Known { id, names, .. }, kind) in options {
        let name = &names[0];
        let origin = match matches.value_source(id) {
            _ if is_implied(matches, id) => "command line (--gzip-level)".to_owned(),
            Some(ValueSource::CommandLine) => "command line".to_owned(),
            Some(ValueSource::EnvVariable) => format!("environment {}", variable(name)),
            _ => {
                let setting = settings.iter().find(|setting| setting.id == *id);
                let default = match id.as_str() {
                    "backups" if is_capped(matches) => "default: all that the caps leave",
                    "backups" => "default: 5, or as many as there are",
                    _ => "default",
                };
                setting.map_or(default, |setting| &setting.origin).to_owned()
            }
        };
        let (setting, remark) = match setting(matches, id, kind) {
            Ok(value) => (format!("{name} = {value}"), ""),
            Err(value) => (format!("# {name} = {value}"), "not UTF-8, which no file can say; "),
        };
        let bytes = given_size(matches, id).map(|bytes| match bytes {
            0..1024 => format!("; {bytes} bytes"),
            _ => format!("; {bytes} bytes ({}iB)", size_of(bytes)),
        });
        let bytes = bytes.unwrap_or_default();
        lines.push(format!("{setting:<COMMENT$} # {remark}{origin}{bytes}"));
    }
    lines.join("\n") + "\n"
}

fn is_capped(matches: &ArgMatches) -> bool {
    let is_given = |id| !matches.get_raw(id).into_iter().flatten().all(|given| given == "0");
    is_given("max_total") || is_given("max_age")
}

/// Returns the value of a size in bytes, unless it is 0.
fn given_size(matches: &ArgMatches, id: &str) -> Option<u64> {
    let is_size = ["max_bytes", "max_total", "max_line", "buffer"].contains(&id);
    let given = matches.get_raw(id).filter(|_| is_size)?.next_back()?.to_str()?;
    size(given).ok().filter(|bytes| *bytes > 0)
}

/// Returns the value as in a file, or an error if a file cannot contain it.
fn setting(matches: &ArgMatches, id: &str, kind: &Kind) -> Result<String, String> {
    let text = |given: &OsStr| match given.to_str() {
        Some(text) => Ok(value(text)),
        None => Err(format!("'{}'", Escaped::text(given))),
    };
    let given = matches.get_raw(id).into_iter().flatten();
    let texts = given.map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(match kind {
        Kind::Flag => (matches.get_flag(id) || is_implied(matches, id)).to_string(),
        Kind::One { .. } => texts.into_iter().next().unwrap_or_else(|| "false".to_owned()),
        Kind::Many => format!("[{}]", texts.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction, Command};

    use super::*;

    fn shown(args: &[&str]) -> String {
        let one = Kind::One { bare: None, may_be_off: true };
        let options = [
            ("more", ArgAction::Append, Kind::Many),
            ("less", ArgAction::Append, Kind::Many),
            ("flag", ArgAction::SetTrue, Kind::Flag),
            ("one", ArgAction::Set, one),
        ];
        let log = Arg::new("log").value_parser(clap::value_parser!(PathBuf));
        let (mut command, mut known) = (Command::new("clh-tee").arg(log), Vec::new());
        for (name, action, kind) in options {
            command = command.arg(Arg::new(name).long(name).action(action));
            known.push(Known { id: name.into(), names: vec![name.into()], kind: Some(kind) });
        }
        let given = ["clh-tee", "/no/such.log"].iter().chain(args);
        page(&known, &command.try_get_matches_from(given).expect("they are right"), &[])
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
}
