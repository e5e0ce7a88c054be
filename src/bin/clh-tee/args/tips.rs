//! Messages about a wrong command line: clap's, with a tip for what users of other programs try.

use std::env;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::config::variable;

/// Options of logrotate, rotatelogs, svlogd, multilog, tee, tail, journalctl and Python's handlers.
const SYNONYMS: &[(&[&str], &str)] = &[
    (
        &["--max-size", "--maxsize", "--size", "--minsize", "--rotate-size", "--limit"],
        "the size at which LOG rotates is --max-bytes SIZE",
    ),
    (
        &["--keep", "--count-backups", "--max-files", "--files", "--num", "--rotations"],
        "how many backups are kept is --backups N",
    ),
    (&["--compress", "-z", "--zip"], "backups are compressed with --gzip"),
    (&["--daily", "-d"], "once a day is --when MIDNIGHT"),
    (&["--hourly"], "once an hour is --when H"),
    (&["--weekly"], "once a week is --when W0, on Mondays"),
    (&["--monthly", "--yearly"], "the longest interval is a week: --when W0"),
    (&["--copytruncate"], "leave it out: writers go on in the new log by themselves"),
    (&["--postrotate", "--exec", "-p"], "what follows a rotation is --on-rotate PROGRAM"),
    (&["--tail", "-F"], "to go on with what is appended is --read --follow"),
    (&["--create"], "a new log keeps the mode and owner of the old one; else --chmod, --owner"),
    (&["-t", "--time", "--ts"], "the time before each line is --timestamp"),
    (&["--grep", "-g", "-e"], "which lines go into LOG is --select REGEX"),
    (&["-i", "--ignore-interrupts"], "leave it out: what the pipe holds is put in after INT too"),
    (&["-a", "--append"], "it always appends; leave it out"),
    (&["-v", "--verbose"], "what was done is said at the end with --stats"),
    (&["--silent", "-s"], "no copy on standard output is -q"),
];

pub(super) fn message(error: &Error) -> String {
    let text = error.render().to_string().replace("value was not a boolean", "give yes or no");
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    // A mistyped option is no log of that name.
    let tip = tip(error);
    let is_wanted = |line: &&str| {
        let of_every_dash = line.contains("as a value, use '");
        !(of_every_dash || tip.is_some() && line.contains("a similar argument exists"))
    };
    let text = text.lines().filter(is_wanted).collect::<Vec<_>>().join("\n");
    let Some(tip) = tip else { return text };
    let end = ["Usage:", "For more information"].iter().find_map(|part| text.find(part));
    let (fault, rest) = text.split_at(end.unwrap_or(text.len()));
    format!("{}\n\n  tip: {tip}\n\n{rest}", fault.trim_end())
}

fn tip(error: &Error) -> Option<String> {
    let word = context(error, ContextKind::InvalidArg)?;
    let synonym = SYNONYMS.iter().find(|(words, _)| words.contains(&word));
    match error.kind() {
        ErrorKind::UnknownArgument if synonym.is_some() => Some(synonym?.1.to_owned()),
        ErrorKind::UnknownArgument if error.get(ContextKind::SuggestedArg).is_some() => None,
        ErrorKind::UnknownArgument => of_unknown(word),
        ErrorKind::TooManyValues if word.starts_with("--rotate") => {
            Some("--rotate rotates LOG once, now; --when MIDNIGHT rotates it daily".to_owned())
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => of_variable(error),
        _ => None,
    }
}

fn of_unknown(word: &str) -> Option<String> {
    let args: Vec<_> = env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let is_level = |pair: &[String]| pair[0] == "--gzip" && pair[1].parse::<u32>().is_ok();
    if args.windows(2).any(is_level) {
        return Some("--gzip takes no value; its level is --gzip-level 9".to_owned());
    }
    if let Some(rest) = word.strip_prefix('-') {
        let number = rest.starts_with(|first: char| first.is_ascii_digit());
        return number.then(|| {
            format!("a value of this form is given by '=', a log of this name as './{word}'")
        });
    }
    if args.iter().any(|arg| arg == "--timestamp") {
        return Some("a format is given by '=', as in --timestamp='%F %T'".to_owned());
    }
    Some("there is one LOG; a command comes after '--', as in: clh-tee LOG -- ls -l".to_owned())
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
