//! What is said of a command line that is wrong: what clap finds, and besides
//! a tip for what people try who come from `tee`, `env` or a shell's habits.

use std::env;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::variable;

/// What clap says of each word that begins with `-` and is no option.
const OF_EVERY_DASH: &str = "as a value, use '";

/// Returns what is to be said.
pub(super) fn told(error: &Error) -> String {
    let text = error.render().to_string().replace("value was not a boolean", "give yes or no");
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    // Who mistypes an option's name means no log of that name.
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(OF_EVERY_DASH)).collect();
    let text = lines.join("\n");
    let Some(tip) = tip(error) else { return text };
    let end = ["Usage:", "For more information"].iter().find_map(|part| text.find(part));
    let (fault, rest) = text.split_at(end.unwrap_or(text.len()));
    format!("{}\n\n  tip: {tip}\n\n{rest}", fault.trim_end())
}

/// Returns what the user may have meant, if it can be guessed.
fn tip(error: &Error) -> Option<String> {
    let ContextValue::String(word) = error.get(ContextKind::InvalidArg)? else { return None };
    match error.kind() {
        ErrorKind::UnknownArgument if error.get(ContextKind::SuggestedArg).is_some() => None,
        ErrorKind::UnknownArgument => Some(of_unknown(word)),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => of_variable(word, error),
        _ => None,
    }
}

/// Returns what to do instead of an argument that nothing takes.
fn of_unknown(word: &str) -> String {
    if ["-a", "--append"].contains(&word) {
        return format!("it always appends; leave '{word}' out");
    }
    if word.starts_with('-') {
        return format!("a value of this form is given by '=', a log of this name as './{word}'");
    }
    if env::args_os().any(|arg| arg == "--timestamp") {
        return "a format is given by '=', as in --timestamp='%F %T'".to_owned();
    }
    "there is one LOG; a command comes after '--', as in: clh-tee LOG -- ls -l".to_owned()
}

/// Returns which variable gave an option's value that is wrong, if one did.
fn of_variable(option: &str, error: &Error) -> Option<String> {
    let name = option.strip_prefix("--")?.split([' ', '[', '=']).next()?;
    let variable = variable(name);
    let ContextValue::String(value) = error.get(ContextKind::InvalidValue)? else { return None };
    let given = env::var_os(&variable)?;
    (given == value.as_str()).then(|| format!("{variable} in the environment gives it"))
}
