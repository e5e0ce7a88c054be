//! `--select` agrees with `grep -E`, `--deselect` with `grep -vE`.

use std::process::Command;

use super::log_of;
use crate::harness::{Dice, Place, Tee};

/// Expressions that mean the same in grep.
const EXPRESSIONS: [&str; 34] = [
    "",
    "^",
    "^$",
    "error",
    "^error",
    "error$",
    "^error$",
    "error|warning",
    "^(error|warning):",
    "(a|b)*c",
    "[0-9]+",
    "[^0-9]",
    "^[^a-z]*$",
    "[[:digit:]]{3}",
    "[[:upper:]][[:lower:]]+",
    "[[:space:]]",
    "^[[:alnum:]_]+=",
    "a.c",
    "^.{5}$",
    "^.{5,7}$",
    "a{2,}",
    "xa{,2}y",
    "^[0-9]{,3}$",
    "[{,}]",
    r"r\{,",
    "(ab){2}",
    "x?y",
    r"\.log$",
    r"\[[0-9]+\]",
    r"a\|b",
    r"\*",
    "[].]",
    "[a-]",
    r"disk (full|is [0-9]+% full)",
];

/// Returns the lines of a file that grep selects.
fn grep(place: &Place, args: &[&str], file: &str) -> String {
    let mut command = Command::new("grep");
    let output = command.args(args).arg(file).env("LC_ALL", "C").current_dir(place.dir()).output();
    let output = output.expect("run grep");
    // Status 1 means that no line matched.
    assert!(output.status.code().is_some_and(|code| code < 2), "{args:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Returns lines of which each expression matches some, but not all.
fn lines() -> Vec<u8> {
    let words = [
        "error",
        "warning",
        ":",
        " ",
        "disk full",
        "disk is 93% full",
        "a",
        "b",
        "ab",
        "abab",
        "aa",
        "abc",
        "aXc",
        "bcc",
        "7",
        "42",
        "123",
        "Error",
        "app.log",
        "[7]",
        "*",
        "-",
        "]",
        ".",
        "x",
        "y",
        "key=1",
        "a|b",
        "\t",
    ];
    let mut dice = Dice::new(5);
    let mut lines = b"\nerror\nabcde\nabcdef\nerror: disk full\n".to_vec();
    for _ in 0..300 {
        for _ in 0..dice.below(5) {
            lines.extend_from_slice(dice.pick(&words).as_bytes());
        }
        lines.push(b'\n');
    }
    lines
}

#[test]
fn one_expression_takes_what_grep_takes() {
    let lines = lines();
    let place = Place::fresh();
    place.write("lines", &lines);
    for expression in EXPRESSIONS {
        let [selected, deselected] = ["--select", "--deselect"].map(|option| {
            let place = Place::fresh();
            let tee = Tee::new(&place).args("-q app.log").arg(format!("{option}={expression}"));
            tee.run(&lines).expect_quiet_success();
            String::from_utf8(place.read("app.log")).expect("UTF-8")
        });
        assert_eq!(selected, grep(&place, &["-E", "-e", expression], "lines"), "{expression}");
        assert_eq!(deselected, grep(&place, &["-vE", "-e", expression], "lines"), "{expression}");
        let of_both = selected.lines().count() + deselected.lines().count();
        assert_eq!(of_both, 305, "{expression}");
    }
}

#[test]
fn several_decide_in_the_order_given() {
    let lines = b"error: disk\nerror: noise\ninfo\n";
    assert_eq!(log_of("--select error --deselect noise", lines), "error: disk\n");
    assert_eq!(
        log_of("--deselect noise --select error", lines),
        "error: disk\nerror: noise\ninfo\n"
    );
    assert_eq!(log_of("--deselect . --select disk", lines), "error: disk\n");
    assert_eq!(log_of("--select=error --deselect=error --select=noise", lines), "error: noise\n");
}

#[test]
fn bytes_that_are_not_utf8_are_matched_too() {
    let place = Place::fresh();
    let tee = Tee::new(&place).arg(r"--select=^(?-u:\xff)").arg("--select=é$").args("app.log");
    tee.run(b"\xffcaf\xe9\ncaf\xc3\xa9\ncaf\xe9\n").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"\xffcaf\xe9\ncaf\xc3\xa9\n");
}
