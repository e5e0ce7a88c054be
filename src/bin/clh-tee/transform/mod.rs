//! Dresses lines for the log: drops what only a terminal wants, leaves lines
//! out, and puts time and tag before the others.
//!
//! ```text
//!   strip ─▶ collapse ─▶ select ─▶ escape ─▶ tag and time     TIME TAG: text
//! ```
//!
//! Whole lines come in and whole lines go out, one for one or none. A newline
//! is never touched nor made, so whatever a line holds, what stands before it
//! in the log is ours.

mod ansi;
mod control;
mod pattern;
mod select;
mod stamp;
mod tag;

use std::borrow::Cow;
use std::time::SystemTime;

use memchr::{memchr_iter, memrchr};

use self::ansi::Strip;
pub(crate) use self::pattern::{Pattern, pattern};
pub(crate) use self::select::{Rule, Rules};
pub(crate) use self::stamp::Format;
use self::stamp::Stamp;
pub(crate) use self::tag::Template;
use crate::args::Transforming;

/// How many bytes are made in one go, but for the last line. Short lines with
/// a long tag grow by far; the memory that they take is bounded by this.
const ENOUGH: usize = 512 * 1024;

/// What dresses the lines of one stream.
pub(crate) struct Transform {
    /// What is done to their text.
    text: Text,
    /// What stands before it.
    prefix: Prefix,
}

impl Transform {
    /// Returns what dresses lines as `dressing` asks for; none if it asks for
    /// nothing. Tags tell of this process and `stream`.
    pub(crate) fn new(
        dressing: &Transforming,
        utc: bool,
        pid: u32,
        stream: &str,
    ) -> anyhow::Result<Option<Self>> {
        let (text, prefix) = (Text::new(dressing), Prefix::new(dressing, utc, pid, stream)?);
        Ok(if text.is_as_it_was() && prefix.is_empty() {
            None
        } else {
            Some(Self { text, prefix })
        })
    }

    /// Tells whether it matters when lines were read.
    pub(crate) fn needs_time(&self) -> bool {
        self.prefix.stamp.is_some()
    }

    /// Appends to `out` what goes into the log of whole `lines`, of which the
    /// first began to be read at `began` and the others at `now`. Returns how
    /// many bytes of `lines` that took: not all of them if `out` has become
    /// large.
    pub(crate) fn dress(
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
            let prefix = self.prefix.of(time);
            self.text.put(&lines[done..end], prefix, out);
            done = end + 1;
        }
        done
    }

    /// Appends to `out` a line of our own; `text` is given without its newline.
    /// No rule applies to it.
    pub(crate) fn note(&mut self, text: &[u8], now: SystemTime, out: &mut Vec<u8>) {
        out.extend_from_slice(self.prefix.of(now));
        out.extend_from_slice(text);
        out.extend_from_slice(self.text.ending());
    }
}

/// What stands before the text of a line.
struct Prefix {
    /// The time.
    stamp: Option<Stamp>,
    /// The tag, with what parts it from the text.
    tag: String,
    /// What the last line had.
    last: Vec<u8>,
    /// Of what time that was, if there was a line.
    last_of: Option<SystemTime>,
}

impl Prefix {
    /// Returns what stands before the text of lines.
    fn new(dressing: &Transforming, utc: bool, pid: u32, stream: &str) -> anyhow::Result<Self> {
        let tag = dressing.tag.as_ref().map(|tag| tag.fill(pid, stream)).transpose()?;
        Ok(Self {
            stamp: dressing.timestamp.clone().map(|format| Stamp::new(format, utc)),
            tag: tag.map(|tag| tag + ": ").unwrap_or_default(),
            last: Vec::new(),
            last_of: None,
        })
    }

    /// Tells whether nothing stands there.
    fn is_empty(&self) -> bool {
        self.stamp.is_none() && self.tag.is_empty()
    }

    /// Returns what stands before the text of a line. It is made once for all
    /// the lines that have their time from one read.
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

/// What is done to the text of a line.
struct Text {
    /// Drops escape sequences.
    strip: Option<Strip>,
    /// Keep what follows the last carriage return.
    collapse: bool,
    /// Which lines are kept.
    rules: Rules,
    /// Show control characters.
    escape: bool,
    /// End the line with a carriage return and a newline.
    crlf: bool,
}

impl Text {
    /// Returns what `dressing` asks for.
    fn new(dressing: &Transforming) -> Self {
        Self {
            strip: dressing.strip_ansi.then(Strip::new),
            collapse: dressing.collapse_cr,
            rules: dressing.rules.clone(),
            escape: dressing.escape_control,
            crlf: dressing.crlf,
        }
    }

    /// Tells whether nothing is done.
    fn is_as_it_was(&self) -> bool {
        let asked = self.strip.is_some() || self.collapse || self.escape || self.crlf;
        !asked && self.rules.is_empty()
    }

    /// Appends a line to `out`, `prefix` first, if it is kept; `text` is given
    /// without its newline.
    fn put(&self, text: &[u8], prefix: &[u8], out: &mut Vec<u8>) {
        let stripped = self.strip.as_ref().map_or(Cow::Borrowed(text), |strip| strip.strip(text));
        let mut text = &*stripped;
        if self.collapse {
            text = collapsed(text);
        }
        if !self.rules.keep(text) {
            return;
        }
        if self.crlf {
            // Where it stands already, it belongs to the line's end.
            text = text.strip_suffix(b"\r").unwrap_or(text);
        }
        out.extend_from_slice(prefix);
        if self.escape {
            control::escape(text, out);
        } else {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(self.ending());
    }

    /// Returns what ends a line.
    fn ending(&self) -> &'static [u8] {
        if self.crlf { b"\r\n" } else { b"\n" }
    }
}

/// Returns what a terminal shows at the end of a line that was written over
/// and over: what follows the last carriage return, not counting those at the
/// line's end.
fn collapsed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let text = &text[..end];
    memrchr(b'\r', text).map_or(text, |at| &text[at + 1..])
}

#[cfg(test)]
mod tests;
