//! The options that transform lines.

use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::transform::{Format, Pattern, Rule, Rules, Settings, Template, pattern};

pub(super) const BARE_TIMESTAMP: &str = "rfc3339";

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Transforming {
    /// Put the time before each line
    ///
    /// It is the time at which the line's first byte was read. FORMAT is rfc3339 (with milliseconds
    /// and offset; the default), unix (seconds, with milliseconds), tai64n (as multilog writes it),
    /// or a pattern as for strftime(3), such as '%F %T'.
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true,
          default_missing_value = BARE_TIMESTAMP, value_parser = Format::parse)]
    pub(super) timestamp: Option<Format>,

    /// Put TEXT and a colon before each line
    ///
    /// {pid}, {host}, {user} and {stream} are filled in; {{ and }} are braces. With COMMAND, {pid}
    /// is that of COMMAND, and {stream} is out or err; without it, {stream} is in.
    #[arg(long, value_name = "TEXT", value_parser = Template::parse)]
    tag: Option<Template>,

    #[command(flatten)]
    rules: Rules,

    /// Drop colours and cursor movements from lines
    ///
    /// These are the escape sequences that terminals understand.
    #[arg(long, hide_short_help = true)]
    strip_ansi: bool,

    /// Keep what follows a line's last carriage return
    ///
    /// Of a progress bar that is its last state. Carriage returns at the line's end are dropped.
    #[arg(long, hide_short_help = true)]
    collapse_cr: bool,

    /// Show control characters as \xNN
    ///
    /// All but the tab are shown, and so is what hides or reorders text, such as
    /// U+202E and zero-width characters, and what is not UTF-8.
    #[arg(long, hide_short_help = true)]
    escape_control: bool,

    /// End each line in LOG with \r\n
    ///
    /// One that ends so already stays as it is.
    #[arg(long, hide_short_help = true)]
    crlf: bool,
}

impl Transforming {
    pub(crate) fn settings(&self, utc: bool) -> Settings {
        Settings {
            timestamp: self.timestamp.clone(),
            utc,
            tag: self.tag.clone(),
            rules: self.rules.clone(),
            strip_ansi: self.strip_ansi,
            collapse_cr: self.collapse_cr,
            escape_control: self.escape_control,
            crlf: self.crlf,
        }
    }
}

fn rule(name: &'static str, help: &'static str, more: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("REGEX")
        .value_parser(pattern)
        .action(ArgAction::Append)
        .help(help)
        .long_help(format!("{help}\n\n{more}"))
        .hide_short_help(name == "deselect")
}

impl Args for Rules {
    fn augment_args(command: Command) -> Command {
        command
            .arg(rule(
                "select",
                "Only lines that match go into LOG",
                "It may be given several times, and so may --deselect; the last \
                 that matches decides. If --select comes first, lines that match \
                 none are left out. REGEX is one of grep -E in the C locale, and \
                 knows \\d, \\w, \\b and (?i) besides.",
            ))
            .arg(rule(
                "deselect",
                "Lines that match do not go into LOG",
                "See --select. Lines are matched without time and tag, and once \
                 escape sequences and what was overwritten are gone.",
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Rules {
    /// Returns the rules in the order given, across both options.
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |name, keep| {
            let places = matches.indices_of(name).into_iter().flatten();
            let patterns = matches.get_many::<Pattern>(name).into_iter().flatten().cloned();
            // A rule from the command line comes after one from the environment.
            let source = matches.value_source(name);
            let places = places.map(move |place| (source, place));
            places.zip(patterns.map(move |pattern| Rule { keep, pattern }))
        };
        let mut rules: Vec<_> = given("select", true).chain(given("deselect", false)).collect();
        rules.sort_by_key(|(place, _)| *place);
        Ok(Self(rules.into_iter().map(|(_, rule)| rule).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Asked {
        #[command(flatten)]
        transforming: Transforming,
    }

    #[test]
    fn rules_keep_their_order_across_both_options() {
        for args in ["--select=a --deselect=b", "--deselect=b --select=a --select=^b --deselect=c"]
        {
            let asked = Asked::parse_from(["clh-tee"].into_iter().chain(args.split(' ')));
            let rules = asked.transforming.rules.0.iter();
            let given = rules.map(|rule| {
                format!("--{}={}", if rule.keep { "select" } else { "deselect" }, rule.pattern)
            });
            assert_eq!(given.collect::<Vec<_>>().join(" "), args);
        }
    }
}
