//! Transforms change each whole line of the log, and nothing else.
//!
//! The log is compared with what the options promise, byte by byte unless it contains times, and
//! the copy on standard output with the input. Other programs decide where they know better: `grep`
//! which lines match, `tai64nlocal` what a time stamp says, and a terminal what it received.

mod flow;
mod json;
mod running;
mod screen;
mod selecting;
mod times;

use crate::harness::{Place, Tee};

/// Runs the program on `input`; asserts success and an unchanged copy; returns the log.
#[track_caller]
fn log_of(args: &str, input: &[u8]) -> String {
    let place = Place::fresh();
    let ended = Tee::new(&place).args(args).args("app.log").run(input);
    ended.expect_quiet_success();
    assert_eq!(ended.out, input, "the echo is raw");
    String::from_utf8(place.read("app.log")).expect("UTF-8")
}

#[test]
fn a_tag_stands_before_each_line() {
    assert_eq!(log_of("--tag job", b"one\n\ntorn"), "job: one\njob: \njob: torn\n");
}

#[test]
fn a_tag_names_host_user_and_ourselves() {
    let place = Place::fresh();
    let mut tee =
        Tee::new(&place).args("--tag").arg("{pid} {host} {user} {{}}").args("app.log").start();
    tee.feed(b"line\n");
    let (pid, said) = (tee.pid(), |name: &str| {
        let output = std::process::Command::new(name).arg("-n").output().expect("run a command");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    });
    tee.finish().expect_quiet_success();
    let user = std::process::Command::new("id").arg("-un").output().expect("run id").stdout;
    let user = String::from_utf8(user).expect("UTF-8");
    let wanted = format!("{pid} {} {} {{}}: line\n", said("uname"), user.trim());
    assert_eq!(String::from_utf8_lossy(&place.read("app.log")), wanted);
}

#[test]
fn a_line_that_is_cut_has_the_prefix_on_each_piece() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("--max-line 10 --tag t app.log");
    let ended = tee.run(b"0123456789abcdefghijklm\nshort\n");
    ended.expect(0);
    assert_eq!(
        String::from_utf8_lossy(&place.read("app.log")),
        "t: 0123456789\nt: abcdefghij\nt: klm\nt: short\n"
    );
    assert!(ended.stderr().contains("--max-line"), "{}", ended.stderr());
}

#[test]
fn a_forged_line_carries_our_prefix() {
    let forged = b"2026-11-22T15:04:05.123+01:00 sshd: fine\n\
        \rsshd: overwritten\n\x1b[2K\x1b[1Gsshd: erased\n\x1b]0;sshd: title\n";
    for args in ["--tag job", "--tag job --strip-ansi --collapse-cr --escape-control"] {
        let log = log_of(args, forged);
        assert_eq!(log.lines().count(), 4, "{log:?}");
        // A carriage return does not end a line here, so the test sees what a pager shows.
        assert!(
            log.split('\n').all(|line| line.is_empty() || line.starts_with("job: ")),
            "{log:?}"
        );
    }
}

#[test]
fn control_characters_are_shown() {
    assert_eq!(
        log_of("--escape-control", b"a\tb\x1b[31m\r\n\xff\x00\xc3\xa9\n"),
        "a\tb\\x1b[31m\\x0d\n\\xff\\x00\u{e9}\n"
    );
}

#[test]
fn lines_end_as_dos_wants_it() {
    assert_eq!(log_of("--crlf", b"one\ntwo\r\n\ntorn"), "one\r\ntwo\r\n\r\ntorn\r\n");
}

#[test]
fn all_together() {
    let args = "--strip-ansi --collapse-cr --deselect ^# --escape-control --tag t --crlf";
    let input = b"\x1b[2J10%\r\x1b[32m100%\x1b[0m \x07\n#no\n1\r#no\n\x1b[1m#no\n# no\r";
    assert_eq!(log_of(args, input), "t: 100% \\x07\r\n");
}

#[test]
fn no_line_may_be_left() {
    let place = Place::fresh();
    let ended = Tee::new(&place).args("--stats --select no app.log").run(b"one\ntwo\n");
    ended.expect(0);
    assert!(ended.stderr().starts_with("clh-tee: lines: 2, bytes: 0,"), "{}", ended.stderr());
    assert_eq!(ended.out, b"one\ntwo\n");
    assert_eq!(place.names(), [""; 0], "as with input that has no lines");
}
