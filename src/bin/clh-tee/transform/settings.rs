//! The options that transform lines.

use std::mem;

use clap::{Args, ValueEnum};

use super::route::Routes;
use super::select::{Pattern, Rules, pattern};
use super::stamp::Format;
use super::tag::Template;

pub(crate) const BARE_TIMESTAMP: &str = "rfc3339";

/// The format of records in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Layout {
    /// Unchanged, after time and tag.
    #[default]
    Text,
    /// As a JSON object.
    Json,
}

#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[expect(clippy::doc_markdown, reason = "it is shown as it is written")]
pub(crate) struct Settings {
    /// Format of records in LOG: text or json
    ///
    /// json: each record is one JSON object on one line. Its members are time (as with
    /// --timestamp), message, tag (with --tag), and stream, host and pid (with the values that
    /// --tag inserts). A newline inside a record becomes \n. If a message is not UTF-8,
    /// message_base64 has its bytes, and message has U+FFFD in place of the wrong ones.
    /// --strip-ansi, --collapse-cr, --select and --deselect apply to the message.
    /// docs/log.schema.json is the schema.
    #[arg(long, value_name = "FORMAT", default_value_t = Layout::Text, value_enum,
          hide_possible_values = true, hide_short_help = true)]
    pub(super) format: Layout,

    /// Put the time before each line
    ///
    /// It is when the first byte of the line was read. FORMAT is rfc3339 (the default; with
    /// milliseconds and offset), unix (seconds, with milliseconds), tai64n (as in multilog), or a
    /// pattern for strftime(3), such as '%F %T'.
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true,
          default_missing_value = BARE_TIMESTAMP, value_parser = Format::parse)]
    pub(crate) timestamp: Option<Format>,

    /// Put TEXT and a colon before each line
    ///
    /// {pid}, {host}, {user} and {stream} are replaced by their values; write braces as {{ and }}.
    /// With COMMAND, {pid} is that of COMMAND, and {stream} is out or err; without it, {stream} is
    /// in.
    #[arg(long, value_name = "TEXT", value_parser = Template::parse)]
    pub(super) tag: Option<Template>,

    /// Only lines that match go into LOG
    ///
    /// A record of several lines matches if any of its lines does, and goes in or stays out whole.
    /// It may be given several times, and so may --deselect; the last that matches decides. If
    /// --select comes first, lines that match none are left out. With --read: only lines that match
    /// are shown. REGEX is as for grep -E in the C locale, without back-references. Write \{ for a
    /// plain { and, inside brackets, \[ and \\ for [ and \. \d, \w, \b and (?i) work too.
    #[arg(long, value_name = "REGEX", value_parser = pattern)]
    pub(super) select: Vec<Pattern>,

    /// Lines that match do not go into LOG
    ///
    /// See --select. REGEX sees the line after --strip-ansi and --collapse-cr, and before time and
    /// tag are added. With --read, time and tag are a part of the line.
    #[arg(long, value_name = "REGEX", value_parser = pattern, hide_short_help = true)]
    pub(super) deselect: Vec<Pattern>,

    /// The rules of both, in the order given.
    #[arg(skip)]
    pub(crate) rules: Rules,

    #[arg(skip)]
    pub(crate) routes: Routes,

    /// Drop colours and cursor movements from lines
    ///
    /// These are the escape sequences that terminals understand.
    #[arg(long, hide_short_help = true)]
    pub(super) strip_ansi: bool,

    /// Keep what follows a line's last carriage return
    ///
    /// Of a progress bar, that is its last state. Carriage returns at the end of a line are
    /// dropped.
    #[arg(long, hide_short_help = true)]
    pub(super) collapse_cr: bool,

    /// Show control characters as \xNN
    ///
    /// All but the tab are shown, and so are characters that hide or reorder text, such as U+202E
    /// and zero-width characters, and bytes that are not UTF-8.
    #[arg(long, hide_short_help = true)]
    pub(super) escape_control: bool,

    /// End each line in LOG with \r\n
    ///
    /// A line that ends so already stays as it is.
    #[arg(long, hide_short_help = true)]
    pub(super) crlf: bool,

    /// All that is read is one record (--group).
    #[arg(skip)]
    pub(crate) group: bool,

    /// Timestamps are in UTC, not in local time.
    #[arg(skip)]
    pub(crate) utc: bool,
}

impl Settings {
    pub(crate) fn is_json(&self) -> bool {
        self.format == Layout::Json
    }

    /// Returns whether lines get a time that depends on the time zone.
    pub(crate) fn has_civil_time(&self) -> bool {
        self.is_json() || matches!(self.timestamp, Some(Format::Pattern(_)))
    }

    /// Keeps only what also applies to lines that are read: the rules, and --strip-ansi if it was
    /// typed.
    pub(crate) fn forget_how_lines_are_written(&mut self, strips: bool) {
        let (rules, strip_ansi) = (mem::take(&mut self.rules), self.strip_ansi && strips);
        *self = Self { rules, strip_ansi, ..Self::default() };
    }

    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.tag.as_ref().map_or(Ok(()), |tag| tag.fill(0, "").map(drop))
    }
}
