//! With COMMAND, tags name its process and its stream, and `clh-tee`'s own notes in the log are
//! transformed like lines.

use crate::harness::{Place, Tee};

/// Runs `script` with these options; returns the run and the log.
fn log_of(options: &str, script: &str, status: i32) -> (crate::harness::Ended, String) {
    let place = Place::fresh();
    let tee = Tee::new(&place).args(options).args("app.log -- sh -c").arg(script);
    let ended = tee.run(b"");
    ended.expect(status);
    (ended, String::from_utf8(place.read("app.log")).expect("UTF-8"))
}

#[test]
fn a_tag_names_the_stream() {
    let script = "echo one; echo two >&2; printf torn";
    let (ended, log) = log_of("--tag {stream} --crlf", script, 0);
    let mut lines: Vec<&str> = log.lines().collect();
    // Which stream is read first depends on the system.
    lines.sort_unstable();
    assert_eq!(lines, ["err: two", "out: one", "out: torn"]);
    assert_eq!(log.matches("\r\n").count(), 3);
    assert_eq!((ended.out.as_slice(), ended.err.as_slice()), (&b"one\ntorn"[..], &b"two\n"[..]));
}

#[test]
#[ignore = "needs strace"]
fn a_tag_that_cannot_be_filled_in_is_found_before_the_command_runs() {
    let place = Place::fresh();
    let strace = Tee::new(&place).program("strace").args("-f -qq -o /dev/null -e");
    let strace = strace.args("inject=uname:error=EPERM").arg(env!("CARGO_BIN_EXE_clh-tee"));
    let ended = strace.args("--tag {host} app.log -- touch ran").run(b"");
    ended.expect(125);
    let told = "clh-tee: cannot find out the host's name: Operation not permitted\n";
    assert_eq!(ended.stderr(), told);
    assert_eq!(place.names(), [""; 0], "nothing was run or made");
}

#[test]
fn a_tag_names_the_process_of_the_command() {
    let (ended, log) = log_of("--tag job[{pid}]", "echo $$", 0);
    let pid = String::from_utf8(ended.out.clone()).expect("UTF-8");
    assert_eq!(log, format!("job[{}]: {pid}", pid.trim()));
}

#[test]
fn what_a_cron_user_hopes_for() {
    let options = "-q --timestamp --tag backup[{pid}] --quiet-ok --markers";
    let (ended, log) = log_of(options, "echo out; echo err >&2; exit 3", 3);
    assert_eq!((ended.out.as_slice(), ended.err.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    let texts: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once(": ")?.1)).collect();
    assert_eq!(texts.len(), 4, "{log}");
    assert!(texts[0].starts_with("clh-tee: started 'sh -c"), "{log}");
    assert!(texts[1..3].contains(&"out") && texts[1..3].contains(&"err"), "{log}");
    assert!(texts[3].starts_with("clh-tee: "), "{log}");
    let length = "2026-11-22T15:04:05.123+01:00".len();
    for line in log.lines() {
        assert!(line.starts_with("20") && line[length..].starts_with(" backup["), "{log}");
    }
    assert!(log.lines().is_sorted_by_key(|line| &line[..length]), "{log}");
}

#[test]
fn markers_are_not_selected() {
    let options = "--markers --deselect . --escape-control --crlf";
    let (_, log) = log_of(options, "echo no; exit 1", 1);
    assert_eq!(log.matches("clh-tee: ").count(), 2, "{log}");
    assert_eq!(log.matches("\r\n").count(), 2, "{log}");
    assert!(!log.contains("no\r\n"), "{log}");
}
