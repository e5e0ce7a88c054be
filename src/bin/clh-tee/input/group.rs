//! A command's whole output, kept as one record (--group).
//!
//! The lines are kept as they will be in the log; to which logs they go is known only at the end.
//! If the record becomes too long, or cannot be kept any longer, it is appended before the end.

use std::time::SystemTime;

use super::event_loop::EventLoop;
use super::source::Source;
use crate::messages::reason;
use crate::records::Lines;
use crate::transform::Matched;
use crate::writer::spooled::Spooled;

pub(super) struct Group {
    record: Spooled,
    longest: u64,
    /// When the first byte of the record was read.
    pub(super) began: Option<SystemTime>,
    /// Why the record takes no more lines.
    full: Option<String>,
    pub(super) cuts: u64,
}

impl Group {
    pub(super) fn new(longest: usize) -> Self {
        let longest = longest as u64;
        Self { record: Spooled::new(), longest, began: None, full: None, cuts: 0 }
    }

    /// Takes as many whole lines as there is room for.
    pub(super) fn take(&mut self, lines: &mut Lines) {
        while self.full.is_none() && !lines.whole().is_empty() {
            match self.record.add_records(lines.whole(), self.longest) {
                Ok(0) => self.full = Some(String::new()),
                Ok(count) => lines.taken(count),
                Err(_) if self.record.length == 0 => self.record = Spooled::in_memory(),
                Err(error) => self.full = Some(reason(&error)),
            }
        }
    }
}

impl EventLoop<'_> {
    /// Passes on a full record, if there is one and no other is waiting; returns whether it did.
    pub(super) fn passes_full_group_on(&mut self) -> bool {
        let Some(group) = self.group.as_mut().filter(|group| group.full.is_some()) else {
            return false;
        };
        // `count` asks every sink, so that each one that is busy will have news.
        if self.sinks.iter().filter(|sink| !sink.is_free()).count() > 0 {
            return false;
        }
        match group.full.take().unwrap_or_default() {
            why if why.is_empty() => group.cuts += 1,
            why => self.report.warn(&format!(
                "cannot keep the output together: {why}; it goes into the log in several pieces"
            )),
        }
        self.pass_group_on();
        true
    }

    /// Passes the kept record on to its logs.
    pub(super) fn pass_group_on(&mut self) {
        let Some(group) = &mut self.group else { return };
        group.began = None;
        let record = std::mem::replace(&mut group.record, Spooled::new());
        // What came before a piece counts too: they belong together.
        let matched = self.sources.iter().filter_map(Source::matched);
        let matched = matched.reduce(Matched::or);
        if record.length > 0 {
            for log in self.cli.transforming.logs_for(matched.as_ref()) {
                self.sinks[log].put_record(record.clone());
            }
        }
    }
}
