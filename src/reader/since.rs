//! Finds the first wanted line by the times at the beginning of lines.

use std::time::SystemTime;

use super::{LogReader, ReadNotice};
use crate::time::leading;
use crate::time::zone::Zone;

#[derive(Debug)]
pub(super) struct Since {
    /// Seconds since 1970.
    second: i64,
    /// The zone of times without one.
    zone: Zone,
    /// Whether a line of the present file has begun with a time.
    pub(super) dated: bool,
}

impl Since {
    pub(super) fn new(time: SystemTime, utc: bool) -> Self {
        let zone = if utc { Zone::utc() } else { Zone::local() };
        Self { second: leading::seconds(time), zone, dated: false }
    }

    /// Returns the position of the first wanted line in these whole lines.
    fn begin(&mut self, lines: &[u8]) -> Option<usize> {
        let mut at = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if let Some(second) = leading::second(line, &self.zone) {
                self.dated = true;
                if second >= self.second {
                    return Some(at);
                }
            }
            at += line.len();
        }
        None
    }
}

impl LogReader {
    /// Removes the lines before the first wanted one from the piece. A file whose lines have no
    /// times is kept whole.
    pub(super) fn leave_out_older(&mut self) {
        let Some(since) = self.since.as_mut().filter(|_| !self.piece.is_empty()) else { return };
        let begin = since.begin(&self.piece);
        if begin.is_none() && since.dated {
            self.piece.clear();
            return;
        }
        self.piece.drain(..begin.unwrap_or_default());
        self.since = None;
        if begin.is_none() {
            self.notices.push(ReadNotice::NoTimes);
        }
    }
}
