//! What lines look like in the log with each of the settings.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::select::{Rule, pattern};
use super::stamp::Format;
use super::tag::Template;
use super::*;

fn transform(change: impl FnOnce(&mut Settings)) -> Option<Transform> {
    let mut settings = Settings { utc: true, ..Settings::default() };
    change(&mut settings);
    Transform::new(&settings, 7, "err").expect("a host's name")
}

fn tag(text: &str) -> Option<Template> {
    Template::parse(text).ok()
}

fn stamp(format: &str) -> Option<Format> {
    Format::parse(format).ok()
}

fn rule(keep: bool, text: &str) -> Rules {
    Rules(vec![Rule { keep, pattern: pattern(text).expect("a pattern") }])
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn apply_all(transform: &mut Transform, lines: &[u8]) -> Vec<u8> {
    let mut lines = Records::from(lines);
    let (mut all, mut began) = (Vec::new(), at(1));
    while !lines.is_empty() {
        let mut out = Batch::default();
        let taken = transform.apply(lines, began, at(2), &mut [&mut out]);
        assert!(taken > 0, "it goes on");
        all.extend(out.bytes);
        (lines, began) = (lines.skip(taken), at(2));
    }
    all
}

/// The first line began to arrive in second 1, the others in second 2.
#[track_caller]
fn applied(change: impl FnOnce(&mut Settings), lines: &str) -> String {
    let mut transform = transform(change).expect("something is asked for");
    String::from_utf8(apply_all(&mut transform, lines.as_bytes())).expect("UTF-8")
}

#[test]
fn nothing_is_done_unless_asked_for() {
    assert!(transform(|_| {}).is_none());
    let changes: [fn(&mut Settings); 8] = [
        |asked| asked.timestamp = stamp("unix"),
        |asked| asked.tag = tag("a"),
        |asked| asked.strip_ansi = true,
        |asked| asked.collapse_cr = true,
        |asked| asked.escape_control = true,
        |asked| asked.crlf = true,
        |asked| asked.rules = rule(true, ""),
        |asked| asked.rules = rule(false, "a"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert!(transform(change).is_some(), "{number}");
    }
}

#[test]
fn rules_look_at_what_is_left_of_the_text() {
    let change = |asked: &mut Settings| {
        (asked.strip_ansi, asked.collapse_cr) = (true, true);
        (asked.rules, asked.tag) = (rule(true, "^done$"), tag("t"));
    };
    assert_eq!(applied(change, "10%\r\x1b[32mdone\x1b[0m\r\nt: done\n"), "t: done\n");
    let change = |asked: &mut Settings| {
        asked.escape_control = true;
        (asked.rules, asked.tag) = (rule(true, "\x07"), tag("t"));
    };
    assert_eq!(applied(change, "a\x07\n\\x07\n"), "t: a\\x07\n");
}

/// Makes all `lines` one record and returns its transformed form.
fn record(change: impl FnOnce(&mut Settings), lines: &str) -> String {
    let (mut out, all) = (Batch::default(), 0..lines.len());
    let records = Records::new(lines.as_bytes(), slice::from_ref(&all));
    let mut transform = transform(change).expect("something is asked for");
    assert_eq!(transform.apply(records, at(1), at(2), &mut [&mut out]), lines.len());
    let together = out.together.iter().map(ExactSizeIterator::len).sum::<usize>();
    assert_eq!((together, out.together.len() < 2), (out.bytes.len(), true));
    String::from_utf8(out.bytes).expect("UTF-8")
}

#[test]
fn a_record_is_kept_or_left_out_as_a_whole() {
    let lines = "Error: a\n  at b\n  at c\n";
    for (keep, pattern, kept) in [
        (true, "^Error", true),
        (true, "at c$", true),
        (true, "d", false),
        (false, "at b", false),
        (false, "d", true),
        (true, "^$", false),
    ] {
        let outcome = record(|asked| asked.rules = rule(keep, pattern), lines);
        assert_eq!(outcome, if kept { lines } else { "" }, "{keep} {pattern}");
    }
    // The last rule that matches any of the lines decides.
    let rules = [rule(true, "Error").0, rule(false, "at c").0].concat();
    assert_eq!(record(|asked| asked.rules.0 = rules, lines), "");
}

#[test]
fn each_line_of_a_record_has_its_time_and_tag() {
    let change = |asked: &mut Settings| (asked.timestamp, asked.tag) = (stamp("unix"), tag("t"));
    let lines = record(change, "a\n\n b\n");
    assert_eq!(lines, "1.000 t: a\n1.000 t: \n1.000 t:  b\n");
}

#[test]
fn overwritten_text_is_left_out() {
    let lines = "10%\r20%\rdone\nplain\ndos\r\nend\r\r\n\r\n\ra\n";
    let collapsed = applied(|asked| asked.collapse_cr = true, lines);
    assert_eq!(collapsed, "done\nplain\ndos\nend\n\na\n");
}

#[test]
fn lines_end_as_dos_wants_it() {
    let ended = applied(|asked| asked.crlf = true, "a\nb\r\nc\r\r\n\n\r\n");
    assert_eq!(ended, "a\r\nb\r\nc\r\r\n\r\n\r\n");
    let change = |asked: &mut Settings| {
        (asked.crlf, asked.escape_control, asked.tag) = (true, true, tag("t"));
    };
    assert_eq!(applied(change, "a\rb\r\n"), "t: a\\x0db\r\n");
}

#[test]
fn each_call_makes_a_bounded_amount() {
    let mut transform = transform(|asked| asked.tag = tag(&"long ".repeat(200))).unwrap();
    let (lines, mut out) = (b"\n".repeat(256 * 1024), Batch::default());
    let taken = transform.apply(lines[..].into(), at(1), at(1), &mut [&mut out]);
    assert!(taken > 0 && taken < lines.len());
    assert!((ENOUGH..ENOUGH + 1100).contains(&out.bytes.len()), "{} bytes", out.bytes.len());
    assert_eq!(transform.apply(lines[taken..].into(), at(1), at(1), &mut [&mut out]), 0);
}

/// Transforms a line with all settings except the rules, in a slow and obvious way.
fn slowly(line: &[u8]) -> Vec<u8> {
    let text = line.split(|byte| *byte == b'\r').rfind(|part| !part.is_empty());
    let text = text.unwrap_or_default();
    let shown = text.iter().flat_map(|byte| match byte {
        b'\t' | 0x20..0x7f => vec![*byte],
        _ => format!("\\x{byte:02x}").into_bytes(),
    });
    [b"t: ", shown.collect::<Vec<u8>>().as_slice(), b"\r\n"].concat()
}

proptest! {
    #[test]
    fn transforms_as_the_obvious_way(
        lines in prop::collection::vec(prop::collection::vec(prop_oneof![
            Just(b'\r'), Just(b'a'), Just(0x80), (0..=0xff_u8),
        ].prop_filter("in a line", |byte| !matches!(byte, b'\n' | 0x1b | 0xc2..0xf5)), 0..12), 0..20),
    ) {
        let mut transform = transform(|asked| {
            (asked.strip_ansi, asked.collapse_cr, asked.escape_control) = (true, true, true);
            (asked.crlf, asked.tag) = (true, tag("t"));
        }).unwrap();
        let input: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
        let wanted: Vec<u8> = lines.iter().flat_map(|line| slowly(line)).collect();
        prop_assert_eq!(apply_all(&mut transform, &input), wanted);
    }

    #[test]
    fn a_prefix_changes_nothing_else(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let lines = [input.as_slice(), b"\n"].concat();
        let mut transform = transform(|asked| asked.tag = tag("t")).unwrap();
        let out = apply_all(&mut transform, &lines);
        let bare = out.split_inclusive(|byte| *byte == b'\n');
        let bare = bare.flat_map(|line| line.strip_prefix(b"t: ").expect("a prefix")).copied();
        prop_assert_eq!(bare.collect::<Vec<u8>>(), lines);
    }
}
