//! Transforms lines for the log: removes what only a terminal needs, filters lines, and puts the
//! time and the tag before the rest.
//!
//! ```text
//!   strip ─▶ collapse ─▶ select ─▶ route ─▶ escape ─▶ tag and time     TIME TAG: text
//!                                        └─▶ JSON                      {"time":…,"message":…}
//! ```
//!
//! Each whole line becomes one whole line or none, in each log that it goes to. Newlines are never
//! changed or added, so no line can forge another's prefix. Lines of one record are kept or dropped
//! together, and each gets the time of the record. As JSON, a record becomes one line.

mod ansi;
mod control;
mod grep;
mod json;
mod matched;
mod route;
mod select;
mod settings;
mod stamp;
mod tag;

use std::borrow::Cow;
use std::time::SystemTime;
use std::{iter, slice};

use clh_tee::Records;
use memchr::{memchr, memchr_iter, memrchr};

pub(crate) use self::json::note as json_note;
pub(crate) use self::matched::Matched;
pub(crate) use self::route::Routes;
use self::select::matches;
pub(crate) use self::select::{Pattern, Rules, pattern};
pub(crate) use self::settings::{BARE_TIMESTAMP, Layout, Settings};
use self::stamp::Stamp;
use crate::records::{Batch, Matching};

/// About how many bytes one call makes, because long tags before short lines take up memory. Only
/// the last record may exceed it.
const ENOUGH: usize = 512 * 1024;

pub(crate) struct Transform {
    text: Text,
    prefix: Prefix,
    /// Set if everything that is transformed is one record: what has matched in it so far.
    matched: Option<Matched>,
}

impl Transform {
    /// Returns a transform, or `None` if it would change nothing. Tags use `pid` and `stream`.
    pub(crate) fn new(settings: &Settings, pid: u32, stream: &str) -> anyhow::Result<Option<Self>> {
        let Settings { timestamp, tag, rules, routes, strip_ansi, .. } = settings;
        let changes = *strip_ansi || settings.collapse_cr || settings.escape_control;
        let adds = timestamp.is_some() || tag.is_some() || settings.crlf || settings.is_json();
        if !changes && !adds && rules.0.is_empty() && routes.logs() == 1 {
            return Ok(None);
        }
        let tag = tag.as_ref().map(|tag| tag.fill(pid, stream)).transpose()?;
        let prefix = if settings.is_json() {
            let host = tag::value("host", pid, stream).ok();
            let texts =
                [("tag", tag.as_deref()), ("stream", Some(stream)), ("host", host.as_deref())];
            let after = json::after_time(&texts, Some(pid));
            Prefix::new(json::BEFORE_TIME, Some(json::stamp(settings.utc)), after)
        } else {
            let stamp = timestamp.clone().map(|format| Stamp::new(format, settings.utc));
            let space = if stamp.is_some() { " " } else { "" };
            let tag = tag.map(|tag| tag + ": ").unwrap_or_default();
            Prefix::new("", stamp, space.to_owned() + &tag)
        };
        let text = Text::new(settings);
        let matched = settings.group.then(|| Matched::nothing(settings));
        Ok(Some(Self { text, prefix, matched }))
    }

    /// Returns what has matched so far, if everything is one record.
    pub(crate) fn matched(&self) -> Option<Matched> {
        self.matched.clone()
    }

    pub(crate) fn needs_time(&self) -> bool {
        self.prefix.stamp.is_some()
    }

    /// Transforms `records` and appends them to `outs`, one for each log. The first record began to
    /// arrive at `began`, the others at `now`. Returns how many bytes it has used: not all if
    /// `outs` have become large.
    pub(crate) fn apply(
        &mut self,
        records: Records<'_>,
        began: SystemTime,
        now: SystemTime,
        outs: &mut [&mut Batch],
    ) -> usize {
        let mut together = records.together();
        let mut next = together.next();
        let mut done = 0;
        for end in memchr_iter(b'\n', records.bytes()) {
            if let Some(range) = next.as_ref().filter(|range| range.start <= done) {
                if end + 1 < range.end {
                    continue;
                }
                next = together.next();
            }
            if outs.iter().any(|out| out.bytes.len() >= ENOUGH) {
                break;
            }
            let time = if done == 0 { began } else { now };
            let record = &records.bytes()[done..end];
            self.text.put(record, self.prefix.of(time), self.matched.as_mut(), outs);
            done = end + 1;
        }
        done
    }

