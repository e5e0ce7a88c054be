//! Transforms lines for the log: drops what only a terminal needs, filters lines, and
//! puts the time and the tag before the rest.
//!
//! ```text
//!   strip ─▶ collapse ─▶ select ─▶ escape ─▶ tag and time     TIME TAG: text
//! ```
//!
//! Each whole line becomes one whole line or none. Newlines are never changed or
//! added, so no line can forge the prefix of another.

mod ansi;
mod control;
mod grep;
mod select;
mod settings;
mod stamp;
mod tag;

use std::borrow::Cow;
use std::time::SystemTime;

use memchr::{memchr_iter, memrchr};

use self::ansi::Strip;
pub(crate) use self::select::Rules;
pub(crate) use self::settings::{BARE_TIMESTAMP, Settings};
pub(crate) use self::stamp::Format;
use self::stamp::Stamp;

/// How many bytes one call makes, except for the last line. This bounds the memory
/// that short lines with a long tag take.
const ENOUGH: usize = 512 * 1024;

/// Transforms the lines of one stream.
pub(crate) struct Transform {
    text: Text,
    prefix: Prefix,
}

impl Transform {
    /// Returns a transform with these settings, or `None` if they change nothing.
    /// Tags name the process `pid` and `stream`.
    pub(crate) fn new(settings: &Settings, pid: u32, stream: &str) -> anyhow::Result<Option<Self>> {
        let (text, prefix) = (Text::new(settings), Prefix::new(settings, pid, stream)?);
        let changes = !text.is_unchanged() || !prefix.is_empty();
        Ok(changes.then_some(Self { text, prefix }))
    }

    pub(crate) fn needs_time(&self) -> bool {
        self.prefix.stamp.is_some()
    }

    /// Transforms whole `lines` and appends them to `out`. The first began to be read at
    /// `began`, the others at `now`. Returns how many bytes of `lines` it has used: not all
    /// if `out` has become large.
    pub(crate) fn apply(
        &mut self,
        lines: &[u8],
        began: SystemTime,
        now: SystemTime,
        out: &mut Vec<u8>,
    ) -> usize {
        let mut done = 0;
        for end in memchr_iter(b'\n', lines) {
            if out.len() >= ENOUGH {
                break;
            }
            let time = if done == 0 { began } else { now };
            self.text.put(&lines[done..end], self.prefix.of(time), out);
            done = end + 1;
        }
        done
    }

    /// Appends to `out` a line of our own, to which no rule applies. `text` has no newline.
    pub(crate) fn note(&mut self, text: &[u8], now: SystemTime, out: &mut Vec<u8>) {
        out.extend_from_slice(self.prefix.of(now));
        out.extend_from_slice(text);
        out.extend_from_slice(self.text.ending());
    }
}

struct Prefix {
    stamp: Option<Stamp>,
    /// With the colon and space that follow it.
    tag: String,
    last: Vec<u8>,
    /// The time that `last` shows.
    last_of: Option<SystemTime>,
}

impl Prefix {
    fn new(settings: &Settings, pid: u32, stream: &str) -> anyhow::Result<Self> {
        let tag = settings.tag.as_ref().map(|tag| tag.fill(pid, stream)).transpose()?;
        Ok(Self {
            stamp: settings.timestamp.clone().map(|format| Stamp::new(format, settings.utc)),
            tag: tag.map(|tag| tag + ": ").unwrap_or_default(),
            last: Vec::new(),
            last_of: None,
        })
    }

    fn is_empty(&self) -> bool {
        self.stamp.is_none() && self.tag.is_empty()
    }

    /// Returns the prefix of a line. Lines that one read returned share it.
    fn of(&mut self, time: SystemTime) -> &[u8] {
        if self.last_of != Some(time) {
            self.last.clear();
            if let Some(stamp) = &self.stamp {
                self.last.extend_from_slice(stamp.show(time).as_bytes());
                self.last.push(b' ');
            }
            self.last.extend_from_slice(self.tag.as_bytes());
            self.last_of = Some(time);
        }
        &self.last
    }
}

struct Text {
    strip: Option<Strip>,
    settings: Settings,
}

impl Text {
    fn new(settings: &Settings) -> Self {
        Self { strip: settings.strip_ansi.then(Strip::new), settings: settings.clone() }
    }

    fn is_unchanged(&self) -> bool {
        let Settings { rules, strip_ansi, collapse_cr, escape_control, crlf, .. } = &self.settings;
        !(*strip_ansi || *collapse_cr || *escape_control || *crlf) && rules.is_empty()
    }

    /// Appends a line to `out`, `prefix` first, if the rules keep it. `text` has no newline.
    fn put(&self, text: &[u8], prefix: &[u8], out: &mut Vec<u8>) {
        let stripped = self.strip.as_ref().map_or(Cow::Borrowed(text), |strip| strip.strip(text));
        let mut text: &[u8] =
            if self.settings.collapse_cr { collapsed(&stripped) } else { &stripped };
        if !self.settings.rules.keep(text) {
            return;
        }
        if self.settings.crlf {
            text = text.strip_suffix(b"\r").unwrap_or(text);
        }
        out.extend_from_slice(prefix);
        if self.settings.escape_control {
            control::escape(text, out);
        } else {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(self.ending());
    }

    fn ending(&self) -> &'static [u8] {
        if self.settings.crlf { b"\r\n" } else { b"\n" }
    }
}

/// Returns what follows the last carriage return, not counting those at the line's end.
fn collapsed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let text = &text[..end];
    memrchr(b'\r', text).map_or(text, |at| &text[at + 1..])
}

#[cfg(test)]
mod tests;
