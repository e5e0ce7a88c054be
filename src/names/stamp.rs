//! The names of backups made by the clock.
//!
//! Such a name contains the start of the interval, to the second or less precisely. If the name is
//! taken, `.1`, `.2` and so on follow:
//!
//! ```text
//! app.log.2026-11-22_17-05-00    app.log.2026-11-22_17    app.log.2026-11-22.2.gz
//! ```

use std::path::PathBuf;

use super::{Form, Names, number};

const SEPARATORS: [char; 5] = ['-', '-', '_', '-', '-'];

/// The start of an interval. Stamps are ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    /// Year to second; fields beyond the precision are 0.
    fields: [u32; 6],
    /// How many of the fields are in the name.
    pub(crate) precision: usize,
}

/// A backup made by the clock. Backups are ordered by age, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dated {
    pub(crate) stamp: Stamp,
    /// Its number within the interval, from 0.
    pub(crate) counter: u64,
}

impl Stamp {
    pub(crate) fn new(mut fields: [u32; 6], precision: usize) -> Self {
        fields[precision..].fill(0);
        Self { fields, precision }
    }

    /// Parses a stamp of this precision, which must be a valid time.
    fn read(text: &[u8], precision: usize) -> Option<Self> {
        let mut fields = [0; 6];
        let mut rest = std::str::from_utf8(text).ok()?;
        for (index, field) in fields[..precision].iter_mut().enumerate() {
            if index > 0 {
                rest = rest.strip_prefix(SEPARATORS[index - 1])?;
            }
            let (digits, after) = rest.split_at_checked(if index == 0 { 4 } else { 2 })?;
            *field = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
            rest = after;
        }
        (rest.is_empty() && exists(fields, precision)).then_some(Self { fields, precision })
    }

    pub(crate) fn text(&self) -> String {
        let [year, rest @ ..] = self.fields;
        let rest = rest.iter().zip(SEPARATORS).take(self.precision - 1);
        let rest = rest.map(|(field, separator)| format!("{separator}{field:02}"));
        std::iter::once(format!("{year:04}")).chain(rest).collect()
    }
}

impl Dated {
    /// Parses the part of a name between the log's name and `.gz`.
    pub(super) fn read(rest: &[u8]) -> Option<Self> {
        let dot = rest.iter().position(|byte| *byte == b'.');
        let (stamp, counter) = match dot {
            Some(dot) => (&rest[..dot], number(&rest[dot + 1..])?),
            None => (rest, 0),
        };
        let stamp = (3..=6).find_map(|precision| Stamp::read(stamp, precision))?;
        Some(Self { stamp, counter })
    }

    pub(crate) fn path(&self, names: &Names, form: Form) -> PathBuf {
        names.followed_by(&self.text(), form)
    }

    pub(crate) fn text(&self) -> String {
        let stamp = self.stamp.text();
        match self.counter {
            0 => stamp,
            counter => format!("{stamp}.{counter}"),
        }
    }
}

/// Returns whether this date and time exist; a leap second does.
fn exists([year, month, day, hour, minute, second]: [u32; 6], precision: usize) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let date = year > 0 && (1..=days).contains(&day);
    date && precision >= 3 && hour < 24 && minute < 60 && second < 62
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::*;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn what_is_made_is_understood() {
        let names = Names::new(Path::new("/d/app.log")).unwrap();
        for (precision, name) in [
            (3, "app.log.2026-11-02"),
            (4, "app.log.2026-11-02_03"),
            (5, "app.log.2026-11-02_03-04"),
            (6, "app.log.2026-11-02_03-04-05"),
        ] {
            let stamp = Stamp::new([2026, 11, 2, 3, 4, 5], precision);
            for (counter, end) in [(0, ""), (1, ".1"), (12, ".12")] {
                let dated = Dated { stamp, counter };
                for (form, ending) in [(Form::Plain, ""), (Form::Gzip, ".gz")] {
                    let name = format!("{name}{end}{ending}");
                    assert_eq!(dated.path(&names, form), names.dir().join(&name));
                    let meaning = Meaning::Dated(dated, form);
                    assert_eq!(names.meaning(OsStr::new(&name)), Some(meaning));
                }
            }
        }
    }

    #[test]
    fn age_goes_by_stamp_and_then_by_counter() {
        let dated =
            |day, counter| Dated { stamp: Stamp::new([2026, 11, day, 0, 0, 0], 3), counter };
        let mut all = [dated(3, 0), dated(2, 10), dated(2, 0), dated(2, 9)];
        all.sort();
        assert_eq!(all, [dated(2, 0), dated(2, 9), dated(2, 10), dated(3, 0)]);
    }
}