    /// Appends a line of our own to `out`; no rule applies to it. `text` has no newline.
    pub(crate) fn note(
        &mut self,
        text: &[u8],
        now: SystemTime,
        Batch { bytes: out, .. }: &mut Batch,
    ) {
        out.extend_from_slice(self.prefix.of(now));
        if self.text.settings.is_json() {
            json::end_with(iter::once(text), out);
        } else {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(self.text.ending());
    }
}

impl Settings {
    /// Returns a function that says whether a line, as the rules see it, matches `pattern`.
    pub(crate) fn matching(&self, pattern: Pattern) -> Matching {
        let text = Text::new(self);
        Box::new(move |line| pattern.is_match(&text.text(line)))
    }
}

struct Prefix {
    before: &'static str,
    stamp: Option<Stamp>,
    after: String,
    last: Vec<u8>,
    last_of: Option<SystemTime>,
}

impl Prefix {
    fn new(before: &'static str, stamp: Option<Stamp>, after: String) -> Self {
        Self { before, stamp, after, last: Vec::new(), last_of: None }
    }

    /// Returns the prefix for each line of a record. Records from the same read share it.
    fn of(&mut self, time: SystemTime) -> &[u8] {
        if self.last_of != Some(time) {
            self.last.clear();
            self.last.extend_from_slice(self.before.as_bytes());
            if let Some(stamp) = &self.stamp {
                self.last.extend_from_slice(stamp.show(time).as_bytes());
            }
            self.last.extend_from_slice(self.after.as_bytes());
            self.last_of = Some(time);
        }
        &self.last
    }
}

struct Text {
    /// The escape sequences to remove.
    ansi: Option<Pattern>,
    settings: Settings,
}

impl Text {
    fn new(settings: &Settings) -> Self {
        Self { ansi: settings.strip_ansi.then(ansi::sequence), settings: settings.clone() }
    }

    /// Appends a record to the `outs` that it goes to, with `prefix` before each line, if the rules
    /// keep it. A part of a longer record goes to the first of them, and what has `matched` in it
    /// is recorded. `record` has no newline at its end.
    fn put(
        &self,
        record: &[u8],
        prefix: &[u8],
        matched: Option<&mut Matched>,
        outs: &mut [&mut Batch],
    ) {
        let (one, several);
        let texts = if memchr(b'\n', record).is_none() {
            one = self.text(record);
            slice::from_ref(&one)
        } else {
            let lines = record.split(|byte| *byte == b'\n');
            several = lines.map(|line| self.text(line)).collect::<Vec<_>>();
            &several
        };
        let is_like = |_, pattern: &Pattern| matches(pattern, texts);
        if let Some(matched) = matched {
            matched.see(&self.settings, is_like);
            self.put_in(texts, prefix, outs[0]);
        } else if self.settings.rules.keep(is_like) {
            for log in self.settings.routes.of(is_like) {
                self.put_in(texts, prefix, outs[log]);
            }
        }
    }

    /// Returns a line as the rules see it.
    fn text<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let stripped = self.ansi.as_ref().map_or(line.into(), |ansi| ansi::strip(ansi, line));
        match stripped {
            stripped if !self.settings.collapse_cr => stripped,
            Cow::Borrowed(text) => collapsed(text).into(),
            Cow::Owned(text) => collapsed(&text).to_vec().into(),
        }
    }

    fn put_in(&self, texts: &[Cow<'_, [u8]>], prefix: &[u8], out: &mut Batch) {
        let begin = out.bytes.len();
        let lines = texts.iter().map(|text| match text.strip_suffix(b"\r") {
            Some(text) if self.settings.crlf => text,
            _ => text,
        });
        if self.settings.is_json() {
            out.bytes.extend_from_slice(prefix);
            json::end_with(lines, &mut out.bytes);
            out.bytes.extend_from_slice(self.ending());
            return;
        }
        lines.for_each(|line| self.put_line(line, prefix, &mut out.bytes));
        if texts.len() > 1 {
            out.together.push(begin..out.bytes.len());
        }
    }

    fn put_line(&self, text: &[u8], prefix: &[u8], out: &mut Vec<u8>) {
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

fn collapsed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let text = &text[..end];
    memrchr(b'\r', text).map_or(text, |at| &text[at + 1..])
}

#[cfg(test)]
mod tests;
