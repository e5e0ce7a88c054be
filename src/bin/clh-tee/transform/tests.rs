//! Transforming as a whole: what lines look like in the log, by the options that
//! ask for it.

use std::time::{Duration, SystemTime};

use clap::Parser;
use proptest::prelude::*;

use super::*;

/// A command line of these options alone.
#[derive(Debug, Parser)]
struct Asked {
    /// The options.
    #[command(flatten)]
    dressing: Transforming,
}

/// Returns what `args` ask for, if it is anything.
fn asked(args: &[&str]) -> Option<Transform> {
    let asked = Asked::try_parse_from([&["clh-tee"], args].concat()).expect("good options");
    Transform::new(&asked.dressing, true, 7, "err").expect("a host's name")
}

/// Returns a time, so many seconds after 1970.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Dresses all of `lines`, however many goes that takes.
fn dress_all(dress: &mut Transform, mut lines: &[u8]) -> Vec<u8> {
    let (mut all, mut began) = (Vec::new(), at(1));
    while !lines.is_empty() {
        let mut out = Vec::new();
        let taken = dress.dress(lines, began, at(2), &mut out);
        assert!(taken > 0, "it goes on");
        all.extend(out);
        (lines, began) = (&lines[taken..], at(2));
    }
    all
}

/// Returns what goes into the log of `lines`, of which the first began to be
/// read in second 1 and the others in second 2.
#[track_caller]
fn dressed(args: &[&str], lines: &str) -> String {
    let mut dress = asked(args).expect("something is asked for");
    String::from_utf8(dress_all(&mut dress, lines.as_bytes())).expect("UTF-8")
}

#[test]
fn nothing_is_done_unless_asked_for() {
    assert!(asked(&[]).is_none());
    for option in ["--timestamp", "--tag=a", "--strip-ansi", "--collapse-cr", "--crlf"] {
        assert!(asked(&[option]).is_some(), "{option}");
    }
    for option in ["--escape-control", "--select=", "--deselect=a"] {
        assert!(asked(&[option]).is_some(), "{option}");
    }
}

#[test]
fn time_and_tag_stand_before_each_line() {
    assert_eq!(dressed(&["--tag", "a"], "one\n\ntwo\n"), "a: one\na: \na: two\n");
    assert_eq!(dressed(&["--tag={stream}"], "one\n"), "err: one\n");
    assert_eq!(dressed(&["--timestamp=unix"], "a\nb\n"), "1.000 a\n2.000 b\n");
    assert_eq!(
        dressed(&["--tag=job[{pid}]", "--timestamp"], "one\ntwo\n"),
        "1970-01-01T00:00:01.000+00:00 job[7]: one\n1970-01-01T00:00:02.000+00:00 job[7]: two\n"
    );
}

#[test]
fn what_is_selected_is_what_is_left_of_the_text() {
    let args = ["--strip-ansi", "--collapse-cr", "--select=^done$", "--tag=t"];
    assert_eq!(dressed(&args, "10%\r\x1b[32mdone\x1b[0m\r\nt: done\n"), "t: done\n");
    let args = ["--escape-control", "--select=\x07", "--tag=t"];
    assert_eq!(dressed(&args, "a\x07\n\\x07\n"), "t: a\\x07\n");
}

#[test]
fn rules_apply_in_the_order_given() {
    let lines = "ab\na\nb\n";
    assert_eq!(dressed(&["--select=a", "--deselect=b"], lines), "a\n");
    assert_eq!(dressed(&["--deselect=b", "--select=a"], lines), "ab\na\n");
    assert_eq!(dressed(&["--select=a", "--deselect=b", "--select=^b"], lines), "a\nb\n");
}

#[test]
fn what_was_written_over_is_left_out() {
    let lines = "10%\r20%\rdone\nplain\ndos\r\nend\r\r\n\r\n\ra\n";
    assert_eq!(dressed(&["--collapse-cr"], lines), "done\nplain\ndos\nend\n\na\n");
}

#[test]
fn lines_end_as_dos_wants_it() {
    assert_eq!(dressed(&["--crlf"], "a\nb\r\nc\r\r\n\n\r\n"), "a\r\nb\r\nc\r\r\n\r\n\r\n");
    let args = ["--crlf", "--escape-control", "--tag=t"];
    assert_eq!(dressed(&args, "a\rb\r\n"), "t: a\\x0db\r\n");
}

#[test]
fn forged_lines_carry_our_prefix() {
    let forged = "1970-01-01T00:00:00.000+00:00 root: fine\n\r\x1b[2Kroot: fine\n";
    for line in dressed(&["--timestamp", "--tag=mine"], forged).lines() {
        assert!(line.starts_with("1970-01-01T00:00:0"), "{line}");
        assert_eq!(line.find("+00:00 mine: "), Some(23), "{line}");
    }
}

#[test]
fn is_done_in_goes_of_bounded_size() {
    let mut dress = asked(&[&format!("--tag={}", "long ".repeat(200))]).unwrap();
    let (lines, mut out) = (b"\n".repeat(256 * 1024), Vec::new());
    let taken = dress.dress(&lines, at(1), at(1), &mut out);
    assert!(taken > 0 && taken < lines.len());
    assert!((ENOUGH..ENOUGH + 1100).contains(&out.len()), "{} bytes", out.len());
    assert_eq!(dress.dress(&lines[taken..], at(1), at(1), &mut out), 0);
}

/// What a line becomes with all options but the rules, the slow and obvious
/// way.
fn slowly(line: &[u8]) -> Vec<u8> {
    let last = |line: &[u8]| line.rsplit(|byte| *byte == b'\r').next().map(<[u8]>::to_vec);
    let mut line = line.to_vec();
    while line.last() == Some(&b'\r') {
        line.pop();
    }
    let text = last(&line).unwrap_or_default();
    let shown = text.iter().flat_map(|byte| match byte {
        b'\t' | 0x20..0x7f => vec![*byte],
        _ => format!("\\x{byte:02x}").into_bytes(),
    });
    [b"t: ", shown.collect::<Vec<u8>>().as_slice(), b"\r\n"].concat()
}

proptest! {
    #[test]
    fn dresses_as_the_obvious_way(
        lines in prop::collection::vec(prop::collection::vec(prop_oneof![
            Just(b'\r'), Just(b'a'), Just(0x80), (0..=0xff_u8),
        ].prop_filter("in a line", |byte| !matches!(byte, b'\n' | 0x1b | 0xc2..0xf5)), 0..12), 0..20),
    ) {
        let mut dress = asked(&["--strip-ansi", "--collapse-cr", "--escape-control", "--crlf", "--tag=t"]).unwrap();
        let input: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
        let wanted: Vec<u8> = lines.iter().flat_map(|line| slowly(line)).collect();
        prop_assert_eq!(dress_all(&mut dress, &input), wanted);
    }

    #[test]
    fn a_prefix_changes_nothing_else(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let lines = [input.as_slice(), b"\n"].concat();
        let mut dress = asked(&["--tag=t"]).unwrap();
        let out = dress_all(&mut dress, &lines);
        let bare: Vec<u8> = out
            .split_inclusive(|byte| *byte == b'\n')
            .flat_map(|line| line.strip_prefix(b"t: ").expect("a prefix"))
            .copied()
            .collect();
        prop_assert_eq!(bare, lines);
    }
}
