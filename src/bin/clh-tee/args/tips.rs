//! Messages about a wrong command line: clap's, plus a tip for users of other programs.

use std::env;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Error};

use super::Cli;
use super::config::variable;
use crate::config;

/// Options of logrotate, rotatelogs, svlogd, multilog, tee, tail, journalctl and Python's handlers,
/// with their equivalents here.
const SYNONYMS: &str = "
--max-size --maxsize --size: the size at which LOG rotates is --max-bytes SIZE
--minsize --rotate-size --limit: the size at which LOG rotates is --max-bytes SIZE
--keep --count-backups --max-files: how many backups are kept is --backups N
--files --num --rotations: how many backups are kept is --backups N
--maxage --max-days --days: how long backups are kept is --max-age TIME, such as 30d
--total --total-size --totalsize-cap --max-disk: what log and backups may take is --max-total SIZE
--compress --zip --use-gzip --use_gzip: backups are compressed with --gzip
--compresscmd --zstd --xz --bzip2: compression is --gzip, and nothing else
--daily -d: once a day is --when MIDNIGHT
--hourly: once an hour is --when H
--weekly: once a week is --when W0, on Mondays
--monthly --yearly: the longest interval is a week: --when W0
--dateext --dateformat: with --when, backups are named by date
--copytruncate --nocopytruncate: leave it out: writers go on in the new log by themselves
--missingok --notifempty: leave it out: it is always so, or not needed
--delaycompress --sharedscripts: leave it out: it is always so, or not needed
--olddir -L --link: leave it out: LOG keeps its name, and backups lie beside it
--force: LOG is rotated now with --rotate
--postrotate --lastaction --exec: what follows a rotation is --on-rotate PROGRAM
-p: tee's is not needed; rotatelogs' is --on-rotate PROGRAM
--output-error: leave it out: LOG goes on without standard output
--tail -F --retry: what is appended is --read --follow, the last lines are --read -n N
-r --reverse: the oldest line comes first; pipe it through tac
--until -U: it goes on to the end of LOG; pipe it through a filter
-S: lines from a time on are --read --since TIME
--create --mode: a new log keeps the mode and owner of the old one; else --chmod, --owner
-D --parents: missing directories are made with --mkdir
-t --time --ts: the time before each line is --timestamp
--prefix --label: the text before each line is --tag TEXT
--route --split --also: lines go to other logs with --copy REGEX LOG2 and --divert REGEX LOG2
--grep -g: which lines go into LOG, or with --read are shown, is --select REGEX
--encoding --errors: leave it out: bytes go in as they came
--color --colour: colours go into LOG too; --strip-ansi drops them
-o --output --file --log --logfile: LOG is given without an option, as in: clh-tee app.log
--lock --lock-file-directory --lock_file_directory: the directory of the lock file is --lock-dir DIR
-i --ignore-interrupts: leave it out: what the pipe holds is put in after INT too
-a --append: it always appends; leave it out
-v --verbose: what was done is said at the end with --stats
--silent -s: no copy on standard output is -q
";

pub(super) fn message(error: &Error) -> String {
    let text = error.render().to_string().replace("value was not a boolean", "give yes or no");
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    // A mistyped option is not the name of a log.
    let tip = tip(error);
    let similar = tip.is_none() && is_similar(error);
    let is_wanted = |line: &&str| {
        let of_every_dash = line.contains("as a value, use '");
        !(of_every_dash || !similar && line.contains("a similar argument exists"))
    };
    // Clap's own usage names the option that it considers similar.
    let usage = Cli::command().render_usage().to_string();
    let unknown = error.kind() == ErrorKind::UnknownArgument && !similar;
    let shown = |line| if unknown && str::starts_with(line, "Usage: ") { &usage } else { line };
    let text = text.lines().filter(is_wanted).map(shown).collect::<Vec<_>>().join("\n");
    let Some(tip) = tip else { return text };
    let end = ["Usage:", "For more information"].iter().find_map(|part| text.find(part));
    let (fault, rest) = text.split_at(end.unwrap_or(text.len()));
    format!("{}\n\n  tip: {tip}\n\n{rest}", fault.trim_end())
}

fn tip(error: &Error) -> Option<String> {
    let word = context(error, ContextKind::InvalidArg)?;
    let mut synonyms = SYNONYMS.lines().filter_map(|line| line.split_once(": "));
    let synonym = synonyms.find(|(words, _)| words.split(' ').any(|other| other == word));
    match error.kind() {
        ErrorKind::UnknownArgument if synonym.is_some() => Some(synonym?.1.to_owned()),
        ErrorKind::UnknownArgument if is_similar(error) => None,
        ErrorKind::UnknownArgument => of_unknown(word),
        ErrorKind::TooManyValues if word.starts_with("--rotate") => {
            Some("--rotate rotates LOG once, now; --when MIDNIGHT rotates it daily".to_owned())
        }
        ErrorKind::ValueValidation if word.starts_with("--gzip[") => {
            of_variable(error).or_else(|| Some("the level of --gzip is --gzip-level 9".to_owned()))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => of_variable(error),
        _ => None,
    }
}

/// Returns whether the option that clap suggests is very similar to the unknown one.
fn is_similar(error: &Error) -> bool {
    let words =
        [ContextKind::InvalidArg, ContextKind::SuggestedArg].map(|kind| context(error, kind));
    let [Some(word), Some(other)] = words else { return false };
    config::is_near(&word.to_lowercase().replace('_', "-"), other)
}

fn of_unknown(word: &str) -> Option<String> {
    let args: Vec<_> = env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let has = |option: &str| args.iter().any(|arg| arg == option);
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    for (option, tip) in [
        ("--gzip", "--gzip takes no value; its level is --gzip-level 9"),
        ("--rotate", "--rotate rotates LOG once, now; how many backups are kept is --backups N"),
    ] {
        if args.windows(2).any(|pair| pair[0] == option && is_number(&pair[1])) {
            return Some(tip.to_owned());
        }
    }
    if args
        .windows(2)
        .any(|pair| is_number(&pair[0]) && ["K", "M", "G", "KB", "MB", "GB"].contains(&&*pair[1]))
    {
        return Some("a size is one word, as in --max-bytes 10M".to_owned());
    }
    if let Some(rest) = word.strip_prefix('-') {
        let number = rest.starts_with(|first: char| first.is_ascii_digit());
        let tip = match (number, has("--read")) {
            (false, _) => return None,
            (true, true) => "the last lines are --read -n N".to_owned(),
            (true, false) => {
                format!("a value of this form is given by '=', a log of this name as './{word}'")
            }
        };
        return Some(tip);
    }
    if has("--timestamp") {
        return Some("a format is given by '=', as in --timestamp='%F %T'".to_owned());
    }
    let tip = "there is one LOG; lines go to another one too with --copy REGEX LOG2, and a command \
               comes after '--', as in: clh-tee LOG -- ls -l";
    Some(tip.to_owned())
}

fn of_variable(error: &Error) -> Option<String> {
    let variable = variable(option(error)?);
    let value = context(error, ContextKind::InvalidValue)?;
    let given = env::var_os(&variable)?;
    (given == *value).then(|| format!("{variable} in the environment gives it"))
}

pub(super) fn option(error: &Error) -> Option<&str> {
    context(error, ContextKind::InvalidArg)?.strip_prefix("--")?.split([' ', '[', '=']).next()
}

pub(super) fn context(error: &Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}
